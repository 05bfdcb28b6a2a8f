"""Words and moments as pages show them; available in every template."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from casework.domain.now import now
from casework.domain.policy import current_policy
from casework.domain.wording import bracketed, spoken

register = template.Library()
register.filter(bracketed)
MINUTE, HOUR, DAY = 60, 3600, 86_400


@register.simple_tag
def icon(name: str, label: str = "") -> Any:
    """A drawing of the icon sheet; said aloud only if it has a label."""
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    sheet = static("vendor/bootstrap-icons/icons.svg")
    return format_html('<svg class="icon" {}><use href="{}#{}"></use></svg>', said, sheet, name)


@register.filter
def moment(value: Any) -> Any:
    """A moment where the organisation is, the offset behind it for whoever asks."""
    if not value:
        return ""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = found.astimezone(ZoneInfo(settings.TIME_ZONE))
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        local.isoformat(),
        local.isoformat(),
        local.strftime("%Y-%m-%d %H:%M"),
    )


@register.filter
def span(seconds: int | None) -> str:
    """A length by its two largest units: `1 d 2 h`, `03:10` hours and minutes, `4 min`."""
    if seconds is None:
        return ""
    left = abs(int(seconds))
    if left >= DAY:
        return _("%(days)dd %(hours)dh") % {"days": left // DAY, "hours": left % DAY // HOUR}
    if left >= HOUR:
        return f"{left // HOUR:02}:{left % HOUR // MINUTE:02}"
    return ngettext("%(n)d min", "%(n)d min", left // MINUTE) % {"n": left // MINUTE}


@register.filter
def at_second(seconds: int | None) -> str:
    """A place in a recording: 54 as `0:54`, 4000 as `1:06:40`."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), MINUTE)
    hours, minutes = divmod(minutes, MINUTE)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def colon(label: Any) -> str:
    """A label that leads into what it is the label of."""
    return _("%(label)s: ") % {"label": label}


@register.filter
def listed(names: Iterable[Any]) -> str:
    return _(", ").join(map(str, names))


@register.simple_tag
def policy_label(app: str, group: str, code: str) -> str:
    """The words that the policy of that case type has for a code; nothing for none."""
    return spoken(current_policy().case_type(app).label(group, code)) if code else ""


@register.filter
def urgency(task: Any) -> str:
    """How a deadline is coloured: over, soon (within four hours), later, or none."""
    left = task["time_left_s"]
    if left is None:
        return "none"
    return "over" if left < 0 else "soon" if left < 4 * HOUR else "later"


@register.filter
def ago(value: Any) -> str:
    """How long ago a moment was."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return _("%(span)s ago") % {"span": span((now() - found).total_seconds())}


@register.simple_tag(takes_context=True)
def with_query(context: Any, **changes: Any) -> str:
    """The present address with these parameters changed; None takes one away."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = value
    return f"?{query.urlencode()}"
