"""Units, persons, accounts, grants and leaves, changed one at a time by whoever manages them."""

from datetime import date, timedelta

from django.utils.translation import gettext as _

from casework.domain import staff
from casework.domain.directory import directory, today
from casework.domain.errors import InvalidInput, NotAllowedNow, NotPermitted
from casework.domain.guardian_projection import project_grants
from casework.domain.leavers import have_left, seats_of_leavers
from casework.domain.now import now
from casework.domain.office import (
    Office,
    acts_within,
    changing,
    is_identifier,
    is_whole,
    locked,
    manages,
    not_own,
    noted,
    own_cause,
    reaches,
    saved,
)
from casework.domain.org_rows import shown_account, shown_person, shown_unit
from casework.domain.passwords import set_password
from casework.imports.people import LOGIN, look
from casework.models import Account, Grant, Leave, Person, Task, Unit

# Units


def add_unit(office: Office, *, code: str, name: str, parent: Unit | None) -> Unit:
    is_identifier(code)
    if parent is None:
        is_whole(office)
    else:
        reaches(office, parent.pk)
    with changing():
        if Unit.objects.filter(code=code).exists():
            raise InvalidInput(_("Expected a new code, but '%(code)s' is a unit; choose another") % {"code": code})
        made = Unit.objects.create(code=code, name=name, parent=parent)
        noted(office, "unit_added", {"unit": code, "after": shown_unit(made)})
    return made


def change_unit(office: Office, pk: int, *, name: str, parent: Unit | None) -> Unit:
    """The unit has that name and place; its code stays, since files and entries name it."""
    reaches(office, pk)
    with changing():
        unit = locked(Unit.objects, pk)
        before = shown_unit(unit)
        if unit.parent_id != (parent.pk if parent else None):
            _may_move(office, unit, parent)
        unit.name, unit.parent = name, parent
        saved(office, unit, ["name", "parent"], "unit_changed", {"unit": unit.code}, before, shown_unit(unit))
    return unit


def _may_move(office: Office, unit: Unit, parent: Unit | None) -> None:
    for place in (unit.parent_id, parent.pk if parent else None):
        if place is None:
            is_whole(office)
        else:
            reaches(office, place)
    if parent is not None and unit.pk in directory().ancestors[parent.pk]:
        raise InvalidInput(_("Expected a place elsewhere, but it lies below the unit itself; choose another"))


# Persons


def add_person(
    office: Office, *, no: str, name: str, unit: Unit, superior: Person | None = None, email: str = ""
) -> Person:
    is_identifier(no)
    reaches(office, unit.pk)
    with changing():
        _is_new_number(no)
        made = Person.objects.create(no=no, name=name, unit=unit, superior=superior, email=email)
        noted(office, "person_added", {"person": no, "after": shown_person(made)})
    return made


def change_person(
    office: Office, pk: int, *, name: str, unit: Unit, superior: Person | None = None, email: str = ""
) -> Person:
    """The number stays: whoever acted, is barred or is a party is known by it."""
    with changing():
        person = locked(Person.objects, pk)
        manages(office, person)
        reaches(office, unit.pk)
        if superior == person:
            raise InvalidInput(_("Expected somebody else as superior, but it is the person; choose another or none"))
        before = shown_person(person)
        person.name, person.unit, person.superior, person.email = name, unit, superior, email
        fields = ["name", "unit", "superior", "email"]
        saved(office, person, fields, "person_changed", {"person": person.no}, before, shown_person(person))
    return person


def _is_new_number(no: str) -> None:
    if no.upper() == "SYSTEM":
        raise InvalidInput(_("Expected a staff number, but SYSTEM stands for the engine itself; give another one"))
    for other in Person.objects.values_list("no", flat=True):
        if look(other) == look(no):
            words = _("Expected a number that differs plainly, but it looks like '%(no)s'; give another one")
            raise InvalidInput(words % {"no": other})


# Accounts


def add_account(office: Office, *, username: str, person: Person) -> Account:
    """A login that nobody can use yet: it has no password."""
    manages(office, person)
    acts_within(office, person)
    if not LOGIN.fullmatch(username):
        raise InvalidInput(_("Expected a login of letters, digits and . @ + - _, but it has others; choose another"))
    with changing():
        if Account.objects.filter(username__iexact=username).exists():
            words = _("Expected a new login, but '%(login)s' is taken; choose another")
            raise InvalidInput(words % {"login": username})
        made = Account(username=username, person=person)
        made.set_unusable_password()
        made.save(force_insert=True)
        noted(office, "account_added", {"account": username, "person": person.no, "after": shown_account(made)})
        project_grants()
    return made


def close_account(office: Office, pk: int) -> Account:
    """Sessions and tokens of the account are worth nothing from the next request on. Was it the person's last, their
    seats are given up."""
    return _set_active(office, pk, False)


def open_account(office: Office, pk: int) -> Account:
    return _set_active(office, pk, True)


def give_password(office: Office, pk: int, text: str) -> Account:
    """The account has that password, and every session that the one before it began is over."""
    with changing():
        account = _managed_account(office, pk)
        if not account.is_active:
            raise NotAllowedNow(_("Expected an account in use, but it is closed; open it first"))
        if account.person is not None:
            acts_within(office, account.person)
        set_password(account, text, office.actor)
    return account


def left_over(account: Account) -> dict[str, int]:
    """What is the person's after the account was closed: seats, which go to others now; open tasks as a party, which
    stay; grants that hold. Nothing while another account of theirs is in use."""
    person_id, book = account.person_id, directory()
    if person_id not in book.closed:
        return {"seats": 0, "tasks": 0, "grants": 0}
    seats = [held.number for held in seats_of_leavers() if held.person == book.persons[person_id].no]
    tasks = Task.objects.filter(person_id=person_id, finished=None).exclude(number__in=seats).count()
    return {"seats": len(seats), "tasks": tasks, "grants": len(book.grants_of(person_id, now()))}


def _set_active(office: Office, pk: int, active: bool) -> Account:
    with changing():
        account = _managed_account(office, pk)
        if account.is_active == active:
            raise NotAllowedNow(_("Expected to change the account, but somebody did so before; nothing to do"))
        account.is_active = active
        account.save(update_fields=["is_active"])
        told = {"account": account.username, "person": account.person.no if account.person else None}
        states = {"before": {"active": not active}, "after": {"active": active}}
        noted(office, "account_opened" if active else "account_closed", told | states)
        if not active:
            have_left()
    return account


def _managed_account(office: Office, pk: int) -> Account:
    account: Account = locked(Account.objects, pk)
    if account.pk == office.account_id:
        raise own_cause()
    if not office.administrator and (account.is_superuser or account.person is None):
        raise NotPermitted(_("Expected a person's account, but it is the administrator's or a machine's; ask them"))
    if account.person is not None:
        manages(office, account.person)
    return account


# Grants


def give_grant(
    office: Office, *, person: Person, role: str, unit: Unit, first_day: date | None = None,
    last_day: date | None = None, principal: Person | None = None,
) -> Grant:  # fmt: skip
    manages(office, person)
    reaches(office, unit.pk)
    with changing():
        return staff.grant(
            person, role, unit, office.actor, starts_at=staff.start_of(first_day), ends_at=staff.end_of(last_day),
            principal=principal,
        )  # fmt: skip


def end_grant(office: Office, pk: int) -> Grant:
    """The grant holds no longer, from this moment on."""
    with changing():
        given: Grant = locked(Grant.objects, pk)
        reaches(office, given.unit_id)
        not_own(office, given.person_id)
        if given.revoked_at is not None or (given.ends_at is not None and given.ends_at <= now()):
            raise NotAllowedNow(_("Expected a grant that holds, but this one was ended before; nothing to do"))
        staff.revoke(given, office.actor)
    return given


# Leaves


def add_leave(office: Office, *, person: Person, first_day: date, last_day: date, reason: str = "") -> Leave:
    manages(office, person)
    _is_interval(first_day, last_day)
    with changing():
        return staff.record_leave(person, first_day, last_day, office.actor, reason)


def move_end_of_leave(office: Office, pk: int, last_day: date) -> Leave:
    """The leave ends on another day; the days that have passed stay as they were."""
    with changing():
        leave: Leave = locked(Leave.objects, pk)
        manages(office, leave.person)
        _is_interval(leave.first_day, last_day)
        yesterday = today() - timedelta(days=1)
        _was_not_cancelled(leave)
        if last_day != leave.last_day and min(last_day, leave.last_day) < yesterday:
            raise InvalidInput(_("Expected a change of days to come, but these have passed; they stay as they were"))
        before, leave.last_day = {"last_day": leave.last_day}, last_day
        told = {"leave": str(leave.pk), "person": leave.person.no, "first_day": leave.first_day}
        saved(office, leave, ["last_day"], "leave_changed", told, before, {"last_day": last_day})
    return leave


def cancel_leave(office: Office, pk: int) -> Leave:
    """The leave, which had not begun, never was."""
    with changing():
        leave: Leave = locked(Leave.objects, pk)
        manages(office, leave.person)
        _was_not_cancelled(leave)
        if leave.first_day <= today():
            raise NotAllowedNow(_("Expected a leave that has not begun, but it has; move its last day instead"))
        leave.cancelled_at = now()
        leave.save(update_fields=["cancelled_at"])
        days = {"first_day": leave.first_day, "last_day": leave.last_day, "after": {"cancelled": True}}
        noted(office, "leave_cancelled", {"leave": str(leave.pk), "person": leave.person.no, **days})
    return leave


def _was_not_cancelled(leave: Leave) -> None:
    if leave.cancelled_at is not None:
        raise NotAllowedNow(_("Expected a leave that holds, but it was cancelled; record a new one"))


def _is_interval(first_day: date, last_day: date) -> None:
    if last_day < first_day:
        raise InvalidInput(_("Expected the last day on or after the first, but it is before; correct one of them"))
