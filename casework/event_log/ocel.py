"""OCEL 2.0 as JSON: cases and persons are objects, a case that is about another says so, and every event names its case
and who acted in which role. JSON because it is text: two logs can be compared, and every tool reads it."""

import json
import shutil
import tempfile
from typing import IO, Any

from casework.domain.law import laws
from casework.event_log.scope import SYSTEM, Event, Trace

PERSON = "person"
ABOUT = "about"
ACTS_ON = "acts on"
EVENT_ATTRIBUTES = ("event", "from", "to", "role", "clock")


class OcelLog:
    """Objects go to the file as they come, events to a file beside it until the objects are all there. Held in memory
    are the pseudonyms of those who acted, as many as there are people."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.beside = file, tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.known: set[str] = set()
        self.objects = self.events = 0
        file.write(f'{{"objectTypes": {_text(_object_types())},\n"eventTypes": {_text(_event_types())},\n"objects": [')

    def add(self, trace: Trace) -> None:
        started = _moment(trace.events[0]) if trace.events else ""
        attributes = [{"name": "unit", "time": started, "value": trace.unit}] if started else []
        attributes += [
            {"name": "state", "time": _moment(event), "value": event.target}
            for event in trace.events if event.source != event.target
        ]  # fmt: skip
        about = [{"objectId": trace.subject, "qualifier": ABOUT}] if trace.subject else []
        self._object({"id": trace.number, "type": trace.type, "attributes": attributes, "relationships": about})
        for event in trace.events:
            if event.resource != SYSTEM and event.resource not in self.known:
                self.known.add(event.resource)
                self._object({"id": event.resource, "type": PERSON, "attributes": [], "relationships": []})
            self._event(trace, event)

    def close(self) -> None:
        self.file.write('\n],\n"events": [')
        self.beside.seek(0)
        shutil.copyfileobj(self.beside, self.file)
        self.beside.close()
        self.file.write("\n]}\n")

    def _object(self, found: dict[str, Any]) -> None:
        self.file.write((",\n" if self.objects else "\n") + _text(found))
        self.objects += 1

    def _event(self, trace: Trace, event: Event) -> None:
        values = (event.event, event.source, event.target, event.role, event.clock)
        related = [{"objectId": trace.number, "qualifier": ACTS_ON}]
        if event.resource != SYSTEM:
            related.append({"objectId": event.resource, "qualifier": event.role or PERSON})
        written = {
            "id": event.id, "type": event.action, "time": _moment(event),
            "attributes": [
                {"name": name, "value": value} for name, value in zip(EVENT_ATTRIBUTES, values, strict=True) if value
            ],
            "relationships": related,
        }  # fmt: skip
        self.beside.write((",\n" if self.events else "\n") + _text(written))
        self.events += 1


def _object_types() -> list[dict[str, Any]]:
    attributes = [{"name": "unit", "type": "string"}, {"name": "state", "type": "string"}]
    return [*({"name": label, "attributes": attributes} for label in laws()), {"name": PERSON, "attributes": []}]


def _event_types() -> list[dict[str, Any]]:
    attributes = [{"name": name, "type": "string"} for name in EVENT_ATTRIBUTES]
    names = [f"{law.app}.{action}" for law in laws().values() for action in law.actions]
    return [{"name": name, "attributes": attributes} for name in sorted(names)]


def _moment(event: Event) -> str:
    return event.at.isoformat(timespec="microseconds")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
