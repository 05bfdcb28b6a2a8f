"""The case's own chain of the ledger: entries as they are stored, and the clear texts that may be read."""

import json
from datetime import datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from casework.domain.law import law_of
from casework.domain.ledger import last_events
from casework.models import CaseEvent
from casework.queries.sight import Sight, look_at, unissued

MOST = 1000


def events_of(
    number: str, person_id: int | None, after: int = 0, limit: int = 100, at: datetime | None = None
) -> list[dict[str, Any]]:
    """Events after sequence `after`, oldest first, at most `limit` (1000)."""
    return shown_events(*look_at(number, person_id, at), after, limit)


def shown_events(sight: Sight, case: Any, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """The same of a family that was looked at."""
    return sight.masked(event_entries(case, sight, after, limit))


def event_entries(case: Any, sight: Sight, after: int = 0, limit: int = MOST) -> list[dict[str, Any]]:
    """{"entry", "digest", "texts", "masked", "withheld"}. Without either mark the entry is the one that was hashed, and
    each text proves its commitment with its salt. `withheld`: the data of a decision that is not issued."""
    rows = list(last_events(case, after).select_related("texts")[: max(1, min(limit, MOST))])
    closed = set() if sight.reads_drafts(case) else _unissued_seqs(case, rows)
    secret = () if sight.reads_drafts(case) else _confidential(case)
    return [_shown(row, sight, row.seq in closed, secret) for row in rows]


def _shown(row: CaseEvent, sight: Sight, withheld: bool, secret: tuple[str, ...]) -> dict[str, Any]:
    entry = json.loads(row.entry)
    texts = row.texts.texts if hasattr(row, "texts") else []
    mine = row.actor_id == sight.person_id
    if withheld:
        entry["data"], texts = None, []
    elif row.action in secret and not mine:
        texts = []
    if row.actor_id in sight.hidden:
        entry.pop("account", None)  # a login is a name too
    return {
        "seq": row.seq, "digest": row.digest, "entry": entry, "texts": texts, "masked": bool(sight.hidden),
        "withheld": withheld,
    }  # fmt: skip


def _unissued_seqs(case: Any, rows: list[CaseEvent]) -> set[int]:
    """Decisions that were never issued: still being signed, or taken back before."""
    states, deciding = unissued(case.type)
    drafts = [row.seq for row in rows if row.action in deciding]
    if not drafts:
        return set()
    found, open_ones = set(), []
    issuing = {spec.name for spec in law_of(case).actions.values() if spec.after == "signed"}
    for row in last_events(case, drafts[0] - 1).only("seq", "action", "entry"):
        if row.action in deciding:
            open_ones.append(row.seq)
        elif row.action in issuing:
            open_ones = []
        elif open_ones and json.loads(row.entry)["to"] not in states:
            found |= set(open_ones)
            open_ones = []
    return found | set(open_ones)


def _confidential(case: Any) -> tuple[str, ...]:
    return _confidential_of(type(case).__module__.rsplit(".", 1)[0])


@cache
def _confidential_of(package: str) -> tuple[str, ...]:
    """Actions whose texts only the actor and those who look over closed cases read."""
    if find_spec(f"{package}.presenting") is None:
        return ()
    return tuple(getattr(import_module(f"{package}.presenting"), "CONFIDENTIAL", ()))
