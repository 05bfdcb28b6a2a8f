"""The case page: where the case stands, what one may do, and everything that led there."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from casework import queries
from casework.domain.case_rules import rules_of
from casework.domain.law import law_of
from casework.domain.policy import pinned_policy
from casework.domain.wording import spoken
from casework.queries.presenting import paged
from casework.serving import opened_by
from casework.web.recordings import RECORDING, as_they_are, marks_of
from casework.web.timeline import timeline
from casework.web.visitor import page

CLOCK_STATES = {
    "running": gettext_lazy("running"), "paused": gettext_lazy("stands still"),
    "stopped": gettext_lazy("ended in time"), "breached": gettext_lazy("ran out"),
}  # fmt: skip
DISPUTED = "disputed"


@require_safe
@page
def show(request: Any, number: str) -> HttpResponse:
    """The case as this person sees it; opening it is read, and says so in the ledger."""
    actor = request.actor
    sight, case = opened_by(actor, number)
    shown = queries.shown_case(sight, case, with_events=False)
    files = as_they_are(queries.evidence_in(sight, case))
    offered = _owed_first(queries.actions_in(sight, case, actor), shown["tasks"])
    told = {
        "case": shown, "clocks": [_clock(clock) for clock in shown["clocks"]],
        "offered": [action for action in offered if action["allowed"]],
        "closed": [action for action in offered if not action["allowed"]],
        "recording": next((item for item in files if item["kind"] == RECORDING), None),
        "files": [item for item in files if item["kind"] != RECORDING],
    }  # fmt: skip
    if sight.blind:
        told |= {"summary": f"{law_of(case).app}/summary_blind.html", "page": paged(case, "page_blind", sight) or {}}
        return render(request, "casework/pages/case_blind.html", told)
    told |= {
        "summary": f"{law_of(case).app}/summary.html", "timeline": timeline(sight, case, request.GET),
        "page": paged(case, "page", sight) or {},
        "marks": marks_of(case, sight),
        "papers": [_paper(paper, case) for paper in reversed(shown["documents"])],
        "edition": pinned_policy(case.policy_id).organisation.edition.version,
    }  # fmt: skip
    told["only"] = request.GET.get("rows", DISPUTED if told["page"].get("only") else "") == DISPUTED
    return render(request, "casework/pages/case.html", told)


def _owed_first(actions: list[dict[str, Any]], tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the case waits for stands before what one merely may do, and `is_owed`."""
    owed = list(dict.fromkeys(action for task in tasks for action in task["actions"]))
    told = [{**action, "is_owed": action["action"] in owed} for action in actions]
    return sorted(told, key=lambda action: owed.index(action["action"]) if action["is_owed"] else len(owed))


def _clock(clock: dict[str, Any]) -> dict[str, Any]:
    return {**clock, "state_label": CLOCK_STATES[clock["state"]]}


def _paper(paper: dict[str, Any], case: Any) -> dict[str, Any]:
    """The document with its title, and its signatures by their seats."""
    rules = rules_of(case)
    seats = rules.labels.get("seats", {})
    fields = [signature["field"] for signature in paper["signatures"] if signature["serial"]]
    title = rules.texts.get(f"{paper['kind']}_title")
    return {
        **paper, "title": spoken(title) if title else paper["kind"],
        "signed": [spoken(seats[field]) for field in fields if field in seats],
    }  # fmt: skip
