"""A criterion's value as people are asked for it and read it."""

from typing import Any

from django.utils.translation import gettext as _

from casework.domain.wording import spoken
from workflows.evaluations.rubric import Rubric, decimal_text


def asked(rubric: Rubric, code: str) -> dict[str, Any]:
    """How a value of the criterion is asked for: points with, where the rubric has it, not applicable beside them; of a
    critical one whether it failed."""
    criterion = rubric.criterion(code)
    not_applicable = [("na", _("Not applicable"), {"na": True})] if criterion.not_applicable else []
    if criterion.is_critical:
        kept = [("kept", _("Not failed"), {"failed": False}), ("failed", _("Failed"), {"failed": True})]
        return {"kind": "choice", "options": [*kept, *not_applicable]}
    return {
        "kind": "points", "most": decimal_text(criterion.points), "step": decimal_text(rubric.step),
        "options": not_applicable,
    }  # fmt: skip


def prefilled(value: Any) -> str:
    """The answer to asked() that stands for the value."""
    if value is None:
        return ""
    if value.get("na"):
        return "na"
    if value.get("failed") is not None:
        return "failed" if value["failed"] else "kept"
    return str(value.get("score") or "")


def best(rubric: Rubric, code: str) -> str:
    """The answer that stands for no deduction at all."""
    criterion = rubric.criterion(code)
    return "kept" if criterion.is_critical else decimal_text(criterion.points)


def worded(value: Any) -> str:
    """The value in words."""
    if value is None:
        return "—"
    if value.get("na"):
        return _("not applicable")
    if value.get("failed") is not None:
        return _("failed") if value["failed"] else _("not failed")
    return str(value.get("score"))


def row(rubric: Rubric, code: str, facts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A criterion that an action asks about, as its form shows it: `facts` are known before, `inputs` say how the
    fields are asked for, `defaults` what stands in them at first; `needed` where it cannot be left out, `full` where
    nothing was deducted."""
    criterion = rubric.criterion(code)
    told = {"key": code, "title": spoken(criterion.name), "critical": criterion.is_critical, "facts": facts}
    return {**told, "needed": False, "full": False, "inputs": {}, "defaults": {}, **more}


def fact(label: str, value: Any, kind: str = "") -> dict[str, Any]:
    """One thing known of a criterion; `kind` is "text" for what somebody wrote, "seconds" for places in a recording."""
    return {"label": label, "value": value, "kind": kind}


def facts(*known: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of them that say something."""
    return [entry for entry in known if entry["value"] not in (None, "", [])]


def points(rubric: Rubric, code: str) -> dict[str, Any]:
    criterion = rubric.criterion(code)
    return fact(_("Points"), None if criterion.is_critical else decimal_text(criterion.points))
