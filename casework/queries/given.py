"""Files that parties added to a case."""

from typing import Any

from django.utils.translation import gettext as _

from casework.domain.case_rules import rules_of
from casework.domain.law import law_of
from casework.domain.ledger import plain
from casework.domain.wording import party_label, spoken
from casework.queries.sight import Sight

FILE = "file"


def given(case: Any, sight: Sight) -> list[dict[str, Any]]:
    """Those of the case, after those of the cases that it is about, oldest first."""
    found: list[dict[str, Any]] = []
    about: Any = case
    while about is not None:
        if sight.sees(about):
            found = [*_given_to(about, sight), *found]
        about = sight.family.by_id.get(about.subject_id)
    return found


def _given_to(case: Any, sight: Sight) -> list[dict[str, Any]]:
    """Whoever may not know the parties by name is not told what a party called a file."""
    app, counts = law_of(case).app, dict[str, int]()
    labels = rules_of(case, sight.book).labels.get("evidence_kinds", {})
    found = []
    for file in sorted(sight.family.evidence, key=lambda file: (file.added_at or file.received_at, file.pk)):
        if file.case_id != case.pk or file.added_at is None:
            continue
        counts[file.relation] = number = counts.get(file.relation, 0) + 1
        label = _("File %(number)d of the %(part)s") % {"number": number, "part": party_label(file.relation, app)}
        found.append(
            {
                "kind": FILE, "sha256": file.sha256, "size": file.size, "received_at": plain(file.received_at),
                "state": None, "case": case.number, "label": label, "name": None if sight.hidden else file.name or None,
                "media": {"code": file.kind, "label": spoken(labels[file.kind]) if file.kind in labels else file.kind},
                "by": sight.person(file.person_id), "part": file.relation, "shows": file.shows,
                "seconds": file.seconds,
            }
        )  # fmt: skip
    return found
