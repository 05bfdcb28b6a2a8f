"""Who may act, to the second; who is barred, and as what; who is chosen."""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from casework.domain.actor import system
from casework.domain.authority import bars_in, choose, explain
from casework.domain.directory import directory
from casework.domain.errors import NotAllowedNow, NotPermitted, OutOfScope, Refusal
from casework.domain.now import now
from casework.domain.perform import open_case, perform
from casework.domain.reading import read_family
from casework.domain.staff import grant, record_leave, revoke
from casework.models import Account, CaseEvent, Grant, Notice, Party, Person, Unit
from tests.conftest import SHANGHAI, acting
from tests.factories import CLAIMS, RULING, STATEMENT, deliver_all, dispute, evaluation, recording


def person(no: str) -> Person:
    return Person.objects.get(no=no)


def unit(code: str) -> Unit:
    return Unit.objects.get(code=code)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def bars(number: str, moment: datetime | None = None) -> dict[str, set[str]]:
    """Codes of every barred person of the case's family, by staff number."""
    family = read_family(number)
    book = directory(family.stamp)
    found = bars_in(family, book, moment or now(), seat=(family.case(number).pk, "reviewer"))
    return {book.persons[p].no: {bar.code for bar in entry} for p, entry in found.items()}


def refusal(call: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value


# Grants begin and end to the second


@pytest.mark.parametrize("seconds, allowed", [(-1, True), (0, False), (1, False)])
def test_perform_when_a_grant_ends_refuses_from_that_second_on(seconds, allowed, db, time):
    number = evaluation(publisher=None)
    given = grant(person("S701"), "qa_lead", unit("OC"), system(), ends_at=at("2026-11-04 12:00"))
    time.to(given.ends_at, seconds=seconds)
    if allowed:
        assert perform(number, "publish", acting("sun")).entry["grant"]["id"] == str(given.pk)
    else:
        assert isinstance(refusal(lambda: perform(number, "publish", acting("sun"))), NotPermitted | OutOfScope)


@pytest.mark.parametrize("seconds, allowed", [(-1, False), (0, True)])
def test_perform_when_a_grant_begins_allows_from_that_second_on(seconds, allowed, db, time):
    number = evaluation(publisher=None)
    given = grant(person("S701"), "qa_lead", unit("OC"), system(), starts_at=at("2026-11-04 12:00"))
    time.to(given.starts_at, seconds=seconds)
    if allowed:
        assert perform(number, "publish", acting("sun")).entry["actor"] == "S701"
    else:
        refusal(lambda: perform(number, "publish", acting("sun")))


def test_perform_when_a_grant_was_revoked_refuses_the_very_next_request(db, time):
    first, second = evaluation(publisher=None), evaluation(publisher=None)
    given = Grant.objects.get(person__no="M401", role="qa_lead")
    actor = acting("qin")
    perform(first, "publish", actor)
    revoke(given, system())
    refusal(lambda: perform(second, "publish", acting("qin")))
    refusal(lambda: perform(second, "publish", acting("qin"), key="k"))
    assert not CaseEvent.objects.filter(stream=f"case:{second}", action="publish").exists()


def test_perform_when_the_key_is_known_but_the_grant_was_lost_refuses(db, time):
    """A repeat shows nothing to whoever may no longer do it."""
    number = evaluation(publisher=None)
    perform(number, "publish", acting("qin"), key="once")
    revoke(Grant.objects.get(person__no="M401", role="qa_lead"), system())
    refusal(lambda: perform(number, "publish", acting("qin"), key="once"))


def test_perform_when_the_grant_is_for_another_unit_refuses(db, time):
    """lee leads 华东一组 and nothing else; chen belongs to 华南一组."""
    number = evaluation(agent="A1003", inspector="Q201", reader="chen")
    case = dispute(number, agent="chen")
    assert isinstance(refusal(lambda: perform(case, "forward", acting("lee"))), OutOfScope)


def test_perform_when_a_unit_lies_above_grants_reach_down(db, time):
    grant(person("S701"), "team_leader", unit("P-EC"), system())
    number = dispute()
    assert perform(number, "forward", acting("sun")).entry["grant"]["unit"] == "P-EC"


def test_perform_when_a_deputy_acts_names_the_principal(db, time):
    """qiu stands in for lee from 2026-11-01 to 2027-01-31."""
    entry = perform(dispute(), "forward", acting("qiu")).entry
    assert entry["grant"]["in_stead_of"] == "L301" and entry["actor"] == "M402"


# Accounts


def test_perform_when_a_second_account_acts_is_the_same_person(db, time):
    """ian scored it as inspector; as QA lead ian2 he is still he."""
    number = evaluation(publisher=None, reader=None)
    assert refusal(lambda: perform(number, "publish", acting("ian2"))).reason == "own_score"
    case = dispute(upto="forwarded")
    barred = refusal(lambda: perform(case, "claim", acting("ian2")))
    assert barred.reason == "barred" and barred.details["bars"] == ["scored"]


@pytest.mark.parametrize("action", ["publish", "read", "acknowledge", "approve_correction", "close_window", "nonsense"])
def test_perform_when_a_superuser_acts_refuses_everything(action, db, time):
    number = evaluation()
    words = str(refusal(lambda: perform(number, action, acting("root"))))
    assert "belongs to no person" in words and "Log in" in words
    refusal(lambda: open_case("disputes.ScoreDispute", acting("root"), CLAIMS, subject=number))


def test_perform_when_a_persons_account_is_superuser_changes_nothing(db, time):
    Account.objects.filter(username="ian2").update(is_superuser=True, is_staff=True)
    case = dispute(upto="forwarded")
    assert refusal(lambda: perform(case, "claim", acting("ian2"))).reason == "barred"


def test_perform_when_a_machine_decides_refuses_and_lets_it_do_the_rest(db, time):
    Account.objects.filter(username="qin").update(is_machine=True)
    number = evaluation()
    case = dispute(number)
    perform(case, "forward", acting("lee"))
    assert "machine" in str(refusal(lambda: perform(case, "claim", acting("qin"))))


def test_perform_when_system_decides_refuses(db, time):
    case = dispute(upto="forwarded")
    assert isinstance(refusal(lambda: perform(case, "claim", system())), NotPermitted)
    assert isinstance(refusal(lambda: perform(case, "forward", system())), NotPermitted)
    assert isinstance(refusal(lambda: perform(case, "bypass", acting("qin"))), NotPermitted)


def test_refusal_when_permission_was_the_reason_stands_in_the_access_stream(db, time):
    case = dispute(upto="forwarded")
    before = CaseEvent.objects.filter(stream=f"case:{case}").count()
    refusal(lambda: perform(case, "claim", acting("ian2")))
    noted = CaseEvent.objects.filter(stream="access").latest("seq")
    assert '"bars":["scored"]' in noted.entry and noted.actor.no == "Q202"
    assert CaseEvent.objects.filter(stream=f"case:{case}").count() == before


# Bars


def test_bars_when_a_dispute_is_open_name_everybody_concerned(db, time):
    found = bars(dispute())
    assert found["A1001"] >= {"agent"}
    assert found["Q202"] >= {"scored"}
    assert found["L301"] >= {"leads_unit", "led_unit_at_call", "led_unit_at_filing"}
    assert found["M402"] >= {"deputy_of_barred"}  # stood in for lee
    assert "M401" not in found


def test_bar_when_somebody_leads_the_unit_only_now(db, time):
    case = dispute()
    time.on(days=1)
    grant(person("M401"), "team_leader", unit("T-EC1"), system(), starts_at=now())
    assert bars(case)["M401"] == {"leads_unit"}
    assert "M401" not in bars(case, now() - timedelta(seconds=1))


def test_bar_when_somebody_led_the_unit_only_at_the_call(db, time):
    """The call was on 2026-10-20; the grant ended the day after."""
    day = at("2026-10-20 00:00")
    grant(person("M401"), "team_leader", unit("P-EC"), system(), starts_at=day, ends_at=day + timedelta(days=1))
    assert bars(dispute())["M401"] == {"led_unit_at_call"}


def test_bar_when_somebody_led_the_unit_only_at_filing(db, time):
    filed = time.set("2026-11-03 10:00")
    grant(
        person("M401"), "team_leader", unit("T-EC1"), system(), starts_at=filed - timedelta(hours=1),
        ends_at=filed + timedelta(hours=1),
    )  # fmt: skip
    case = dispute()
    time.on(hours=2)
    assert bars(case)["M401"] == {"led_unit_at_filing"}


@pytest.mark.parametrize("starts, ends, barred", [
    ("2026-10-10 00:00", "2026-10-19 00:00", False),  # over before the call
    ("2026-10-10 00:00", "2026-10-20 10:00:01", True),  # still stood in at the call (10:00 in Shanghai)
    ("2026-10-21 00:00", "2026-10-22 00:00", True),  # between call and filing, long over
    ("2026-11-03 11:00", "2026-11-04 00:00", False),  # begins after the moment asked about
])  # fmt: skip
def test_bar_when_a_deputys_grant_is_over_counts_from_the_call_on(starts, ends, barred, db, time):
    grant(
        person("M401"), "team_leader", unit("T-EC1"), system(), starts_at=at(starts), ends_at=at(ends),
        principal=person("L301"),
    )  # fmt: skip
    found = bars(dispute()).get("M401", set())
    assert ("deputy_of_barred" in found) is barred
    if barred and ends < "2026-11-03":
        assert found <= {"deputy_of_barred", "led_unit_at_call"}


def test_bar_when_a_deputys_grant_was_revoked_stays(db, time):
    """qiu stood in for lee; revoking it today does not undo that."""
    case = dispute()
    time.on(minutes=1)
    revoke(Grant.objects.get(person__no="M402", principal__no="L301"), system())
    assert "deputy_of_barred" in bars(case)["M402"]


def test_bar_when_somebody_approved_a_correction_decides_no_dispute(db, time):
    number = evaluation()
    recording(number)
    change = {"changes": [{"criterion": "QC4", "value": "5", "reasons": "复核"}]}
    perform(number, "propose_correction", acting("ian"), change)
    perform(number, "approve_correction", acting("qin"))
    perform(number, "read", acting("ann"))
    claim = {"criteria": [{"criterion": "QC4", "claimed": "10", "ground": "fact_wrong", "reasons": "见录音"}]}
    case = dispute(number, **claim)
    assert bars(case)["M401"] == {"decided_before"}
    perform(case, "forward", acting("lee"))
    assert refusal(lambda: perform(case, "claim", acting("qin"))).reason == "barred"


def test_bar_when_explained_is_said_in_words_of_policy(db, time):
    case = dispute()
    family = read_family(case)
    book = directory(family.stamp)
    found = bars_in(family, book, now())
    for person_id in found:
        assert explain(found[person_id], book)
    words = str(refusal(lambda: perform_claim_by_deputy(case)))
    assert "Stood in for a barred person since the call (for L301)" in words


def perform_claim_by_deputy(case: str) -> None:
    perform(case, "forward", acting("lee"))
    perform(case, "claim", acting("qiu"))


def test_bar_when_somebody_sits_does_not_bar_them_from_their_own_seat(db, time):
    case = dispute(upto="forwarded")
    assert "M401" not in bars(case)
    deliver_all()
    perform(case, "rule", acting("qin"), RULING)


# The choice


def chosen(case: str) -> dict[str, Any]:
    """How the reviewer came to the seat, as the event tells."""
    import json

    for event in CaseEvent.objects.filter(stream=f"case:{case}").order_by("-seq"):
        if choices := json.loads(event.entry).get("choices"):
            return choices[-1]
    raise AssertionError("nobody was chosen")


def of_chen(**values: Any) -> str:
    number = evaluation(agent="A1003", inspector="Q201", reader="chen", **values)
    recording(number)
    return dispute(number, agent="chen")


def test_choice_when_all_are_as_loaded_is_by_a_lot_that_anyone_can_draw_again(db, time):
    numbers = []
    for _ in range(6):
        case = of_chen()
        perform(case, "give_statement", acting("ivy"), STATEMENT)
        event = CaseEvent.objects.filter(stream=f"case:{case}").latest("seq")
        perform(case, "forward", acting("liang"))
        told = chosen(case)
        lot = hashlib.sha256(f"{case}{event.digest}".encode()).hexdigest()
        tied = [no for no in told["pool"] if told["loads"].get(no, 0) == min(told["loads"].values())]
        assert told["lot"] == lot and told["chosen"] == tied[int(lot, 16) % len(tied)]
        assert set(told["pool"]) == {"M401", "M402", "Q202"}
        numbers.append(told["chosen"])
    assert max(map(numbers.count, numbers)) == 2  # three persons, six cases: loads even out


def test_choice_when_one_has_less_to_do_is_that_one(db, time):
    for _ in range(2):
        perform(of_chen(), "forward", acting("liang"))
    busy = set(Party.objects.filter(role="reviewer", until=None).values_list("person__no", flat=True))
    case = of_chen()
    perform(case, "forward", acting("liang"))
    told = chosen(case)
    assert told["chosen"] not in busy and told["loads"][told["chosen"]] == 0


def test_choice_when_somebody_is_on_leave_does_not_offer_them(db, time):
    record_leave(person("M401"), date(2026, 11, 3), date(2026, 11, 3), system())
    record_leave(person("M402"), date(2026, 11, 4), date(2026, 11, 30), system())
    case = of_chen()
    perform(case, "forward", acting("liang"))
    told = chosen(case)
    assert told["on_leave"] == ["M401"] and set(told["pool"]) == {"M402", "Q202"}


def test_choice_when_another_is_there_leaves_the_inspectors_superior_out(db, time):
    Person.objects.filter(no="Q201").update(superior=person("M401"))
    case = of_chen()
    perform(case, "forward", acting("liang"))
    assert set(chosen(case)["pool"]) == {"M402", "Q202"}


def test_choice_when_no_other_is_there_takes_the_inspectors_superior(db, time):
    Person.objects.filter(no="Q202").update(superior=person("M401"))
    case = dispute(upto="forwarded")  # ian scored it, qiu stood in for lee: qin alone is free
    told = chosen(case)
    assert told["pool"] == ["M401"] and told["chosen"] == "M401"
    assert set(told["barred"]) == {"M402", "Q202"}


def test_choice_when_nobody_is_free_leaves_the_seat_empty_and_tells_the_director(db, time):
    record_leave(person("M401"), date(2026, 11, 3), date(2026, 11, 30), system())
    case = dispute(upto="forwarded")
    assert chosen(case)["chosen"] is None and chosen(case)["pool"] == []
    assert not Party.objects.filter(case__number=case, role="reviewer").exists()
    deliver_all()
    told = set(Notice.objects.filter(kind="no_reviewer").values_list("person__no", flat=True))
    assert told == {"F801", "F802", "U999"}
    task = read_family(case).tasks[-1]
    assert (task.node, task.person_id, task.role) == ("review", None, "qa_lead")  # in plain sight


def test_choice_when_the_review_is_overdue_takes_the_next_or_keeps_the_only_one(db, time):
    from casework.domain.sweep import fire_due
    from casework.models import Clock

    case = of_chen()
    perform(case, "forward", acting("liang"))
    first = chosen(case)["chosen"]
    time.to(Clock.objects.get(name="review", case__number=case).due_at, seconds=60)
    fire_due()
    second = chosen(case)["chosen"]
    assert second != first
    only = dispute(upto="forwarded")
    time.to(Clock.objects.get(name="review", case__number=only).due_at, seconds=60)
    fire_due()
    assert Party.objects.get(case__number=only, role="reviewer", until=None).person.no == "M401"


def test_choice_when_asked_directly_says_who_was_barred_and_as_what(db, time):
    family = read_family(dispute())
    book = directory(family.stamp)
    case = family.of_type("disputes.ScoreDispute")[0]
    choice = choose(
        case=case, seat="reviewer", role="qa_lead", family=family, book=book, at=now(),
        loads=lambda people: dict.fromkeys(people, 0),
    )  # fmt: skip
    assert choice.shown(book)["chosen"] == "M401"
    assert choice.barred["Q202"] == ["scored"] and "deputy_of_barred" in choice.barred["M402"]


def test_seat_when_taken_is_closed_to_others_and_open_again_after_release(db, time):
    case = of_chen()
    perform(case, "forward", acting("liang"))
    holder = {"M401": "qin", "M402": "qiu", "Q202": "ian2"}[chosen(case)["chosen"]]
    other = next(login for login in ("qin", "qiu", "ian2") if login != holder)
    assert refusal(lambda: perform(case, "claim", acting(other))).reason == "seat_taken"
    perform(case, "release", acting(holder))
    perform(case, "claim", acting(other))
    assert isinstance(refusal(lambda: perform(case, "release", acting(holder))), NotPermitted | NotAllowedNow)
