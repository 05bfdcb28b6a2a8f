"""The case page: where the case stands, what one may do, and everything that led there."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from casework import queries
from casework.serving import opened_by
from casework.web.deadlines import explained
from casework.web.visitor import page


@require_safe
@page
def show(request: Any, number: str) -> HttpResponse:
    """The case as this person sees it; opening it is read, and says so in the ledger."""
    actor = request.actor
    case = queries.shown_case(*opened_by(actor, number))
    offered = queries.actions_for(number, actor)
    told = {
        "case": case, "clocks": [explained(clock) for clock in case["clocks"]],
        "running": [clock for clock in case["clocks"] if clock["time_left_s"] is not None],
        "offered": [action for action in offered if action["allowed"]],
        "closed": [action for action in offered if not action["allowed"]],
        "events": list(reversed(case["events"])),
        "summary": f"{case['type'].split('.')[0]}/summary.html",
        "evidence": [] if case["blind"] else queries.evidence_of(number, actor),
    }  # fmt: skip
    return render(request, "casework/pages/case.html", told)
