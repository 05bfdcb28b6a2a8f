"""A person who left is forgotten (ADR 0030): what was written about them is gone from the database and the store, and
everything that was proven stays proven.

The ledger keeps commitments, so its chains hold; the row of the person keeps the staff number, by which entries know
them. What is erased is what the ledger itself calls personal: the words beside its entries, wherever they were copied
to (`forgetting`). Signed decisions stay as long as policy says, closed off. Other people's cases are their own: what
the person wrote or decided there stays, and so do decisions that name them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.clocks import COUNTING
from casework.domain.deliveries import deliver_now
from casework.domain.directory import directory
from casework.domain.erased_files import digests_of, held_anywhere, in_use, papers_of, refuse_locked, take_out
from casework.domain.erasures import ERASED
from casework.domain.errors import NotAllowedNow, NotPermitted, OutOfScope
from casework.domain.forgetting import by_number, forget_family, forget_person, texts_of
from casework.domain.now import now
from casework.domain.office import Office, changing, locked, noted, own_cause, reaches
from casework.domain.policy import current_policy
from casework.domain.reading import FamilyView, read_families
from casework.models import Case, CaseEvent, Delivery, Document, EventText, Party, Person

TOGETHER = 100  # families read at once


@dataclass
class Erasure:
    """What is or was erased: by `numbers` the cases about the person; digests of files; documents by id."""

    person: str
    numbers: list[str] = field(default_factory=list)
    texts: int = 0
    files: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    closed_off: list[str] = field(default_factory=list)
    named_in: list[str] = field(default_factory=list)
    exported: list[str] = field(default_factory=list)


def erase_person(
    office: Office, no: str, reason: str, *, rehearse: bool = False, progress: Callable[..., None] = lambda *_: None
) -> Erasure:
    """Nothing that can be read tells who bore the number or what was said about them, but the decisions that are
    `closed_off`, others' cases that are `named_in` words or documents, and what was `exported` by itself before. Who
    did this stands in `org`. Of somebody who was erased, what policy keeps no longer goes.

    Only of who left and has no open case, and by nobody who had a part in one. With `rehearse` nothing is changed. The
    store is asked before the transaction, which is refused where something else is to go by then."""
    person = Person.objects.filter(no=no).first()
    if person is None:
        raise OutOfScope(_("Expected a staff number, but nobody has '%(no)s'; check it") % {"no": no[:40]})
    asked = _going(office, person)
    found = replace(asked.found, files=held_anywhere(asked.found.files))
    if person.erased_at and not (found.texts or found.files or found.documents):
        words = _("Expected somebody who is known, but %(no)s was erased; nothing is left that may go")
        raise NotAllowedNow(words % {"no": person.no}, code="erased")
    refuse_locked(found.files, asked.papers)
    if rehearse:
        return found
    with changing():
        person = locked(Person.objects, person.pk)
        going = _going(office, person)
        if (going.found, going.papers, person.erased_at) != (asked.found, asked.papers, asked.erased_at):
            words = _("Expected what was there a moment ago, but what is to go of %(no)s has changed; try again")
            raise NotAllowedNow(words % {"no": person.no}, code="changed_meanwhile")
        pk = take_out(found.files, going.papers, found.documents)
        rows: dict[str, str] = {}
        for family in going.families:
            rows |= forget_family(person, family, frozenset(found.documents))
            progress()
        forget_person(person)
        noted(office, ERASED, {
            "person": person.no, "reason": ledger.FreeText(reason), "numbers": found.numbers, "texts": found.texts,
            "files": found.files, "documents": found.documents, "closed_off": found.closed_off, "rows": rows,
            "after": {"name": person.no, "email": "", "erased": True},
        })  # fmt: skip
    deliver_now(pk)
    return found


def written_anew() -> bool:
    """SQLite's file has no remains of what was erased; False where another connection kept it from being written.
    PostgreSQL does this by VACUUM, which is its owner's."""
    if connection.vendor != "sqlite":
        return False
    with suppress(OperationalError), connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return cursor.fetchone()[0] == 0
    return False


def is_kept(document: Document, at: datetime) -> bool:
    """Whether policy keeps an issued decision from being erased."""
    years = current_policy().organisation.decision_years
    if document.state != Document.State.ISSUED or document.issued_at is None:
        return False
    return years is None or document.issued_at > at.replace(year=at.year - years, day=min(at.day, 28))


@dataclass
class _Going:
    """What is to go by the database. `found` names every file that may lie in the store; `papers`: digests of what is
    drafted, signed, issued, stamped."""

    families: list[FamilyView]
    found: Erasure
    papers: list[str]
    erased_at: datetime | None


def _going(office: Office, person: Person) -> _Going:
    """Of whom may be erased, by that office; a refusal for anybody else."""
    families = list(_families_about(person))
    cases = [case for family in families for case in family.cases if case.concerned_id == person.pk]
    _may_erase(office, person, families)
    _has_left(person)
    _rest(person, cases, families)
    found = _found(person, families, cases)
    return _Going(families, found, papers_of(found.documents, [case.pk for case in cases]), person.erased_at)


def _families_about(person: Person) -> Iterator[FamilyView]:
    ids = Case.objects.filter(concerned=person).order_by("family_id").values_list("family_id", flat=True).distinct()
    for some in _some(ids):
        yield from read_families(some)


def _some(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while some := list(islice(rest, TOGETHER)):
        yield some


# Whether it may be


def _may_erase(office: Office, person: Person, families: list[FamilyView]) -> None:
    """Whoever manages the person's unit; not the person, and nobody whose own part in a case would lose its record."""
    if person.pk in office.own:
        raise own_cause()
    reaches(office, person.unit_id)
    mine = [family for family in families if any(party.person_id in office.own for party in family.parties)]
    if mine:
        words = _("Expected somebody without a part in these cases, but you have one in %(cases)s; ask a colleague")
        numbers = [family.cases[0].number for family in mine]
        raise NotPermitted(words % {"cases": _shortened(numbers)}, code="own_cause")


def _has_left(person: Person) -> None:
    if person.accounts.filter(is_active=True).exists():
        words = _("Expected somebody who has left, but %(no)s has an account in use; close it first")
        raise NotAllowedNow(words % {"no": person.no}, code="has_account")
    if not person.accounts.exists() and directory().grants_of(person.pk, now()):
        words = _("Expected somebody who has left, but %(no)s, who has no account, holds a grant; end it first")
        raise NotAllowedNow(words % {"no": person.no}, code="has_grant")


def _rest(person: Person, cases: list[Any], families: list[FamilyView]) -> None:
    """Every case is closed, no deadline runs, and nothing waits to be done."""
    running = {c.case_id for family in families for c in family.clocks if c.state in COUNTING}
    if still := [case.number for case in cases if not case.is_closed or case.pk in running]:
        words = _("Expected every case about %(no)s to be at rest, but %(cases)s is not; bring it to its end first")
        raise NotAllowedNow(words % {"no": person.no, "cases": _shortened(still)}, code="open_cases")
    waiting = Delivery.objects.filter(case_id__in=[case.pk for case in cases])
    if still := sorted(set(waiting.values_list("case__number", flat=True))):
        words = _("Expected nothing to be under way, but %(cases)s waits for a worker; try again when it is done")
        raise NotAllowedNow(words % {"cases": _shortened(still)}, code="under_way")


def _shortened(numbers: list[str]) -> str:
    more = f" (+{len(numbers) - 5})" if len(numbers) > 5 else ""
    return _(", ").join(numbers[:5]) + more


# What there is


def _found(person: Person, families: list[FamilyView], cases: list[Any]) -> Erasure:
    ids = [case.pk for case in cases]
    found = Erasure(person.no, sorted(case.number for case in cases))
    found.texts = sum(len(texts) for some in _some(ids) for _event, texts in texts_of(some))
    found.texts += sum(len(texts) for _event, texts in texts_of((), person))
    given = digests_of(cases, families)
    found.files = sorted(given - in_use(given, person))
    for some in _some(ids):
        for document in Document.objects.filter(case__in=some).exclude(snapshot="").defer("snapshot"):
            (found.closed_off if is_kept(document, now()) else found.documents).append(str(document.pk))
    found.named_in = _named_in(person, ids)
    found.exported = _exported(set(found.numbers))
    return found


def _named_in(person: Person, ids: list[int]) -> list[str]:
    """Others' cases in which the person had a part and somebody wrote the name, or whose documents have it."""
    if person.erased_at:
        return []
    called = by_number(person)
    shared = Party.objects.filter(person=person).exclude(case__concerned=person).values("case_id")
    texts = EventText.objects.filter(event__case_id__in=shared).values_list("event__case__number", "texts")
    found = {number for number, said in texts if any(called(one["text"]) != one["text"] for one in said)}
    papers = Document.objects.filter(snapshot__contains=person.name).exclude(case__concerned=person)
    rows = papers.values_list("case__number", "snapshot").iterator()
    return sorted(found | {number for number, snapshot in rows if called(snapshot) != snapshot})


def _exported(numbers: set[str]) -> list[str]:
    """The cases of which somebody has a copy."""
    entries = CaseEvent.objects.filter(stream="access", action="exported").values_list("entry", flat=True)
    return sorted({number for entry in entries if (number := ledger.case_of(entry)) in numbers})
