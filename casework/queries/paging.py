"""Keyset pages: a cursor is the last row's place in the order, opaque to whoever hands it back."""

import base64
import json
from datetime import datetime
from typing import Any

from django.db.models import QuerySet, Subquery
from django.utils.translation import gettext as _

from casework.domain.errors import InvalidInput

MOST = 100
COUNTED = 1000


class Counted(Subquery):
    """The number of rows of a query in the same statement."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"


def counted_in(rows: QuerySet) -> Counted:
    """Counts to 1001 and no further."""
    from django.db.models import IntegerField

    return Counted(rows.order_by().values("pk")[: COUNTED + 1], output_field=IntegerField())


def count_shown(count: int) -> int | str:
    return count if count <= COUNTED else f"{COUNTED}+"


def to_cursor(*place: Any) -> str:
    text = json.dumps([item.isoformat() if isinstance(item, datetime) else item for item in place])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, parts: int) -> list[Any]:
    """The place a cursor names; InvalidInput when it is none of ours."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        if not isinstance(place, list) or len(place) != parts or not _is_key(place[-1]):
            raise ValueError
    except (ValueError, UnicodeError, RecursionError):
        raise bad_cursor() from None
    return place


def bad_cursor() -> InvalidInput:
    return InvalidInput(
        _("Expected a cursor as a page before gave it, but this is none; start without one"), code="bad_cursor"
    )


def checked_limit(limit: int) -> int:
    if not 1 <= limit <= MOST:
        raise InvalidInput(
            _("Expected a limit from 1 to %(most)d, but it is %(limit)d") % {"most": MOST, "limit": limit}
        )
    return limit


def _is_key(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63
