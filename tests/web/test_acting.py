"""The main job by forms alone, as a browser without scripts does it."""

import pytest

from casework.domain.perform import perform
from casework.models import Case, CaseEvent, Document
from tests.conftest import acting
from tests.factories import arbitration, credential, deliver_all, dispute, evaluation, panel, recording
from tests.web.acting import CLAIM, do, file_on
from tests.web.visiting import browser, statements


@pytest.fixture
def scored(db, time) -> str:
    """ann's evaluation of 84.00, opened by her, with its recording."""
    number = evaluation()
    recording(number)
    return number


def last_event(number: str) -> CaseEvent:
    return CaseEvent.objects.filter(stream=f"case:{number}").latest("seq")


def test_dispute_by_forms_alone_goes_from_filing_to_the_appeal(scored):
    visit = file_on("ann", scored).send(**{name: [value] for name, value in CLAIM.items()})
    assert visit.status == 200 and "Nothing has been recorded yet" in visit.said() and "语速正常" in visit.said()
    assert not Case.objects.filter(type="disputes.ScoreDispute").exists()
    visit.confirmed()
    number = Case.objects.get(type="disputes.ScoreDispute").number
    assert visit.address.startswith(f"/cases/{number}/done/") and number in visit.said()
    assert "Facts are wrong" in visit.said() and "语速正常" in visit.said() and "0:35" in visit.said()
    assert "Screen the dispute" in visit.said() and "State or concede" in visit.said()

    stated = do("ian", number, "give_statement")
    assert "语速正常" in stated.said() and "0:35" in stated.said()
    stated.send(criteria__QC4__text=["听到语速过快"]).confirmed()

    forwarded = do("lee", number, "forward")
    assert "Confirm: Forward to QA" in forwarded.said()
    forwarded.confirmed()

    deliver_all()
    ruled = do("qin", number, "rule")
    assert "听到语速过快" in ruled.said() and "王" not in ruled.said()
    ruled.send(criteria__QC4__decision=["other"], criteria__QC4__value=["6"], criteria__QC4__reasons=["部分过快"])
    assert "Another value" in ruled.said()
    ruled.confirmed()

    deliver_all()
    draft, password = Document.objects.get(case__number=number), credential("qin")
    signed = do("qin", number, "sign")
    assert f"/documents/{draft.pk}.pdf" in signed.text and draft.file_sha256 in signed.said()
    signed.send("send", credential=[password])
    assert signed.status == 303 and last_event(number).action == "sign"
    assert password not in last_event(number).entry

    deliver_all()
    perform(number, "read", acting("ann"))
    appealed = do("ann", number, "appeal")
    assert "部分过快" in appealed.said()
    appealed.send(criteria__QC4=["yes"], criteria__QC4__reasons=["请复听"]).confirmed()
    assert "ARB-" in appealed.said() and Case.objects.get(number=number).state == "appealed"


def test_accept_by_ann_makes_the_ruling_final(db, time):
    number = dispute(upto="issued")
    perform(number, "read", acting("ann"))
    visit = do("ann", number, "accept").confirmed()
    assert "Accept the ruling" in visit.said() and Case.objects.get(number=number).state == "final"


def test_panel_by_forms_alone_scores_blind_votes_and_signs(db, time):
    number = arbitration()
    passwords = {login: credential(login) for login in panel(number).values()}
    for login in passwords:
        scored = do(login, number, "score_blind")
        values = [name for name in scored.fields() if name.endswith(".value")]
        assert len(values) == 4 and scored.fields()[values[0]] == [""]
        scored.send(**{name: ["8"] for name in values}).confirmed()
    for login in ("ann", "ian"):
        do(login, number, "waive_challenge").confirmed()
    for login in passwords:
        vote = do(login, number, "vote")
        assert "Blind scores" in vote.said() and "语速正常" in vote.said()
        answers = {f"criteria.{c}.{n}": [v] for c in ("QC4", "QA5") for n, v in (("value", "8"), ("reasons", "经复听"))}
        vote.send(**answers).confirmed()
    deliver_all()
    for login, password in passwords.items():
        signed = do(login, number, "sign").send("send", credential=[password])
        assert signed.status == 303
    deliver_all()
    assert Case.objects.get(number=number).state == "awarded"


def test_dispute_of_one_criterion_by_ann_takes_at_most_ten_interactions(scored):
    """A click, a key command or a field counts one each."""
    case_page = browser("ann").get(f"/cases/{scored}").content.decode()
    assert f"/cases/{scored}/open/disputes.ScoreDispute" in case_page
    visit, opened = file_on("ann", scored), 1
    changed = {name: value for name, value in CLAIM.items() if visit.fields().get(name) != [value]}
    assert "criteria.QC4.claimed" not in changed  # full points stand there
    visit.send(**{name: [value] for name, value in changed.items()}).confirmed()
    assert opened + len(changed) + len(["go on", "confirm"]) <= 10


def test_rows_not_ticked_by_ann_are_left_out(scored):
    visit = file_on("ann", scored)
    visit.send(**{name: [value] for name, value in CLAIM.items()}, criteria__QA5__reasons=["nicht angekreuzt"])
    assert "nicht angekreuzt" not in visit.said()
    visit.confirmed()
    claims = Case.objects.get(type="disputes.ScoreDispute").scoredispute.claims
    assert list(claims) == ["QC4"] and claims["QC4"]["seconds"] == [35]


def test_change_by_ann_brings_back_what_she_wrote(scored):
    visit = file_on("ann", scored).send(**{name: [value] for name, value in CLAIM.items()}).send("change")
    assert visit.status == 200 and visit.fields()["criteria.QC4.reasons"] == [CLAIM["criteria.QC4.reasons"]]


def test_question_by_ann_with_several_lines_arrives_as_written(scored):
    do("ann", scored, "question").send(text=["Zeile eins\r\n  Zeile zwei"]).confirmed()
    assert last_event(scored).texts.texts[0]["text"] == "Zeile eins\n  Zeile zwei"


def test_correction_by_ian_offers_every_criterion_of_the_rubric(scored):
    visit = do("ian", scored, "propose_correction")
    visit.send(
        **{"changes.QC4": ["yes"], "changes.QC4.value": ["４．５"], "changes.QC4.reasons": ["听错了"]}
    ).confirmed()
    assert Case.objects.get(number=scored).evaluation.pending_correction["values"]["QC4"]["score"] == "4.5"


def test_challenge_by_ann_offers_whoever_sits(db, time):
    number = arbitration()
    visit = do("ann", number, "challenge")
    people = visit.page.xpath("//input[@name='against']/@value")
    assert len(people) == 3
    visit.send(against=[people[0]], reasons=["有利害关系"]).confirmed()
    assert Case.objects.get(number=number).arbitration.challenges[0]["person"] == people[0]


def test_recusal_by_an_arbitrator_is_confirmed_although_the_case_is_gone_from_sight(db, time):
    number = arbitration()
    login = next(iter(panel(number).values()))
    visit = do(login, number, "recuse")
    assert "Kinship" in visit.said()
    visit.send(category=["interest"], text=["vertraulich"])
    answers = visit.fields()
    visit.confirmed()
    assert "Interest in the outcome" in visit.said()
    assert "no more part in this case" in visit.said() and visit.client.get(f"/cases/{number}").status_code == 404
    again = visit.client.post(f"/cases/{number}/do/recuse", {**answers, "step": "send"})
    assert again.status_code == 303 and again["Location"] == visit.address


def test_form_by_ann_costs_the_same_for_any_number_of_criteria(db, time):
    small, large = evaluation(), evaluation(deductions={f"QA{n}": "1" for n in range(1, 7)})
    ann = browser("ann")
    ann.get(f"/cases/{small}")
    costs = {
        len(statements(lambda number=number: ann.get(f"/cases/{number}/open/disputes.ScoreDispute")))
        for number in (small, large)
    }
    assert len(costs) == 1 and max(costs) <= 6, costs


def test_form_that_asks_for_places_stands_beside_the_recording_they_are_in(scored):
    visit = file_on("ann", scored)
    assert visit.page.xpath("//section[contains(@class, 'recording')]//audio")
    assert visit.page.xpath("//input[@name='criteria.QC4.seconds'][@data-seconds]")
    assert visit.page.xpath("//ul[@class='marks']//b[text()='QC4']"), "the second that the inspector named"


def test_form_of_a_blind_scorer_names_nobody_beside_the_recording(db, time):
    number = arbitration(upto="opened")
    visit = do(panel(number)["arbitrator_1"], number, "score_blind")
    assert visit.page.xpath("//section[contains(@class, 'recording')]//audio")
    assert not visit.page.xpath("//ul[@class='marks']")
