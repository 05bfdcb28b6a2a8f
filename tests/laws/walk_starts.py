"""Where walks begin: one family played up to there, in its own database."""

from collections.abc import Callable
from typing import Any

from casework.domain.perform import open_case, perform
from casework.models import Case, Document, Party
from tests.conftest import acting
from tests.factories import arbitration, credential, deliver_all, dispute, evaluation, recording

SIX = {  # six-category: what was deducted; a critical item failed, so the score is 0
    "PK1": {"score": "2"}, "PK3": {"score": "3"}, "MK1": {"score": "1"}, "OT2": {"score": None, "failed": True},
}  # fmt: skip


def filed() -> str:
    """ann's dispute is filed."""
    return Case.objects.select_related("subject").get(number=dispute()).subject.number


def ruled() -> str:
    """chen's evaluation with a failed critical item and one that need not apply; ruled on and read, hardly anything
    granted: an appeal goes before three."""
    number = evaluation(
        agent="A1003", inspector="Q203", reader="chen", rubric="six-category", scores=six_categories(SIX)
    )
    recording(number)
    none = {"score": None, "na": True}
    claims = {"PK1": "6", "MK1": none, "OT2": {"failed": False}}
    case = open_case("disputes.ScoreDispute", acting("chen"), claimed(claims), subject=number).number
    said = [{"criterion": code, "text": "如实评分"} for code in claims]
    perform(case, "give_statement", acting("feng"), {"criteria": said})
    perform(case, "forward", acting("liang"))
    decided(case, [
        {"criterion": "PK1", "decision": "other", "value": "4", "reasons": "部分准确"},
        *({"criterion": code, "decision": "maintain", "reasons": "维持"} for code in ("MK1", "OT2")),
    ])  # fmt: skip
    perform(case, "read", acting("chen"))
    return number


def alone() -> str:
    """bo's claim moves no mark that matters: one arbitrator scores alone."""
    number = evaluation(agent="A1002", inspector="Q201", reader="bo", deductions={"QA6": "9"})
    recording(number)
    case = open_case("disputes.ScoreDispute", acting("bo"), claimed({"QA6": "10"}), subject=number).number
    perform(case, "give_statement", acting("ivy"), {"criteria": [{"criterion": "QA6", "text": "如实评分"}]})
    perform(case, "forward", acting("luo"))
    decided(case, [{"criterion": "QA6", "decision": "maintain", "reasons": "维持"}])
    perform(case, "read", acting("bo"))
    perform(case, "appeal", acting("bo"), {"criteria": [{"criterion": "QA6", "reasons": "请复听"}]})
    return number


def voting() -> str:
    """ann's panel of three has scored and may see."""
    return _of(arbitration(upto="revealed"))


def awarded() -> str:
    """ann's award is issued."""
    return _of(arbitration(upto="awarded"))


STARTS: dict[str, Callable[[], str]] = {
    "filed": filed, "ruled": ruled, "alone": alone, "voting": voting, "awarded": awarded,
}  # fmt: skip
SIGNERS = ("abe", "bai", "cui", "gu", "shi", "luo", "liang", "tang", "qin", "qiu", "ian2")


def six_categories(changed: dict[str, Any]) -> dict[str, Any]:
    """The six-category rubric, full marks but for what is changed."""
    from workflows.evaluations.rubrics import rubric_version

    card = {}
    for code, criterion in rubric_version("six-category", 1).criteria.items():
        points = format(criterion.points.normalize(), "f")
        full = {"failed": False} if criterion.is_critical else {"score": points}
        card[code] = {"score": None, "na": False, "failed": None, "at": None, "comment": "", **full}
        card[code] |= changed.get(code, {})
    return card


def claimed(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "criteria": [
            {"criterion": code, "claimed": value, "ground": "fact_wrong", "reasons": "见录音"}
            for code, value in values.items()
        ]
    }


def decided(case: str, lines: list[dict[str, Any]]) -> None:
    """Whoever was seated rules and signs, and the ruling is issued."""
    deliver_all()
    seated = Party.objects.get(case__number=case, role="reviewer", until=None).person.no
    login = {"M401": "qin", "M402": "qiu", "Q202": "ian2"}[seated]
    perform(case, "rule", acting(login), {"criteria": lines})
    deliver_all()
    draft = Document.objects.get(case__number=case)
    perform(case, "sign", acting(login), {"document_sha256": draft.file_sha256, "credential": credential(login)})
    deliver_all()


def _of(arbitration_number: str) -> str:
    found = Case.objects.select_related("subject__subject").get(number=arbitration_number)
    return found.subject.subject.number
