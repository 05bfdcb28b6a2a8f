"""Who may act, who is barred and as what, and who is chosen among the eligible.

Nobody decides in their own cause, by construction: bars are computed from the parties of the whole family and from
grants with their dates, never typed in, and nothing about an account (superuser, staff) lifts them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from casework.domain.action import ActionSpec
from casework.domain.directory import Directory, GrantView, local_day, stamp_for
from casework.domain.errors import NotPermitted
from casework.domain.law import law_of
from casework.domain.policy import current_policy
from casework.domain.scope import blind_seat
from casework.models import Case, Party

UNDECIDED = ("released", "replaced", "left")  # left a seat without having decided: no bar
UNFIT = ("recused", "challenged")  # left it because they should not decide: a bar of its own


@dataclass(frozen=True)
class Bar:
    """Why a person may not decide: a code whose words stand in policy, and through whom, if a deputy."""

    code: str
    of_person_id: int | None = None


@dataclass(frozen=True)
class Choice:
    """How a seat was filled; it stands in the event as it is. `reach` is the unit up to which the pool was widened,
    empty where the case's own sufficed; `not_again` are those who had their turn in this seat or beside it; `closed`
    those who can log in no more."""

    seat: str
    person_id: int | None
    pool: tuple[str, ...]
    loads: dict[str, int]
    barred: dict[str, list[str]]
    on_leave: tuple[str, ...]
    lot: str
    role: str = ""
    reach: str = ""
    not_again: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    def shown(self, book: Directory) -> dict[str, Any]:
        chosen = book.persons[self.person_id].no if self.person_id else None
        told: dict[str, Any] = {"reach": self.reach} if self.reach else {}
        told |= {"not_again": list(self.not_again)} if self.not_again else {}
        told |= {"closed": list(self.closed)} if self.closed else {}
        return {
            "seat": self.seat, "role": self.role, **told, "chosen": chosen,
            "pool": list(self.pool), "loads": self.loads, "barred": self.barred,
            "on_leave": list(self.on_leave), "lot": self.lot,
        }  # fmt: skip


def bars_in(family: Any, book: Directory, at: datetime, *, seat: tuple[int, str] | None = None) -> dict[int, list[Bar]]:
    """Every barred person of the family with the reasons; `seat` = (case id, "a" or "a|b") whose own holders stay free.

    Parties first, then whoever leads the concerned person's unit now, did at the call or at filing, then whoever
    stood in for one of these at any time between the call and now; from a blind seat also whoever read the family
    before they sat."""
    bars: dict[int, list[Bar]] = {}
    sought = family.by_id[seat[0]] if seat else None
    free = seat[1].split("|") if seat else []

    def bar(person_id: int, code: str, of: int | None = None) -> None:
        entry = Bar(code, of)
        if entry not in bars.setdefault(person_id, []):
            bars[person_id].append(entry)

    for party in family.parties:
        case = family.by_id[party.case_id]
        code = case.party_bars.get(party.role)
        if party.ended_by in UNDECIDED:
            continue
        sits = party.until is None and case is sought
        if code and not (sits and party.role in free):
            beside = sits and party.role in case.blind_seats
            bar(party.person_id, party.ended_by if party.ended_by in UNFIT else "seated" if beside else code)
    start = min((c.fact_at or c.opened_at for c in family.cases), default=at)
    leading = [code for code, role in current_policy().roles.items() if role.leads]
    for case in family.cases:
        units = {case.unit_id} | ({book.persons[case.concerned_id].unit_id} if case.concerned_id else set())
        moments = [("leads_unit", at), ("led_unit_at_filing", case.opened_at)]
        if case.fact_at:
            moments.append(("led_unit_at_call", case.fact_at))
        for role in leading:
            for unit_id in units:
                for code, moment in moments:
                    for person_id in book.holders(role, unit_id, moment):
                        bar(person_id, code)
    for principal_id in list(bars):
        for grant in book.by_principal.get(principal_id, ()):
            if grant.overlaps(start, at):
                bar(grant.person_id, "deputy_of_barred", principal_id)
    if sought is not None and set(free) & set(sought.blind_seats):
        since = {p.person_id: p.since for p in family.parties_of(sought) if p.role in free}
        for read in family.reads:
            if read.person_id not in since or read.at < since[read.person_id]:
                bar(read.person_id, "read_outside_panel")
    return bars


def barred(
    person_id: int, family: Any, book: Directory, at: datetime, seat: tuple[int, str] | None = None
) -> list[Bar]:
    """Why the person may not decide in this family; empty = free."""
    return bars_in(family, book, at, seat=seat).get(person_id, [])


def explain(bars: Iterable[Bar], book: Directory) -> str:
    """The reasons in the reader's language."""
    from casework.domain.wording import bar_words

    return _("; ").join(bar_words(bar, book) for bar in bars)


def may(
    spec: ActionSpec, actor: Any, case: Case, parties: Iterable[Party], family: Any, book: Directory
) -> tuple[GrantView | None, str]:
    """(grant used, relation used) or NotPermitted. Whose seat it is comes later, after the state: a loser of a race
    is to hear NotAllowedNow."""
    at = actor.received_at
    if spec.is_system:
        if not actor.is_system:
            raise NotPermitted(
                _("Expected the system to %(action)s, but only a clock or a signed ruling can; nothing to do by hand")
                % {"action": spec.label}
            )
        return None, ""
    if actor.is_system:
        if spec.decides or not spec.callable_by_clock:
            raise NotPermitted(
                _("Expected a person to %(action)s, but it was the system; it never decides") % {"action": spec.label}
            )
        return None, ""
    if actor.is_machine and spec.decides:
        raise NotPermitted(_("Expected a person to decide, but this is a machine's account; log in as a person"))
    if actor.person_id is None:
        raise NotPermitted(nobody(actor.account))
    blind = blind_seat(actor.person_id, family.parties)
    if blind and blind.role not in (*spec.seats, *(spec.relation or "").split("|")):
        # Whatever else they may do by role, its refusals would tell them of the case.
        raise NotPermitted(
            _("Expected you to score blind before anything else, but this is to %(action)s; wait until all is revealed")
            % {"action": spec.label},
            code="blind",
        )
    if spec.decides:
        seat = (case.pk, spec.seat) if spec.seat else None
        reasons = barred(actor.person_id, family, book, at, seat)
        if reasons and blind:
            words = _("Expected someone free to decide on %(case)s, but you are barred; recuse yourself")
            raise NotPermitted(words % {"case": case.number}, code="barred")
        if reasons:
            raise NotPermitted(
                _("Expected someone free to decide on %(case)s, but you are barred: %(reasons)s")
                % {"case": case.number or _("this case"), "reasons": explain(reasons, book)},
                code="barred",
                bars=[bar.code for bar in reasons],
            )
    if spec.relation:
        roles = spec.relation.split("|")
        if any(p.person_id == actor.person_id and p.role in roles and p.until is None for p in parties):
            return None, next(
                p.role for p in parties if p.person_id == actor.person_id and p.role in roles and p.until is None
            )
    for role in (spec.role or "").split("|"):
        grant = book.grant(actor.person_id, role, case.unit_id, at)
        if grant is not None:
            return grant, ""
    if (seated := _seated(spec, actor, parties, book)) is not None:
        return seated
    raise NotPermitted(_needed(spec, case, book, names_unit=not blind))


def _seated(spec: ActionSpec, actor: Any, parties: Iterable[Party], book: Directory) -> Any:
    """Who sits in the action's seat acts by the grant of another unit, if the pool reached that far, or by having been
    named; None for everybody else."""
    sitting = next(
        (p for p in parties if p.person_id == actor.person_id and p.role in spec.seats and p.until is None), None
    )
    if sitting is None:
        return None
    roles = (spec.role or "").split("|")
    grant = next((g for g in book.grants_of(actor.person_id, actor.received_at) if g.role in roles), None)
    return (grant, "") if grant else (None, sitting.role) if sitting.named else None


def does_not_sit_blind(actor: Any) -> None:
    """Whoever sits blind brings in nothing from outside: what is refused because it is there already would tell them
    what they may not know."""
    if stamp_for(actor.person_id)[1]:
        raise sits_blind()


def sits_blind() -> NotPermitted:
    return NotPermitted(
        _("Expected you to score blind before you record or import anything, but your scores are not revealed yet; "
          "ask a colleague, or wait for the reveal"),
        code="blind",
    )  # fmt: skip


def holds_a_role(spec: ActionSpec, actor: Any, book: Directory) -> None:
    """Before the data of a root case says which unit it belongs to: the actor holds one of the roles somewhere, or
    NotPermitted, so that nobody else learns what the data would have met."""
    roles = (spec.role or "").split("|")
    if not any(grant.role in roles for grant in book.grants_of(actor.person_id, actor.received_at)):
        from casework.domain.wording import role_label

        raise NotPermitted(
            _("Expected %(needed)s to %(action)s, but you are not; ask one of them")
            % {"needed": _(" or ").join(map(role_label, roles)), "action": spec.label}
        )


def nobody(account: str) -> str:
    return _(
        "Expected a person with a grant, but account '%(account)s' belongs to no person; superusers may decide "
        "nothing. Log in with a personal account"
    ) % {"account": account}


def _needed(spec: ActionSpec, case: Case, book: Directory, *, names_unit: bool) -> str:
    from casework.domain.wording import party_label, role_label

    needs = []
    if spec.relation:
        needs += [party_label(role, law_of(case).app) for role in spec.relation.split("|")]
    for role in (spec.role or "").split("|") if spec.role else ():
        words = _("%(role)s over %(unit)s") if names_unit else "%(role)s"
        needs.append(words % {"role": role_label(role), "unit": book.units[case.unit_id].name})
    return _("Expected %(needed)s to %(action)s, but you are not; ask one of them") % {
        "needed": _(" or ").join(map(str, needs)), "action": spec.label,
    }  # fmt: skip


def choose(
    *, case: Case, seat: str, role: str, family: Any, book: Directory, at: datetime,
    loads: Callable[[Iterable[int]], Mapping[int, int]], not_again: Iterable[int] = (),
) -> Choice:  # fmt: skip
    """The decider for a seat: holders of the role over the case's unit, else of the next unit up, nobody barred, nobody
    on leave, nobody who can log in no more, not the direct superior of an inspector where another exists; least loaded,
    ties by lot (SHA-256 of the case number and the digest of the event before)."""
    bars = bars_in(family, book, at, seat=(case.pk, seat))
    superiors = _superiors_of_scorers(family, book)
    considered: set[int] = set()
    away: set[int] = set()
    pool: set[int] = set()
    for name, above, holders in _pools(role, case.unit_id, at, book):
        role_taken, reach = name, above
        considered |= holders
        free = holders - set(not_again) - set(bars) - book.closed
        away |= {p for p in free if book.is_on_leave(p, local_day(at))}
        pool = free - away
        pool = pool - superiors or pool
        if pool:
            break
    counted = loads(pool) if pool else {}
    lot = hashlib.sha256(f"{case.number}{digest_before(case, family)}".encode()).hexdigest()
    chosen = None
    if pool:
        least = min(counted.get(p, 0) for p in pool)
        tied = sorted((p for p in pool if counted.get(p, 0) == least), key=lambda p: book.persons[p].no)
        chosen = tied[int(lot, 16) % len(tied)]
    names = {p: book.persons[p].no for p in considered}
    return Choice(
        seat=seat, person_id=chosen, pool=tuple(sorted(names[p] for p in pool)),
        loads={names[p]: counted.get(p, 0) for p in sorted(pool)},
        barred={names[p]: [b.code for b in bars[p]] for p in sorted(considered) if p in bars},
        on_leave=tuple(sorted(names[p] for p in away)), lot=lot, role=role_taken, reach=reach,
        not_again=tuple(sorted(names[p] for p in considered & set(not_again))),
        closed=tuple(sorted(names[p] for p in considered & book.closed)),
    )  # fmt: skip


def _pools(role: str, unit_id: int, at: datetime, book: Directory) -> Iterator[tuple[str, str, set[int]]]:
    """(role, unit reached, holders) from the nearest pool to the widest: those whose grant covers the unit, then those
    of everything below the next unit up, and so on; then the same of the next role of "a|b"."""
    for name in role.split("|"):
        found = book.holders(name, unit_id, at)
        yield name, "", found
        for above in book.ancestors[unit_id][1:]:
            wider = found | {
                g.person_id for g in book.by_role.get(name, ()) if g.unit_id in book.below[above] and g.holds_at(at)
            }
            if wider != found:
                found = wider
                yield name, book.units[above].code, found


def _superiors_of_scorers(family: Any, book: Directory) -> set[int | None]:
    scorers = {p.person_id for p in family.parties if family.by_id[p.case_id].party_bars.get(p.role) == "scored"}
    return {book.persons[person_id].superior_id for person_id in scorers}


def digest_before(case: Case, family: Any) -> str:
    """Of the case's last event; for a case that is just being opened, of the event that opens it."""
    return case.head if case.seq else family.by_id[case.subject_id].head if case.subject_id else case.head
