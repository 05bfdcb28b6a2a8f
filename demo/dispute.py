"""The dispute: filed, heard, forwarded, ruled on by someone who is not involved, signed, sealed and served."""

from casework.domain.perform import open_case, perform
from casework.domain.wording import bar_text, spoken
from demo import script
from demo.play import Play, acting, all_refused, deliver, due, expect, named, person_no, whose


def run(play: Play) -> None:
    """The ruling binds and was served; the score passes."""
    file(play)
    hear(play)
    forward(play)
    refuse(play)
    rule(play)
    sign(play)
    serve(play)
    play.verify(play.dispute, play.ruling)


def file(play: Play) -> None:
    with play.stage.step(
        named("ann"), "opens her evaluation, which serves it 送达: the objection window 异议期 runs"
    ) as note:
        perform(play.evaluation, "read", acting("ann"))
        note(f"until {due(play.evaluation, 'objection')}")
    with play.stage.step(named("ann"), "disputes QC4 语音语速 (0 of 10) and QA5 双向沟通 (5 of 10) 提起申诉") as note:
        opened = open_case("disputes.ScoreDispute", acting("ann"), script.CLAIMS, subject=play.evaluation)
        play.dispute = opened.number
        deliver()
        note(f"{play.dispute}; the score is provisional 待定; the recording is {play.score().recording_state}")


def hear(play: Play) -> None:
    with play.stage.step(named("ian"), "the inspector states their view on both 质检员陈述"):
        perform(play.dispute, "give_statement", acting("ian"), script.STATEMENT)


def forward(play: Play) -> None:
    with play.stage.step(
        named("lee"), "the team leader forwards it to QA 班组长核转; a reviewer 复核人 is chosen"
    ) as note:
        entry = perform(play.dispute, "forward", acting("lee")).entry
        deliver()
        choice = entry["choices"][0]
        note(f"chosen: {whose(choice['chosen'])} out of {len(choice['pool'])} free QA lead(s); barred 回避 are")
        for no, bars in choice["barred"].items():
            note(f"  {whose(no)}: {'; '.join(spoken(bar_text(bar)) for bar in bars)}")
        expect(choice["chosen"] == person_no("qin"), "somebody else than qin was chosen")


def refuse(play: Play) -> None:
    sign = {"document_sha256": "0" * 64, "credential": ""}
    with play.stage.step(
        "(everyone)", "who may not decide tries to claim 领取, rule 裁定 and sign 签署: each is refused"
    ) as note:
        for login, part in script.TRY_TO_RULE.items():
            tries = (("claim", None), ("rule", script.RULING), ("sign", sign))
            note(f"{login} {part}: {all_refused(play.dispute, login, tries)}")


def rule(play: Play) -> None:
    with play.stage.step(
        named("qin"), "takes the review up and rules 裁定: QC4 6 instead of 0, QA5 maintained 维持"
    ) as note:
        perform(play.dispute, "claim", acting("qin"))
        perform(play.dispute, "rule", acting("qin"), script.RULING)
        deliver()
        note(f"draft drawn: SHA-256 {play.document(play.dispute).file_sha256}")


def sign(play: Play) -> None:
    with play.stage.step(
        named("qin"), "reads the draft and signs it with their own key, unlocked by their password 签署"
    ):
        play.sign(play.dispute, "qin")
    with play.stage.step(
        "(company)", "seals the ruling 用章; issued 出具, it binds, and the score moves with it"
    ) as note:
        deliver()
        moved = play.score()
        expect((moved.state, str(moved.score)) == ("adjusted", "90.00"), f"the score is {moved.score}")
        expect(moved.passed, "the score does not pass")
        note(f"{play.evaluation}: {moved.original_score} -> {moved.score}, which passes 合格")


def serve(play: Play) -> None:
    with play.stage.step(
        named("ann"), "opens the ruling 裁定书, which serves it 送达; the time for arbitration 仲裁 runs"
    ) as note:
        perform(play.dispute, "read", acting("ann"))
        deliver()
        note(f"until {due(play.dispute, 'appeal_window')}")
