"""The search in the header: cases by what somebody knows of them."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from casework import queries
from casework.queries.search import LONGEST, explained
from casework.web.inbox import only_known, types, units
from casework.web.visitor import page

PARAMETERS = ("q", "type", "unit", "cursor")


@require_safe
@page
def show(request: Any) -> HttpResponse:
    """Cases that fit every word, newest first. A found case is not opened: opening may be its service."""
    actor, asked = request.actor, only_known(request.GET, PARAMETERS)
    q = " ".join(asked.get("q", "").split())
    filters = {name: asked.get(name) or None for name in ("type", "unit")}
    found: dict[str, Any] = {"cases": [], "next": None}
    if q:
        found = queries.case_list(
            actor.person_id, q=q, cursor=asked.get("cursor") or None, at=actor.received_at, stamp=actor.stamp, **filters
        )
    told = {
        "q": q, "page": found, "filters": filters, "filtered": any(filters.values()), "longest": LONGEST,
        "explained": explained(), "types": types(), "units": units(actor.stamp),
    }  # fmt: skip
    return render(request, "casework/pages/search.html", told)
