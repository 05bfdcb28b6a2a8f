"""What is to do: open tasks by due time, from the task table alone, in at most three statements."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from casework.domain.authority import barred
from casework.domain.directory import Directory, directory
from casework.domain.errors import InvalidInput
from casework.domain.law import law_named, law_of, laws
from casework.domain.ledger import plain
from casework.domain.now import now
from casework.domain.policy import current_policy
from casework.domain.reading import FamilyView
from casework.domain.scope import visible
from casework.domain.urgency import urgency_of
from casework.domain.wording import party_label, role_label
from casework.flow.projection import nodes
from casework.models import Family, Party, Stamp, Task
from casework.queries.blind import seatless, sitting_blind
from casework.queries.mine import owed_by
from casework.queries.owed import seconds_between
from casework.queries.paging import bad_cursor, checked_limit, count_shown, counted_in, read_cursor, to_cursor
from casework.queries.sight import deciding, named

VIEWS = ("mine", "claimable", "team", "overdue")
# Columns of Viewflow's own, which it would turn into flows and nodes row by row.
UNSHOWN = ("flow_task", "flow_task_type", "token", "assigned", "started", "created", "owner_permission_obj_pk")


def inbox(
    person_id: int | None, view: str = "mine", cursor: str | None = None, limit: int = 25, at: datetime | None = None,
    stamp: int | None = None, *, type: str | None = None, unit: str | None = None, role: str | None = None,
    overdue: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """{"tasks": […], "next": cursor or None, "count": number or "1000+"}, soonest due first, without due time last.

    mine: owed by the person. claimable: owed by whoever holds a role they hold, save decisions they are barred from;
    those leave the page, so it may be short, and `count` counts them unless all fits on one page. team: in the units
    they lead or look over. overdue: past due in their scope. Of a case that the person scores blind there is nothing
    but what they owe themselves, in `mine` and `overdue`, without its unit, subject and person concerned.
    `type`, `unit` (with those below it), `role` (which owes it) and `overdue` narrow each of them. A cursor belongs to
    the view and the filters it was given for."""
    if view not in VIEWS:
        raise InvalidInput(
            _("Expected a view, but '%(view)s' is none; views are %(known)s")
            % {"view": view[:40], "known": ", ".join(VIEWS)}
        )
    moment, book, limit = at or now(), directory(stamp), checked_limit(limit)
    narrower = _narrower(type, unit, role, overdue, person_id, book, moment)
    kind = hashlib.sha256(repr((view, type, unit, role, overdue)).encode()).hexdigest()[:8]
    if view == "mine" and person_id and not cursor and not narrower:
        page = owed_by(person_id, limit + 1)
        total = page[0].total if page else 0
    else:
        wanted = Task.objects.filter(_wanted(view, person_id, moment, book), narrower, finished=None)
        blind = Exists(sitting_blind(person_id).filter(case_id=OuterRef("process_id")))
        rows = wanted.filter(_place(cursor, kind)).annotate(
            total=counted_in(wanted), blind=blind, seated=_seated(person_id), about=F("process__subject__number")
        )
        rows = rows.select_related("process")
        page = list(rows.defer(*UNSHOWN).order_by(F("due_at").asc(nulls_last=True), "id")[: limit + 1])
        total = page[0].total if page else _count_beyond(wanted, cursor)
    more, page = len(page) > limit, page[:limit]
    following = to_cursor(kind, page[-1].due_at, page[-1].pk) if more else None
    if view == "claimable":
        page = _unbarred(page, person_id, moment, book)
        if not more and not cursor:
            total = len(page)
    return {
        "tasks": [_shown(task, book, moment, person_id) for task in page],
        "next": following,
        "count": count_shown(total),
    }


def inbox_counts(
    person_id: int | None, at: datetime | None = None, stamp: int | None = None, known: dict[str, Any] | None = None
) -> dict[str, Any]:
    """{view: number or "1000+"}; of claimable tasks also those that the person is barred from. What is known already
    (the whole view that inbox() has just counted) is not counted again."""
    moment, book, known = at or now(), directory(stamp), known or {}
    one = {
        view: Task.objects.filter(_wanted(view, person_id, moment, book), finished=None)
        for view in VIEWS if view not in known
    }  # fmt: skip
    counted = Stamp.objects.annotate(**{view: counted_in(wanted) for view, wanted in one.items()})
    return known | {view: count_shown(total or 0) for view, total in counted.values(*one).get().items()}


def _narrower(
    type: str | None, unit: str | None, role: str | None, overdue: bool, person_id: int | None, book: Directory,
    moment: datetime,
) -> Q:  # fmt: skip
    """Of a case that the person scores blind nothing is known to ask for but its number and type."""
    narrower = Q()
    if type:
        narrower &= Q(process__type=law_named(type).label)
    if unit:
        found = next((view for view in book.units.values() if view.code == unit), None)
        if found is None:
            raise InvalidInput(_("Expected a unit, but '%(unit)s' is none; choose another") % {"unit": unit[:40]})
        blind = Exists(sitting_blind(person_id).filter(case_id=OuterRef("process_id")))
        narrower &= Q(unit_id__in=sorted(book.below[found.id])) & ~Q(blind)
    if role:
        if role not in current_policy().roles:
            raise InvalidInput(_("Expected a role, but '%(role)s' is none; choose another") % {"role": role[:40]})
        narrower &= Q(role=role)
    if overdue:
        narrower &= Q(due_at__lt=moment)
    return narrower


def _seated(person_id: int | None) -> Exists:
    """Whether the person decides in the task's family, so that its parties are nameless to them."""
    held = Party.objects.filter(deciding(), person_id=person_id, until=None)
    return Exists(held.filter(case__family_id=OuterRef("process__family_id")))


def _wanted(view: str, person_id: int | None, moment: datetime, book: Directory) -> Q:
    if view == "mine":
        return Q(person_id=person_id) if person_id else Q(pk__in=())
    seen = _of_tasks(visible(person_id, at=moment, book=book))
    blind = Q(Exists(sitting_blind(person_id).filter(case_id=OuterRef("process_id"))))
    seen &= ~blind
    grants, roles = book.grants_of(person_id, moment), current_policy().roles
    if view == "claimable":
        offered = Q(pk__in=())
        for role in sorted({g.role for g in grants}):
            offered |= Q(role=role, unit_id__in=_units_below((g.unit_id for g in grants if g.role == role), book))
        return Q(person=None) & offered & seen
    if view == "team":
        looked_over = [g for g in grants if roles[g.role].leads or roles[g.role].sees == "unit"]
        everywhere = any(roles[g.role].sees == "all" for g in grants)
        units = sorted(book.units) if everywhere else _units_below((g.unit_id for g in looked_over), book)
        return Q(unit_id__in=units) & seen
    return Q(due_at__lt=moment) & (seen | (blind & Q(person_id=person_id)))


def _of_tasks(visible_cases: Q) -> Q:
    """Scope asked of the task's own row (its unit is its case's), what the row itself answers first, the rest by
    EXISTS: so a page takes tasks in their order until it is full, however many cases there are."""
    asked = Q(_connector=visible_cases.connector, _negated=visible_cases.negated)
    children = [_of_tasks(child) if isinstance(child, Q) else _of_task(*child) for child in visible_cases.children]
    asked.children = sorted(children, key=_asks_other_rows)
    return asked


def _of_task(lookup: str, value: Any) -> Any:
    field = lookup.removesuffix("__in")
    path = {"pk": "process_id", "unit_id": "unit_id"}.get(field, f"process__{field}")
    if not isinstance(value, QuerySet):
        return (path + lookup.removeprefix(field), value)
    (name,) = value.query.values_select or ("pk",)
    return Exists(value.filter(**{name: OuterRef(path)}))


def _asks_other_rows(condition: Any) -> bool:
    if isinstance(condition, Q):
        return any(map(_asks_other_rows, condition.children))
    return isinstance(condition, Exists)


def _units_below(units: Any, book: Directory) -> list[int]:
    return sorted(set().union(*(book.below[unit] for unit in units)))


def _place(cursor: str | None, kind: str) -> Q:
    """Rows after the cursor's, in the order (due, id) with no due time last."""
    if not cursor:
        return Q()
    of, due, pk = read_cursor(cursor, 3)
    if of != kind:
        raise bad_cursor()
    if due is None:
        return Q(due_at=None, id__gt=pk)
    try:
        due = datetime.fromisoformat(due).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise bad_cursor() from None
    return Q(due_at__gt=due) | Q(due_at=due, id__gt=pk) | Q(due_at=None)


def _count_beyond(wanted: QuerySet, cursor: str | None) -> int:
    """An empty page carries no count; only behind a cursor can there be anything to count."""
    return wanted.order_by().values("pk")[:1001].count() if cursor else 0


def _unbarred(page: list[Task], person_id: int | None, moment: datetime, book: Directory) -> list[Task]:
    """Without decisions in which the person is barred: the page's families in one statement, the rest in memory."""
    deciding = [task for task in page if _decides(task)]
    if not deciding:
        return page
    families = {
        family: FamilyView(Family(id=family), book.version, [], [], [], [], [])
        for family in {t.process.family_id for t in deciding}
    }
    for party in Party.objects.filter(case__family_id__in=sorted(families)).select_related("case"):
        family = families[party.case.family_id]
        family.parties.append(party)
        _admit(family, party.case)
    for task in deciding:
        _admit(families[task.process.family_id], task.process)
    out = set()
    for task in deciding:
        node = _node(task)
        seat = (task.process_id, node.seat) if node.seat else None
        if barred(person_id or 0, families[task.process.family_id], book, moment, seat):
            out.add(task.pk)
    return [task for task in page if task.pk not in out]


def _admit(family: FamilyView, case: Any) -> None:
    """The base row stands in for the typed one: bars ask only for what every case has and for its type's parts."""
    if case.pk not in family.by_id:
        model = laws()[case.type].model
        case.party_bars, case.blind_seats = model.party_bars, model.blind_seats
        family.add(case)


def _decides(task: Task) -> bool:
    actions = law_of(task.process).actions
    return any(actions[name].decides for name in _node(task).actions)


def _node(task: Task) -> Any:
    return next(node for node in nodes(law_of(task.process).model) if node.name == task.node)


def _shown(task: Task, book: Directory, moment: datetime, person_id: int | None) -> dict[str, Any]:
    node, unit, case = _node(task), book.units[task.unit_id], task.process
    hidden = {}
    if task.seated and node.relation and task.person_id != person_id:
        hidden = {task.person_id: party_label(node.relation.split("|")[0], law_of(case).app)}
    masked = task.seated and case.concerned_id != person_id
    return {
        "case": task.number, "type": case.type, "type_label": str(law_of(case).model.title),
        "task": seatless(task.node) if task.blind else task.node, "label": str(node.label),
        "actions": list(node.actions), "due_at": plain(task.due_at),
        "time_left_s": seconds_between(moment, task.due_at) if task.due_at else None, "provisional": task.provisional,
        "role": task.role or None, "role_label": role_label(task.role) if task.role else None,
        "unit": None if task.blind else {"code": unit.code, "name": unit.name}, "blind": bool(task.blind),
        "urgency": None if task.blind else urgency_of(case),
        "person": named(task.person_id, book, hidden), "masked": masked,
        "concerned": None if task.blind or masked else named(case.concerned_id, book, {}),
        "subject": None if task.blind else task.about, "mine": task.person_id == person_id,
    }  # fmt: skip
