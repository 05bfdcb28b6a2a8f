"""Units, persons, accounts and grants: changed here, told to `org`, projected onto guardian."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.directory import Directory, GrantView, directory
from casework.domain.errors import InvalidInput, NotPermitted
from casework.domain.guardian_projection import project_grants
from casework.domain.leavers import have_left
from casework.domain.now import now
from casework.domain.org_rows import changes_since, list_rows, present_rows, shown_account, shown_leave
from casework.domain.policy import current_policy
from casework.models import Account, Grant, Leave, Person, Unit

MANAGING = ("hr", "director")


def may_manage_people(actor: Actor, account: Account | None = None) -> None:
    """HR and directors manage people; a superuser's account too, since somebody must be first. Recorded either way."""
    if not is_administrator(account) and not managing_grants(actor, directory()):
        raise manages_nobody()


def manages_nobody() -> NotPermitted:
    return NotPermitted(_("Expected HR, a director or the administrator to change people, but you are none of them"))


def is_administrator(account: Account | None) -> bool:
    """A superuser's account that is nobody's: whoever is a person manages by their grants."""
    return account is not None and account.is_superuser and account.person_id is None


def managing_grants(actor: Actor, book: Directory) -> list[GrantView]:
    """The grants by which the person manages people, each on its unit and below."""
    return [g for g in book.grants_of(actor.person_id, actor.received_at) if g.role in MANAGING]


def store_people(
    units: Iterable[Any], people: Any, actor: Actor, *, progress: Callable[[str], None] = lambda _what: None
) -> dict[str, int]:
    """The parsed files stand in the database, all or nothing; how many rows were new. What was there stays, names
    and units follow the file, grants are added, never removed."""
    made = {"units": 0, "persons": 0, "accounts": 0, "grants": 0}
    with transaction.atomic():
        list_rows()
        before, given = present_rows(), []
        by_code = {u.code: u for u in Unit.objects.all()}
        for row in units:
            parent = by_code.get(row.parent) if row.parent else None
            unit, new = Unit.objects.update_or_create(code=row.code, defaults={"name": row.name, "parent": parent})
            by_code[row.code] = unit
            made["units"] += new
        persons: dict[str, Person] = {p.no: p for p in Person.objects.all()}
        for row in people.persons:
            values = {"name": row.name, "unit": by_code[row.unit], "email": row.email or ""}
            persons[row.no], new = Person.objects.update_or_create(no=row.no, defaults=values)
            made["persons"] += new
            progress(row.no)
        for row in people.persons:
            if row.superior:
                Person.objects.filter(no=row.no).update(superior=persons[row.superior])
        for row in people.accounts:
            account, new = Account.objects.get_or_create(
                username=row.login, defaults={"person": persons[row.no], "email": row.email or ""}
            )
            if new:
                account.set_unusable_password()
                account.save(update_fields=["password"])
            made["accounts"] += new
        for row in people.grants:
            principal = persons[row.principal] if row.principal else None
            values = {
                "person": persons[row.no], "role": row.role, "unit": by_code[row.unit], "principal": principal,
                "starts_at": start_of(row.from_day), "ends_at": end_of(row.until_day),
            }  # fmt: skip
            if not Grant.objects.filter(**values, revoked_at=None).exists():
                given.append(("granted", _shown_grant(Grant.objects.create(**values))))
                made["grants"] += 1
        told = [*changes_since(before), *given, ("people_imported", dict(made))]
        ledger.note_all("org", told, actor=actor)
        project_grants()
    return made


def grant(
    person: Person, role: str, unit: Unit, actor: Actor, *, starts_at: datetime | None = None,
    ends_at: datetime | None = None, principal: Person | None = None,
) -> Grant:  # fmt: skip
    """The person may act in that role from `starts_at` until before `ends_at`."""
    if role not in current_policy().roles:
        known = ", ".join(current_policy().roles)
        raise InvalidInput(
            _("Expected a role, but '%(role)s' is none; the roles are %(known)s") % {"role": role, "known": known}
        )
    if principal == person:
        raise InvalidInput(_("Expected someone else's stead, but nobody stands in for themselves"))
    if starts_at and ends_at and starts_at >= ends_at:
        raise InvalidInput(_("Expected a grant that ends after it starts, but it does not"))
    with transaction.atomic():
        made = Grant.objects.create(
            person=person, role=role, unit=unit, starts_at=starts_at, ends_at=ends_at, principal=principal
        )
        ledger.note("org", "granted", _shown_grant(made), actor=actor)
        project_grants()
    return made


def revoke(given: Grant, actor: Actor) -> None:
    """The grant holds no longer, from this moment on; the row stays. Seats that rest on it are given up."""
    with transaction.atomic():
        given.revoked_at = now()
        given.save(update_fields=["revoked_at"])
        ledger.note("org", "revoked", _shown_grant(given), actor=actor)
        project_grants()
        have_left()


def record_leave(person: Person, first_day: date, last_day: date, actor: Actor, reason: str = "") -> Leave:
    with transaction.atomic():
        list_rows()
        made = Leave.objects.create(person=person, first_day=first_day, last_day=last_day, reason=reason)
        told = {"leave": str(made.pk), "person": person.no, "first_day": first_day, "last_day": last_day}
        ledger.note("org", "leave_recorded", {**told, "after": shown_leave(made)}, actor=actor)
    return made


def add_administrator(login: str, password: str, email: str = "") -> Account:
    """A superuser's account that is nobody's: it manages people and decides nothing."""
    with transaction.atomic():
        list_rows()
        made: Account = Account.objects.create_superuser(login, email, password)
        note_account(made)
    return made


def add_machine(login: str) -> Account:
    """A machine's account, which has tokens and no password."""
    with transaction.atomic():
        list_rows()
        made = Account(username=login, is_machine=True)
        made.set_unusable_password()
        made.save(force_insert=True)
        note_account(made)
    return made


def note_account(made: Account, actor: Actor | None = None) -> None:
    told = {"account": made.username, "person": made.person.no if made.person else None}
    ledger.note("org", "account_added", {**told, "after": shown_account(made)}, actor=actor)


def start_of(day: date | None) -> datetime | None:
    """Midnight at the organisation's place."""
    return datetime.combine(day, time(), ZoneInfo(settings.TIME_ZONE)) if day else None


def end_of(day: date | None) -> datetime | None:
    """The midnight after the last day that is included."""
    return start_of(day + timedelta(days=1)) if day else None


def _shown_grant(given: Grant) -> dict[str, Any]:
    return {
        "grant": str(given.pk), "person": given.person.no, "role": given.role, "unit": given.unit.code,
        "starts_at": given.starts_at, "ends_at": given.ends_at,
        "principal": given.principal.no if given.principal else None,
    }  # fmt: skip
