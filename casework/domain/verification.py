"""Whether the ledger is whole: every chain from its first entry to the head that its case keeps, the rows that must
agree with it, and the log in which every entry has its place."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from casework.canonical import parse_canonical
from casework.domain.law import laws
from casework.domain.ledger import FORMAT, START, commitment, stream_of
from casework.domain.log_check import case_problems, counts, log_problems
from casework.domain.verdict import Problem, Verdict
from casework.models import Case, CaseEvent, Document, EventText, StreamHead


def verify_ledger(case: str | None = None) -> Verdict:
    """Every stream was read from its start (one case's only, if asked), and the log; at most one problem a stream, in
    order, then those of the log."""
    verdict, seen = Verdict(), set()
    for stream, events in _streams(case):
        seen.add(stream)
        verdict.streams += 1
        verdict.checked += len(events)
        if problem := _chain(stream, events) or _head(stream, events):
            verdict.problems.append(problem)
    for stream, seq in _expected(case):
        if stream not in seen and seq:
            gone = _("all %(count)d entries of %(stream)s are gone") % {"count": seq, "stream": stream}
            verdict.problems.append(Problem(stream, 0, "missing", gone))
    if case is None:
        verdict.problems += _unknown_cases(seen)
    verdict.problems += case_problems(f"case:{case}") if case else log_problems()
    for name, count in counts(f"case:{case}" if case else "").items():
        setattr(verdict, name, count)
    return verdict


def _streams(case: str | None) -> Iterator[tuple[str, list[CaseEvent]]]:
    events = CaseEvent.objects.order_by("stream", "seq").select_related("texts")
    if case:
        events = events.filter(stream=f"case:{case}")
    current: list[CaseEvent] = []
    for event in events.iterator(chunk_size=2000):
        if current and event.stream != current[0].stream:
            yield current[0].stream, current
            current = []
        current.append(event)
    if current:
        yield current[0].stream, current


def _chain(stream: str, events: list[CaseEvent]) -> Problem | None:
    """Sequence, predecessor, digest, canonical form, the columns beside the entry, and the commitments of its texts."""
    previous = START
    for number, event in enumerate(events, start=1):

        def bad(check: str, message: str, event: CaseEvent = event) -> Problem:
            return Problem(stream, event.seq, check, message)

        if event.seq != number:
            missing = _("entry %(number)d is missing; the next one is %(next)d") % {"number": number, "next": event.seq}
            return Problem(stream, number, "sequence", missing)
        if event.digest != hashlib.sha256(event.entry.encode()).hexdigest():
            return bad("digest", _("the entry is not the one that was hashed"))
        try:
            entry = parse_canonical(event.entry.encode())
        except ValueError:
            return bad("canonical", _("the entry is not canonical JSON"))
        if entry.get("format") != FORMAT:
            return bad("format", _("the entry has the unknown format '%(format)s'") % {"format": entry.get("format")})
        if entry["previous"] != previous or event.previous != previous:
            return bad("previous", _("the entry does not name the one before it"))
        if (entry["stream"], entry["seq"], entry["id"], entry["action"]) != (
            stream,
            number,
            str(event.pk),
            event.action,
        ):
            return bad("columns", _("the row says something else than its entry"))
        if check := _texts(event, entry):
            return bad("text", check)
        previous = event.digest
    return None


def _texts(event: CaseEvent, entry: dict[str, Any]) -> str:
    """Clear texts that are still there are the ones that were committed to."""
    texts: EventText | None = getattr(event, "texts", None)
    for item in texts.texts if texts else ():
        committed: Any = entry
        for part in item["path"].split("."):
            committed = committed[int(part)] if isinstance(committed, list) else committed.get(part, {})
        if committed != {"sha256": commitment(item["salt"], item["text"])}:
            return _("the text of %(path)s is not the one that was committed to") % {"path": item["path"]}
    return ""


def _head(stream: str, events: list[CaseEvent]) -> Problem | None:
    """The case (or the stream's head) names the last entry, and is in the state that it led to."""
    last = events[-1]
    if not stream.startswith("case:"):
        head = StreamHead.objects.filter(stream=stream).first()
        if head is None or (head.seq, head.head) != (last.seq, last.digest):
            words = _("the last entry is not the one the stream ends with")
            return Problem(stream, head.seq if head else 0, "head", words)
        return None
    case = Case.objects.filter(number=stream.removeprefix("case:")).first()
    if case is None:
        return Problem(stream, 0, "case", _("the case of these entries is gone"))
    if (case.seq, case.head) != (last.seq, last.digest):
        first_gone = last.seq + 1 if case.seq > last.seq else last.seq
        words = _("the case ends with entry %(case)d, the ledger with %(ledger)d")
        return Problem(stream, first_gone, "head", words % {"case": case.seq, "ledger": last.seq})
    entry = json.loads(last.entry)
    if entry["to"] != str(case.state) or entry["type"] != case.type:
        words = _("the case is '%(state)s', its last entry led to '%(to)s'")
        return Problem(stream, last.seq, "state", words % {"state": case.state, "to": entry["to"]})
    return _documents(case, events)


def _documents(case: Case, events: list[CaseEvent]) -> Problem | None:
    """Every document is as the last event that spoke of it says."""
    said: dict[str, tuple[int, dict[str, Any]]] = {}
    for event in events:
        for shown in json.loads(event.entry).get("documents", ()):
            said[shown["document"]] = (event.seq, shown)
    for document in Document.objects.filter(case=case):
        seq, shown = said.get(str(document.pk), (0, {}))
        row = (str(document.state), document.file_sha256, document.snapshot_sha256)
        if row != tuple(shown.get(name) for name in ("state", "file_sha256", "snapshot_sha256")):
            words = _("document %(id)s is not as its event says") % {"id": document.pk}
            return Problem(stream_of(case), seq, "document", words)
    return None


def _expected(case: str | None) -> Iterator[tuple[str, int]]:
    cases = Case.objects.order_by("id")
    if case:
        cases = cases.filter(number=case)
    else:
        yield from StreamHead.objects.order_by("stream").values_list("stream", "seq")
    for number, seq in cases.values_list("number", "seq"):
        yield f"case:{number}", seq


def _unknown_cases(seen: set[str]) -> list[Problem]:
    """Cases that other entries speak of exist: a case gone with its whole chain is missed where it was named."""
    prefixes = tuple(f"{law.prefix}-" for law in laws().values())
    problems, missed = [], set()
    for event in CaseEvent.objects.exclude(stream="access").order_by("stream", "seq").iterator(chunk_size=2000):
        for number in _named(json.loads(event.entry), prefixes):
            if f"case:{number}" not in seen and number not in missed:
                missed.add(number)
                words = _("case %(case)s, named here, is gone") % {"case": number}
                problems.append(Problem(event.stream, event.seq, "reference", words))
    return problems


def _named(entry: dict[str, Any], prefixes: tuple[str, ...]) -> Iterator[str]:
    data = entry["data"]
    for name in ("case", "number", "first", "last"):
        if isinstance(value := data.get(name), str) and value.startswith(prefixes):
            yield value
    for value in data.get("numbers", ()):
        if value.startswith(prefixes):
            yield value
