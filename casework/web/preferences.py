"""Language and light, as each person or browser likes them."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import check_for_language, gettext_lazy
from django.views.decorators.http import require_POST

from casework.models import Account
from casework.web.visitor import own_path, public

THEMES = {"system": gettext_lazy("As the system"), "light": gettext_lazy("Light"), "dark": gettext_lazy("Dark")}
YEAR = 365 * 24 * 3600


def theme_of(request: Any) -> str:
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else "system"


@require_POST
@public
def prefer(request: Any) -> HttpResponse:
    """What was chosen holds from now on: the language for the account, or the browser of somebody unknown; the light
    for the browser."""
    response = redirect(own_path(request, request.POST.get("next", "")))
    language, theme = request.POST.get("language", ""), request.POST.get("theme", "")
    if language and check_for_language(language) and language in dict(settings.LANGUAGES):
        if request.account is not None:
            Account.objects.filter(pk=request.account.pk).update(language=language)
        _keep(response, settings.LANGUAGE_COOKIE_NAME, language)
    if theme in THEMES:
        _keep(response, "theme", theme)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR, secure=settings.BEHIND_TLS, httponly=True, samesite="Lax")
