"""Who is at the door, in one statement: the account, its person, and the stamp under which grants are held in memory.

Written by hand because every request asks it: the ORM takes longer to compose this statement than the database to
answer it. What a door does not look at stays unread on the account until somebody asks."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection, models
from django.utils import timezone

from casework.domain.now import now
from casework.domain.signing import token_digest
from casework.models import Account, Person, Stamp, Token

FLAGS = ("is_active", "is_superuser", "is_machine")
LOOKED_AT = {
    Account: ("id", "username", "password", "language", "person_id", *FLAGS),
    Person: ("id", "no", "name", "unit_id"),
}


def account_of_token(token: str) -> Any:
    """The active account with that unexpired, unrevoked token, `stamp` on it; or None."""
    where = f"FROM {Token._meta.db_table} t JOIN {{account}} a ON a.id = t.account_id {{person}}"
    condition = "t.digest = %s AND t.revoked_at IS NULL AND t.expires_at > %s AND a.is_active"
    found = _account(where, condition, [token_digest(token), _parameter(now())])
    return found[0] if found else None


def account_in_session(pk: int, key: str) -> tuple[Any, str, datetime] | None:
    """(account `pk`, `stamp` on it, data and end of the session with that key), or None when either is not there."""
    where = f"FROM {{account}} a JOIN {Session._meta.db_table} t ON t.session_key = %s {{person}}"
    asked = [key, _parameter(timezone.now()), pk]
    found = _account(where, "t.expire_date > %s AND a.id = %s", asked, "t.session_data, t.expire_date")
    return found and (found[0], found[1], _aware(found[2]))


def _account(source: str, condition: str, parameters: list[Any], more: str = "NULL") -> Any:
    with connection.cursor() as cursor:
        cursor.execute(_sql(source, condition, more), parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    names, of_person = _names(Account), _names(Person)
    values = [bool(value) if name in FLAGS else value for name, value in zip(names, row, strict=False)]
    account: Any = Account.from_db(connection.alias, names, values)
    rest = len(names) + len(of_person)
    person = row[len(names) : rest]
    account.person = Person.from_db(connection.alias, of_person, person) if person[0] else None
    account.stamp, *more = row[rest:]
    return account, *more


@cache
def _names(model: type[models.Model]) -> list[str]:
    """In the order of the model's fields, as from_db() takes their values."""
    return [f.attname for f in model._meta.concrete_fields if f.attname in LOOKED_AT[model]]


@cache
def _sql(source: str, condition: str, more: str) -> str:
    columns = [f"a.{name}" for name in _names(Account)] + [f"p.{name}" for name in _names(Person)]
    person = f"LEFT JOIN {Person._meta.db_table} p ON p.id = a.person_id JOIN {Stamp._meta.db_table} s ON s.id = 1"
    tables = source.format(account=Account._meta.db_table, person=person)
    return f"SELECT {', '.join(columns)}, s.version, {more} {tables} WHERE {condition}"


def _parameter(moment: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _aware(moment: Any) -> datetime:
    """SQLite keeps UTC as text, unsaid."""
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found if found.tzinfo else found.replace(tzinfo=UTC)
