"""One case with all that belongs to it, as one person sees it."""

from typing import Any

from casework.domain.action import Act
from casework.domain.actor import Actor
from casework.domain.authority import may
from casework.domain.case_rules import rules_of
from casework.domain.decide import check_now, state_label
from casework.domain.errors import Refusal
from casework.domain.law import law_of
from casework.domain.ledger import plain
from casework.domain.urgency import urgency_of
from casework.domain.wording import party_label
from casework.queries.blind import blind_case, blind_clocks
from casework.queries.events import event_entries
from casework.queries.owed import clock_entries, task_entries
from casework.queries.papers import papers
from casework.queries.presenting import presented
from casework.queries.sight import Sight, opened

READ = "read"


def show_case(number: str, actor: Actor) -> dict[str, Any]:
    """The case with parties, clocks, tasks, events, documents and linked cases. `version` is what a deciding action
    has to name; `masked` says that the reader decides here and parties stand there by their part; `blind`, that they
    score blind and are shown no more than that takes."""
    return shown_case(*opened(number, actor))


def shown_case(sight: Sight, case: Any, *, with_events: bool = True) -> dict[str, Any]:
    """The same of a family that was opened; pages ask for events by newest_events()."""
    if sight.blind:
        return blind_case(case, sight)
    linked = [case_head(other, sight.book) for other in sight.family.cases if other is not case and sight.sees(other)]
    return sight.masked(
        {
            **case_head(case, sight.book),
            "version": sight.family.version,
            "concerned": sight.person(case.concerned_id),
            "policy": case.policy_id,
            "head": {"seq": case.seq, "digest": case.head},
            "masked": bool(sight.hidden),
            "blind": False,
            "parties": _parties(case, sight),
            "clocks": clock_entries(case, sight),
            "tasks": task_entries(case, sight),
            "documents": papers(case, sight),
            "family": linked,
            "details": presented(case, "present", sight) or {},
            "events": event_entries(case, sight) if with_events else [],
        }
    )


def clocks_of(number: str, actor: Actor) -> list[dict[str, Any]]:
    """Every clock of the case, newest generation last, with its ledger and the steps of its arithmetic."""
    sight, case = opened(number, actor)
    return blind_clocks(case, sight) if sight.blind else clock_entries(case, sight)


def reads_for_service(sight: Sight, case: Any, actor: Actor) -> bool:
    """Whether this person's opening the case is its service: the type's law lets them `read` it now."""
    spec = law_of(case).actions.get(READ)
    if spec is None or not spec.relation or actor.is_machine or actor.person_id is None:
        return False
    act = Act(
        spec=spec, actor=actor, case=case, data=None, family=sight.family, at=actor.received_at,
        policy=rules_of(case, sight.book), book=sight.book,
    )  # fmt: skip
    try:
        may(spec, actor, case, sight.family.parties_of(case), sight.family, sight.book)
        check_now(spec, case, sight.book)
        for guard in spec.when:
            guard(act)
    except Refusal:
        return False
    return True


def case_head(case: Any, book: Any) -> dict[str, Any]:
    """What every list says of a case."""
    law = law_of(case)
    return {
        "number": case.number, "type": case.type, "type_label": str(law.model.title),
        "state": {"code": str(case.state), "label": _state_label(law, case)}, "restricted": case.restricted,
        "erased": book.is_forgotten(case),
        "urgency": urgency_of(case),
        "unit": {"code": book.units[case.unit_id].code, "name": book.units[case.unit_id].name},
        "opened_at": plain(case.opened_at), "updated_at": plain(case.updated_at), "closed_at": plain(case.closed_at),
    }  # fmt: skip


def _state_label(law: Any, case: Any) -> str:
    """Also for a row that was read without its type's own columns."""
    if isinstance(case, law.model):
        return state_label(case)
    return str(dict(law.model.State.choices).get(str(case.state), case.state))


def _parties(case: Any, sight: Sight) -> list[dict[str, Any]]:
    return [
        {
            "role": party.role, "label": party_label(party.role, law_of(case).app),
            "person": sight.person(party.person_id),
            "since": plain(party.since), "until": plain(party.until), "ended_by": party.ended_by,
        }
        for party in sorted(sight.family.parties_of(case, ended=True), key=lambda p: p.pk)
    ]  # fmt: skip
