"""Steps 3 to 8 of the command path, in memory: what an act is allowed to do and everything that follows from it.

Nothing here writes; the only thing it may ask the database for are the loads of a pool and a number for a new case."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django_fsm import TransitionNotAllowed
from pydantic import BaseModel, ValidationError

from casework.domain import effects as fx
from casework.domain import ledger
from casework.domain.action import Act, ActionSpec, run_law
from casework.domain.actor import Actor, shown, system
from casework.domain.authority import may
from casework.domain.case_rules import rules_of
from casework.domain.directory import Directory, GrantView
from casework.domain.errors import NotAllowedNow, NotPermitted, UnknownAction
from casework.domain.evidence_files import keep
from casework.domain.form_words import invalid, problems_of
from casework.domain.law import Law, law_named, law_of, laws
from casework.domain.openings import allocate_number, unborn
from casework.domain.row_digest import sealed_row
from casework.domain.seats import fill, join, leave, reveal
from casework.domain.signing import sign_as
from casework.domain.step import Changes, Step


def action_of(law: Law, name: str, *, opening: bool) -> ActionSpec:
    spec = law.actions.get(name)
    if spec is None and not opening:
        opens = next((other for other in laws().values() for s in other.openings.values()
                      if s.name == name and s.subject == law.label), None)  # fmt: skip
        if opens is not None:
            raise UnknownAction(
                _("Expected an action of this case, but '%(action)s' opens a case of its own; "
                  "open a case of type %(type)s on it")
                % {"action": name[:60], "type": opens.label}
            )  # fmt: skip
    if spec is None or spec.opening is not opening:
        raise UnknownAction(
            _("Expected an action of %(type)s, but '%(action)s' is none; ask for the actions of the case")
            % {"type": law.label, "action": name[:60]}
        )
    return spec


def check_now(spec: ActionSpec, case: Any, book: Directory) -> None:
    """Step 6: the state allows it, and there is still somebody whom it is about."""
    if book.is_forgotten(case):
        words = _("Expected a case about somebody, but the person was erased; what was decided stands as it is")
        raise NotAllowedNow(words, code="erased")
    if not spec.opening and "*" not in spec.sources and case.state not in spec.sources:
        raise not_now(spec, case)


def not_now(spec: ActionSpec, case: Any) -> NotAllowedNow:
    return NotAllowedNow(
        _("Expected to %(action)s on case %(case)s, but it is '%(state)s'; look at the case again")
        % {"action": spec.label, "case": case.number, "state": state_label(case)},
        state=str(case.state),
    )


def check_clock(actor: Actor, case: Any, step: Step) -> None:
    """A clock acts only while it runs, in the generation that fired, when it is due and still has a point."""
    if actor.clock is None:
        return
    name, generation = actor.clock
    clock = step.family.clock(case, name)
    is_due = (
        clock is not None and clock.generation == generation and clock.state == "running"
        and clock.due_at <= actor.received_at
    )  # fmt: skip
    if not is_due or step.clocks.is_overtaken(case, name, rules_of(case, step.book), actor.received_at):
        raise NotAllowedNow(
            _("Expected clock %(name)s of %(case)s to be due, but it no longer is; nothing to do")
            % {"name": name, "case": case.number},
            code="clock_void",
        )


def check_seat(spec: ActionSpec, actor: Actor, case: Any, step: Step) -> None:
    """A decision belongs to whoever sits; an empty seat is taken by claiming it."""
    if not spec.seat or actor.is_system:
        return
    sitting = [p.person_id for seat in spec.seats for p in step.family.parties_of(case, seat)]
    if actor.person_id in sitting or (not sitting and spec.takes_seat):
        return
    if not sitting:
        taken = any(other.takes_seat and other.seat in spec.seats for other in law_of(case).actions.values())
        words = (
            _("Expected whoever claimed case %(case)s, but nobody has; claim it first")
            if taken
            else _("Expected whoever is seated in case %(case)s, but the seat is empty; wait until it is filled")
        )
        raise NotPermitted(words % {"case": case.number})
    raise NotPermitted(
        _("Expected %(who)s to %(action)s on case %(case)s, who was seated, but you are not; nothing for you to do")
        % {"who": _(", ").join(step.book.persons[p].name for p in sitting), "action": spec.label, "case": case.number},
        code="seat_taken",
    )


def parse(form: type[BaseModel], data: Mapping[str, Any] | None) -> BaseModel:
    """Step 7, first half: the data as the form's values."""
    try:
        return form.model_validate(dict(data or {}))
    except ValidationError as error:
        raise invalid(problems_of(error)) from None


def decided(
    step: Step, case: Any, spec: ActionSpec, actor: Actor, data: Mapping[str, Any] | None, *, grant: GrantView | None,
    relation: str, key: Any, body: str,
) -> Act:  # fmt: skip
    """Steps 6 to 8 of whoever may: the act stands in the step, or a Refusal was raised."""
    check_clock(actor, case, step)
    check_now(spec, case, step.book)
    check_seat(spec, actor, case, step)
    form = parse(spec.form, data)
    return apply(step, case, spec, actor, form, grant=grant, relation=relation, key=key, body=body)


def apply(
    step: Step, case: Any, spec: ActionSpec, actor: Actor, data: BaseModel, *, grant: GrantView | None = None,
    relation: str = "", key: Any = None, body: str = "",
) -> Act:  # fmt: skip
    """Steps 7 (guards) and 8: the law runs in memory, its effects with it; the event stands in the step."""
    law = law_of(case)
    rules = rules_of(case, step.book)
    act = Act(
        spec=spec, actor=actor, case=case, data=data, family=step.family, at=actor.received_at, policy=rules,
        book=step.book, grant=grant, relation=relation,
    )  # fmt: skip
    for guard in spec.when:
        guard(act)
    source = str(case.state)
    try:
        wanted = run_law(act)
    except TransitionNotAllowed:
        raise not_now(spec, case) from None
    case.updated_at = step.at
    if str(case.state) in law.model.closed_states:
        case.closed_at = case.closed_at or step.at
    else:
        case.closed_at = None
    changes = Changes()
    if actor.clock:
        changes.clocks += step.clocks.breach(case, actor.clock[0], rules, step.at)
    if spec.decides and spec.seat and spec.takes_seat and step.family.holder(case, spec.seat) is None:
        join(step, case, spec.seat, actor.person_id, changes)
    changes.clocks += step.clocks.follow(case, law.clocks, source, rules, step.at)
    later = [effect for effect in wanted if not _direct(step, act, case, effect, rules, changes)]
    _enter(step, act, source, changes, key, body)
    for effect in later:
        _move(step, act, case, effect)
    return act


def _direct(step: Step, act: Act, case: Any, effect: Any, rules: Any, changes: Changes) -> bool:
    """Carries out what belongs to the case itself; False for moves, which follow the event."""
    match effect:
        case fx.Join(role, person_id, named):
            join(step, case, role, person_id, changes, named=named)
        case fx.Leave(role, reason):
            leave(step, case, role, reason, changes)
        case fx.Seat():
            fill(step, case, effect, act.at, rules, changes)
        case fx.Reveal():
            reveal(step, case, changes)
        case fx.StartClock(name):
            changes.clocks += step.clocks.start(case, name, rules, step.at)
        case fx.StopClock(name, reason):
            changes.clocks += step.clocks.stop(case, name, step.at, reason)
        case fx.PauseClock(name, reason):
            changes.clocks += step.clocks.pause(case, name, step.at, reason)
        case fx.ResumeClock(name, reason):
            changes.clocks += step.clocks.resume(case, name, rules, step.at, reason)
        case fx.PostponeClock(name, until, reason):
            changes.clocks += step.clocks.postpone(case, name, rules, until, step.at, reason)
        case fx.ExtendClock(name, reason):
            changes.clocks += step.clocks.extend(case, name, rules, step.at, reason)
        case fx.LimitClock(name):
            changes.clocks += step.clocks.limit(case, name, rules_of(case, step.book), step.at)
        case fx.ReckonClock(name):
            changes.clocks += step.clocks.reckon(case, name, rules, step.at)
        case fx.Notify(kind, parties, roles, clock):
            people = sorted({p.person_id for role in parties for p in step.family.parties_of(case, role)})
            step.deliver(case, "notify", {"kind": kind, "people": people, "roles": roles, "clock": clock})
        case fx.Deliver(kind, payload):
            step.deliver(case, kind, payload)
        case fx.AddDocument(document):
            step.family.documents.append(document)
            step.recorder.insert(document)
            changes.documents.append(_document_shown(document))
        case fx.ChangeDocument(document, values):
            _change_document(step, document, values, changes)
        case fx.AddEvidence(file, values):
            keep(file)
            file.__dict__.update(values)
            step.recorder.update(file, values)
        case fx.SignDocument(document, signature, credential):
            signed = sign_as(act.actor, document, signature, credential)
            _change_document(step, document, signed, changes)
        case _:
            return False
    return True


def _change_document(step: Step, document: Any, values: dict[str, Any], changes: Changes) -> None:
    for name, value in values.items():
        setattr(document, name, value)
    step.recorder.update(document, values)
    changes.documents.append(_document_shown(document))


def _document_shown(document: Any) -> dict[str, Any]:
    return {
        "document": str(document.pk), "kind": document.kind, "state": str(document.state),
        "file_sha256": document.file_sha256, "snapshot_sha256": document.snapshot_sha256,
    }  # fmt: skip


def _enter(step: Step, act: Act, source: str, changes: Changes, key: Any, body: str) -> None:
    """The event, last of what the act itself does: the case's head moves with it."""
    case, spec = act.case, act.spec
    head = {**shown(act.actor), "event": spec.event, "type": case.type, "received_at": act.at}
    head |= {"from": source, "to": str(case.state), "policy": case.policy_id}
    if act.grant:
        head["grant"] = {
            "id": str(act.grant.id), "role": act.grant.role, "unit": step.book.units[act.grant.unit_id].code,
            **({"in_stead_of": step.book.persons[act.grant.principal_id].no} if act.grant.principal_id else {}),
        }  # fmt: skip
    if act.relation:
        head["relation"] = act.relation
    head |= {name: value for name, value in vars(changes).items() if value}
    head["row"] = sealed_row(case)
    given = {name: getattr(act.data, name) for name in type(act.data).model_fields if name not in UNRECORDED}
    data = {**ledger.as_data(given), **act.note}
    event, texts = ledger.build(
        stream=ledger.stream_of(case), seq=case.seq + 1, previous=case.head, head=head, data=data, case=case,
        action=spec.name, actor_id=act.actor.person_id, key=key, body=body,
    )  # fmt: skip
    case.seq, case.head = event.seq, event.digest
    step.recorder.insert(event, *([texts] if texts else []))
    step.events.append({"event": event, "case": case})
    if case not in step.moved:
        step.moved.append(case)


UNRECORDED = {"credential", "snapshot"}


def _move(step: Step, act: Act, case: Any, effect: Any) -> None:
    """Steps 3 to 8 on the other case, as SYSTEM on behalf of the actor."""
    cause = str(next(entered["event"].pk for entered in reversed(step.events) if entered["case"] is case))
    hand = system(cause=cause, on_behalf_of=act.actor.no if not act.actor.is_system else act.actor.on_behalf_of)
    hand = Actor(**{**vars(hand), "received_at": act.at})
    match effect:
        case fx.Move(target, name, data):
            spec = action_of(law_of(target), name, opening=False)
            check_now(spec, target, step.book)
            grant, relation = may(spec, hand, target, (), step.family, step.book)
            apply(step, target, spec, hand, parse(spec.form, data), grant=grant, relation=relation)
        case fx.OpenCase(label, name, data):
            law = law_named(label)
            spec = action_of(law, name, opening=True)
            opened = unborn(law, case, step)
            opened.number = allocate_number(law.prefix, step.at)
            step.family.add(opened)
            apply(step, opened, spec, hand, parse(spec.form, data))
        case _:
            raise TypeError(f"{act.spec.name} returned {effect!r}, which is no effect")


def state_label(case: Any) -> str:
    return str(dict(type(case).State.choices).get(str(case.state), case.state))
