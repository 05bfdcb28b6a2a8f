"""A person who left is forgotten (ADR 0030): what was written about them is gone from the database and the store, and
everything that was proven stays proven.

The ledger keeps commitments, so its chains hold; the row of the person keeps the staff number, by which entries know
them. What is erased is what the ledger itself calls personal: the words beside its entries, wherever they were copied
to. Signed decisions stay as long as policy says, closed off. Other people's cases are their own: what the person wrote
or decided there stays, under the number."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import JSONField
from django.utils.translation import gettext as _

from casework import store
from casework.domain import ledger
from casework.domain.deliveries import deliver_now, handles
from casework.domain.erasures import ERASED
from casework.domain.errors import Conflict, NotAllowedNow, OutOfScope
from casework.domain.evidence_files import discard
from casework.domain.now import now
from casework.domain.office import Office, changing, locked, manages, noted
from casework.domain.policy import current_policy
from casework.domain.reading import FamilyView, read_families
from casework.domain.recorder import Recorder
from casework.domain.row_digest import sealed_row
from casework.domain.searching import index_anew
from casework.keys import new_key
from casework.models import (
    Account,
    Case,
    CaseEvent,
    Delivery,
    Document,
    EventText,
    Evidence,
    ImportRun,
    Leave,
    LoginFailure,
    Notice,
    Party,
    Person,
    SigningKey,
)

ABOUT_PERSONS = ("person_added", "person_changed")
TOGETHER = 100  # families read at once
CODE = re.compile(r"[\w.:+-]{1,60}", re.ASCII)  # what may be a code as well as somebody's words
Words = dict[int, set[tuple[str, str]]]  # by case: what was said, with the name that it was said under


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
    """Nothing that can be read tells who bore the number or what was said about them, but in the decisions that are
    `closed_off`, in others' cases `named_in` words and in what was `exported` before; who did this stands in `org`.

    Only of who left and has no open case. With `rehearse` nothing is changed."""
    person = Person.objects.filter(no=no).first()
    if person is None:
        raise OutOfScope(_("Expected a staff number, but nobody has '%(no)s'; check it") % {"no": no[:40]})
    with changing():
        person = locked(Person.objects, person.pk)
        manages(office, person)
        _has_left(person)
        families = list(_families_about(person))
        cases = [case for family in families for case in _about(person, family)]
        _rest(person, cases)
        found = _found(person, families, cases)
        if rehearse:
            return found
        pk = _files_go(found)
        rows: dict[str, str] = {}
        for family in families:
            rows |= _forget_family(person, family, found)
            progress()
        _forget_person(person)
        noted(office, ERASED, {
            "person": person.no, "reason": ledger.FreeText(reason), "numbers": found.numbers, "texts": found.texts,
            "files": found.files, "documents": found.documents, "closed_off": found.closed_off,
            "rows": rows,
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


# What may be erased


def _has_left(person: Person) -> None:
    if person.accounts.filter(is_active=True).exists():
        words = _("Expected somebody who has left, but %(no)s has an account in use; close it first")
        raise NotAllowedNow(words % {"no": person.no}, code="has_account")


def _families_about(person: Person) -> Iterator[FamilyView]:
    ids = Case.objects.filter(concerned=person).order_by("family_id").values_list("family_id", flat=True).distinct()
    for some in _some(ids):
        yield from read_families(some)


def _some(ids: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while some := list(islice(rest, TOGETHER)):
        yield some


def _about(person: Person, family: FamilyView) -> list[Any]:
    return [case for case in family.cases if case.concerned_id == person.pk]


def _rest(person: Person, cases: list[Any]) -> None:
    """Every case is closed, and nothing of it waits to be done."""
    if still := [case.number for case in cases if not case.is_closed]:
        words = _("Expected every case about %(no)s to be closed, but %(cases)s is not; bring it to its end first")
        raise NotAllowedNow(words % {"no": person.no, "cases": _shortened(still)}, code="open_cases")
    waiting = Delivery.objects.filter(case_id__in=[case.pk for case in cases])
    if still := sorted(set(waiting.values_list("case__number", flat=True))):
        words = _("Expected nothing to be under way, but %(cases)s waits for a worker; try again when it is done")
        raise NotAllowedNow(words % {"cases": _shortened(still)}, code="under_way")


def _shortened(numbers: list[str]) -> str:
    more = f" (+{len(numbers) - 5})" if len(numbers) > 5 else ""
    return _(", ").join(numbers[:5]) + more


def _found(person: Person, families: list[FamilyView], cases: list[Any]) -> Erasure:
    ids = {case.pk for case in cases}
    found = Erasure(person.no, sorted(case.number for case in cases))
    found.texts = sum(len(texts) for _event, texts in _texts_of(person, ids))
    given = [file for family in families for file in family.evidence if file.case_id in ids]
    own = {digest for case in cases for digest in case.own_files()}
    found.files = sorted(own | {file.sha256 for file in given if file.added_at})
    for family in families:
        for document in family.documents:
            if document.case_id in ids:
                (found.closed_off if is_kept(document, now()) else found.documents).append(str(document.pk))
    found.named_in = _named_in(person, ids)
    found.exported = _exported(set(found.numbers))
    return found


def _texts_of(person: Person, ids: Iterable[int]) -> Iterator[tuple[int, list[dict[str, str]]]]:
    """(event, its texts) of the cases, and of the person's own row."""
    for some in _some(ids):
        yield from EventText.objects.filter(event__case_id__in=some).values_list("event_id", "texts")
    about = CaseEvent.objects.filter(stream="org", action__in=ABOUT_PERSONS, texts__isnull=False)
    for pk, entry, texts in about.values_list("pk", "entry", "texts__texts"):
        if ledger.data_of(entry)["person"] == person.no:
            yield pk, texts


def _named_in(person: Person, ids: set[int]) -> list[str]:
    """Others' cases in which the person had a part and somebody wrote the name."""
    shared = Party.objects.filter(person=person).exclude(case_id__in=ids).values("case_id")
    texts = EventText.objects.filter(event__case_id__in=shared).values_list("event__case__number", "texts")
    called = _by_number(person)
    return sorted({number for number, said in texts if any(called(t := one["text"]) != t for one in said)})


def _exported(numbers: set[str]) -> list[str]:
    """The cases of which somebody has a copy."""
    entries = CaseEvent.objects.filter(stream="access", action="exported").values_list("entry", flat=True)
    return sorted({number for entry in entries if (number := ledger.case_of(entry)) in numbers})


# How it goes


def _forget_family(person: Person, family: FamilyView, found: Erasure) -> dict[str, str]:
    """The words of the person's cases are gone: beside the entries and wherever a row repeats them. The digests of the
    rows as they are now, by number."""
    cases = _about(person, family)
    ids = [case.pk for case in cases]
    said = _said(EventText.objects.filter(event__case_id__in=ids).values_list("event__case_id", "texts"))
    recorder, rows = Recorder(guard=(family.row, "version")), {}
    for case in cases:
        changed = _without_words(case, said.get(case.pk, set()))
        rows[case.number] = sealed_row(case)
        recorder.update(case, [*changed, "salt"])
    gone = [d for d in family.documents if str(d.pk) in found.documents]
    for row in (*gone, *(file for file in family.evidence if file.case_id in ids and file.added_at)):
        blank = {"snapshot": ""} if isinstance(row, Document) else {"name": "", "shows": ""}
        row.__dict__.update(blank)
        recorder.update(row, blank)
    try:
        recorder.send()
    except Conflict:
        words = _("Expected to be alone on %(case)s, but somebody changed it; look at it and repeat")
        raise NotAllowedNow(words % {"case": cases[0].number}) from None
    EventText.objects.filter(event__case_id__in=ids).delete()
    for case in cases:
        index_anew(case)
    return rows


def _said(rows: Iterable[tuple[int, list[dict[str, str]]]]) -> Words:
    found: Words = {}
    for case_id, texts in rows:
        names = ([part for part in text["path"].split(".") if not part.isdigit()][-1] for text in texts)
        said = {(name, text["text"]) for name, text in zip(names, texts, strict=True) if text["text"]}
        found.setdefault(case_id, set()).update(said)
    return found


def _without_words(case: Any, said: set[tuple[str, str]]) -> list[str]:
    """The fields of the type's own row that repeated what was said, now without it."""
    anywhere = {text for _name, text in said if not CODE.fullmatch(text)}

    def without(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {key: without(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [without(item, name) for item in value]
        return "" if isinstance(value, str) and (value in anywhere or (name, value) in said) else value

    changed = []
    for own in type(case)._meta.local_concrete_fields:
        before = getattr(case, own.attname)
        after = without(before, own.name) if isinstance(own, JSONField) or isinstance(before, str) else before
        if after != before:
            setattr(case, own.attname, after)
            changed.append(own.name)
    return changed


def _forget_person(person: Person) -> None:
    """The number stands for the name; keys, notices and what tables repeated of the person are gone."""
    called = _by_number(person)
    EventText.objects.filter(event__in=[event for event, _texts in _texts_of(person, ())]).delete()
    Notice.objects.filter(person=person).delete()
    shared = Party.objects.filter(person=person).values("case_id")
    for notice in Notice.objects.filter(case_id__in=shared):
        _change(notice, "values", called)
    for run in ImportRun.objects.all():
        _change(run, "problems", called)
    moment = now()
    SigningKey.objects.filter(person=person, revoked_at=None).update(revoked_at=moment)
    SigningKey.objects.filter(person=person).update(private_key="", certificate="")
    accounts = Account.objects.filter(person=person)
    LoginFailure.objects.filter(subject__in=accounts.values("username")).delete()
    accounts.update(first_name="", last_name="", email="", password="!")
    Leave.objects.filter(person=person).update(reason="")
    person.name, person.email, person.erased_at = person.no, "", moment
    person.save(update_fields=["name", "email", "erased_at"])


def _by_number(person: Person) -> Callable[[str], str]:
    """Gives a text with the number instead of the name; longer names that contain it are somebody else's."""
    longer = Person.objects.filter(name__contains=person.name).values_list("name", flat=True)
    names = re.compile("|".join(re.escape(name) for name in sorted(set(longer), key=len, reverse=True)))
    return lambda text: names.sub(lambda found: person.no if found.group() == person.name else found.group(), text)


def _change(row: Any, column: str, change: Callable[[str], str]) -> None:
    """Every text in the row's JSON is changed so."""

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: changed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [changed(item) for item in value]
        return change(value) if isinstance(value, str) else value

    before = getattr(row, column)
    if (after := changed(before)) != before:
        type(row)._default_manager.filter(pk=row.pk).update(**{column: after})


# Files, after the commit


def _files_go(found: Erasure) -> int:
    """A delivery that takes the files out of the store, however often somebody is killed."""
    pk, moment = new_key(), now()
    papers = Document.objects.filter(pk__in=found.documents).values_list("file_sha256", "draft_sha256")
    payload = {"evidence": found.files, "documents": sorted({digest for pair in papers for digest in pair if digest})}
    Delivery.objects.create(
        id=pk, kind="erase_files", payload=payload, dedup=f"erase_files:{pk}", created_at=moment, due_at=moment
    )
    return pk


@handles("erase_files")
def erase_files(delivery: Any) -> None:
    """The files are no longer in the store, but those that something else is still about."""
    evidence, documents = delivery.payload["evidence"], delivery.payload["documents"]
    forgotten = {"case__concerned__erased_at__isnull": False}
    for row in Evidence.objects.filter(added_at=None, **forgotten):
        discard(row)
    used = Evidence.objects.filter(sha256__in=evidence).exclude(**forgotten)
    for digest in set(evidence) - set(used.values_list("sha256", flat=True)):
        store.remove(settings.EVIDENCE_FOLDER, digest)
        store.remove(settings.PEAKS_FOLDER, digest)
    issued = Document.objects.filter(file_sha256__in=documents).exclude(snapshot="")
    for digest in set(documents) - set(issued.values_list("file_sha256", flat=True)):
        store.remove(settings.DOCUMENT_FOLDER, digest)
