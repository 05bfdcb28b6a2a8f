"""A person signs a document with their own key, which only the credential presented again unlocks."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db import Error as DatabaseAway
from django.utils.translation import gettext as _

from casework import store
from casework.documents.errors import DocumentError, HolderAway, NoSuchKey, PkiError, TooManyTries, WrongSecret
from casework.documents.holder import KeyHolder, key_holder
from casework.documents.pki import IssuedCertificate, has_root
from casework.documents.signing import sign
from casework.domain.actor import Actor
from casework.domain.ended_keys import end_keys, forget_later
from casework.domain.errors import NotAllowedNow, NotPermitted
from casework.domain.now import now
from casework.models import Account, Installation, Person, SigningKey, Token

Credential = SigningKey.Credential


def sign_as(actor: Actor, document: Any, signature: str, credential: Any) -> dict[str, Any]:
    """The document's new file, signed by the actor in the field `signature`; the changes of its row are returned.

    Written to the store before the step is; a step that then fails leaves a file nobody refers to."""
    key, secret = _unlockable(actor, credential.get_secret_value())
    held = IssuedCertificate(key.certificate, key.private_key, "", key.serial)
    try:
        signer = holder().signer(held, secret)
        if signer.certificate.not_valid_after_utc < now():
            words = _("Expected a certificate that is in force, but yours has run out; set your password or token anew")
            raise NotAllowedNow(words)
        field = next(f for f in document.fields if f["name"] == signature)
        data = store.documents().get(document.file_sha256)
        first = not any(f.get("serial") for f in document.fields)
        signed = sign(
            data, signature, signer, reason=field["reason"], location=field["location"], certify=first, at=now()
        )
    except WrongSecret:
        raise _wrong() from None
    except (HolderAway, NoSuchKey, PkiError, TooManyTries) as problem:
        raise _not_now(problem) from None
    fields = [{**f, "serial": key.serial} if f is field else f for f in document.fields]
    return {"file_sha256": store.documents().put(signed), "fields": fields}


def holder() -> KeyHolder:
    """Whoever holds the private keys."""
    return key_holder(settings.PKI_FOLDER)


@contextmanager
def enrolled(account: Account, secret: str) -> Iterator[IssuedCertificate | None]:
    """A new key pair that `secret` unlocks, with its certificate; gone again where what is done inside fails. None for
    a machine, and before the organisation has a PKI (make_pki), which it has where there is a signing worker."""
    try:
        issued = _issued(account, secret)
    except (DocumentError, OSError) as problem:
        raise _not_now(problem) from None
    try:
        yield issued
    except BaseException:
        if issued is not None:
            _take_back(issued.serial)
        raise


def keep(
    account: Account, kind: str, issued: IssuedCertificate | None, token: Token | None = None
) -> SigningKey | None:
    """The credential has this key; the one of the password before it is revoked and destroyed."""
    if issued is None or account.person is None:
        return None
    if kind == Credential.PASSWORD:
        end_keys(SigningKey.objects.filter(account=account, credential=kind, revoked_at=None))
    return SigningKey.objects.create(
        person=account.person, account=account, credential=kind, token=token, serial=issued.serial,
        certificate=issued.certificate_pem, private_key=issued.key_pem, created_at=now(),
    )  # fmt: skip


def enrol(account: Account, kind: str, secret: str) -> SigningKey | None:
    """Both: the credential, which stands already, has a key pair and a certificate of its own."""
    with enrolled(account, secret) as issued:
        return keep(account, kind, issued)


def demo_secret() -> str:
    """What unlocks keys in a demo database when a command acts as somebody without their token."""
    try:
        return (settings.PKI_FOLDER / "demo.secret").read_text().strip()
    except OSError as problem:
        words = _(
            "Expected the secret of the demo's keys in %(folder)s, but %(problem)s (demo.secret); copy it there, or "
            "load the demo anew"
        )
        raise PkiError(words % {"folder": settings.PKI_FOLDER, "problem": problem.strerror}) from None


def token_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _unlockable(actor: Any, credential: str) -> tuple[SigningKey, str]:
    """The actor's key that this credential unlocks, the credential having been checked."""
    key: SigningKey | None
    keys = SigningKey.objects.filter(person_id=actor.person_id, revoked_at=None)
    if actor.impersonated and not credential:
        return _demo_key(actor)
    account = Account.objects.get(pk=actor.account_id)
    if not re.search(r"\S", credential):
        raise _wrong()
    if check_password(credential, account.password):
        key = keys.filter(account=account, credential=Credential.PASSWORD).order_by("-id").first()
    else:
        digest = token_digest(credential)
        token = Token.objects.filter(account=account, digest=digest, revoked_at=None, expires_at__gt=now()).first()
        if token is None or not hmac.compare_digest(token.digest, digest):
            raise _wrong()
        key = keys.filter(token=token).first()
    if key is None:
        raise NotAllowedNow(
            _(
                "Expected a signing key for this credential, but there is none; "
                "run make_pki, then set the credential anew"
            )
        )
    return key, credential


def _issued(account: Account, secret: str) -> IssuedCertificate | None:
    if account.person is None or account.is_machine or not (settings.KEY_HOLDER or has_root(settings.PKI_FOLDER)):
        return None
    demo = Installation.objects.filter(demo=True).exists()
    return holder().enrol(account.person.name, account.person.no, secret, demo, now())


def _take_back(serial: str) -> None:
    """Now, or by a worker where the holder is away or lets only workers destroy keys."""
    try:
        holder().forget([serial])
    except DocumentError:
        with suppress(DatabaseAway):  # perhaps why nothing came of it; what is told is that
            forget_later([serial])


def _demo_key(actor: Any) -> tuple[SigningKey, str]:
    """With its secret. Made when first needed: most people of a demo never sign."""
    key = SigningKey.objects.filter(person_id=actor.person_id, credential=Credential.DEMO, revoked_at=None).first()
    try:
        secret = demo_secret()
        if key is not None:
            return key, secret
        person = Person.objects.get(pk=actor.person_id)
        issued = holder().enrol(person.name, person.no, secret, True, now())
    except (DocumentError, OSError) as problem:
        raise _not_now(problem) from None
    made = SigningKey.objects.create(
        person=person, account=None, credential=Credential.DEMO, serial=issued.serial,
        certificate=issued.certificate_pem, private_key=issued.key_pem, created_at=now(),
    )  # fmt: skip
    return made, secret


def _wrong() -> NotPermitted:
    return NotPermitted(
        _("Expected your password or token again to sign, but it was not accepted; enter it once more"),
        code="wrong_credential",
    )


def _not_now(problem: Exception) -> NotAllowedNow:
    return NotAllowedNow(str(problem), code="no_key_now")
