"""A director gives more time at the page: which deadline, by how much, why."""

from tests.factories import dispute
from tests.seen import due
from tests.web.acting import do
from tests.web.visiting import browser


def test_director_extends_a_deadline_at_the_page_which_does_not_urge_them_to(db, time):
    number = dispute(upto="forwarded")
    page = browser("fang").get(f"/cases/{number}").content.decode()
    assert f"/cases/{number}/do/extend_clock" in page and "btn btn-primary w-100" not in page
    visit = do("fang", number, "extend_clock")
    assert "Review, due 2026-11-05 18:00 +08:00: extend by 2 working days" in visit.said()
    visit.send()
    assert visit.status == 422 and len(visit.errors()) == 2
    visit.send(clock=["review"], reasons=["录音需要翻译。"])
    assert "extend by 2 working days" in visit.said() and due(number, "review") == "2026-11-05 18:00"
    visit.confirmed()
    assert due(number, "review") == "2026-11-09 18:00"
