"""Entries: canonical, chained, committed to what people wrote without holding it."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.canonical import canonical
from casework.domain import ledger
from casework.domain.ledger import FreeText, commit, commitment
from casework.domain.perform import perform
from casework.models import CaseEvent, EventText, StreamHead
from tests.conftest import acting, at_once
from tests.factories import CLAIMS, dispute, evaluation


def test_entry_when_written_is_canonical_and_hashed_as_stored(db, time):
    dispute(upto="forwarded")
    for event in CaseEvent.objects.all():
        assert canonical(json.loads(event.entry)).decode() == event.entry
        assert hashlib.sha256(event.entry.encode()).hexdigest() == event.digest


def test_entry_when_somebody_wrote_text_commits_to_it_without_holding_it(db, time):
    number = dispute()
    event = CaseEvent.objects.get(stream=f"case:{number}", seq=1)
    texts = EventText.objects.get(event=event).texts
    said = [item["reasons"] for item in CLAIMS["criteria"]]
    assert sorted(t["text"] for t in texts) == sorted(said)
    for text in said:
        assert text not in event.entry
    entry = json.loads(event.entry)
    for text in texts:
        value = entry
        for part in text["path"].split("."):
            value = value[int(part)] if isinstance(value, list) else value[part]
        assert value == {"sha256": commitment(text["salt"], text["text"])}


def test_entry_when_the_clear_text_is_erased_still_follows(db, time):
    from tests.laws import invariants

    number = dispute()
    EventText.objects.all().delete()
    invariants.check(number)


def test_commitment_when_the_text_is_the_same_differs_by_salt():
    first, second = [], []
    assert commit(FreeText("同"), first) != commit(FreeText("同"), second)
    assert first[0]["salt"] != second[0]["salt"] and len(first[0]["salt"]) == 32


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(max_size=8).map(FreeText)
    | st.just("plain"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(value=values)
def test_commit_when_given_anything_hides_every_free_text_and_nothing_else(value):
    texts: list[dict[str, str]] = []
    shown = commit(value, texts)

    def free(part):
        if isinstance(part, FreeText):
            return 1
        if isinstance(part, dict):
            return sum(map(free, part.values()))
        return sum(map(free, part)) if isinstance(part, list) else 0

    assert len(texts) == free(value)
    assert free(shown) == 0
    assert len({t["path"] for t in texts}) == len(texts)


def test_note_when_eight_write_at_once_makes_one_chain(real_db):
    before = CaseEvent.objects.filter(stream="access").count()
    results = at_once(*[lambda: [ledger.note("access", "refused", {"n": n}) for n in range(5)]] * 8)
    assert not [r for r in results if isinstance(r, Exception)], results
    events = list(CaseEvent.objects.filter(stream="access").order_by("seq"))
    assert len(events) == before + 40
    previous = "0" * 64
    for number, event in enumerate(events, start=1):
        assert (event.seq, event.previous) == (number, previous)
        previous = event.digest
    head = StreamHead.objects.get(stream="access")
    assert (head.seq, head.head) == (len(events), previous)


def test_note_when_inside_a_transaction_that_is_rolled_back_leaves_nothing(db):
    from django.db import transaction

    before = CaseEvent.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ledger.note("org", "tried", {})
        raise ZeroDivisionError
    assert CaseEvent.objects.count() == before


def test_entry_when_secrets_were_given_holds_none_of_them(db, time):
    number = evaluation()
    actor = acting("ann")
    perform(number, "acknowledge", actor, key="a key that nobody should read")
    event = CaseEvent.objects.get(stream=f"case:{number}", action="acknowledge")
    assert "nobody should read" not in event.entry and event.key is not None
