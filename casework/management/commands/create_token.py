import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, account_named
from casework.domain import ledger
from casework.domain.ended_keys import end_keys
from casework.domain.errors import InvalidInput
from casework.domain.now import now
from casework.domain.signing import enrolled, keep, token_digest
from casework.domain.staff import add_machine
from casework.imports.people import LOGIN
from casework.models import Account, SigningKey, Token

LONGEST_DAYS = 3650


class Command(DoorCommand):
    help = gettext_lazy("Prints a new token of an account, once; with --revoke, ends all its tokens and their keys.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("user")
        parser.add_argument("--days", type=int, default=90)
        parser.add_argument("--machine", action="store_true", help="a machine's account, made if there is none")
        parser.add_argument("--revoke", action="store_true")

    def do(self, *, user: str, days: int, machine: bool, revoke: bool, **_options: Any) -> None:
        if not 1 <= days <= LONGEST_DAYS:
            words = _("Expected 1 to %(most)d days, but got %(days)d; choose a number between")
            raise InvalidInput(words % {"most": LONGEST_DAYS, "days": days})
        account = machine_account(user) if machine else account_named(user)
        if revoke:
            self.show({"revoked": revoke_tokens(account)})
            return
        text, token, signs = new_token(account, days)
        self.stdout.write(text)
        self.say(_("Valid until %(day)s; shown only now, so keep it safe.") % {"day": token.expires_at.date()})
        if account.person_id and not signs:
            self.say(_("It cannot sign documents, since there is no PKI yet; run make_pki, then make a new token."))


def machine_account(user: str) -> Account:
    """The machine's account of that name, made now if nobody has the name."""
    account = Account.objects.filter(username=user).first()
    if account is None:
        if not LOGIN.fullmatch(user):
            words = _("Expected a login of letters, digits and . @ + - _, but it is '%(user)s'; choose another")
            raise InvalidInput(words % {"user": user})
        account = add_machine(user)
    if not account.is_machine:
        words = _("Expected a machine's account, but %(user)s is a person's; leave out --machine")
        raise InvalidInput(words % {"user": user})
    return account


def new_token(account: Account, days: int) -> tuple[str, Token, bool]:
    """(clear text, its row, whether it unlocks a signing key); the ledger knows that it was made, not the text."""
    text = "gd_" + secrets.token_urlsafe(32)
    moment = now()
    with enrolled(account, text) as issued, transaction.atomic():
        token = Token.objects.create(
            account=account, digest=token_digest(text), created_at=moment, expires_at=moment + timedelta(days=days)
        )
        key = keep(account, SigningKey.Credential.TOKEN, issued, token)
        told = {"account": account.username, "expires_at": token.expires_at, "serial": key.serial if key else ""}
        ledger.note("org", "token_created", told)
    return text, token, key is not None


def revoke_tokens(account: Account) -> int:
    moment = now()
    with transaction.atomic():
        end_keys(SigningKey.objects.filter(token__account=account, revoked_at=None))
        count = Token.objects.filter(account=account, revoked_at=None).update(revoked_at=moment)
        ledger.note("org", "tokens_revoked", {"account": account.username, "count": count})
    return count
