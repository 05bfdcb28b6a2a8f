"""The arbitration: a panel drawn by lot scores blind, votes, signs, and its sealed award moves the score."""

import hashlib
import json
from typing import Any

from casework.domain.authority import bars_in
from casework.domain.decide import state_label
from casework.domain.directory import directory
from casework.domain.errors import OutOfScope
from casework.domain.now import now
from casework.domain.perform import perform
from casework.domain.reading import read_family
from casework.domain.sealing import seal_ledger
from casework.domain.verification import verify_ledger
from casework.domain.wording import bar_words
from casework.models import Case, CaseEvent
from casework.queries import case_list, events_of, show_case
from demo import script
from demo.play import (
    DemoFailed,
    Play,
    acting,
    all_refused,
    deliver,
    due,
    expect,
    login_of,
    named,
    person_no,
    whose,
)
from workflows.arbitration.models import Arbitration
from workflows.arbitration.panels import SEATS, listed

PANEL = {seat: number for number, seat in enumerate(SEATS, 1)}


def run(play: Play) -> None:
    """The award binds, was served and is genuine; every chain of the ledger is whole."""
    appeal(play)
    panel = draw(play)
    waive_challenges(play)
    refuse(play, panel)
    look_around(play, panel)
    score_blind(play, panel)
    vote(play, panel)
    sign(play, panel)
    serve(play)
    play.verify(play.arbitration, play.award)
    check_ledger(play)


def appeal(play: Play) -> None:
    with play.stage.step(
        named("ann"), "asks for arbitration 提请仲裁 of both: QC4 (ruled 6) and QA5 (ruled 5), 10 each"
    ) as note:
        perform(play.dispute, "appeal", acting("ann"), script.APPEAL)
        deliver()
        play.arbitration = Case.objects.get(type="arbitration.Arbitration", subject__number=play.dispute).number
        score = play.score()
        expect(score.state == "provisional", f"the evaluation is {score.state}")
        note(f"{play.arbitration}; the score of {score.score} is provisional 待定 again")


def draw(play: Play) -> dict[str, str]:
    """{seat: login}, as the lot had it."""
    entry = entry_of(play.arbitration, "open")
    with play.stage.step(
        "(by lot)", "three arbitrators 仲裁员 are seated: the claim reaches a band that pay depends on"
    ) as note:
        expect(len(entry["choices"]) == 3, "the panel is not one of three")
        for choice in entry["choices"]:
            loads = ", ".join(f"{login_of(no)}:{load}" for no, load in choice["loads"].items())
            note(f"arbitrator {PANEL[choice['seat']]}: {whose(choice['chosen'])}, out of (open cases 在办) {loads}")
        note_the_barred(play, note)
        note_the_lot(play, entry, note)
    panel = {choice["seat"]: login_of(choice["chosen"]) for choice in entry["choices"]}
    expect(set(panel.values()) <= set(script.ARBITRATORS), f"{panel} have no signing keys")
    return panel


def note_the_barred(play: Play, note: Any) -> None:
    """Who could never be drawn here, whatever else they are."""
    family, book = read_family(play.arbitration), directory()
    seats = (family.case(play.arbitration).pk, "|".join(SEATS))
    note("barred 回避 in the whole family are")
    for person, bars in bars_in(family, book, now(), seat=seats).items():
        note(f"  {whose(book.persons[person].no)}: {'; '.join(bar_words(bar, book) for bar in bars)}")


def note_the_lot(play: Play, entry: dict[str, Any], note: Any) -> None:
    """Anyone can draw it again: from the number and the digest of the appeal, among the least loaded by number."""
    digest = CaseEvent.objects.get(stream=f"case:{play.dispute}", action="appeal").digest
    lot = hashlib.sha256(f"{play.arbitration}{digest}".encode()).hexdigest()
    for choice in entry["choices"]:
        least = min(choice["loads"].values())
        tied = sorted(no for no, load in choice["loads"].items() if load == least)
        expect(choice["chosen"] == tied[int(lot, 16) % len(tied)], "the lot drawn again gives somebody else")
    note(f"lot 抽签, drawn again and the same: SHA-256 of {play.arbitration} and the appeal's digest = {lot}")
    note(f"check criteria 对照 by the same lot: {', '.join(entry['data']['controls']['codes'])}")


def waive_challenges(play: Play) -> None:
    with play.stage.step("ann, ian", "could challenge an arbitrator 申请回避; neither does") as note:
        note(f"they could until {due(play.arbitration, 'challenge')}")
        perform(play.arbitration, "waive_challenge", acting("ann"))
        perform(play.arbitration, "waive_challenge", acting("ian"))


def refuse(play: Play, panel: dict[str, str]) -> None:
    codes = listed(arbitration_of(play), read_family(play.arbitration))
    left = next(login for login in script.ARBITRATORS if login not in panel.values())
    sign = {"document_sha256": "0" * 64, "credential": ""}
    with play.stage.step(
        "(everyone)", "who does not sit tries to score 盲评, vote 表决 and sign 签署: each is refused"
    ) as note:
        for login, part in {**script.TRY_TO_ARBITRATE, left: "is an arbitrator who was not drawn"}.items():
            tries = (("score_blind", blind_scores(codes, 0)), ("vote", ballot(0)), ("sign", sign))
            note(f"{login} {part}: {all_refused(play.arbitration, login, tries)}")


def look_around(play: Play, panel: dict[str, str]) -> None:
    """Whoever sits blind knows the list and the recording; of the rest there is nothing for them."""
    first = panel[SEATS[0]]
    with play.stage.step(
        named(first), "an arbitrator looks for what was scored, disputed and ruled: nothing there"
    ) as note:
        for number in (play.evaluation, play.dispute):
            note(f"{number}: {hidden(number, first)}")
        known = {case["number"] for case in case_list(acting(first).person_id)["cases"]}
        expect(play.arbitration in known, f"{first} does not see {play.arbitration}")
        expect(known.isdisjoint({play.evaluation, play.dispute}), f"{first} sees {sorted(known)}")
        note(f"to vote before all have scored: {all_refused(play.arbitration, first, [('vote', ballot(0))])}")
        told = ", ".join(to_score(play, first))
        note(f"all they are shown of {play.arbitration}: a recording, the rubric, and to score {told}")


def score_blind(play: Play, panel: dict[str, str]) -> None:
    for place, login in enumerate(panel.values()):
        last = place == len(panel) - 1
        sealed = "; the last one reveals all 同时公开" if last else "; it stays sealed 密封"
        with play.stage.step(named(login), "listens and scores blind 盲评" + sealed) as note:
            scores = blind_scores(to_score(play, login), place)
            perform(play.arbitration, "score_blind", acting(login), scores)
            arbitration = arbitration_of(play)
            expect(arbitration.state == ("voting" if last else "scoring"), f"it is {arbitration.state}")
            if last:
                note_the_scores(play, arbitration, note)
            else:
                expect_sealed(play, "score_blind", ("ann", "ian"))
    deliver()


def note_the_scores(play: Play, arbitration: Arbitration, note: Any) -> None:
    original = play.score().original
    for code in listed(arbitration, read_family(play.arbitration)):
        given = " / ".join(scores[code]["score"] for scores in arbitration.scores.values())
        check = " (check 对照)" if code in arbitration.controls["codes"] else ""
        note(f"{code}: {given}; the inspector gave {original[code]['score']}{check}")


def vote(play: Play, panel: dict[str, str]) -> None:
    for place, login in enumerate(panel.values()):
        with play.stage.step(
            named(login), "now sees the whole matter, but no names, and votes with reasons 表决"
        ) as note:
            matter = json.dumps(show_case(play.arbitration, acting(login)), ensure_ascii=False, default=str)
            expect(person_no("ann") not in matter, f"{login} reads who the agent is")
            perform(play.arbitration, "vote", acting(login), ballot(place))
            expect_sealed(play, "vote", ("ann", "ian"))
            note(", ".join(f"{code} {votes[place][0]}" for code, votes in script.VOTES.items()))
    with play.stage.step("(panel)", "the median decides, nobody ends up worse off; the award is drafted") as note:
        deliver()
        for code, found in arbitration_of(play).findings.items():
            values = " / ".join(value for value, _reasons in script.VOTES[code])
            dissent = ", ".join(panel[seat] for seat in found["dissent"])
            awarded = found["awarded"]["score"]
            expect(awarded == script.AWARDED[code], f"{code} is awarded {awarded}")
            note(f"{code}: ruled {found['before']['score']}; votes {values}, so {awarded}; dissent 不同意见: {dissent}")
        note(f"draft drawn: SHA-256 {play.document(play.arbitration).file_sha256}")


def sign(play: Play, panel: dict[str, str]) -> None:
    for login in panel.values():
        with play.stage.step(named(login), "reads the award and signs it with their own key 签署"):
            play.sign(play.arbitration, login)
    with play.stage.step(
        "(company)", "seals the award 用章; issued 出具, it binds, and the score moves with it"
    ) as note:
        deliver()
        moved = play.score()
        expect((moved.state, str(moved.score)) == ("final", "93.50"), f"the score is {moved.state}, {moved.score}")
        ends = {number: Case.objects.get(number=number).state for number in (play.arbitration, play.dispute)}
        expect(ends == {play.arbitration: "awarded", play.dispute: "final"}, f"they ended as {ends}")
        note(f"{play.arbitration} -> {play.dispute} -> {play.evaluation}: 90.00 -> {moved.score}, which is final 终局")


def serve(play: Play) -> None:
    with play.stage.step(named("ann"), "opens the award 仲裁决定书, which serves it 送达") as note:
        perform(play.arbitration, "read", acting("ann"))
        deliver()
        note(
            f"{play.arbitration} is {state_label(arbitration_of(play))} 终局; a director may reopen it once, with cause"
        )


def check_ledger(play: Play) -> None:
    with play.stage.step("(anyone)", "verifies the ledger 校验台账") as note:
        seal_ledger()
        found = verify_ledger()
        expect(found.ok and not found.waiting, f"the ledger is broken: {found.problems[:1]}")
        note(f"whole: {found.checked} entries in {found.streams} chains, {found.placed} of them in the signed log")


def hidden(number: str, login: str) -> str:
    """What the person is told of a case in which there is nothing for them."""
    try:
        show_case(number, acting(login))
    except OutOfScope as refusal:
        return str(refusal)
    raise DemoFailed(f"{login} sees {number}")


def expect_sealed(play: Play, action: str, logins: tuple[str, ...]) -> None:
    """These people see that it was done, and not what."""
    for login in logins:
        found = [e for e in events_of(play.arbitration, acting(login)) if e["entry"]["action"] == action]
        expect(found and all(e["withheld"] for e in found), f"{login} reads what others did in {action}")


def to_score(play: Play, login: str) -> list[str]:
    """The list, as whoever scores blind is shown it."""
    return [item["criterion"] for item in show_case(play.arbitration, acting(login))["details"]["criteria"]]


def blind_scores(codes: list[str], place: int) -> dict[str, Any]:
    """What the arbitrator in that place scores."""
    return {"criteria": [{"criterion": code, "value": script.BLIND[code][place]} for code in codes]}


def ballot(place: int) -> dict[str, Any]:
    return {
        "criteria": [
            {"criterion": code, "value": votes[place][0], "reasons": votes[place][1]}
            for code, votes in script.VOTES.items()
        ]
    }


def arbitration_of(play: Play) -> Arbitration:
    return Arbitration.objects.get(number=play.arbitration)


def entry_of(number: str, action: str) -> dict[str, Any]:
    """The last entry of that action in the ledger."""
    return json.loads(CaseEvent.objects.filter(stream=f"case:{number}", action=action).latest("seq").entry)
