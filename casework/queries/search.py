"""What somebody types into the search, as a condition on cases.

Every word has to fit: as the start of a case number, or its end (2026-000034, 000034, 34), as one of the case's ids, as
staff number or part of the name of the person concerned, in the name of the case's type (申诉), or in the texts of its
claims. Whoever decides in a family finds it by its numbers and ids only, since names are hidden from them and texts may
hold names; whoever scores blind finds their case by its number alone. A role's name beside other words says no more
than they do (坐席 A1001)."""

import re
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _
from django.utils.translation import override

from casework.domain.directory import Directory
from casework.domain.errors import InvalidInput
from casework.domain.law import laws
from casework.domain.policy import current_policy
from casework.domain.searching import is_chinese, pairs, runs
from casework.models import Case, Numbering, SearchToken
from casework.queries.blind import sitting_blind

LONGEST = 64
MOST_WORDS = 8
NUMBER_START = re.compile(r"([a-z]{3})(?:-[0-9]{1,4}(?:-[0-9]{1,12})?)?")
NUMBER_END = re.compile(r"(?:([0-9]{4})-)?([0-9]{1,9})")
SHORT_RANGE = len("EVL-2026-000")  # of a case number's start, from which few numbers fit
_names: dict[str, tuple[Directory, list[tuple[int, list[str]]]]] = {}


def found_by(q: str, person_id: int | None, decided: set[int], book: Directory) -> Q:
    """Cases that `q` finds for this person; `decided` are the families in which they decide."""
    if len(q) > LONGEST or not q.isprintable():
        raise InvalidInput(_("Expected at most %(most)d printable characters to search for") % {"most": LONGEST})
    wanted = _words(q)
    if not wanted:
        return Q(pk__in=())
    found, blind = Q(), sitting_blind(person_id).values("case_id")
    for word in wanted[:MOST_WORDS]:
        if _is_number(word):
            found &= _starting(word.upper())
        elif end := NUMBER_END.fullmatch(word):
            told = _told_by(word, decided, book).exclude(case_id__in=blind).values("case_id")
            found &= Q(pk__in=_ending(*end.groups()).union(told))
        else:
            found &= _telling(word, decided, book) & ~Q(pk__in=blind)
    return found


def _words(q: str) -> list[str]:
    found = list(dict.fromkeys(runs(q)))
    labels = [role.label for role in current_policy().roles.values()]
    roles = {run for label in labels for text in (label.zh, label.en) for run in runs(text)}
    return [word for word in found if word not in roles] or found


def _is_number(word: str) -> bool:
    fits = NUMBER_START.fullmatch(word)
    return fits is not None and any(law.prefix.casefold() == fits.group(1) for law in laws().values())


def _starting(start: str) -> Q:
    """By a range of numbers where it is short. Else nearly every case fits, and going backwards through all of them
    fills a page at once; told the type, a database would rather read and sort all of that type."""
    found = Q(number__startswith=start)
    if len(start) >= SHORT_RANGE:
        found &= Q(number__gte=start, number__lte=start + "9" * 12)
    return found


def _ending(year: str | None, count: str) -> QuerySet:
    """By whole numbers: one of each type and year that has given as many."""
    given = Numbering.objects.filter(last__gte=int(count), **({"year": int(year)} if year else {}))
    end = Value(f"-{int(count):06d}")
    numbers = given.annotate(number=Concat("prefix", Value("-"), Cast("year", CharField()), end))
    return Case.objects.filter(number__in=numbers.values("number")).values("pk")


def _telling(word: str, decided: set[int], book: Directory) -> Q:
    found = Q(pk__in=_told_by(word, decided, book).values("case_id"))
    for start, told in _titles():
        if _fits(word, told):
            found |= _starting(start)
    return found


def _told_by(word: str, decided: set[int], book: Directory) -> QuerySet:
    """One question to the index a word: the rows of its first pair, or of an id or a person that fits by itself."""
    first, *rest = pairs(word)
    ids = [f"={word}"]
    people = [f"@{person}" for person, told in _told_of(book) if _fits(word, told)]
    rows = SearchToken.objects.filter(token__in=[*ids, *people, first])
    if rest:
        beside = Q()
        for pair in rest:
            beside &= Q(Exists(SearchToken.objects.filter(token=pair, case_id=OuterRef("case_id"))))
        rows = rows.filter(~Q(token=first) | beside)
    if decided:
        rows = rows.filter(Q(token__in=ids) | ~Q(case__family_id__in=sorted(decided)))
    return rows


@cache
def _titles() -> list[tuple[str, list[str]]]:
    """How the numbers of every type start, and its name in all languages at once, as runs."""
    found: dict[str, list[str]] = {law.prefix + "-": [] for law in laws().values()}
    for language, _name in settings.LANGUAGES:
        with override(language):
            for law in laws().values():
                found[law.prefix + "-"] += runs(str(law.model.title))
    return list(found.items())


def _told_of(book: Directory) -> list[tuple[int, list[str]]]:
    """Staff number and name of everybody, as runs; kept as long as the directory itself."""
    held = _names.get("directory")
    if held is None or held[0] is not book:
        held = _names["directory"] = (book, [(p.id, [*runs(p.no), *runs(p.name)]) for p in book.persons.values()])
    return held[1]


def _fits(word: str, told: list[str]) -> bool:
    """Of Chinese a part is enough, of anything else it takes a whole word."""
    return any(word in run for run in told) if is_chinese(word) else word in told


def explained() -> list[Any]:
    """What can be searched for, in words."""
    return [
        _("a case number, its start, or its digits at the end"),
        _("the number of a call, or the id of an evaluation in the system it came from"),
        _("a staff number, or a name or any part of it, of the person concerned"),
        _("a type of case, or words of the claims, also a single Chinese character"),
    ]
