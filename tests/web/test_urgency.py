"""A director says at the page how urgent a case is; whoever owes the work sees it in the inbox and at the case."""

from casework.domain.perform import perform
from tests.conftest import acting
from tests.factories import dispute
from tests.seen import due
from tests.web.acting import do
from tests.web.visiting import browser


def test_director_changes_the_urgency_at_the_page_knowing_what_follows(db, time):
    number = dispute(upto="forwarded")
    visit = do("fang", number, "prioritise")
    assert "Urgent (Review within 1 working day)" in visit.said() and "Normal (" not in visit.said()
    visit.send()
    assert visit.status == 422 and len(visit.errors()) == 2
    visit.send(urgency=["urgent"], reasons=["坐席月底离职。"])
    visit.confirmed()
    assert due(number, "review") == "2026-11-04 18:00"


def test_urgent_case_says_so_in_the_inbox_and_at_its_head(db, time):
    number = dispute(upto="forwarded")
    qin = browser("qin")
    chip = '<span class="chip soon">Urgent</span>'
    assert not [address for address in ("/inbox", f"/cases/{number}") if chip in qin.get(address).content.decode()]
    perform(number, "prioritise", acting("fang"), {"urgency": "urgent", "reasons": "坐席月底离职。"})
    assert all(chip in qin.get(address).content.decode() for address in ("/inbox", f"/cases/{number}"))
    assert "Normal (Review within 2 working days)" in do("fang", number, "prioritise").said()
