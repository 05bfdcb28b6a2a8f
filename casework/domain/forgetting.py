"""How rows lose what was said about a person, and the person their name."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.models import JSONField
from django.utils.translation import gettext as _

from casework.domain import ledger
from casework.domain.ended_keys import end_keys
from casework.domain.errors import Conflict, NotAllowedNow
from casework.domain.now import now
from casework.domain.reading import FamilyView
from casework.domain.recorder import Recorder
from casework.domain.row_digest import sealed_row
from casework.domain.searching import index_anew
from casework.models import (
    Account,
    CaseEvent,
    EventText,
    ImportRun,
    Leave,
    Notice,
    Party,
    Person,
    SigningKey,
)

ABOUT_PERSONS = ("person_added", "person_changed")
CODE = re.compile(r"[\w.:+-]{1,60}", re.ASCII)  # what may be a code as well as somebody's words
Said = set[tuple[str, str]]  # what was said, with the name that it was said under
Texts = list[dict[str, str]]


def texts_of(cases: Iterable[int], person: Person | None = None) -> Iterator[tuple[int, Texts]]:
    """(event, its texts) of the cases, and of the person's own row."""
    yield from EventText.objects.filter(event__case_id__in=cases).values_list("event_id", "texts")
    if person is None:
        return
    about = CaseEvent.objects.filter(stream="org", action__in=ABOUT_PERSONS, texts__isnull=False)
    for pk, entry, texts in about.values_list("pk", "entry", "texts__texts"):
        if ledger.data_of(entry)["person"] == person.no:
            yield pk, texts


def forget_family(person: Person, family: FamilyView, documents: frozenset[str]) -> dict[str, str]:
    """The words of the person's cases are gone: beside the entries and wherever a row repeats them, with those of these
    documents. The digests of the rows as they are now, by number."""
    cases = [case for case in family.cases if case.concerned_id == person.pk]
    ids = [case.pk for case in cases]
    said = _said(EventText.objects.filter(event__case_id__in=ids).values_list("event__case_id", "texts"))
    recorder, rows = Recorder(guard=(family.row, "version")), {}
    for case in cases:
        changed = _without_words(case, said.get(case.pk, set()))
        rows[case.number] = sealed_row(case)
        recorder.update(case, [*changed, "salt"])
    for document in family.documents:
        if str(document.pk) in documents:
            _blank(document, {"snapshot": ""}, recorder)
    for file in family.evidence:
        if file.case_id in ids and file.added_at:
            _blank(file, {"name": "", "shows": ""}, recorder)
    try:
        recorder.send()
    except Conflict:
        words = _("Expected to be alone on %(case)s, but somebody changed it; look at it and repeat")
        raise NotAllowedNow(words % {"case": cases[0].number}) from None
    EventText.objects.filter(event__case_id__in=ids).delete()
    for case in cases:
        index_anew(case)
    return rows


def _blank(row: Any, values: dict[str, str], recorder: Recorder) -> None:
    row.__dict__.update(values)
    recorder.update(row, values)


def _said(rows: Iterable[tuple[int, Texts]]) -> dict[int, Said]:
    found: dict[int, Said] = {}
    for case_id, texts in rows:
        names = ([part for part in text["path"].split(".") if not part.isdigit()][-1] for text in texts)
        said = {(name, text["text"]) for name, text in zip(names, texts, strict=True) if text["text"]}
        found.setdefault(case_id, set()).update(said)
    return found


def _without_words(case: Any, said: Said) -> list[str]:
    """The fields of the type's own row that repeated what was said, now without it."""
    anywhere = {text for _name, text in said if not CODE.fullmatch(text)}

    def without(value: Any, names: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {key: without(item, (*names, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [without(item, names) for item in value]
        return "" if isinstance(value, str) and (value in anywhere or any((n, value) in said for n in names)) else value

    changed = []
    for own in type(case)._meta.local_concrete_fields:
        before = getattr(case, own.attname)
        after = without(before, (own.name,)) if isinstance(own, JSONField) or isinstance(before, str) else before
        if after != before:
            setattr(case, own.attname, after)
            changed.append(own.name)
    return changed


def forget_person(person: Person) -> None:
    """The number stands for the name; keys, notices and what tables repeated of the person are gone."""
    called = by_number(person)
    EventText.objects.filter(event__in=[event for event, _texts in texts_of((), person)]).delete()
    Notice.objects.filter(person=person).delete()
    shared = Party.objects.filter(person=person).values("case_id")
    for notice in Notice.objects.filter(case_id__in=shared):
        _change(notice, "values", called)
    for run in ImportRun.objects.all():
        _change(run, "problems", called)
    moment = now()
    end_keys(SigningKey.objects.filter(person=person))
    SigningKey.objects.filter(person=person).update(certificate="")
    Account.objects.filter(person=person).update(first_name="", last_name="", email="", password="!")
    Leave.objects.filter(person=person).update(reason="")
    person.name, person.email, person.erased_at = person.no, "", person.erased_at or moment
    person.save(update_fields=["name", "email", "erased_at"])


def by_number(person: Person) -> Callable[[str], str]:
    """Gives a text with the number where a name of the person stands, or a mail address, also an earlier one; a longer
    name that contains it is somebody else's."""
    mine = {person.name, person.email, *person.accounts.values_list("email", flat=True)} - {""}
    mine |= {one["text"] for _event, texts in texts_of((), person) for one in texts if one["text"]}
    longer = {n for name in mine for n in Person.objects.filter(name__contains=name).values_list("name", flat=True)}
    every = "|".join(re.escape(name) for name in sorted(mine | longer, key=len, reverse=True))
    # A name may stand between Chinese characters; within a word of Latin letters it is none.
    found = re.compile(rf"(?<![A-Za-z0-9_])(?:{every})(?![A-Za-z0-9_])")
    return lambda text: found.sub(lambda name: person.no if name.group() in mine else name.group(), text)


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
