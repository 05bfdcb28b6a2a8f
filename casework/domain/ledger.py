"""The ledger: entry format v1, one SHA-256 chain a stream.

A stream is `case:NUMBER`, `org` (grants, policies, imports) or `access` (refusals, reads). An entry is canonical
JSON that names its predecessor's digest; personal free text stands in it as a salted commitment, clear text and
salt beside it in EventText."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils.functional import Promise
from pydantic import BaseModel

from casework.canonical import canonical
from casework.domain.errors import Conflict
from casework.domain.now import now
from casework.domain.recorder import Recorder
from casework.keys import new_key
from casework.models import Case, CaseEvent, EventText, StreamHead

FORMAT = 1
START = "0" * 64
PLAIN = frozenset((str, int, bool, type(None)))  # stands in an entry as it is, so nothing more need be asked


class FreeText(str):
    """Text written by or about a person: the ledger commits to it instead of holding it."""


def commit(value: Any, texts: list[dict[str, str]], path: str = "data") -> Any:
    """`value` with every FreeText replaced by {"sha256": commitment}; the clear texts are added to `texts`."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, FreeText):
        salt = secrets.token_hex(16)
        texts.append({"path": path, "salt": salt, "text": str(value)})
        return {"sha256": commitment(salt, str(value))}
    if isinstance(value, dict):
        return {key: commit(item, texts, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [commit(item, texts, f"{path}.{index}") for index, item in enumerate(value)]
    return plain(value)


def plain(value: Any) -> Any:
    """Moments as UTC with microseconds, amounts and keys as text: what canonical JSON can hold."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID | Promise | models.Choices):
        return str(value)
    return value


def as_data(value: Any) -> Any:
    """A form's values as plain containers, FreeText kept."""
    if isinstance(value, BaseModel):
        return {name: as_data(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {str(key): as_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_data(item) for item in value]
    return value


def commitment(salt: str, text: str) -> str:
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


def stream_of(case: Case) -> str:
    return f"case:{case.number}"


def build(
    *, stream: str, seq: int, previous: str, head: dict[str, Any], data: Any, case: Case | None, action: str,
    actor_id: int | None, key: Any = None, body: str = "",
) -> tuple[CaseEvent, EventText | None]:  # fmt: skip
    """The next entry of a stream as rows to insert. `head` are the entry's own members besides chain and data."""
    texts: list[dict[str, str]] = []
    pk, moment = new_key(), now()
    entry = {
        "format": FORMAT, "stream": stream, "seq": seq, "previous": previous, "id": str(pk), "action": action,
        "recorded_at": plain(moment), **{k: commit(v, texts, k) for k, v in head.items()}, "data": commit(data, texts),
    }  # fmt: skip
    text = canonical(entry).decode()
    event = CaseEvent(
        id=pk, stream=stream, case_id=case.pk if case else None, seq=seq, previous=previous,
        digest=hashlib.sha256(text.encode()).hexdigest(), entry=text, action=action, actor_id=actor_id, at=moment,
        key=key, body=body,
    )  # fmt: skip
    return event, EventText(event_id=pk, texts=texts) if texts else None


def note(
    stream: str, action: str, data: dict[str, Any], *, actor: Any = None, case: Case | None = None, key: Any = None
) -> CaseEvent:
    """An entry in `org` or `access`, written at once (also inside an open transaction); Conflict for a known key."""
    return note_all(stream, [(action, data)], actor=actor, case=case, key=key)[0]


def note_all(
    stream: str, told: Iterable[tuple[str, dict[str, Any]]], *, actor: Any = None, case: Case | None = None,
    key: Any = None,
) -> list[CaseEvent]:  # fmt: skip
    """An entry for each (action, data), one after the other, written together."""
    from casework.domain.actor import shown, system

    actor = actor or system()
    members = {**shown(actor), "received_at": actor.received_at}
    if case is not None:
        members["case"] = case.number
    StreamHead.objects.get_or_create(stream=stream)
    events: list[CaseEvent] = []
    with transaction.atomic():
        head = StreamHead.objects.select_for_update().get(stream=stream)  # these streams are everybody's: wait in turn
        recorder, seq, previous = Recorder(guard=(head, "seq")), head.seq, head.head
        for action, data in told:
            event, texts = build(
                stream=stream, seq=seq + 1, previous=previous, head=members, data=data, case=None, action=action,
                actor_id=actor.person_id, key=key,
            )  # fmt: skip
            recorder.insert(event, *([texts] if texts else []))
            seq, previous = event.seq, event.digest
            events.append(event)
        if events:
            recorder.set(StreamHead, "stream", [stream], {"head": previous, "seq": seq})
            recorder.send("statements")
    return events


def note_once(about: str, action: str, data: dict[str, Any], *, case: Case | None = None) -> None:
    """An entry in `access`, the first time that it is `about` this; nothing where somebody else is just as quick or the
    stream is too busy."""
    key = UUID(bytes=hashlib.sha256(about.encode()).digest()[:16])
    if entry_with_key(key) is None:
        with suppress(Conflict, IntegrityError):
            note("access", action, data, case=case, key=key)


def data_of(entry: str) -> dict[str, Any]:
    """What the entry says besides who, when and where."""
    data: dict[str, Any] = json.loads(entry)["data"]
    return data


def files_in(entry: str) -> list[tuple[str, str]]:
    """(document, digest of its file) of each document that the entry speaks of."""
    return [(one["document"], one["file_sha256"]) for one in json.loads(entry).get("documents", ())]


def case_of(entry: str) -> str:
    """The number of the case that an entry of `access` is about, if any."""
    return str(json.loads(entry).get("case", ""))


def last_events(case: Case, after: int = 0) -> models.QuerySet[CaseEvent]:
    return CaseEvent.objects.filter(stream=stream_of(case), seq__gt=after).order_by("seq")


def entry_with_key(key: UUID) -> dict[str, str] | None:
    """The event a key left, as repeats need it."""
    found = CaseEvent.objects.filter(key=key).values("entry", "body").first()
    return {"entry": found["entry"], "body": found["body"]} if found else None
