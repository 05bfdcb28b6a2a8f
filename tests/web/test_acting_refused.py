"""What goes wrong at a form: nothing is written, nothing typed is lost, and nobody learns what is not theirs."""

from typing import Any

import pytest
from django.test import Client
from lxml import html

from casework.domain.law import Law, laws
from casework.domain.perform import perform
from casework.models import Account, Case, CaseEvent, Document
from casework.web.fields import Shape, shapes_of
from tests.conftest import acting
from tests.factories import (
    STATEMENT,
    advance,
    arbitration,
    blind_scores,
    credential,
    deliver_all,
    dispute,
    evaluation,
    panel,
    recording,
)
from tests.web.acting import CLAIM, Visit, do, file_on
from tests.web.visiting import browser

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7|add:1 }}{% now 'Y' %}"
ACCEPTED = {
    f"criteria.{code}.{name}": [value]
    for code in ("QC4", "QA5")
    for name, value in (("decision", "accept"), ("reasons", "听过"))
}
GIVEN = {name: [value] for name, value in CLAIM.items()}


@pytest.fixture
def scored(db, time) -> str:
    """ann's evaluation of 84.00, opened by her, with its recording."""
    number = evaluation()
    recording(number)
    return number


def words(response: Any) -> str:
    """What the page says, without the mark of its forms, which is another each time."""
    return " ".join(html.fromstring(response.content or b"<p>").text_content().split())


def answers_of(visit: Visit) -> list[str]:
    """What a page shows of the answers, row by row."""
    return [" ".join(part.text_content().split()) for part in visit.page.xpath("//*[contains(@class, 'answered')]")]


def everything_written() -> tuple[int, list[tuple[str, int, str]]]:
    """All cases with their heads; entries about who read what aside."""
    cases = list(Case.objects.order_by("pk").values_list("number", "seq", "head"))
    return CaseEvent.objects.exclude(stream="access").count(), cases


# --- what is wrong with the answers


def test_answers_by_ann_that_are_wrong_are_said_at_the_top_and_at_the_field(scored):
    before = everything_written()
    wrong = {**GIVEN, "criteria.QC4.claimed": ["99"], "criteria.QC4.reasons": ["  "], "criteria.QC4.seconds": ["0:3x"]}
    visit = file_on("ann", scored).send(**wrong)
    assert visit.status == 422 and visit.page.xpath("//title")[0].text.startswith("Error")
    assert len(visit.errors()) == 2 and any("Why: It is missing" in line for line in visit.errors())
    assert any("no time of the recording" in line for line in visit.errors())
    links = visit.page.xpath("//section[@id='problem']//a/@href")
    assert all(visit.page.xpath(f"//*[@id='{link[1:]}']") for link in links)
    described = visit.page.xpath("//textarea[@name='criteria.QC4.reasons']/@aria-describedby")[0]
    assert "It is missing" in visit.page.xpath(f"//*[@id='{described}']")[0].text_content()
    assert visit.fields()["criteria.QC4.claimed"] == ["99"] and visit.fields()["criteria.QC4.seconds"] == ["0:3x"]
    assert everything_written() == before


def test_answers_by_ann_that_the_guards_refuse_are_said_at_their_field(scored):
    visit = file_on("ann", scored).send(**{**GIVEN, "criteria.QC4.claimed": ["9.3"]})
    assert visit.status == 422 and "steps of 0.5" in visit.errors()[0] and "QC4" in visit.errors()[0]
    assert visit.page.xpath("//input[@name='criteria.QC4.claimed']/@aria-invalid") == ["true"]


def test_answers_by_ann_when_nothing_is_ticked_say_so(scored):
    visit = file_on("ann", scored).send(**{"criteria.QA5.reasons": ["nicht angekreuzt"]})
    assert visit.status == 422 and "tick at least one" in visit.errors()[0]


def test_answers_by_qin_that_leave_a_row_out_are_refused_where_it_stands(db, time):
    number = dispute(upto="forwarded")
    deliver_all()
    visit = do("qin", number, "rule").send(criteria__QC4__decision=["other"], criteria__QC4__reasons=["x"])
    assert visit.status == 422
    assert len(visit.errors()) == 2 and all(line.startswith("QA5") for line in visit.errors())


@pytest.mark.parametrize("text", [HOSTILE, "\x00", "a" * 20_001, "\u202e反", "𠮷堃"])
def test_text_by_ann_stays_text_wherever_it_is_shown(scored, text: str):
    visit = file_on("ann", scored).send(**{**GIVEN, "criteria.QC4.reasons": [text], "criteria.QC4": [text]})
    shown = [visit.text]
    if visit.status == 200:
        shown += [visit.confirmed().text]
        number = Case.objects.get(type="disputes.ScoreDispute").number
        shown += [do("ian", number, "give_statement").text]
    else:
        assert visit.status == 422 and visit.errors()
    for page in shown:
        assert "<script>alert" not in page and "<img src=x" not in page and "onerror=alert(2)>" not in page
    assert text != HOSTILE or "{{ 7|add:1 }}" in shown[-1]


def test_field_that_nobody_asked_for_is_dropped_when_ann_sends_it(scored):
    visit = file_on("ann", scored).send(
        **GIVEN, **{"criteria.QX9": ["yes"], "criteria.QX9.reasons": ["x"], "no": ["y"]}
    )
    assert visit.status == 200 and "QX9" not in visit.text


# --- twice, late, and after somebody else


def test_sent_twice_by_ann_is_done_once_and_answered_alike(scored):
    visit = file_on("ann", scored).send(**GIVEN)
    again = {**visit.fields(), "step": ["send"]}
    first = visit.send("send").response["Location"]
    assert visit.post(again).status == 303 and visit.response["Location"] == first
    assert visit.post({**again, "step": ["check"]}).status == 303 and visit.response["Location"] == first
    assert Case.objects.filter(type="disputes.ScoreDispute").count() == 1


def test_sent_again_by_ann_with_other_answers_leads_to_what_was_recorded(scored):
    visit = do("ann", scored, "question").send(text=["Warum?"])
    again = {**visit.fields(), "step": ["send"]}
    first = visit.send("send").response["Location"]
    visit.post({**again, "text": ["Etwas anderes"]})
    assert visit.status == 409 and first in visit.text and "Etwas anderes" in visit.said()


def test_two_tabs_of_ann_file_one_dispute(scored):
    one, two = file_on("ann", scored).send(**GIVEN), file_on("ann", scored).send(**GIVEN)
    one.confirmed()
    two.send("send")
    assert two.status == 409 and "DSP-" in two.said() and "语速正常" in two.said()
    assert Case.objects.filter(type="disputes.ScoreDispute").count() == 1


def test_ruling_by_qin_on_what_has_moved_since_says_what_and_sends_again(db, time):
    number = dispute(upto="stated")
    perform(number, "forward", acting("lee"))
    deliver_all()
    visit = do("qin", number, "rule")
    perform(number, "claim", acting("qin"))
    visit.send(**ACCEPTED)
    assert visit.status == 409 and "What has happened since you looked" in visit.said()
    assert "Task claimed" in visit.said() and "听过" in visit.said()
    visit.send("change")
    assert visit.status == 200 and visit.fields()["criteria.QC4.reasons"] == ["听过"]
    visit.send().confirmed()
    assert Case.objects.get(number=number).state == "signing"


def test_ruling_by_qin_that_became_stale_on_the_last_page_may_be_sent_all_the_same(db, time):
    number = dispute(upto="forwarded")
    deliver_all()
    visit = do("qin", number, "rule").send(**ACCEPTED)
    perform(number, "claim", acting("qin"))
    visit.send("send")
    assert visit.status == 409 and Case.objects.get(number=number).state == "reviewing"
    visit.confirmed()
    assert Case.objects.get(number=number).state == "signing"


def test_forwarding_by_lee_after_the_withdrawal_keeps_nothing_and_says_why(db, time):
    number = dispute()
    visit = do("lee", number, "return_to_agent").send(reasons=["请补充证据"])
    perform(number, "withdraw", acting("ann"))
    visit.send("send")
    assert visit.status == 409 and "请补充证据" in visit.said() and "Withdrawn by the agent" in visit.said()
    assert not visit.page.xpath("//main//form")


def test_appeal_by_ann_after_its_time_keeps_what_she_wrote(db, time):
    number = dispute(upto="issued")
    perform(number, "read", acting("ann"))
    visit = do("ann", number, "appeal").send(**{"criteria.QC4": ["yes"], "criteria.QC4.reasons": ["请复听"]})
    time.on(days=10)
    visit.client = browser("ann")
    visit.send("send")
    assert visit.status == 409 and "请复听" in visit.said() and "the ruling is final" in visit.said()


def test_release_by_qin_whose_seat_is_gone_is_refused_with_words(db, time):
    number = dispute(upto="forwarded")
    visit = do("qin", number, "release")
    key = visit.fields()
    visit.confirmed()
    visit.address = f"/cases/{number}/do/release"
    visit.post({**key, "key": ["another"], "step": ["send"]})
    assert visit.status in (403, 409) and "Expected" in visit.said()


# --- signing


def test_signing_by_qin_with_a_wrong_password_is_refused_and_asked_again(db, time):
    number, password = dispute(upto="ruled"), credential("qin")
    deliver_all()
    visit = do("qin", number, "sign").send("send", credential=["wrong"])
    assert visit.status == 403 and "not accepted" in visit.said() and "wrong" not in visit.page.xpath("//input/@value")
    assert Document.objects.get(case__number=number).state == "drafted"
    visit.send("send", credential=[password])
    assert visit.status == 303


def test_signing_by_whoever_guesses_at_qins_password_is_slowed_down(db, time):
    number, password = dispute(upto="ruled"), credential("qin")
    deliver_all()
    visit = do("qin", number, "sign")
    for _guess in range(6):
        visit.send("send", credential=["guess"])
    assert visit.status == 429 and "too many" in visit.said()
    assert visit.send("send", credential=[password]).status == 429
    time.on(minutes=2)
    assert visit.send("send", credential=[password]).status == 303


def test_signing_by_qin_before_the_draft_is_drawn_is_told_to_wait(db, time):
    number = dispute(upto="ruled")
    visit = do("qin", number, "sign")
    assert visit.status == 409 and "still being drawn" in visit.said()


def test_secret_by_qin_never_comes_back_in_a_page(db, time):
    number = dispute(upto="ruled")
    deliver_all()
    visit = do("qin", number, "sign")
    for step in ("check", "change", "send"):
        visit.send(step, credential=["topsecret-1"])
        assert "topsecret-1" not in visit.text


# --- who may not


def test_get_by_anybody_changes_nothing(db, time):
    number, unread = dispute(upto="issued"), evaluation(reader=None)
    before = everything_written()
    for login in ("ann", "ian", "lee", "qin", "aud", "root"):
        for spec in laws()["disputes.ScoreDispute"].actions:
            for address in (f"/cases/{number}/do/{spec}", f"/cases/{unread}/open/disputes.ScoreDispute"):
                assert browser(login).get(address).status_code in (200, 302, 403, 404, 409), (login, address)
    assert everything_written() == before


def test_post_by_ann_without_the_forms_mark_is_refused(scored):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(Account.objects.get(username="ann"), backend="django.contrib.auth.backends.ModelBackend")
    answer = strict.post(f"/cases/{scored}/do/acknowledge", {"step": "send", "key": "k", "seen": "3"})
    assert answer.status_code == 403 and CaseEvent.objects.filter(action="acknowledge").count() == 0


@pytest.mark.parametrize("way", ["do/acknowledge", "do/nonsense", "open/disputes.ScoreDispute", "open/x.Y", "done/1"])
def test_foreign_number_by_bo_is_answered_like_a_missing_one(scored, way: str):
    bo = browser("bo")
    foreign, missing = (bo.get(f"/cases/{n}/{way}") for n in (scored, "EVL-2026-999999"))
    assert foreign.status_code == missing.status_code == 404
    assert words(foreign) == words(missing)
    sent = [bo.post(f"/cases/{n}/{way}", {"step": "send", "key": "k"}) for n in (scored, "EVL-2026-999999")]
    assert sent[0].status_code == sent[1].status_code and words(sent[0]) == words(sent[1])


def test_confirmation_of_ann_is_not_shown_to_lee(scored):
    visit = file_on("ann", scored).send(**GIVEN).confirmed()
    assert browser("lee").get(visit.address).status_code == 404


def test_draft_that_ann_may_not_know_shows_in_no_form_that_is_refused(db, time):
    number = dispute(upto="ruled")
    ticked = {"criteria.QC4": ["yes"], "criteria.QC4.reasons": ["请复听"], "step": ["check"], "key": ["k"]}
    drafted = do("ann", number, "appeal").post(ticked)
    assert drafted.status == 409 and "请复听" in drafted.said()
    assert "Ruled" not in drafted.said() and "部分语速过快" not in drafted.said()
    undecided = do("ann", dispute(evaluation(), upto="forwarded"), "appeal").post(ticked)
    assert answers_of(undecided)[-1] == answers_of(drafted)[-1]


def test_system_action_by_qin_is_refused(db, time):
    number = dispute()
    assert do("qin", number, "bypass").status == 403
    assert Visit("qin", f"/cases/{number}/open/arbitration.Arbitration").status == 403


def test_blind_arbitrator_learns_nothing_from_forms_errors_or_keys(db, time):
    number = arbitration()
    seats = panel(number)
    first, second, third = seats.values()
    before = [do(third, number, way).said() for way in ("score_blind", "vote", "waive_challenge", "recuse")]
    perform(number, "score_blind", acting(first), blind_scores(number))
    perform(number, "waive_challenge", acting("ann"))
    perform(number, "score_blind", acting(second), blind_scores(number))
    after = [do(third, number, way).said() for way in ("score_blind", "vote", "waive_challenge", "recuse")]
    assert before == after
    visit = do(third, number, "score_blind")
    assert visit.fields()["seen"] == ["1"] and visit.fields()["seq"] == ["0"]
    for hidden in ("语速", "84", "claim", "DSP-", "EVL-", "ann", "王"):
        assert hidden not in visit.said(), hidden
    wrong = visit.send(**{name: ["99"] for name in visit.fields() if name.endswith(".value")})
    assert wrong.status == 422 and "DSP-" not in wrong.said()
    values = {name: ["8"] for name in wrong.fields() if name.endswith(".value")}
    done = wrong.send(seen=["77"], **values).confirmed()  # whatever others did meanwhile is not theirs to notice
    assert "Ledger" not in done.said() and "Challenge" not in done.said()


# --- a login that ran out


def test_login_that_ran_out_brings_ann_back_and_says_honestly_what_was_lost(scored):
    visit = do("ann", scored, "question")
    visit.client.logout()
    visit.response = visit.client.post(visit.address, {**visit.fields(), "text": "Warum?", "step": "check"},
                                       headers={"referer": f"http://testserver{visit.address}"})  # fmt: skip
    assert visit.status == 302 and "login" in visit.response["Location"]
    assert "unsent" in visit.response["Location"]
    back = Visit("ann", f"{visit.address}?unsent=1")
    assert "Your login had run out" in back.said() and "did not keep it" in back.said()
    assert "Your login had run out" not in do("ann", scored, "question").said()


# --- every law


@pytest.mark.parametrize("law", laws().values(), ids=laws().keys())
def test_form_of_every_action_of_the_law_asks_in_words(law: Law):
    for spec in law.actions.values():
        if not spec.is_system and (not spec.opening or spec.subject):
            for shape in _inside(shapes_of(spec.form)):
                assert shape.kind == "key" or str(shape.ask.label), f"{law.label}.{spec.name} asks for {shape.name}"


def _inside(shapes: tuple[Shape, ...]) -> list[Shape]:
    return [*shapes, *(inner for shape in shapes for inner in _inside(shape.fields))]


def test_statement_given_beside_the_form_is_what_ian_hears(db, time):
    number = dispute()
    visit = do("ian", number, "give_statement")
    perform(number, "give_statement", acting("ian"), STATEMENT)
    visit.send(**{"criteria.QC4.text": ["zweite"], "criteria.QA5.concede": ["yes"]})
    assert visit.status == 409 and "zweite" in visit.said()
    advance(number, "forwarded")
