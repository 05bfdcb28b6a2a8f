"""Cases as tests need them, made through open_case() and perform() like any other."""

import itertools
from datetime import UTC, datetime
from typing import Any

from casework.domain.deliveries import deliver_due
from casework.domain.perform import open_case, perform
from tests.conftest import acting

_ids = itertools.count(1)
TEN = [*(f"QC{n}" for n in range(1, 5)), *(f"QA{n}" for n in range(1, 7))]


def scorecard(deductions: dict[str, str]) -> dict[str, Any]:
    """The ten-item rubric, full marks but for the deductions."""
    full = {"score": "10", "na": False, "failed": None, "at": None, "comment": ""}
    cut = {code: {**full, "score": score, "at": 35, "comment": "语速过快"} for code, score in deductions.items()}
    return {code: cut.get(code, full) for code in TEN}


def evaluation(
    *, agent: str = "A1001", inspector: str = "Q202", importer: str = "qin", publisher: str | None = "qin",
    reader: str | None = "ann", deductions: dict[str, str] | None = None, **values: Any,
) -> str:  # fmt: skip
    """An evaluation of the agent, published and opened unless told otherwise; its number. 84.00 as it comes."""
    index = next(_ids)
    data = {
        "external_id": f"EV-T-{index}", "rubric": "ten-item", "rubric_version": 1, "interaction_id": f"CALL-T-{index}",
        "channel": "phone", "started_at": datetime(2026, 10, 20, 2, 0, tzinfo=UTC), "duration_s": 300,
        "agent_no": agent, "inspector_no": inspector, "scored_at": datetime(2026, 10, 22, 2, 0, tzinfo=UTC),
        "scores": scorecard(deductions or {"QC4": "0", "QA5": "5", "QA6": "9"}), **values,
    }  # fmt: skip
    number = open_case("evaluations.Evaluation", acting(importer), data).number
    if publisher:
        perform(number, "publish", acting(publisher))
    if publisher and reader:
        perform(number, "read", acting(reader))
    return number


def recording(number: str) -> str:
    """A recording of the evaluation's call is in the store; its digest."""
    import io
    import wave

    from casework import store
    from casework.domain.now import now
    from workflows.evaluations.models import Evaluation, Recording

    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(8000)
        out.writeframes(number.encode() * 400)
    interaction = Evaluation.objects.get(number=number).interaction_id
    digest = store.evidence().put(sound.getvalue())
    Recording.objects.create(
        interaction_id=interaction, sha256=digest, size=len(sound.getvalue()), duration_s=1, received_at=now()
    )
    return digest


def received(number: str, login: str, data: bytes = b"received") -> str:
    """A file was received from that person for the case, which has not taken it yet; its digest."""
    from casework.domain.evidence_files import receive
    from casework.domain.law import law_of
    from casework.domain.policy import pinned_policy
    from casework.domain.reading import read_family

    case = read_family(number).case(number)
    rules = pinned_policy(case.policy_id).case_type(law_of(case).app)
    return receive([data], "note.txt", case, acting(login), rules).sha256


CLAIMS = {
    "criteria": [
        {"criterion": "QC4", "claimed": "10", "ground": "fact_wrong", "reasons": "语速正常，见录音第35秒"},
        {"criterion": "QA5", "claimed": "10", "ground": "rule_misread", "reasons": "有双向沟通"},
    ]
}
STATEMENT = {"criteria": [{"criterion": "QC4", "text": "听到语速过快"}, {"criterion": "QA5", "text": "缺少互动"}]}
RULING = {
    "criteria": [
        {"criterion": "QC4", "decision": "other", "value": "6", "reasons": "部分语速过快"},
        {"criterion": "QA5", "decision": "maintain", "reasons": "维持原判"},
    ]
}


def dispute(number: str | None = None, *, agent: str = "ann", upto: str = "filed", **claims: Any) -> str:
    """A dispute by the agent, played up to `filed`, `stated`, `forwarded`, `ruled` (drafted), `signed` or `issued`."""
    if number is None:
        number = evaluation()
        recording(number)
    dispute = open_case("disputes.ScoreDispute", acting(agent), claims or CLAIMS, subject=number).number
    steps = ("filed", "stated", "forwarded", "ruled", "signed", "issued")
    for step in steps[1 : steps.index(upto) + 1]:
        advance(dispute, step)
    return dispute


def advance(number: str, step: str) -> None:
    """The dispute takes the step that leads to `stated`, `forwarded`, `ruled`, `signed` or `issued`."""
    from casework.models import Document

    match step:
        case "stated":
            perform(number, "give_statement", acting("ian"), STATEMENT)
        case "forwarded":
            perform(number, "forward", acting("lee"))
        case "ruled":
            deliver_all()
            perform(number, "rule", acting("qin"), RULING)
        case "signed":
            deliver_all()
            draft = Document.objects.get(case__number=number, state="drafted")
            data = {"document_sha256": draft.file_sha256, "credential": credential("qin")}
            perform(number, "sign", acting("qin"), data)
        case "issued":
            deliver_all()


def deliver_all() -> int:
    """Everything the outbox holds was delivered."""
    from casework.models import Delivery

    done = deliver_due()
    while Delivery.objects.exists() and (more := deliver_due()):
        done += more
    problems = list(Delivery.objects.exclude(problem="").values_list("kind", "problem"))
    assert not problems, problems
    return done


def credential(login: str) -> str:
    """The account's password, set with a signing key of its own."""
    from casework.domain.signing import enrol
    from casework.models import Account

    account, password = Account.objects.get(username=login), f"password-of-{login}"
    if not account.check_password(password):
        account.set_password(password)
        account.save(update_fields=["password"])
        enrol(account, "password", password)
    return password


APPEAL = {
    "criteria": [
        {"criterion": "QC4", "reasons": "语速正常，请复听第35秒"},
        {"criterion": "QA5", "reasons": "双方一直在对话"},
    ]
}


def arbitration(paper: str | None = None, *, upto: str = "opened", blind: Any = None, ballots: Any = None) -> str:
    """An arbitration of ann's dispute, played up to `opened`, `scored` (by all, not revealed while it may be
    challenged), `revealed`, `voted` (drafted), `signed` or `awarded`; its number. `blind` and `ballots` give a seat's
    {code: value}, by seat; else everybody scores and votes 8 on what is before the panel, and 10 on the rest."""
    from casework.models import Case

    if paper is None:
        paper = dispute(upto="issued")
    ruling = Case.objects.get(number=paper)
    if ruling.state == "ruled":
        if not ruling.scoredispute.served_at:
            perform(paper, "read", acting("ann"))
        perform(paper, "appeal", acting("ann"), APPEAL)
        deliver_all()
    number = Case.objects.filter(type="arbitration.Arbitration", subject__number=paper).latest("id").number
    steps = ("opened", "scored", "revealed", "voted", "signed", "awarded")
    for step in steps[1 : steps.index(upto) + 1]:
        _arbitrate(number, step, blind or {}, ballots or {})
    return number


def _arbitrate(number: str, step: str, blind: dict[str, Any], ballots: dict[str, Any]) -> None:
    match step:
        case "scored":
            for seat, login in panel(number).items():
                perform(number, "score_blind", acting(login), blind_scores(number, blind.get(seat)))
        case "revealed":
            perform(number, "waive_challenge", acting("ann"))
            perform(number, "waive_challenge", acting("ian"))
        case "voted":
            for seat, login in panel(number).items():
                perform(number, "vote", acting(login), ballot(number, ballots.get(seat)))
        case "signed":
            deliver_all()
            for login in panel(number).values():
                perform(number, "sign", acting(login), signature_of(number, login))
        case "awarded":
            deliver_all()


def panel(number: str) -> dict[str, str]:
    """Who sits: {seat: login}, in the order of the seats."""
    from casework.models import Account, Party

    rows = Party.objects.filter(case__number=number, role__startswith="arbitrator_", until=None).order_by("role")
    return {p.role: Account.objects.filter(person_id=p.person_id).order_by("id")[0].username for p in rows}


def blind_scores(number: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """A complete blind score; `values` by criterion, 8 for what is before the panel and 10 for the check criteria."""
    from workflows.arbitration.models import Arbitration

    case = Arbitration.objects.get(number=number)
    given = {**dict.fromkeys(case.matters, "8"), **dict.fromkeys(case.controls["codes"], "10"), **(values or {})}
    return {"criteria": [{"criterion": code, "value": value} for code, value in given.items()]}


def ballot(number: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """A complete vote; `values` by criterion, else 8."""
    from workflows.arbitration.models import Arbitration

    given = {**dict.fromkeys(Arbitration.objects.get(number=number).matters, "8"), **(values or {})}
    return {"criteria": [{"criterion": c, "value": v, "reasons": "经复听录音并合议"} for c, v in given.items()]}


def signature_of(number: str, login: str) -> dict[str, Any]:
    """What whoever read the draft signs with."""
    from casework.models import Document

    draft = Document.objects.get(case__number=number, state="drafted")
    return {"document_sha256": draft.draft_sha256, "credential": credential(login)}
