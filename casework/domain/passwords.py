"""A password is a key: it logs in, and it unlocks the person's signing key (ADR 0006). So they are set together."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.errors import InvalidInput, NotPermitted
from casework.domain.signing import enrolled, keep
from casework.models import Account, SigningKey

LONGEST = 1000


def set_password(account: Account, text: str, actor: Any = None) -> SigningKey | None:
    """The account has that password and a new signing key that it unlocks (none before there is a PKI); the old
    password, its key and all sessions that it began are over. The ledger knows that it was set, not what it is."""
    if account.is_machine:
        raise NotPermitted(_("Expected a person's account, but a machine has tokens and no password; make a token"))
    if len(text) > LONGEST or "\x00" in text:
        raise InvalidInput(_("Expected at most %(most)d characters, but there are more") % {"most": LONGEST})
    try:
        validate_password(text, account)
    except ValidationError as error:
        found = " ".join(error.messages)
        raise InvalidInput(
            _("Expected a password that is hard to guess, but: %(found)s Choose another") % {"found": found}
        ) from None
    # The key first: whoever holds the keys may take its time, and nobody else shall wait for that.
    with enrolled(account, text) as issued, transaction.atomic():
        account.set_password(text)
        account.save(update_fields=["password"])
        key = keep(account, SigningKey.Credential.PASSWORD, issued)
        told = {"account": account.username, "serial": key.serial if key else ""}
        ledger.note("org", "password_set", told, actor=actor)
    return key
