"""What is left when the dust has settled, in words that do not hang on numbers, keys or the lot."""

from collections import Counter
from datetime import timedelta
from typing import Any

from casework import store
from casework.domain.deliveries import LEASE, deliver_due
from casework.domain.now import now
from casework.domain.sweep import fire_due
from casework.domain.verification import verify_ledger
from casework.models import Case, CaseEvent, Clock, Delivery, Document, Evidence, Notice, Party, Task
from tests.conftest import Time
from tests.laws import invariants

PAPERS = ("draft", "seal")


def settle(time: Time, *, papers: bool = True) -> None:
    """What the dead had taken is free again, and the living did all that was left to do; without `papers`, all but
    drawing and sealing, which take seconds and are killed in steps of their own."""
    time.on(seconds=(LEASE + timedelta(seconds=1)).total_seconds())
    while True:
        if not papers:
            Delivery.objects.filter(kind__in=PAPERS).update(due_at=now() + timedelta(days=365))
        if not fire_due() + deliver_due():
            break
    left = list(Delivery.objects.filter(due_at__lte=now()).values_list("kind", "attempts", "problem"))
    assert not left, left


def everything() -> dict[str, Any]:
    """Cases, history, parties, clocks, open work, documents, files, notices, debts. Nothing half-done or broken."""
    invariants.check_all()
    assert verify_ledger().ok
    added = Evidence.objects.exclude(added_at=None)
    for file in added:
        store.evidence().get(file.sha256)
    return {
        "cases": Counter(Case.objects.values_list("type", "state", "seq")),
        "events": Counter(CaseEvent.objects.filter(stream__startswith="case:").values_list("case__type", "action")),
        "parties": Counter(Party.objects.values_list("case__type", "role", "ended_by", "blind")),
        "clocks": Counter(Clock.objects.values_list("case__type", "name", "generation", "state", "due_at")),
        "tasks": Counter(Task.objects.filter(finished=None).values_list("process__type", "node", "role", "due_at")),
        "documents": Counter(Document.objects.values_list("case__type", "kind", "state")),
        "files": Counter(added.values_list("case__type", "relation", "kind", "sha256")),
        "notices": Counter(Notice.objects.values_list("case__type", "kind")),
        "owed": Counter(Delivery.objects.values_list("kind", flat=True)),
    }
