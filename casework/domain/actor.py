"""Who acts, through which door, and how they proved who they are."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casework.domain.now import now
from casework.models import Account, Person


@dataclass(frozen=True)
class Actor:
    """A person at a door. `received_at` is the time that counts for every limit."""

    person_id: int | None
    no: str
    account: str = ""
    account_id: int | None = None
    is_machine: bool = False
    door: str = "api"
    authenticated: str = "token"
    impersonated: bool = False
    received_at: datetime = field(default_factory=now)
    clock: tuple[str, int] | None = None
    cause: str = ""
    on_behalf_of: str = ""
    is_system: bool = False
    stamp: int | None = None  # the directory's version as the door read it, for lists


def actor_for(account: Account, *, door: str, authenticated: str, impersonated: bool = False) -> Actor:
    """The person behind an account; an account without a person acts as nobody and is refused everywhere."""
    person: Person | None = account.person
    return Actor(
        person_id=person.pk if person else None,
        no=person.no if person else "",
        account=account.username,
        account_id=account.pk,
        is_machine=account.is_machine,
        door=door,
        authenticated=authenticated,
        impersonated=impersonated,
    )


def system(*, clock: tuple[str, int] | None = None, cause: str = "", on_behalf_of: str = "") -> Actor:
    """SYSTEM: the hand of a fired clock, of a delivery, or of another case's ruling. No door offers it."""
    return Actor(
        person_id=None, no="SYSTEM", is_system=True, door="worker", authenticated="internal", clock=clock, cause=cause,
        on_behalf_of=on_behalf_of,
    )  # fmt: skip


def shown(actor: Actor) -> dict[str, Any]:
    """How an actor stands in a ledger entry."""
    entry: dict[str, Any] = {"actor": actor.no, "door": actor.door, "authenticated": actor.authenticated}
    if actor.account:
        entry["account"] = actor.account
    if actor.on_behalf_of:
        entry["on_behalf_of"] = actor.on_behalf_of
    if actor.impersonated:
        entry["impersonated"] = True
    if actor.clock:
        entry["clock"] = {"name": actor.clock[0], "generation": actor.clock[1]}
    if actor.cause:
        entry["cause"] = actor.cause
    return entry
