"""What people find in their inbox."""

import base64
import json

import pytest
from django.test import Client
from lxml import html

from casework import queries
from casework.models import Task
from tests.conftest import acting
from tests.factories import arbitration, dispute, evaluation, panel
from tests.web.visiting import browser, statements


def see(login: str, query: str = "", status: int = 200) -> str:
    response = browser(login).get(f"/inbox{query}")
    assert response.status_code == status, response.content.decode()[:500]
    return response.content.decode()


def rows(text: str) -> list[str]:
    return text.split("<tr data-row>")[1:]


def test_inbox_of_ann_shows_what_she_owes_with_its_deadline(db, time):
    number = evaluation()
    (row,) = rows(see("ann"))
    assert number in row and "Acknowledge, ask or dispute" in row and "left" in row and "2026-11-05 18:00" in row


def test_inbox_of_lee_shows_whose_case_it_is_and_what_it_is_about(db, time):
    evaluated = evaluation()
    number = dispute(evaluated)
    (row,) = rows(see("lee", "?view=claimable")) or rows(see("lee"))
    assert number in row and "A1001" in row and f"on {evaluated}" in row


def test_inbox_of_ian_says_of_what_he_owes_whose_case_it_is_and_what_it_is_about(db, time):
    evaluated = evaluation()
    number = dispute(evaluated)
    (row,) = rows(see("ian"))
    assert number in row and "A1001" in row and f"on {evaluated}" in row


def test_inbox_of_whoever_decides_names_no_party(db, time):
    number = dispute(upto="forwarded")
    qin = next(login for login in ("qin", "qiu") if number in see(login))
    (row,) = [row for row in rows(see(qin)) if number in row]
    assert "A1001" not in row and "names hidden" in row
    for view in ("team", "overdue"):
        time.on(days=9)
        assert not [
            row for row in rows(see(qin, f"?view={view}")) if number in row and ("A1001" in row or "Q202" in row)
        ]


def test_inbox_of_a_blind_scorer_tells_the_number_and_the_task(db, time):
    number = arbitration()
    for login in panel(number).values():
        (row,) = [row for row in rows(see(login)) if number in row]
        assert "blind" in row and "A1001" not in row and "DSP-" not in row and "EVL-" not in row


def test_claim_and_giving_back_stand_in_the_row_that_offers_them(db, time):
    from casework.domain.perform import perform

    number = dispute(upto="forwarded")
    qin = next(login for login in ("qin", "qiu") if number in see(login))
    (row,) = [row for row in rows(see(qin)) if number in row]
    assert f"/cases/{number}/do/release" in row and "Give back" in row
    perform(number, "release", acting(qin), {"reasons": "另有急件"} if _wants_reasons("release") else {})
    other = next(login for login in ("qin", "qiu", qin) if number in see(login, "?view=claimable"))
    (row,) = [row for row in rows(see(other, "?view=claimable")) if number in row]
    assert f"/cases/{number}/do/claim" in row


def _wants_reasons(action: str) -> bool:
    from casework.domain.law import laws

    return "reasons" in laws()["disputes.ScoreDispute"].actions[action].form.model_fields


@pytest.mark.parametrize("view", ["mine", "claimable", "team", "overdue"])
def test_inbox_asks_the_database_the_same_however_much_there_is(db, time, view):
    dispute(upto="forwarded")
    clients = {login: browser(login) for login in ("qin", "lee", "ann")}
    counts = {}
    for _ in range(2):
        for login, client in clients.items():
            client.get(f"/inbox?view={view}")
            asked = statements(lambda: client.get(f"/inbox?view={view}"))  # noqa: B023
            counts.setdefault(login, []).append(len(asked))
        for agent in ("A1001", "A1001"):
            dispute(evaluation(agent=agent))
    for login, (few, many) in counts.items():
        assert few == many <= 4, (login, few, many)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=disputes.ScoreDispute", True), ("type=evaluations.Evaluation", False), ("role=team_leader", True),
        ("role=qa_lead", False), ("overdue=0", True), ("overdue=1", False),
    ],
)  # fmt: skip
def test_filters_of_the_address_narrow_the_list(db, time, query, found):
    number = dispute()
    text = see("fang", f"?view=team&{query}")
    assert (number in text) is found and "Clear all" in text or query == "overdue=0"


def test_empty_inbox_says_why(db, time):
    assert "You owe nothing" in see("bo")
    assert "Nothing here fits the filter" in see("bo", "?overdue=1")
    assert "belongs to no person" in see("root")


def _cursor(*place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


NONSENSE = [
    "page=0", f"page={10**19}", "order=password", "view=all", "view=mine&view=team", "type=no.Such", "unit=x",
    "role=root", "overdue=2", "overdue=yes", "limit=100000", "cursor=x", "cursor=%00", "view=%00", "unit=%00",
    f"cursor={_cursor('00000000', None, 1)}", f"cursor={_cursor(None, 10**19)}", f"cursor={_cursor('x', 'y', -1)}",
    f"cursor={'A' * 5000}", "type[]=1", "__proto__=1",
]  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_in_the_address_is_refused_in_words(db, time, query):
    text = see("qin", f"?{query}", 422)
    assert "Expected" in text


def test_cursor_of_another_view_or_filter_is_refused(db, time):
    for _ in range(3):
        dispute(upto="forwarded")
    fang = acting("fang").person_id
    cursor = queries.inbox(fang, "team", limit=1)["next"]
    assert cursor
    see("fang", f"?view=team&cursor={cursor}")
    for query in (f"view=overdue&cursor={cursor}", f"view=team&role=inspector&cursor={cursor}", f"cursor={cursor}"):
        assert "Expected a cursor" in see("fang", f"?{query}", 422)


def test_cursor_with_a_moment_before_all_time_is_refused(db, time):
    fang = acting("fang").person_id
    for _ in range(2):
        dispute()
    kind = json.loads(base64.urlsafe_b64decode(queries.inbox(fang, "team", limit=1)["next"] + "=="))[0]
    for due in ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "x", 5):
        see("fang", f"?view=team&cursor={_cursor(kind, due, 1)}", 422)


def test_pages_of_the_inbox_hold_every_task_once(db, time, monkeypatch):
    for _ in range(28):
        evaluation(publisher=None, agent="A1001")
    client, seen, address = browser("qin"), [], "/inbox?view=claimable"
    while address:
        text = client.get(address).content.decode()
        seen += [row.split("/cases/")[1].split('"')[0] for row in rows(text)]
        following = text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0] if 'rel="next"' in text else ""
        address = "/inbox" + following.replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == Task.objects.filter(node="publish", finished=None).count() == 28


def test_inbox_by_another_method_is_not_allowed(db, time):
    assert Client().post("/inbox").status_code in (302, 405)
    assert browser("ann").post("/inbox").status_code == 405


def test_refusal_to_a_part_of_the_page_stands_above_what_ann_sees(db, time):
    """The rest of the page, and its address, stay as they are."""
    refused = browser("ann").get("/inbox?order=account__password", headers={"HX-Request": "true"})
    assert refused.status_code == 422 and "<html" not in refused.content.decode()
    assert (refused["HX-Retarget"], refused["HX-Reswap"], refused["HX-Push-Url"]) == ("#messages", "innerHTML", "false")


def test_part_of_the_page_asked_for_after_the_session_ended_leads_to_the_login(db, time):
    response = Client().get("/inbox?view=team", headers={"HX-Request": "true"})
    assert response["HX-Redirect"] == "/login?next=%2Finbox%3Fview%3Dteam"


def test_number_beside_the_view_is_the_number_on_its_page(db, time):
    """Also where a decision is left out, since who looks is barred from it; and nothing is counted twice for it."""
    number = dispute(upto="forwarded")
    Task.objects.filter(number=number, role="qa_lead").update(person=None)
    for login in ("qin", "qiu", "ian", "lee"):
        page = html.fromstring(browser(login).get("/inbox?view=claimable").content.decode())
        [beside] = page.xpath("//nav[@class='side']//a[@aria-current='page']/b")
        [above] = page.xpath("//h1/span")
        assert beside.text == above.text, login
    sql = statements(lambda: browser("qin").get("/inbox?view=team"))
    assert not any("COUNT" in one and 'AS "team"' in one for one in sql)
