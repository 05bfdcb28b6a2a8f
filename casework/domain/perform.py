"""open_case() and perform(): the only writers of cases.

A door passes who acts and what they want; what comes back is the event. In between, in this order: visible, known,
permitted, repeated, allowed now, valid, lawful, recorded. A stranger learns nothing, not even from a known key."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import BaseModel

from casework.domain import ledger
from casework.domain.action import Act, ActionSpec
from casework.domain.actor import Actor
from casework.domain.authority import holds_a_role, may, nobody, sits_blind
from casework.domain.case_rules import rules_of
from casework.domain.decide import UNRECORDED, action_of, apply, check_now, decided, parse
from casework.domain.directory import directory, stamp_for
from casework.domain.errors import (
    Conflict,
    InvalidInput,
    NotAllowedNow,
    NotPermitted,
    OutOfScope,
    Refusal,
    Stale,
)
from casework.domain.law import Law, law_by_number, law_named
from casework.domain.now import now
from casework.domain.openings import allocate_number, unborn
from casework.domain.reading import FamilyView, read_family
from casework.domain.recorder import Recorder
from casework.domain.recording import complete, step_on
from casework.domain.scope import blind_seat, sees
from casework.domain.step import Step
from casework.keys import new_key
from casework.models import Case, Family

TRIES = 6


@dataclass(frozen=True)
class Result:
    """The first event of the step as it stands in the ledger; `repeated` when the key was known."""

    entry: dict[str, Any]
    number: str
    version: int
    repeated: bool = False


def perform(
    case: str, action: str, actor: Actor, data: Mapping[str, Any] | None = None, key: str | None = None,
    version: int | None = None,
) -> Result:  # fmt: skip
    """The action was performed on the case with that number, or a Refusal was raised and nothing changed.

    A known (person, case, key) gives the first result again. `version` is the family's version the actor saw."""
    _someone(actor)
    law = law_by_number(case)

    def attempt() -> Result:
        token, body = token_of(actor, case, key), body_of(action, data)
        family = read_family(case, key=token)
        step = step_on(family)
        target = family.case(case)
        if not actor.is_system and not sees(actor.person_id, target, family.parties, actor.received_at, step.book):
            raise OutOfScope(_("Expected a case, but there is no case %(case)s in your scope") % {"case": case[:40]})
        spec = action_of(law, action, opening=False)
        grant, relation = may(spec, actor, target, family.parties_of(target), family, step.book)
        if family.repeat:
            return _repeated(family.repeat, body, target, family)
        is_blind = blind_seat(actor.person_id, family.parties) is not None  # what others did is not theirs to notice
        if version is not None and version != family.version and not is_blind:
            raise Stale(
                _("Expected version %(seen)s of case %(case)s, but it is now %(now)s; read it again")
                % {"seen": version, "case": case, "now": family.version},
                version=family.version,
            )
        decided(step, target, spec, actor, data, grant=grant, relation=relation, key=token, body=body)
        return _record(step, family)

    return _tried(attempt, actor, case, action)


def open_case(
    type: str,
    actor: Actor,
    data: Mapping[str, Any] | None = None,
    subject: str | None = None,
    key: str | None = None,
) -> Result:
    """A case of that type was opened on `subject` (a case number), or a Refusal was raised and nothing changed."""
    _someone(actor)
    law = law_named(type)
    spec = next(iter(law.openings.values()))
    if bool(spec.subject) != bool(subject):
        needed = spec.subject or _("no subject")
        raise InvalidInput(
            _("Expected %(type)s to be opened on %(needed)s, but got %(subject)s; name the right subject")
            % {"type": type, "needed": needed, "subject": subject or _("none")}
        )
    return _open_on(law, spec, actor, data, subject, key) if subject else _open_root(law, spec, actor, data, key)


def _open_on(law: Law, spec: ActionSpec, actor: Actor, data: Any, subject: str, key: str | None) -> Result:
    law_by_number(subject)

    def attempt() -> Result:
        token, body = token_of(actor, f"{law.label} {subject}", key), body_of(spec.name, data)
        family = read_family(subject, key=token)
        step = step_on(family)
        base = family.case(subject)
        if not actor.is_system and not sees(actor.person_id, base, family.parties, actor.received_at, step.book):
            raise OutOfScope(_("Expected a case, but there is no case %(case)s in your scope") % {"case": subject[:40]})
        if base.type != spec.subject:
            raise InvalidInput(
                _("Expected a case of type %(needed)s as the subject, but %(case)s is of type %(type)s")
                % {"needed": spec.subject, "case": subject, "type": base.type}
            )
        case = unborn(law, base, step)
        grant, relation = may(spec, actor, case, family.parties_of(base), family, step.book)
        if family.repeat:
            return _repeated(family.repeat, body, None, family)
        return _born(step, family, case, law, spec, actor, data, grant, relation, token, body)

    return _tried(attempt, actor, subject, spec.name)


def _open_root(law: Law, spec: ActionSpec, actor: Actor, data: Any, key: str | None) -> Result:
    def attempt() -> Result:
        version, blind = stamp_for(actor.person_id)
        book = directory(version)
        holds_a_role(spec, actor, book)
        if blind:
            raise sits_blind()
        token, body = token_of(actor, law.label, key), body_of(spec.name, data)
        known = ledger.entry_with_key(token) if token else None
        pk = new_key()
        family = FamilyView(Family(id=pk, version=1), book.version, [], [], [], [], [])
        if known:
            return _repeated(known, body, None, family)
        step = Step(family=family, book=book, recorder=Recorder(), at=now())
        step.recorder.insert(family.row)
        form = parse(spec.form, data)
        case = unborn(law, None, step)
        case.family_id = pk
        model: Any = law.model
        for name, value in model.place(form, book).items():
            setattr(case, name, value)
        grant, relation = may(spec, actor, case, (), family, book)
        return _born(step, family, case, law, spec, actor, form, grant, relation, token, body)

    return _tried(attempt, actor, law.label, spec.name)


def _born(
    step: Step, family: FamilyView, case: Any, law: Law, spec: ActionSpec, actor: Actor, data: Any, grant: Any,
    relation: str, token: UUID | None, body: str,
) -> Result:  # fmt: skip
    form = parse(spec.form, data) if not isinstance(data, spec.form) else data
    check_now(spec, case, step.book)
    family.add(case)
    for guard in spec.when:
        guard(_preview(step, case, spec, actor, form))
    case.number = allocate_number(law.prefix, step.at)
    apply(step, case, spec, actor, form, grant=grant, relation=relation, key=token, body=body)
    return _record(step, family)


def _preview(step: Step, case: Any, spec: ActionSpec, actor: Actor, form: Any) -> Any:
    """The act as guards see it, asked before a number is given away."""
    return Act(
        spec=spec, actor=actor, case=case, data=form, family=step.family, at=actor.received_at, book=step.book,
        policy=rules_of(case, step.book),
    )  # fmt: skip


def _record(step: Step, family: FamilyView) -> Result:
    """Step 9: cases, events, parties, clocks, tasks and deliveries, under the guard of the family's version."""
    complete(step)
    step.recorder.send()
    step.recorded()
    first = step.events[0]
    fresh = first["case"]._state.adding and first["case"].subject_id is None
    return Result(
        entry=json.loads(first["event"].entry), number=first["case"].number,
        version=family.version if fresh else family.version + 1,
    )  # fmt: skip


def _repeated(repeat: Mapping[str, str], body: str, case: Case | None, family: FamilyView) -> Result:
    if not hmac.compare_digest(repeat["body"], body):
        raise InvalidInput(
            _("Expected the same request under a known key, but its body differs; use a new key"),
            code="key_reused",
        )
    entry = json.loads(repeat["entry"])
    return Result(entry, entry["stream"].removeprefix("case:"), family.version, repeated=True)


def _tried(attempt: Callable[[], Result], actor: Actor, target: str, action: str) -> Result:
    broken: BaseException | None = None
    for number in range(TRIES):
        try:
            return attempt()
        except Conflict as conflict:
            broken = conflict.__cause__  # a broken constraint that stays broken is a bug, not a race
            time.sleep(0.002 * number)
        except (NotPermitted, OutOfScope) as refusal:
            _remember(refusal, actor, target, action)
            raise
    if broken is not None:
        raise broken
    raise NotAllowedNow(
        _("Expected to be alone on case %(case)s, but others keep changing it; read it again and repeat")
        % {"case": target}
    )


def _remember(refusal: Refusal, actor: Actor, target: str, action: str) -> None:
    """A refusal worth knowing stands in the access stream, never in the case's own chain."""
    if actor.is_system:
        return
    reason = {"code": refusal.reason, "bars": refusal.details.get("bars", [])}
    data = {"case": ascii(target[:60]), "attempted": ascii(action[:60]), "reason": reason}
    ledger.note("access", "refused", data, actor=actor)


def _someone(actor: Actor) -> None:
    """An account that belongs to no person is refused everywhere, whatever it asks for."""
    if actor.person_id is None and not actor.is_system:
        refusal = NotPermitted(nobody(actor.account))
        _remember(refusal, actor, "", "")
        raise refusal


def token_of(actor: Actor, target: str, key: str | None) -> UUID | None:
    """A key is the person's own, for one target (a case number; for an opening `TYPE SUBJECT`); 200 characters are
    enough for any."""
    if key is None:
        return None
    if not key or len(key) > 200 or not key.isprintable():
        raise InvalidInput(_("Expected a key of 1 to 200 printable characters, but it is not; make a shorter one"))
    return UUID(bytes=hashlib.sha256(f"{actor.no}\n{target}\n{key}".encode()).digest()[:16])


def body_of(action: str, data: Any) -> str:
    """A digest of what was asked, keyed so that short texts cannot be guessed from it; secrets left out."""
    if isinstance(data, BaseModel):
        data = data.model_dump(mode="json")
    if not isinstance(data, Mapping | None):
        raise InvalidInput(_("Expected the data as named fields, but it is not; give the fields of the action"))
    plain = {name: value for name, value in (data or {}).items() if name not in UNRECORDED}
    try:
        text = json.dumps([action, plain], sort_keys=True, ensure_ascii=True, default=str)
    except (RecursionError, TypeError, ValueError):  # nested without end, names that are no text, endless numbers
        raise InvalidInput(_("Expected data that can be written as JSON, but it cannot; make it simpler")) from None
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
