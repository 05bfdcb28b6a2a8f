"""What every page shows around its content: who is here, how much is to do, in which language and light."""

from typing import Any

from django.conf import settings
from django.utils import translation

from casework.domain.now import now
from casework.domain.office import has_office
from casework.models import Installation
from casework.web.preferences import THEMES, theme_of


def frame(request: Any) -> dict[str, Any]:
    """Of a request that no page has looked at (an error before any view) the frame shows nobody."""
    account = getattr(request, "account", None)
    return {
        "account": account, "person": account.person if account else None, "theme": theme_of(request),
        "themes": THEMES, "language": translation.get_language(), "languages": settings.LANGUAGES,
        "demo": is_demo(), "has_office": lambda: account is not None and _has_office(request, account),
    }  # fmt: skip


def _has_office(request: Any, account: Any) -> bool:
    """Asked where the menu stands, and nowhere else."""
    return has_office(account, getattr(request, "received_at", None) or now(), getattr(account, "stamp", None))


def is_demo() -> bool:
    """Whether this is a demo database, which never changes while a process runs."""
    if is_demo.known is None:  # type: ignore[attr-defined]
        is_demo.known = Installation.objects.filter(demo=True).exists()  # type: ignore[attr-defined]
    return bool(is_demo.known)  # type: ignore[attr-defined]


is_demo.known = None  # type: ignore[attr-defined]
