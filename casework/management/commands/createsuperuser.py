import os
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, ask
from casework.domain import staff
from casework.domain.errors import InvalidInput
from casework.imports.people import LOGIN
from casework.models import Account


class Command(DoorCommand):
    """In the stead of Django's own, which would leave an account that no entry tells of."""

    help = gettext_lazy("Makes the account of an administrator, who manages people and decides nothing; recorded.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--username", help="its login; asked for where it is left out")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--noinput", action="store_false", dest="interactive", help="password from DJANGO_SUPERUSER_PASSWORD"
        )

    def do(self, *, username: str | None, email: str, interactive: bool, **_options: Any) -> None:
        login = username or os.environ.get("DJANGO_SUPERUSER_USERNAME", "")
        if interactive and not login:
            login = self._typed(_("Login: "))
        _is_new_login(login)
        password = os.environ.get("DJANGO_SUPERUSER_PASSWORD", "")
        if interactive and not password:
            password = ask(_("Password: "))
            if ask(_("Password again: ")) != password:
                raise InvalidInput(_("Expected the same password twice, but they differ; type it again"))
        _is_good_password(login, password)
        made = staff.add_administrator(login, password, email)
        self.show({"account": made.username})

    def _typed(self, prompt: str) -> str:
        try:
            return input(prompt)
        except EOFError:
            return ""


def _is_new_login(login: str) -> None:
    if not LOGIN.fullmatch(login):
        words = _("Expected a login of letters, digits and . @ + - _, but it is '%(user)s'; choose another")
        raise InvalidInput(words % {"user": login})
    if Account.objects.filter(username__iexact=login).exists():
        words = _("Expected a new login, but '%(login)s' is taken; choose another")
        raise InvalidInput(words % {"login": login})


def _is_good_password(login: str, password: str) -> None:
    if not password:
        words = _("Expected a password, but there is none; type it at a terminal, or set DJANGO_SUPERUSER_PASSWORD")
        raise InvalidInput(words)
    try:
        validate_password(password, Account(username=login))
    except ValidationError as error:
        words = _("Expected a password that is hard to guess, but: %(found)s Choose another")
        raise InvalidInput(words % {"found": " ".join(error.messages)}) from None
