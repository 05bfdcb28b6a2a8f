"""XES (IEEE 1849): one trace for each case, its events in the order of its ledger."""

from typing import IO
from xml.sax.saxutils import quoteattr

from casework.event_log.scope import Event, Trace

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
 <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
 <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
 <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
 <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
 <global scope="trace">
  <string key="concept:name" value=""/>
 </global>
 <global scope="event">
  <string key="concept:name" value=""/>
  <date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>
  <string key="lifecycle:transition" value="complete"/>
 </global>
 <classifier name="Action" keys="concept:name"/>
"""


class XesLog:
    """Written trace by trace, so that a log of any size takes no more memory than one case."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        file.write(HEAD)

    def add(self, trace: Trace) -> None:
        about = {"concept:name": trace.number, "type": trace.type, "unit": trace.unit, "subject": trace.subject}
        self.file.write(" <trace>\n")
        self._strings(about, 2)
        for event in trace.events:
            self._event(event)
        self.file.write(" </trace>\n")

    def close(self) -> None:
        self.file.write("</log>\n")

    def _event(self, event: Event) -> None:
        self.file.write("  <event>\n")
        self.file.write(f'   <date key="time:timestamp" value="{event.at.isoformat(timespec="microseconds")}"/>\n')
        texts = {
            "concept:name": event.action, "lifecycle:transition": "complete", "org:resource": event.resource,
            "org:role": event.role, "identity": event.id, "event": event.event, "from": event.source,
            "to": event.target, "clock": event.clock,
        }  # fmt: skip
        self._strings(texts, 3)
        self.file.write("  </event>\n")

    def _strings(self, texts: dict[str, str], depth: int) -> None:
        for key, value in texts.items():
            if value:
                self.file.write(f"{' ' * depth}<string key={quoteattr(key)} value={quoteattr(value)}/>\n")
