"""Lists of cases: scoped by one predicate, newest first, by keyset."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from casework.domain.directory import Directory, directory
from casework.domain.errors import InvalidInput
from casework.domain.law import law_named, laws
from casework.domain.now import now
from casework.domain.scope import visible
from casework.models import Case, Clock, Party, Task
from casework.queries.blind import blind_head, sitting_blind
from casework.queries.case_page import case_head
from casework.queries.paging import bad_cursor, checked_limit, read_cursor, to_cursor
from casework.queries.search import found_by
from casework.queries.sight import decided_families, named, parts_instead


def case_list(
    person_id: int | None, *, type: str | None = None, state: str | None = None, unit: str | None = None,
    q: str | None = None, overdue: bool = False, cursor: str | None = None, limit: int = 25, at: datetime | None = None,
    stamp: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """{"cases": […], "next": cursor or None}: cases in the person's scope, newest first. `unit` includes those below
    it, `q` is what `casework.queries.search` finds cases by; `overdue` means that a clock has run out. Of a case that
    the person scores blind no unit is known, and no clock but their own. A cursor belongs to the filters it was given
    for."""
    moment, book, limit = at or now(), directory(stamp), checked_limit(limit)
    sitting = sitting_blind(person_id)
    decided = decided_families(person_id)
    kind = hashlib.sha256(repr((type, state, unit, q, overdue)).encode()).hexdigest()[:8]
    rows = Case.objects.filter(visible(person_id, at=moment, book=book))
    rows = rows.filter(_asked_for(type, state, unit, book))
    if q:
        rows = rows.filter(found_by(q, person_id, decided, book))
    if unit:
        rows = rows.exclude(pk__in=sitting.values("case_id"))
    if overdue:
        rows = rows.filter(_overdue(person_id, moment))
    if cursor:
        of, pk = read_cursor(cursor, 2)
        if of != kind:
            raise bad_cursor()
        rows = rows.filter(pk__lt=pk)
    rows = rows.annotate(blind=Exists(sitting.filter(case_id=OuterRef("pk"))))
    page = list(rows.select_related("subject").order_by("-id")[: limit + 1])
    more, page = len(page) > limit, page[:limit]
    hidden = _hidden(person_id, page, decided)
    return {
        "cases": [_shown(case, book, hidden.get(case.family_id, {})) for case in page],
        "next": to_cursor(kind, page[-1].pk) if more else None,
    }


def _asked_for(type: str | None, state: str | None, unit: str | None, book: Directory) -> Q:
    wanted = Q()
    if type:
        wanted &= Q(type=law_named(type).label)
    if state:
        known = law_named(type).states if type else {code for law in laws().values() for code in law.states}
        if state not in known:
            raise _unknown("state", state, known)
        wanted &= Q(state=state)
    if unit:
        found = next((view for view in book.units.values() if view.code == unit), None)
        if found is None:
            raise _unknown("unit", unit, (view.code for view in book.units.values()))
        wanted &= Q(unit_id__in=sorted(book.below[found.id]))
    return wanted


def _overdue(person_id: int | None, moment: datetime) -> Q:
    late = Clock.objects.filter(state=Clock.State.RUNNING, due_at__lt=moment)
    own = Task.objects.filter(person_id=person_id, finished=None, due_at__lt=moment)
    blind = Q(pk__in=sitting_blind(person_id).values("case_id"))
    return (~blind & Q(pk__in=late.values("case_id"))) | (blind & Q(pk__in=own.values("process_id")))


def _hidden(person_id: int | None, page: Sequence[Case], decided: set[int]) -> dict[int, dict[int, str]]:
    """For each family in which the reader decides, whose names they may not see."""
    families = decided & {case.family_id for case in page}
    parties: dict[int, list[Party]] = {family: [] for family in families}
    cases: dict[int, Case] = {}
    for party in Party.objects.filter(case__family_id__in=families).select_related("case") if families else ():
        parties[party.case.family_id].append(party)
        cases[party.case_id] = party.case
    return {family: parts_instead(rows, cases, person_id) for family, rows in parties.items()}


def _shown(case: Case, book: Directory, hidden: dict[int, str]) -> dict[str, Any]:
    if case.blind:  # type: ignore[attr-defined]
        return blind_head(case)
    return {
        **case_head(case, book),
        "subject": case.subject.number if case.subject else None,
        "concerned": named(case.concerned_id, book, hidden),
        "masked": bool(hidden),
        "blind": False,
    }


def _unknown(field: str, given: str, known: Any) -> InvalidInput:
    return InvalidInput(
        _("Expected a known %(field)s, but '%(given)s' is none; known are %(known)s")
        % {"field": field, "given": given[:60], "known": ", ".join(sorted(known))},
        problems=[{"field": field, "code": "unknown", "message": _("it is not known")}],
    )
