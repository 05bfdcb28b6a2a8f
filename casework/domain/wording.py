"""Codes in the reader's words. The words stand in policy, the engine's own in the message catalogue."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from casework.domain.directory import Directory
from casework.domain.policy import current_policy


def local_text(moment: datetime) -> str:
    """A moment as people of the organisation read it, with its offset."""
    local = moment.astimezone(ZoneInfo(settings.TIME_ZONE))
    return f"{local:%Y-%m-%d %H:%M} {local.isoformat()[-6:]}"


def due_text(moment: datetime, provisional: bool) -> str | dict[str, str]:
    """A deadline as people of the organisation read it; a provisional one says so, in each language."""
    text = local_text(moment)
    if not provisional:
        return text
    return in_both(lambda: _("%(moment)s (provisional)") % {"moment": text})


def in_both(say: Callable[[], Any]) -> dict[str, str]:
    """What it says in Chinese and in English, whoever asks."""
    said = {}
    for language, code in (("zh", "zh-hans"), ("en", "en")):
        with override(code):
            said[language] = str(say())
    return said


def spoken(text: Any) -> str:
    """A bilingual text in the active language."""
    zh = (get_language() or "en").startswith("zh")
    if isinstance(text, dict):
        return text["zh" if zh else "en"]
    return text.zh if zh else text.en


def bracketed(text: Any) -> str:
    """What is said by the way, right behind what it is about: ` (late)`, （逾期）."""
    return _(" (%(text)s)") % {"text": text}


def listed(names: Iterable[str]) -> dict[str, str]:
    """Names one after another, as each language writes it."""
    several = list(names)
    return {"zh": "、".join(several), "en": ", ".join(several)}


def urgency_label(code: str, app: str) -> str:
    """How urgent a case of that type is, in words."""
    labels = current_policy().case_type(app).labels.get("urgencies", {})
    return spoken(labels[code]) if code in labels else code


def role_label(code: str) -> str:
    return spoken(current_policy().roles[code].label)


def party_label(code: str, app: str = "") -> str:
    """The words for a part in a case, as the policy of that case type gives them, or else some other's."""
    found = _labelled("parties", code, app)
    return spoken(found) if found else code


def seat_label(code: str) -> str:
    """The words for whoever signs there, a decider or the organisation; the code itself where no policy has any."""
    found = _labelled("seats", code)
    return spoken(found) if found else code


def deed_label(law: Any, policy: Any, action: str) -> str:
    """The words for an action that was done: the policy's for the timeline, else what the law calls it."""
    words, spec = policy.case_type(law.app).timeline.get(action), law.actions.get(action)
    return spoken(words) if words else str(spec.label) if spec else action


def bar_text(code: str) -> Any:
    """The bilingual reason of a bar."""
    found = _labelled("bar_reasons", code)
    if found is None:
        raise KeyError(f"the policy has no words for the bar {code!r}")
    return found


def _labelled(group: str, code: str, app: str = "") -> Any:
    """The bilingual words of that case type, or else of the first that has some; None where none has."""
    types = current_policy().case_types
    for rules in (*([types[app]] if app in types else ()), *types.values()):
        if code in rules.labels.get(group, {}):
            return rules.label(group, code)
    return None


def bar_words(bar: Any, book: Directory) -> str:
    words = spoken(bar_text(bar.code))
    if bar.of_person_id:
        words += _(" (for %(no)s)") % {"no": book.persons[bar.of_person_id].no}
    return words
