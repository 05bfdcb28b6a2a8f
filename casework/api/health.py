"""Alive, and ready: what a load balancer and whoever is on call need to know. No names, no numbers of cases."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from casework import store
from casework.documents.errors import DocumentError
from casework.documents.holder import key_holder
from casework.documents.workshop import FONTS
from casework.domain.now import now
from casework.queries import waiting

# Where a sweep runs every few seconds, this much behind means that nobody sweeps or delivers, or that what is first in
# line cannot be done.
LATEST = timedelta(seconds=int(os.environ.get("GONGDUAN_READY_WITHIN", "900")))


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"alive": True})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when everything needed is there and nothing waits too long, else 503 with what is wrong."""
    checks: dict[str, dict[str, Any]] = {}
    for name, check in {**CHECKS, **({"keys": _keys} if settings.KEY_HOLDER else {})}.items():
        try:
            checks[name] = check()
        except DatabaseError:
            checks[name] = {"ok": False, "problem": "no answer from the database"}
    ready = all(check["ok"] for check in checks.values())
    response = JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)
    response["Cache-Control"] = "no-store"
    return response


def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"ok": True}


def _clocks() -> dict[str, Any]:
    """A clock that cannot act is one that is overdue: it turns red in time, however many others fire."""
    overdue, failing = waiting.overdue_clocks(), waiting.failing_clocks()
    return {
        "ok": overdue.longest <= LATEST, "oldest_overdue_s": _seconds(overdue), "failing": failing.count,
        "oldest_failing_s": _seconds(failing),
    }  # fmt: skip


def _reminders() -> dict[str, Any]:
    late = waiting.late_reminders()
    return {"ok": late.longest <= LATEST, "late": late.count, "oldest_late_s": _seconds(late)}


def _deliveries() -> dict[str, Any]:
    """A delivery that keeps failing is reported by its age, since a try now and then makes it look fresh."""
    due, stuck = waiting.waiting_deliveries(), waiting.failing_deliveries()
    return {
        "ok": max(due.longest, stuck.longest) <= LATEST, "oldest_waiting_s": _seconds(due), "stuck": stuck.count,
        "oldest_stuck_s": _seconds(stuck),
    }  # fmt: skip


def _ledger() -> dict[str, Any]:
    """Entries over which nothing was signed for long mean that nobody seals, or that the log cannot go on."""
    unsealed = waiting.unsealed_events()
    return {
        "ok": unsealed.longest <= LATEST, "unsealed": unsealed.count, "oldest_unsealed_s": _seconds(unsealed),
        "alarmed_witnesses": waiting.alarmed_witnesses(),
    }  # fmt: skip


def _seconds(found: waiting.Waiting) -> int:
    return int(found.longest.total_seconds())


def _fonts() -> dict[str, Any]:
    missing = [name for name in ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf") if not (FONTS / name).exists()]
    return {"ok": not missing, "missing": missing}


def _broker() -> dict[str, Any]:
    """Ready all the same when it is away: then workers poll, and what waits too long shows above."""
    from casework.broker import broker_problem
    from casework.config.celery import app

    return {"ok": True, "answers": not broker_problem(app)}


def _store() -> dict[str, Any]:
    """Ready all the same when it is away, since most of the work needs no file; what waits for it shows above."""
    try:
        store.evidence().kept_for()
    except store.StoreAway:
        return {"ok": True, "answers": False}
    return {"ok": True, "answers": True}


def _keys() -> dict[str, Any]:
    """Ready all the same when the signing worker is away: then nobody signs, seals wait, and the rest goes on."""
    try:
        key_holder(settings.PKI_FOLDER).seal(now())
    except (DocumentError, OSError):
        return {"ok": True, "answers": False}
    return {"ok": True, "answers": True}


CHECKS: dict[str, Callable[[], dict[str, Any]]] = {
    "database": _database, "clocks": _clocks, "reminders": _reminders, "deliveries": _deliveries, "ledger": _ledger,
    "fonts": _fonts,
}  # fmt: skip
if settings.CELERY["broker_url"]:
    CHECKS["broker"] = _broker
if settings.STORE:
    CHECKS["store"] = _store
