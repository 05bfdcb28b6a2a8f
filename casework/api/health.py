"""Alive, and ready: what a load balancer and whoever is on call need to know. No names, no numbers of cases."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from casework.documents.workshop import FONTS
from casework.domain.now import now
from casework.domain.sweep import oldest_overdue
from casework.models import Delivery

# Where a sweep runs every few seconds, this much behind means that nobody sweeps or delivers.
LATEST = timedelta(seconds=int(os.environ.get("GONGDUAN_READY_WITHIN", "900")))
STUCK_AFTER = 3


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"alive": True})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when everything needed is there and nothing waits too long, else 503 with what is wrong."""
    checks: dict[str, dict[str, Any]] = {}
    for name, check in CHECKS.items():
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
    age = oldest_overdue()
    return {"ok": age <= LATEST, "oldest_overdue_s": int(age.total_seconds())}


def _deliveries() -> dict[str, Any]:
    """A delivery that keeps failing is reported by its age; one poisoned row alone turns red only in time."""
    stuck = Delivery.objects.filter(attempts__gte=STUCK_AFTER)
    oldest = stuck.order_by("created_at").values_list("created_at", flat=True).first()
    age = now() - oldest if oldest else timedelta(0)
    return {"ok": age <= LATEST, "stuck": min(stuck.count(), 1000), "oldest_stuck_s": int(age.total_seconds())}


def _fonts() -> dict[str, Any]:
    missing = [name for name in ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf") if not (FONTS / name).exists()]
    return {"ok": not missing, "missing": missing}


def _broker() -> dict[str, Any]:
    """Ready all the same when it is away: then workers poll, and what waits too long shows above."""
    from casework.broker import broker_problem
    from casework.config.celery import app

    return {"ok": True, "answers": not broker_problem(app)}


CHECKS: dict[str, Callable[[], dict[str, Any]]] = {
    "database": _database, "clocks": _clocks, "deliveries": _deliveries, "fonts": _fonts,
}  # fmt: skip
if settings.CELERY["broker_url"]:
    CHECKS["broker"] = _broker
