"""The case page as each person sees it."""

import html
import re

import pytest

from casework.domain.perform import perform
from casework.models import Clock, Party, Person
from tests.conftest import acting
from tests.factories import advance, arbitration, ballot, blind_scores, dispute, evaluation, panel, recording
from tests.seen import case
from tests.web.visiting import browser, statements

pytestmark = pytest.mark.django_db
CODE = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b|\{'|\bNone\b|\bTrue\b|\bFalse\b")


def page(login: str, number: str, query: str = "", language: str = "en") -> str:
    client = browser(login)
    response = client.get(f"/cases/{number}{query}", headers={"accept-language": language})
    assert response.status_code == 200, response.content
    return response.content.decode()


def words(text: str) -> str:
    """What is read on the page, without its addresses."""
    shown = re.sub(r"<(script|style)\b.*?</\1>", " ", text, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", shown)).split())


def name_of(number: str, role: str) -> str:
    return Party.objects.filter(case__number=number, role=role).select_related("person")[0].person.name


def questioned(number: str, times: int) -> str:
    """The evaluation, asked about by the agent that often and answered each time."""
    for _ in range(times):
        perform(number, "question", acting("ann"), {"text": "为什么扣分？"})
        perform(number, "answer", acting("ian"), {"text": "见录音第35秒"})
    return number


def rows(text: str, kind: str) -> int:
    return len(re.findall(rf'<t(?:r|body) class="{kind}"', text))


# Who sees what


def test_everybody_reads_words_and_no_codes_at_every_step(time):
    number = dispute()
    for step in ("filed", "stated", "forwarded", "ruled", "signed", "issued"):
        if step != "filed":
            advance(number, step)
        for login, language in (("ann", "en"), ("ian", "zh-hans"), ("lee", "en"), ("aud", "zh-hans")):
            for seen in (number, case(number).subject.number):
                read = words(page(login, seen, "?rows=all", language))
                assert not CODE.findall(read), (step, login, seen, CODE.findall(read))


def test_everybody_reads_words_and_no_codes_of_an_award(time):
    number = arbitration(upto="awarded")
    for login in ("ann", "aud", *panel(number).values()):
        read = words(page(login, number, "?rows=all"))
        assert not CODE.findall(read), (login, CODE.findall(read))


def test_agent_reads_claim_statement_and_nothing_of_a_draft(time):
    number = dispute(upto="ruled")
    read = words(page("ann", number))
    assert "语速正常，见录音第35秒" in read and "听到语速过快" in read and "Facts are wrong" in read
    assert "部分语速过快" not in read and "Another value" not in read
    assert "withheld until it is issued" in read


def test_agent_reads_the_ruling_once_it_is_issued(time):
    number = dispute(upto="issued")
    read = words(page("ann", number))
    assert "部分语速过快" in read and "Another value" in read and "withheld" not in read
    assert "84.00" in read and "99.00" in read and "90.00" in read  # original, claimed, ruled


def test_reviewer_reads_parts_instead_of_names(time):
    number = dispute(upto="forwarded")
    names = [name_of(number, role) for role in ("agent", "inspector")]
    text = page("qin", number)
    assert "Names of the parties are hidden" in text and "Scoring inspector" in text
    for secret in (*names, "A1001", "Q202"):
        assert secret not in text


def test_leader_sees_names_and_what_they_can_do(time):
    number = dispute()
    text = page("lee", number)
    assert name_of(number, "agent") in text and f'href="/cases/{number}/do/forward"' in text
    assert "Why not something else?" in text


def test_agent_reading_the_evaluation_can_file_a_dispute_on_it(time):
    number = evaluation()
    assert f'href="/cases/{number}/open/disputes.ScoreDispute"' in page("ann", number)


@pytest.mark.parametrize("login", ["bo", "abe", "root"])
def test_stranger_and_unknown_number_get_the_same_page(time, login):
    number, client = dispute(), browser(login)
    answers = [client.get(f"/cases/{asked}") for asked in (number, f"{number[:-6]}999999")]
    assert [answer.status_code for answer in answers] == [404, 404]
    own = re.compile(rb"DSP-2026-\d{6}|\"[A-Za-z0-9]{64}\"")  # the address that was asked for, and the form's mark
    assert own.sub(b"", answers[0].content) == own.sub(b"", answers[1].content)


def test_opening_the_page_serves_the_evaluation_on_its_agent_alone(time):
    number = evaluation(reader=None)
    page("aud", number)
    assert case(number).served_at is None
    assert "Opened by the agent" in page("ann", number)
    assert case(number).served_how == "opened"


# Criteria


def test_agent_sees_original_and_present_value_of_each_criterion(time):
    number = dispute(upto="issued")
    text = page("ann", case(number).subject.number)
    assert rows(text, "disputed") == 2 and rows(text, "undisputed") == 8
    assert "语速过快" in text and "originally 84.00" in words(text)


def test_switch_shows_only_what_is_disputed_until_all_is_asked_for(time):
    number = dispute()
    assert "only-disputed" in page("ann", number) and "only-disputed" not in page("ann", number, "?rows=all")
    evaluated = case(number).subject.number
    assert "only-disputed" not in page("ann", evaluated)
    assert "only-disputed" in page("ann", evaluated, "?rows=disputed")


def test_score_in_dispute_is_said_to_be_provisional_wherever_it_stands(time):
    number = dispute()
    for seen in (number, case(number).subject.number):
        assert "provisional" in words(page("ann", seen))
    assert "provisional" not in words(page("ann", evaluation()))


def test_panel_reads_votes_once_the_last_is_in_and_the_parties_once_it_is_issued(time):
    number = arbitration(upto="revealed")
    seated = panel(number)
    login = seated["arbitrator_1"]
    assert "blind" in words(page(login, number)) and "Vote of Arbitrator 1" not in words(page(login, number))
    for voter in seated.values():
        perform(number, "vote", acting(voter), ballot(number))
    read = words(page(login, number))
    assert "Vote of Arbitrator 1" in read and "经复听录音并合议" in read
    assert "Vote of Arbitrator 1" not in words(page("ann", number))


def test_html_in_a_reason_stays_text(time):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    number = dispute(criteria=[{"criterion": "QC4", "claimed": "10", "ground": "fact_wrong", "reasons": evil}])
    text = page("ann", number)
    assert evil not in text and "<img src=x" not in text and html.escape("<script>alert(1)") in text


def test_page_holds_no_inline_script_or_style(time):
    number = dispute(upto="issued")
    for seen in (number, case(number).subject.number, arbitration(number, upto="awarded")):
        text = page("ann", seen)
        assert not re.findall(r"<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:", text)


# Timeline


def timeline_of(login: str, number: str, query: str = "") -> str:
    """The words of the timeline alone; deadlines name the same events."""
    return words("<" + page(login, number, query).partition('id="timeline"')[2])


def test_timeline_says_who_did_what_with_which_right(time):
    number = dispute(upto="forwarded")
    read = timeline_of("ann", number)
    newest, oldest = read.index("Forwarded by the team leader"), read.index("Filed by the agent")
    assert newest < oldest
    leader = re.search(r"(\S+) Forwarded by the team leader 2026-11-03 10:00 · (Team leader, \S+)", read)
    assert leader and leader.group(1) == Person.objects.get(no="L301").name


def test_timeline_filtered_shows_that_kind_only(time):
    number = dispute(upto="issued")
    decisions, evidence, system = (
        timeline_of("ann", number, f"?kind={kind}") for kind in ("decisions", "evidence", "system")
    )
    assert "Ruling drafted by the reviewer" in decisions and "Filed by the agent" not in decisions
    assert "Statement made by the inspector" in evidence and "Ruling drafted" not in evidence
    assert "Draft of the document drawn" in system and "Filed by the agent" not in system
    checked = timeline_of("ann", case(number).subject.number, "?kind=evidence")
    assert "Recording checked against its registered digest" in checked


def test_long_timeline_comes_in_pages(time):
    number = questioned(evaluation(), 50)
    newest = page("ann", number)
    older = re.search(r'rel="next" href="([^"]+)#timeline"', newest)
    assert newest.count('class="entry"') == 100 and older
    rest = page("ann", number, html.unescape(older.group(1)))
    assert rest.count('class="entry"') == 3 and "Published by a QA lead" in rest and 'rel="next"' not in rest


@pytest.mark.parametrize("query", ["?kind=x", "?before=-1", "?before=1e3", "?before=99999999999999999999", "?before=²"])
def test_timeline_asked_for_nonsense_is_refused_in_words(time, query):
    response = browser("ann").get(f"/cases/{dispute()}{query}")
    assert response.status_code == 422 and b"open the case again" in response.content


def test_confidential_text_is_read_by_whom_it_is_meant_for(time):
    number = dispute(upto="forwarded")
    perform(number, "recuse", acting("qin"), {"category": "kinship", "text": "表亲关系"})
    assert "表亲关系" not in page("ann", number) and "Reviewer recused" in page("ann", number)


# The blind room


def test_blind_scorer_sees_recording_list_and_own_limit_and_nothing_else(time):
    number = evaluation()
    digest = recording(number)
    paper = dispute(number, upto="issued")
    arb = arbitration(paper)
    login = panel(arb)["arbitrator_1"]
    text = page(login, arb)
    read = words(text)
    assert digest in text and f'href="/cases/{arb}/do/score_blind"' in text and "Score the recording blind" in read
    secrets = [name_of(paper, "agent"), name_of(paper, "inspector"), "语速", paper, number, "84.00", "Timeline",
               "disputed", "check", "Linked", "CALL-", *(n for s, n in panel(arb).items() if n != login)]  # fmt: skip
    for secret in secrets:
        assert secret not in read, secret
    assert "data-at" not in text and "0:35" not in read
    assert browser(login).get(f"/cases/{arb}/chart.svg").status_code == 404


def test_blind_scorer_who_submitted_sees_own_scores(time):
    arb = arbitration()
    login = panel(arb)["arbitrator_1"]
    perform(arb, "score_blind", acting(login), blind_scores(arb))
    read = words(page(login, arb))
    assert "Your score" in read and "sealed" in read


# The chart


def test_agent_sees_the_way_of_the_case_as_a_picture(time):
    number = dispute(upto="forwarded")
    response = browser("ann").get(f"/cases/{number}/chart.svg")
    assert response.status_code == 200 and response["Content-Type"] == "image/svg+xml"
    assert "sandbox" in response["Content-Security-Policy"] and response["X-Content-Type-Options"] == "nosniff"
    assert f"{number} is here".encode() in response.content
    assert browser("bo").get(f"/cases/{number}/chart.svg").status_code == 404


# What it costs


def test_page_asks_the_same_of_the_database_however_much_stands_on_it(time):
    small = dispute(criteria=[{"criterion": "QC4", "claimed": "10", "ground": "fact_wrong", "reasons": "语速正常"}])
    large = arbitration(upto="awarded")
    paper = case(large).subject.number
    # Whether what was decided is issued yet is one more question, and whether what is issued is stamped another.
    for login, decided in (("aud", 6), ("ann", 7)):
        client = browser(login)
        for number, most in ((small, 5), (paper, decided), (large, decided)):
            client.get(f"/cases/{number}")  # what is read for the first time is recorded
            asked = statements(lambda: client.get(f"/cases/{number}"))  # noqa: B023
            assert len(asked) == most, asked
    assert Clock.objects.filter(case__number=paper).count() > Clock.objects.filter(case__number=small).count()


def test_page_asks_the_same_however_long_its_timeline(time):
    short, long, client = evaluation(), questioned(evaluation(), 60), browser("ann")
    counts = [len(statements(lambda: client.get(f"/cases/{number}"))) for number in (short, short, long)]  # noqa: B023
    assert counts[1] == counts[2] <= 6
