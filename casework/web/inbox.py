"""The inbox: what is to do, soonest due first."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from casework import queries
from casework.domain.directory import directory
from casework.domain.law import laws
from casework.web.visitor import page

VIEWS = {
    "mine": (
        gettext_lazy("Mine"), gettext_lazy("What you owe"),
        gettext_lazy("You owe nothing. When something is handed to you, it stands here."),
    ),
    "claimable": (
        gettext_lazy("To be claimed"), gettext_lazy("Waiting for somebody with your role"),
        gettext_lazy("Nothing waits for somebody with your role. What you may not decide is left out."),
    ),
    "team": (
        gettext_lazy("Team"), gettext_lazy("Owed in the units you look over"),
        gettext_lazy("Nothing is owed in the units that you look over, or you look over none."),
    ),
    "overdue": (
        gettext_lazy("Overdue"), gettext_lazy("Past the deadline"),
        gettext_lazy("Nothing that you may see is overdue."),
    ),
}  # fmt: skip


@require_safe
@page
def show(request: Any) -> HttpResponse:
    """A page of the view, filtered as the address says; the other views by their number."""
    actor, asked = request.actor, request.GET
    view = asked.get("view", "mine")
    filters = {name: asked.get(name) or None for name in ("type", "unit", "q")}
    found = queries.inbox(
        actor.person_id, view, asked.get("cursor") or None, at=actor.received_at, stamp=actor.stamp, **filters
    )
    counts = queries.inbox_counts(actor.person_id, at=actor.received_at, stamp=actor.stamp)
    book = directory(actor.stamp)
    told = {
        "view": view, "title": VIEWS[view][1], "empty": VIEWS[view][2], "page": found, "filters": filters,
        "filtered": any(filters.values()),
        "views": [{"code": code, "label": words[0], "count": counts[code]} for code, words in VIEWS.items()],
        "types": [(law.label, law.model.title) for law in laws().values()],
        "units": sorted(book.units.values(), key=lambda unit: unit.code),
    }  # fmt: skip
    return render(request, "casework/pages/inbox.html", told)
