"""The policy in force and the versions cases have pinned. Files are read and checked by policy_files; the content
used is kept in the database under its digest."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from casework.domain.now import now
from casework.domain.policy_files import Policy, load
from casework.models import PolicyVersion

_registered: set[tuple[str, str]] = set()


@lru_cache(maxsize=1)
def current_policy() -> Policy:
    """The policy of policies/default, read once a process."""
    from casework.domain.law import filled_in

    return load(settings.POLICY_FOLDER, fills_in=filled_in(), packs=settings.PACK_FOLDER)


@lru_cache(maxsize=1)
def current_digest() -> str:
    return current_policy().digest


@lru_cache(maxsize=64)
def pinned_policy(digest: str) -> Policy:
    """The version a case was opened under. What its release did not know yet (a case type, a clock, a notice that a
    later law asks for) is as the policy in force says; whatever it did say holds."""
    if digest == current_digest():
        return current_policy()
    pinned = Policy.from_content(PolicyVersion.objects.values_list("content", flat=True).get(pk=digest))
    return pinned.completed(current_policy())


def register_current() -> str:
    """The digest of the current policy; its content stands in the database, and the first time in `org`."""
    from django.db import connection

    from casework.domain.ledger import note

    policy, digest = current_policy(), current_digest()
    known = (str(connection.settings_dict["NAME"]), digest)
    if known in _registered:
        return digest
    if not PolicyVersion.objects.filter(pk=digest).exists():
        try:
            with transaction.atomic():
                PolicyVersion.objects.create(pk=digest, content=policy.content, registered_at=now())
                note("org", "policy_registered", {"policy": digest})
        except IntegrityError:
            pass
    _registered.add(known)
    return digest


def texts(entry: Any) -> dict[str, str]:
    """A bilingual text as a plain dict."""
    return {"zh": entry.zh, "en": entry.en}
