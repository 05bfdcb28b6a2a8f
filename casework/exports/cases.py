"""The list of cases as a table, for whoever may see them."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.domain import ledger
from casework.domain.actor import Actor
from casework.domain.errors import InvalidInput
from casework.domain.law import law_named
from casework.exports.sheets import write_rows
from casework.queries import case_list
from casework.queries.paging import MOST

TITLE = "cases"
COLUMNS = (
    gettext_lazy("number"), gettext_lazy("type code"), gettext_lazy("type"), gettext_lazy("state code"),
    gettext_lazy("state"), gettext_lazy("unit code"), gettext_lazy("unit"), gettext_lazy("staff number"),
    gettext_lazy("person concerned"), gettext_lazy("subject"), gettext_lazy("opened at"), gettext_lazy("updated at"),
    gettext_lazy("closed at"), gettext_lazy("restricted"), gettext_lazy("names hidden"), gettext_lazy("blind"),
)  # fmt: skip


def export_cases(
    out: BinaryIO, form: str, actor: Actor, *, at_most: int | None = None, **filters: Any
) -> dict[str, Any]:
    """Every case of `case_list` with these filters stands in `out` (which can be read again) as the actor may see it
    now. That they took it stands in the access stream, with the file's digest: {"rows", "sha256"}."""
    rows = write_rows(out, form, TITLE, [both(column) for column in COLUMNS], _rows(actor, at_most, filters))
    out.seek(0)
    told = {"rows": rows, "sha256": hashlib.file_digest(out, "sha256").hexdigest()}
    asked = {name: value for name, value in filters.items() if value}
    ledger.note("access", "exported", {"what": "cases", "form": form, "filters": asked, **told}, actor=actor)
    return told


def _rows(actor: Actor, at_most: int | None, filters: dict[str, Any]) -> Iterator[list[str]]:
    """Page by page, so that memory holds one page however many cases there are. A case that opens meanwhile is newer
    than the first page and is left out."""
    cursor, count = None, 0
    while True:
        page = case_list(actor.person_id, **filters, cursor=cursor, limit=MOST, at=actor.received_at)
        count += len(page["cases"])
        if at_most is not None and count > at_most:
            words = _("Expected at most %(most)d cases here, but there are more; narrow it, or use export_cases")
            raise InvalidInput(words % {"most": at_most}, code="too_many_rows")
        yield from map(_row, page["cases"])
        cursor = page["next"]
        if cursor is None:
            return


def _row(case: dict[str, Any]) -> list[str]:
    """Of a case that the actor scores blind, no more than the list says."""
    state, unit, concerned = case["state"]["code"], case.get("unit") or {}, case.get("concerned") or {}
    return [
        case["number"], case["type"], _type_label(case["type"]), state, _state_label(case["type"], state),
        unit.get("code", ""), unit.get("name", ""), concerned.get("no") or "", concerned.get("name", ""),
        case.get("subject") or "", _local(case["opened_at"]), _local(case.get("updated_at")),
        _local(case.get("closed_at")), _flag(case.get("restricted")), _flag(case["masked"]), _flag(case["blind"]),
    ]  # fmt: skip


def both(label: Promise) -> str:
    """The label in Chinese and English, whoever asks: a file outlives the language of its reader."""
    with translation.override("zh-hans"):
        chinese = str(label)
    with translation.override("en"):
        english = str(label)
    return chinese if chinese == english else f"{chinese} {english}"


@cache
def _type_label(type_label: str) -> str:
    return both(law_named(type_label).model.title)


@cache
def _state_label(type_label: str, state: str) -> str:
    return both(dict(law_named(type_label).model.State.choices)[state])


def _local(moment: str | None) -> str:
    """With its offset, to the second, as imports take it."""
    if moment is None:
        return ""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(settings.TIME_ZONE)).isoformat(timespec="seconds")


def _flag(value: bool | None) -> str:
    return "1" if value else ""
