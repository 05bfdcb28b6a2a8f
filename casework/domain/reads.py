"""Who has opened a case: known once for each person and case, since it bars from a blind seat in the family."""

from typing import Any

from django.db import transaction

from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.law import seats
from casework.domain.now import now
from casework.domain.scope import blind_seat
from casework.keys import new_key
from casework.models import CaseRead


def record_read(actor: Actor, case: Any, family: Any) -> None:
    """That the person has opened the case stands in its reads and, the first time, in the access stream."""
    if actor.is_machine or actor.person_id is None or not _tells(actor.person_id, family):
        return
    if any((read.case_id, read.person_id) == (case.pk, actor.person_id) for read in family.reads):
        return
    with transaction.atomic():
        _read, is_first = CaseRead.objects.get_or_create(
            case_id=case.pk, person_id=actor.person_id, defaults={"id": new_key(), "at": now()}
        )
        if is_first:
            ledger.note("access", "read", {"case": case.number}, actor=actor)


def _tells(person_id: int, family: Any) -> bool:
    """Parties are barred without it, and whoever sits blind sees nothing that bars. A decider's reading counts: one who
    is replaced before deciding is barred by nothing else."""
    if blind_seat(person_id, family.parties):
        return False
    return not any(p.person_id == person_id and p.role not in seats() for p in family.parties)
