"""Filters and tags of document templates. They run in the drawing process, without settings or database."""

from __future__ import annotations

import segno
from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from casework.documents.printed import shown_time

register = Library()


@register.filter
def moment(iso: str) -> str:
    """`2026-11-23T10:00:00Z` as `2026-11-23 18:00 +08:00`; what is no time is shown as it stands."""
    return shown_time(iso)


@register.filter
def clock(seconds: int | None) -> str:
    """54 as `0:54`, 4000 as `1:06:40`; nothing for None."""
    if not isinstance(seconds, int):
        return ""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def paragraphs(text: str | None) -> list[str]:
    """The lines of a text, without the empty ones."""
    return [line for line in (text or "").splitlines() if line.strip()]


@register.filter
def wrapped(text: str | None) -> SafeString:
    """Long unbroken strings (digests, addresses) with places where a line may break; the text stays."""
    pieces = [str(text or "")[start : start + 8] for start in range(0, len(str(text or "")), 8)]
    return mark_safe("<wbr>".join(format_html("{}", piece) for piece in pieces))


@register.simple_tag
def qr(address: str) -> SafeString:
    """A QR code of `address` as inline SVG, error correction M; empty when it does not fit in one."""
    try:
        code = segno.make(address, error="m", micro=False)
    except (ValueError, segno.DataOverflowError):
        return mark_safe("")
    return mark_safe(code.svg_inline(border=2, dark="#111820", light="#ffffff", omitsize=True))
