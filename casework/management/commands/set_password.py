import secrets
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, account_named
from casework.domain.passwords import set_password


class Command(DoorCommand):
    help = gettext_lazy("Gives an account a new random password and the signing key that it unlocks; prints it, once.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("user")

    def do(self, *, user: str, **_options: Any) -> None:
        account, text = account_named(user), secrets.token_urlsafe(12)
        key = set_password(account, text)
        self.stdout.write(text)
        self.say(_("Shown only now. The person changes it after the first login."))
        if account.person_id and key is None:
            self.say(_("It cannot sign documents, since there is no PKI yet; run make_pki, then set it anew."))
