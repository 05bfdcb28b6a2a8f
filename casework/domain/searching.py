"""By which words a case is found, alike on every database: no engine's own full-text search cuts Chinese into words
as people type them, and no two do it alike.

A text becomes tokens: of Chinese every character and every pair of neighbours, of everything else whole words, all in
one form (NFKC, case folded). A case has three kinds of them: `=word` of its ids, `@person` for the person concerned,
and bare ones of its texts. The names of persons are none: who bears a name is looked up in the directory when somebody
searches, so a changed name is found at once and no name is kept here. See docs/adr/0015-search.md."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction

from casework.domain.law import laws
from casework.domain.recorder import Recorder
from casework.models import Case, SearchToken

CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(rf"[{CHINESE}]+|[^\W_{CHINESE}]+(?:[-_.][^\W_{CHINESE}]+)*")
LONGEST_WORD = 40  # what is longer is cut, here and in what is searched for
MOST_OF_A_TEXT = 2000  # characters: a claim has its matter at its beginning


def runs(text: str) -> list[str]:
    """The text in one form: its stretches of Chinese, and its words."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [run if is_chinese(run) else run[:LONGEST_WORD] for run in RUN.findall(folded)]


def is_chinese(run: str) -> bool:
    return re.match(f"[{CHINESE}]", run) is not None


def pairs(run: str) -> list[str]:
    """What a stretch of Chinese, or a word, is looked up by."""
    return [run[n : n + 2] for n in range(len(run) - 1)] if is_chinese(run) and len(run) > 1 else [run]


def index(case: Any, recorder: Recorder) -> None:
    """What is new in the case's words goes with its step. What a later step takes out stays found: it was said."""
    if case._state.adding:
        _insert(case, _tokens(_told(case)), recorder)
        return
    earlier = object.__new__(type(case))
    earlier.__dict__.update(case.as_read)
    told, before = _told(case), _told(earlier)
    if told != before:
        _insert(case, _tokens(told) - _tokens(before), recorder)


def rebuild(batch: int = 500) -> int:
    """The index is as if every case had just been opened as it now stands; how many cases there are."""
    done = 0
    with transaction.atomic():
        SearchToken.objects.all().delete()
        for law in laws().values():
            for case in law.model.objects.order_by("pk").iterator(batch):
                recorder = Recorder()
                _insert(case, _tokens(_told(case)), recorder)
                recorder.send("statements")
                done += 1
    return done


def index_anew(case: Any) -> None:
    """The case is found by what it says now, and by nothing else."""
    SearchToken.objects.filter(case_id=case.pk).delete()
    recorder = Recorder()
    _insert(case, _tokens(_told(case)), recorder)
    recorder.send("statements")


def _told(case: Case) -> tuple[int | None, tuple[str, ...], tuple[str, ...]]:
    return case.concerned_id, tuple(case.searched_ids()), tuple(case.searched_texts())


def _tokens(told: tuple[int | None, Iterable[str], Iterable[str]]) -> set[str]:
    concerned, ids, texts = told
    found = {f"@{concerned}"} if concerned else set()
    found |= {f"={run}" for text in ids for run in runs(text)}
    return found | {token for text in texts for token in _of_text(text)}


def _of_text(text: str) -> Iterator[str]:
    for run in runs(text[:MOST_OF_A_TEXT]):
        if is_chinese(run):
            yield from run
        yield from pairs(run)


def _insert(case: Case, tokens: set[str], recorder: Recorder) -> None:
    recorder.insert(*(SearchToken(token=token, case_id=case.pk) for token in sorted(tokens)))
