"""Who manages people, on which units, and never in their own cause; and how each change is made.

Whoever manages people does so on the units of their grants and below. Every change stands in `org`, in its own
transaction: who, what, before and after. Nothing is deleted; what is over has an end."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from casework.domain import ledger, staff
from casework.domain.actor import Actor
from casework.domain.directory import directory, forget
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.now import now
from casework.domain.org_rows import list_rows
from casework.imports.cells import IDENTIFIER
from casework.models import Account, CalendarDay, Grant, Leave, Person, Unit

log = logging.getLogger(__name__)
REACHED_BY = {
    Unit: "pk__in", Person: "unit__in", Account: "person__unit__in", Grant: "unit__in", Leave: "person__unit__in",
}  # fmt: skip


@dataclass(frozen=True)
class Office:
    """What one person may administer: who works on `units` and what is granted there; nothing of `own`, who are the
    person and whoever they stand in for. `whole`: the units are the whole organisation."""

    actor: Actor
    account_id: int | None
    units: frozenset[int]
    own: frozenset[int]
    whole: bool
    administrator: bool


def office_of(actor: Actor, account: Account) -> Office:
    """The office of whoever may manage people; NotPermitted for everybody else."""
    book = directory()
    every = frozenset(book.units)
    if staff.is_administrator(account):
        return Office(actor, account.pk, every, frozenset(), whole=True, administrator=True)
    grants = staff.managing_grants(actor, book)
    if not grants:
        raise staff.manages_nobody()
    units = frozenset[int]().union(*(book.below[grant.unit_id] for grant in grants))
    own = {actor.person_id or 0, *(grant.principal_id for grant in grants if grant.principal_id)}
    return Office(actor, account.pk, units, frozenset(own), whole=units == every, administrator=False)


def has_office(account: Account, at: datetime, stamp: int | None) -> bool:
    """Whether the back office is open to the account, for a menu."""
    if account.person_id is None:
        return staff.is_administrator(account)
    held = directory(stamp).grants_of(account.person_id, at)
    return any(grant.role in staff.MANAGING for grant in held)


def rows_of(office: Office, model: type[Model]) -> QuerySet:
    """The rows that the office sees, and nothing of other units."""
    rows = model._default_manager.all()
    if model is CalendarDay or office.administrator:
        return rows
    seen = rows.filter(**{REACHED_BY[model]: office.units})
    return seen.filter(is_superuser=False) if model is Account else seen


@contextmanager
def changing() -> Iterator[None]:
    """One transaction. If it is undone, so is what this process has read of it. What was free when it was looked at and
    taken when it was written is refused: somebody else was first."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        forget()
        log.warning("the database refused a change of the back office", exc_info=True)
        words = _("Expected something new, but somebody else entered the same at this moment; look at the list first")
        raise NotAllowedNow(words) from error
    except BaseException:
        forget()
        raise


def locked(rows: Any, pk: int) -> Any:
    found = rows.select_for_update().filter(pk=pk).first()
    if found is None:
        raise OutOfScope(_("Expected an entry, but there is none with that number; check the address"))
    return found


def saved(
    office: Office, row: Model, fields: list[str], event: str, told: dict[str, Any], before: dict[str, Any],
    after: dict[str, Any],
) -> None:  # fmt: skip
    """The row and its entry, of which only what differs; nothing where nothing does."""
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return
    row.save(update_fields=fields)
    differs = {"before": {n: before[n] for n in changed}, "after": {n: after[n] for n in changed}}
    noted(office, event, told | differs)


def noted(office: Office, event: str, data: dict[str, Any]) -> None:
    list_rows()
    ledger.note("org", event, data, actor=office.actor)


def is_identifier(text: str) -> None:
    if not IDENTIFIER.fullmatch(text):
        words = _("Expected 1 to 40 letters, digits or . @ + - _, but '%(text)s' has others; correct it")
        raise InvalidInput(words % {"text": text[:60]})


def reaches(office: Office, unit_id: int) -> None:
    if unit_id not in office.units:
        raise OutOfScope(_("Expected a unit that you manage, but this one is not; ask whoever manages it"))


def is_whole(office: Office) -> None:
    if not office.whole:
        words = _("Expected somebody who manages the whole organisation, but you manage a part of it; ask them")
        raise NotPermitted(words)


def manages(office: Office, person: Person) -> None:
    not_own(office, person.pk)
    reaches(office, person.unit_id)
    if person.erased_at is not None:
        words = _("Expected somebody who is known, but %(no)s was erased; who comes back gets a new number")
        raise NotAllowedNow(words % {"no": person.no}, code="erased")


def not_own(office: Office, person_id: int) -> None:
    if person_id in office.own:
        raise own_cause()


def own_cause() -> NotPermitted:
    words = _(
        "Expected a colleague to change what concerns you or whom you stand in for, but it was you; nobody decides in "
        "their own cause"
    )
    return NotPermitted(words, code="own_cause")


def acts_within(office: Office, person: Person) -> None:
    """Who can log in as somebody can do what they can: nobody makes logins for those who reach further."""
    book = directory()
    moment = now()
    later = (g for g in book.by_person.get(person.pk, ()) if g.ends_at is None or g.ends_at > moment)
    if any(grant.unit_id not in office.units for grant in later):
        words = _("Expected somebody who acts on your units alone, but they act beyond; ask whoever manages those")
        raise NotPermitted(words)
