"""Reads: plain dicts ready for JSON, always through scope, never a write.

A case outside a person's scope raises OutOfScope, like one that does not exist."""

from casework.queries.actions import actions_for, actions_in
from casework.queries.blind import answer
from casework.queries.case_page import clocks_of, reads_for_service, show_case, shown_case
from casework.queries.case_table import case_list
from casework.queries.events import events_of, shown_events
from casework.queries.inbox import inbox, inbox_counts
from casework.queries.papers import (
    bytes_of,
    document_bytes,
    documents_of,
    edition_of,
    evidence_file,
    evidence_in,
    evidence_of,
    find_document,
    show_document,
    state_of,
)
from casework.queries.sight import look_at, opened

__all__ = [
    "actions_for", "actions_in", "answer", "bytes_of", "case_list", "clocks_of", "document_bytes", "documents_of",
    "edition_of", "events_of", "evidence_file", "evidence_in", "evidence_of", "find_document", "inbox",
    "inbox_counts", "look_at", "opened", "reads_for_service", "show_case", "show_document", "shown_case",
    "shown_events", "state_of",
]  # fmt: skip
