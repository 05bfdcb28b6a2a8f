"""What happened in a case, in words: who did what, when, on whose behalf, and what gave them the right."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.domain.errors import InvalidInput
from casework.domain.law import law_of
from casework.domain.policy import pinned_policy
from casework.domain.wording import deed_label, party_label, role_label, spoken
from casework.queries.events import newest_events
from casework.queries.sight import Sight

KINDS = {
    "": gettext_lazy("All"), "decisions": gettext_lazy("Decisions"), "evidence": gettext_lazy("Evidence"),
    "system": gettext_lazy("System"),
}  # fmt: skip
SYSTEM = "SYSTEM"


def timeline(sight: Sight, case: Any, asked: Any) -> dict[str, Any]:
    """A page of it, as the address asks: `kind` and `before` (a sequence in the ledger)."""
    kind, before = asked.get("kind", ""), asked.get("before", "")
    if kind not in KINDS or not (before == "" or (before.isascii() and before.isdigit() and len(before) < 10)):
        raise InvalidInput(_("Expected a part of the timeline, but this address names none; open the case again"))
    entries, has_older = newest_events(sight, case, kind, int(before or 0))
    return {
        "kind": kind, "kinds": KINDS.items(), "events": [_said(entry, sight, case) for entry in entries],
        "older": entries[-1]["seq"] if has_older else None, "is_first": not before,
    }  # fmt: skip


def _said(told: dict[str, Any], sight: Sight, case: Any) -> dict[str, Any]:
    entry, law = told["entry"], law_of(case)
    policy, spec = pinned_policy(entry["policy"]), law.actions.get(entry["action"])
    return {
        "seq": told["seq"], "digest": told["digest"], "at": entry["received_at"],
        "what": deed_label(law, policy, entry["action"]),
        "who": _who(entry, sight), "behalf": _name(entry.get("on_behalf_of"), sight),
        "right": _right(entry, sight, law.app, policy), "edition": policy.organisation.edition.version,
        "policy": entry["policy"], "is_system": entry["actor"] == SYSTEM, "decides": bool(spec and spec.decides),
        "impersonated": entry.get("impersonated", False), "withheld": told["withheld"],
        "texts": [_text(text, entry["data"]) for text in told["texts"] if text["text"].strip()],
    }  # fmt: skip


def _who(entry: dict[str, Any], sight: Sight) -> str:
    return _("System") if entry["actor"] == SYSTEM else _name(entry["actor"], sight) or _("Somebody")


def _right(entry: dict[str, Any], sight: Sight, app: str, policy: Any) -> str:
    """By what part in the case, by which grant in whose stead, or by which deadline it was done."""
    if grant := entry.get("grant"):
        unit = next((unit.name for unit in sight.book.units.values() if unit.code == grant["unit"]), "")
        known = sight.book.person_no(entry["actor"]) is not None  # a unit tells who somebody hidden may be
        words = _("%(role)s, %(unit)s") if unit and known else "%(role)s"
        said = words % {"role": role_label(grant["role"]), "unit": unit}
        if stead := _name(grant.get("in_stead_of"), sight):
            said += _(" in the stead of %(name)s") % {"name": stead}
        return said
    if relation := entry.get("relation"):
        return party_label(relation, app)
    if clock := entry.get("clock"):
        return _("time over: %(clock)s") % {"clock": spoken(policy.case_type(app).clock(clock["name"]).label)}
    return ""


def _name(no: str | None, sight: Sight) -> str:
    """The person's name; where the reader may not know it, the words for their part stand in the entry already."""
    if not no:
        return ""
    person = sight.book.person_no(no)
    return person.name if person else no


def _text(text: dict[str, str], data: Any) -> dict[str, str]:
    """A text that somebody wrote, with the criterion that it is about."""
    about, place = "", data
    _root, *steps, _name = text["path"].split(".")
    for step in steps:
        if isinstance(place, list):
            place, about = place[int(step)], ""
        elif isinstance(place, dict):
            place, about = place.get(step), step if isinstance(place.get(step), dict) else ""
        about = place.get("criterion", about) if isinstance(place, dict) else about
    return {"about": about, "text": text["text"]}
