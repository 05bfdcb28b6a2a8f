"""Whether the ledger is whole: every chain from its first entry to the head that its case keeps, the rows that must
agree with it, and the log in which every entry has its place."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from django.db import DatabaseError
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.translation import gettext as _

from casework.canonical import parse_canonical
from casework.domain import ledger
from casework.domain.editions import edition_problems
from casework.domain.erasures import erased_rows, was_erased
from casework.domain.law import laws
from casework.domain.ledger import FORMAT, START, commitment
from casework.domain.log_check import Outside, case_problems, counts, log_problems, outside
from casework.domain.log_leaves import Leaves
from casework.domain.now import now
from casework.domain.one_moment import one_moment
from casework.domain.row_check import Told, other_parts, other_rows_of_org, parts_of
from casework.domain.row_digest import row_digest
from casework.domain.verdict import Problem, Verdict
from casework.models import Case, CaseEvent, Document, LogLeaf, StreamHead

Row = tuple[str, int, int, str, str, str, str, int | None, Any]
MOST_TOLD = 100  # problems in one entry
TOGETHER = 500  # streams whose rows are looked up at once
COMMITTED, COMMITMENT = '{"sha256":"', re.compile(r'\{"sha256":"[0-9a-f]{64}"\}')
COLUMNS = ("stream", "seq", "id", "previous", "digest", "entry", "action", "leaf__index", "texts__texts")


def verify_ledger(case: str | None = None) -> Verdict:
    """Every stream was read from its start (one case's only, if asked), and the log; at most one problem a stream, and
    one a row that `org` tells otherwise, in order, then those of the log. Each entry is read once; what is held in
    memory of it is its hash in the log. What others write meanwhile is not looked at."""
    others = Outside() if case else outside()  # before: the log is never shorter than what it has signed
    with one_moment():
        return _verified(case, others)


def _verified(case: str | None, others: Outside) -> Verdict:
    verdict = Verdict()
    seen: set[str] = set()
    named: dict[str, tuple[str, int]] = {}  # cases that entries speak of, and the first that does
    leaves = Leaves(0 if case else LogLeaf.objects.count())
    chains = (_Chain(stream, named, leaves).read(rows) for stream, rows in groupby(_rows(case), key=itemgetter(0)))
    while some := list(islice(chains, TOGETHER)):
        seen.update(chain.stream for chain in some)
        verdict.streams += len(some)
        verdict.checked += sum(chain.count for chain in some)
        verdict.problems += _problems(some)
    for stream, seq in _expected(case):
        if stream not in seen and seq:
            gone = _("all %(count)d entries of %(stream)s are gone") % {"count": seq, "stream": stream}
            verdict.problems.append(Problem(stream, 0, "missing", gone))
    if case is None:
        verdict.problems += _unknown_cases(named, seen)
    verdict.problems += edition_problems(case)
    verdict.problems += case_problems(f"case:{case}") if case else log_problems(others, leaves)
    for name, count in counts(f"case:{case}" if case else "").items():
        setattr(verdict, name, count)
    return verdict


def _rows(case: str | None) -> Iterator[Row]:
    events = CaseEvent.objects.order_by("stream", "seq")
    if case:
        events = events.filter(stream=f"case:{case}")
    return events.values_list(*COLUMNS).iterator(chunk_size=2000)


@dataclass
class _Chain:
    """One stream as it is read: its last entry, the documents it spoke of, and the first thing wrong with it."""

    stream: str
    named: dict[str, tuple[str, int]]
    leaves: Leaves
    count: int = 0
    seq: int = 0
    digest: str = START
    entry: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    withheld: list[tuple[int, str]] = field(default_factory=list)  # entries without their texts, and whom they name
    problem: Problem | None = None

    def read(self, rows: Iterable[Row]) -> "_Chain":
        for row in rows:
            self.count += 1
            data, place = row[5].encode(), row[7]
            if place is not None:
                self.leaves.put(place, data)
            if self.problem is None:
                self.problem = self._checked(row, data)
            self.seq, self.digest = row[1], row[4]
        return self

    def _checked(self, row: Row, data: bytes) -> Problem | None:
        """Sequence, predecessor, digest, canonical form, the columns beside the entry, and the commitments of its
        texts."""
        _stream, seq, pk, previous, digest, text, action, _place, texts = row
        if seq != self.count:
            missing = _("entry %(number)d is missing; the next one is %(next)d") % {"number": self.count, "next": seq}
            return Problem(self.stream, self.count, "sequence", missing)

        def bad(check: str, message: str) -> Problem:
            return Problem(self.stream, seq, check, message)

        if digest != hashlib.sha256(data).hexdigest():
            return bad("digest", _("the entry is not the one that was hashed"))
        try:
            entry = parse_canonical(data)
        except ValueError:
            return bad("canonical", _("the entry is not canonical JSON"))
        if entry.get("format") != FORMAT:
            return bad("format", _("the entry has the unknown format '%(format)s'") % {"format": entry.get("format")})
        if entry["previous"] != self.digest or previous != self.digest:
            return bad("previous", _("the entry does not name the one before it"))
        if (entry["stream"], entry["seq"], entry["id"], entry["action"]) != (self.stream, seq, str(pk), action):
            return bad("columns", _("the row says something else than its entry"))
        if texts and (path := _another_text(texts, entry)):
            return bad("text", _("the text of %(path)s is not the one that was committed to") % {"path": path})
        if COMMITTED in text and len(COMMITMENT.findall(text)) > len({one["path"] for one in texts or ()}):
            self.withheld.append((seq, str(entry["data"].get("person", ""))))
        self.entry = entry
        self.told.hear(entry, texts or [])
        for shown in entry.get("documents", ()):
            self.documents[shown["document"]] = (seq, shown)
        if self.stream != "access":
            for number in _named(entry["data"]):
                self.named.setdefault(number, (self.stream, seq))
        return None


def _another_text(texts: list[dict[str, str]], entry: dict[str, Any]) -> str:
    """The path of the first clear text that is still there and not the one that was committed to."""
    for item in texts:
        committed: Any = entry
        for part in item["path"].split("."):
            committed = committed[int(part)] if isinstance(committed, list) else committed.get(part, {})
        if committed != {"sha256": commitment(item["salt"], item["text"])}:
            return item["path"]
    return ""


def _problems(chains: list[_Chain]) -> Iterator[Problem]:
    """The first thing wrong with each of the chains, or with the rows that must agree with it."""
    names = [chain.stream for chain in chains]
    heads, cases = StreamHead.objects.in_bulk(names), _cases([name[5:] for name in names if name.startswith("case:")])
    documents: dict[int, list[Document]] = {case.pk: [] for case in cases.values()}
    blank = ExpressionWrapper(Q(snapshot=""), output_field=BooleanField())
    for document in Document.objects.filter(case__in=documents).defer("snapshot").annotate(blank=blank):
        documents[document.case_id].append(document)
    erased, parts = _Erased(), parts_of(documents)
    for chain in chains:
        case = cases.get(chain.stream)
        papers = documents[case.pk] if case else []
        found = chain.problem
        if found is None and chain.stream.startswith("case:"):
            # What documents stand on comes first: whatever is wrong with the rest, they are as their entries say.
            found = _ends_with(chain, case) or _papers(chain, papers) or _left_as(chain, case, erased)
            found = found or (next(_beside(chain, other_parts(chain.told, parts[case.pk])), None) if case else None)
        elif found is None:
            found = _is_head(chain, heads.get(chain.stream))
            if found is None and chain.stream == "org":
                yield from _beside(chain, other_rows_of_org(chain.told))
        if found := found or _taken_away(chain, papers, erased):
            yield found


def _beside(chain: _Chain, wrong: Iterator[tuple[str, str]]) -> Iterator[Problem]:
    return (Problem(chain.stream, chain.seq, check, words) for check, words in wrong)


class _Erased:
    """What `org` says was erased, read when something is missed."""

    @cached_property
    def words(self) -> set[str]:
        return was_erased()

    @cached_property
    def rows(self) -> dict[str, str]:
        return erased_rows()


def _cases(numbers: list[str]) -> dict[str, Any]:
    """The cases with those numbers by stream, each with the columns of its type."""
    found: dict[str, Any] = {f"case:{case.number}": case for case in Case.objects.filter(number__in=numbers)}
    for law in laws().values():
        if own := [number for number in numbers if number.startswith(f"{law.prefix}-")]:
            model: Any = law.model
            found |= {f"case:{case.number}": case for case in model.objects.filter(number__in=own)}
    return found


def _is_head(chain: _Chain, head: StreamHead | None) -> Problem | None:
    if head is not None and (head.seq, head.head) == (chain.seq, chain.digest):
        return None
    words = _("the last entry is not the one the stream ends with")
    return Problem(chain.stream, head.seq if head else 0, "head", words)


def _ends_with(chain: _Chain, case: Case | None) -> Problem | None:
    """The case is there and names the last entry."""
    if case is None:
        return Problem(chain.stream, 0, "case", _("the case of these entries is gone"))
    if (case.seq, case.head) != (chain.seq, chain.digest):
        first_gone = chain.seq + 1 if case.seq > chain.seq else chain.seq
        words = _("the case ends with entry %(case)d, the ledger with %(ledger)d")
        return Problem(chain.stream, first_gone, "head", words % {"case": case.seq, "ledger": chain.seq})
    return None


def _left_as(chain: _Chain, case: Case | None, erased: _Erased) -> Problem | None:
    """The case is in the state that the last entry led to, and says in every column what it said then."""
    if case is None:
        return None
    if chain.entry["to"] != str(case.state) or chain.entry["type"] != case.type:
        words = _("the case is '%(state)s', its last entry led to '%(to)s'")
        return Problem(chain.stream, chain.seq, "state", words % {"state": case.state, "to": chain.entry["to"]})
    left = chain.entry.get("row")  # entries from before say nothing of it
    if left not in (None, row_digest(case)) and erased.rows.get(case.number) != row_digest(case):
        words = _("the row of the case is not as its last entry left it")
        return Problem(chain.stream, chain.seq, "row", words)
    return None


def _papers(chain: _Chain, documents: list[Document]) -> Problem | None:
    """Every document is as the last event that spoke of it says."""
    for document in documents:
        seq, shown = chain.documents.get(str(document.pk), (0, {}))
        row = (str(document.state), document.file_sha256, document.snapshot_sha256)
        if row != tuple(shown.get(name) for name in ("state", "file_sha256", "snapshot_sha256")):
            words = _("document %(id)s is not as its event says") % {"id": document.pk}
            return Problem(chain.stream, seq, "document", words)
    return None


def _taken_away(chain: _Chain, documents: list[Any], erased: _Erased) -> Problem | None:
    """Clear text is gone only by an act that `org` records; of documents, of each by its id."""
    if chain.withheld and chain.stream not in erased.words:
        for seq, person in chain.withheld:
            if person not in erased.words:
                return Problem(chain.stream, seq, "text", _("its text is gone, and nobody recorded that it was erased"))
    for document in documents:
        if document.blank and str(document.pk) not in erased.words:
            words = _("the words of document %(id)s are gone, and nobody recorded that they were erased")
            seq, _shown = chain.documents.get(str(document.pk), (0, {}))
            return Problem(chain.stream, seq, "document", words % {"id": document.pk})
    return None


def _expected(case: str | None) -> Iterator[tuple[str, int]]:
    cases = Case.objects.order_by("id")
    if case:
        cases = cases.filter(number=case)
    else:
        yield from StreamHead.objects.order_by("stream").values_list("stream", "seq")
    for number, seq in cases.values_list("number", "seq"):
        yield f"case:{number}", seq


def _unknown_cases(named: dict[str, tuple[str, int]], seen: set[str]) -> Iterator[Problem]:
    """Cases that other entries speak of exist: a case gone with its whole chain is missed where it was named."""
    prefixes = tuple(f"{law.prefix}-" for law in laws().values())
    for number, (stream, seq) in named.items():
        if number.startswith(prefixes) and f"case:{number}" not in seen:
            words = _("case %(case)s, named here, is gone") % {"case": number}
            yield Problem(stream, seq, "reference", words)


def _named(data: dict[str, Any]) -> Iterator[str]:
    """What may be the numbers of cases."""
    for name in ("case", "number", "first", "last"):
        if isinstance(value := data.get(name), str):
            yield value
    yield from data.get("numbers", ())


def note_failure(verdict: Verdict) -> None:
    """That the ledger was found broken stands in `access`, once an hour for the same problems; a database that takes no
    entry any more keeps nobody from being told."""
    told = [{"stream": one.stream, "seq": one.seq, "check": one.check} for one in verdict.broken]
    if told:
        about = f"verification\n{told}\n{now():%Y-%m-%dT%H}"
        with suppress(DatabaseError):
            ledger.note_once(about, "verification_failed", {"problems": told[:MOST_TOLD], "count": len(told)})
