"""The inbox: what is to do, soonest due first."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from casework import queries
from casework.domain.directory import directory
from casework.domain.errors import InvalidInput
from casework.domain.law import laws
from casework.domain.policy import current_policy
from casework.domain.wording import role_label
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
NOBODY = gettext_lazy("This account belongs to no person, so nothing is ever handed to it and it may decide nothing.")
PARAMETERS = ("view", "type", "unit", "role", "overdue", "cursor")


@require_safe
@page
def show(request: Any) -> HttpResponse:
    """A page of the view, filtered as the address says; the other views by their number."""
    actor, asked = request.actor, only_known(request.GET, PARAMETERS)
    view, overdue = asked.get("view") or "mine", checked_flag("overdue", asked.get("overdue", ""))
    filters = {name: asked.get(name) or None for name in ("type", "unit", "role")}
    found = queries.inbox(
        actor.person_id, view, asked.get("cursor") or None, at=actor.received_at, stamp=actor.stamp, overdue=overdue,
        **filters,
    )  # fmt: skip
    filtered = overdue or any(filters.values())
    known = {} if filtered else {view: found["count"]}
    counts = queries.inbox_counts(actor.person_id, at=actor.received_at, stamp=actor.stamp, known=known)
    told = {
        "view": view, "title": VIEWS[view][1], "page": found, "filters": filters, "overdue": overdue,
        "empty": VIEWS[view][2] if actor.person_id else NOBODY,
        "filtered": filtered, "rows": [_row(task) for task in found["tasks"]],
        "views": [{"code": code, "label": words[0], "count": counts[code]} for code, words in VIEWS.items()],
        "types": types(), "units": units(actor.stamp),
        "roles": [(code, role_label(code)) for code in current_policy().roles],
    }  # fmt: skip
    return render(request, "casework/pages/inbox.html", told)


def types() -> list[tuple[str, Any]]:
    return [(law.label, law.model.title) for law in laws().values()]


def units(stamp: int | None) -> list[tuple[str, str]]:
    return sorted((unit.code, unit.name) for unit in directory(stamp).units.values())


def only_known(asked: Any, known: tuple[str, ...]) -> Any:
    """What the address asks for, each of it once; what it cannot be asked for is refused, so that nobody believes a
    page to be sorted or narrowed that is not."""
    for name, values in asked.lists():
        if name not in known:
            words = _("Expected %(known)s in the address, but '%(name)s' is none of them; leave it out")
            raise InvalidInput(words % {"known": ", ".join(known), "name": name[:40]})
        if len(values) > 1:
            raise InvalidInput(
                _("Expected '%(name)s' once in the address, but it stands there twice; leave one out") % {"name": name}
            )
    return asked


def checked_flag(name: str, value: str) -> bool:
    if value not in ("", "0", "1"):
        words = _("Expected '%(name)s' to be 1 or 0, but it is '%(value)s'; correct the address")
        raise InvalidInput(words % {"name": name, "value": value[:40]})
    return value == "1"


def _row(task: dict[str, Any]) -> dict[str, Any]:
    """Whoever holds a task may give it back; what nobody holds may be claimed. Who owes it is said where it is neither
    the reader nor the person concerned."""
    near = "release" if task["mine"] else "claim" if task["person"] is None else ""
    owing = None if task["mine"] or task["person"] == task["concerned"] else task["person"]
    return {
        **task, "near": near if near in task["actions"] else "",
        "owed_by": owing["name"] if owing else task["role_label"] if task["person"] is None else "",
    }  # fmt: skip
