"""What people say when they act on a walk: mostly what a sensible person would, now and then nonsense."""

import random
from decimal import Decimal
from typing import Any

from casework.domain.directory import directory
from casework.domain.reading import read_family
from casework.models import Document
from tests.factories import credential, received

GROUNDS = ("fact_wrong", "rule_misread", "evidence_overlooked", "procedure_broken")
NONSENSE: tuple[Any, ...] = (None, "", "QC4", 7, [], {}, [{}], [{"criterion": "ZZ9", "value": "1000", "reasons": ""}])
Data = dict[str, Any]


def data_for(dice: random.Random, case: Any, action: str, login: str) -> Data:
    """The data of that action on that case, by that person."""
    sayings = {**OF_ANY, **{"EVL": OF_EVALUATIONS, "DSP": OF_DISPUTES, "ARB": OF_ARBITRATIONS}[case.prefix]}
    data = sayings[action](dice, case, login) if action in sayings else {}
    if dice.random() < 0.05:
        name = dice.choice([*data, "nonsense"])
        data = {**data, name: dice.choice(NONSENSE)}
    return data


# Evaluations


def claims_on(dice: random.Random, evaluation: Any) -> Data:
    """One or two criteria of which something was deducted, claimed in full."""
    codes = evaluation.open_criteria or sorted(evaluation.current)
    best = {code: best_value(evaluation, code) for code in codes}
    cut = [code for code in codes if _plain(evaluation.current[code]) != best[code]] or codes
    chosen = dice.sample(cut, dice.randint(1, min(2, len(cut))))
    return {
        "criteria": [
            {"criterion": c, "claimed": best[c], "ground": dice.choice(GROUNDS), "reasons": "见录音", "seconds": [35]}
            for c in chosen
        ]
    }


def best_value(evaluation: Any, code: str) -> Data:
    criterion = evaluation.rubric.criterion(code)
    if criterion.is_critical:
        return {"score": None, "na": False, "failed": False}
    return {"score": format(criterion.points.normalize(), "f"), "na": False, "failed": None}


def any_value(dice: random.Random, evaluation: Any, code: str) -> Data:
    """Any value that the rubric allows; now and then one that it does not."""
    criterion = evaluation.rubric.criterion(code)
    if dice.random() < 0.01:
        return {"score": "0.3", "na": False, "failed": None}
    if criterion.is_critical:
        return {"score": None, "na": False, "failed": dice.random() < 0.5}
    if criterion.not_applicable and dice.random() < 0.3:
        return {"score": None, "na": True, "failed": None}
    steps = int(criterion.points / Decimal("0.5"))
    step = steps if dice.random() < 0.3 else dice.randint(0, steps)
    return {"score": format((Decimal(step) / 2).normalize(), "f"), "na": False, "failed": None}


def _plain(entry: Data) -> Data:
    score = None if entry.get("score") is None else format(Decimal(entry["score"]).normalize(), "f")
    return {"score": score, "na": bool(entry.get("na")), "failed": entry.get("failed")}


def _correction(dice: random.Random, case: Any, login: str) -> Data:
    code = dice.choice(sorted(case.current))
    return {"changes": [{"criterion": code, "value": any_value(dice, case, code), "reasons": "复核"}]}


# Disputes


def _statement(dice: random.Random, case: Any, login: str) -> Data:
    concede = dice.random() < 0.2
    return {"criteria": [{"criterion": code, "text": "如实评分", "concede": concede} for code in case.claims]}


def _ruling(dice: random.Random, case: Any, login: str) -> Data:
    evaluation = read_family(case.number).by_id[case.subject_id]
    annul = "程序违反规定" if dice.random() < 0.08 else ""
    return {"criteria": [_decision(dice, evaluation, *item) for item in case.claims.items()], "annul": annul}


def _decision(dice: random.Random, evaluation: Any, code: str, claim: Data) -> Data:
    line = {"criterion": code, "reasons": "经复听录音"}
    if (claim["statement"] or {}).get("conceded"):
        return {**line, "decision": "accept"}
    kind = dice.choice(["maintain", "maintain", "maintain", "other", "other", "accept", "inadmissible"])
    if kind == "other":
        return {**line, "decision": kind, "value": any_value(dice, evaluation, code)}
    return {**line, "decision": kind, **({"ground": "no_reasons"} if kind == "inadmissible" else {})}


def _claims(dice: random.Random, case: Any, login: str) -> Data:
    return claims_on(dice, read_family(case.number).by_id[case.subject_id])


def _appeal(dice: random.Random, case: Any, login: str) -> Data:
    evaluation = read_family(case.number).by_id[case.subject_id]
    denied = [
        code for code, claim in case.claims.items()
        if claim["claimed"] != _plain(evaluation.current[code])
        and (claim["decision"] or {}).get("decision") != "inadmissible"
    ]  # fmt: skip
    codes = denied if denied and dice.random() < 0.9 else sorted(case.claims)
    chosen = dice.sample(codes, dice.randint(1, len(codes)))
    return {"criteria": [{"criterion": code, "reasons": "请复听录音"} for code in chosen]}


# Arbitrations


def _blind_scores(dice: random.Random, case: Any, login: str) -> Data:
    evaluation, codes = _evaluation_of(case), [*case.matters, *case.controls["codes"]]
    if evaluation.recording_state in ("missing", "altered"):
        return {"criteria": []}
    return {"criteria": [{"criterion": code, "value": any_value(dice, evaluation, code)} for code in codes]}


def _ballot(dice: random.Random, case: Any, login: str) -> Data:
    evaluation, lost = _evaluation_of(case), None
    if evaluation.recording_state in ("missing", "altered"):
        lost = {code: matter["claimed"] for code, matter in case.matters.items()}
    return {
        "criteria": [
            {"criterion": code, "value": lost[code] if lost else any_value(dice, evaluation, code), "reasons": "合议"}
            for code in case.matters
        ]
    }


def _evaluation_of(arbitration: Any) -> Any:
    family = read_family(arbitration.number)
    return family.by_id[family.by_id[arbitration.subject_id].subject_id]


def _reopening(dice: random.Random, case: Any, login: str) -> Data:
    cause = dice.choice(["new_evidence", "procedural_fault"])
    known = {"known_since": dice.choice(["2026-11-03", "2026-10-01", "2027-01-01"])} if cause == "new_evidence" else {}
    return {"cause": cause, **known, "reasons": "发现完整录音"}


# All


def _challenge(dice: random.Random, case: Any, login: str) -> Data:
    return {"against": _seated(dice, case) or _anybody(dice), "reasons": "与质检员系亲属"}


def _challenge_ruling(dice: random.Random, case: Any, login: str) -> Data:
    challenged = [c["person"] for c in case.challenges if not c["result"]]
    return {"against": dice.choice(challenged or ["M403"]), "reasons": "情况属实"}


def _naming(dice: random.Random, case: Any, login: str) -> Data:
    return {"person": _anybody(dice), "reasons": "无人可任"}


def _seated(dice: random.Random, case: Any) -> str:
    """Staff number of somebody who sits where one may be challenged, or ""."""
    family = read_family(case.number)
    sitting = [p.person_id for seat in case.challengeable for p in family.parties_of(case, seat)]
    return directory().persons[dice.choice(sitting)].no if sitting and dice.random() < 0.95 else ""


def _anybody(dice: random.Random) -> str:
    """Mostly people with few parts elsewhere, who may well be named."""
    return dice.choice(
        ["H502", "H503", "B777", "P601", "P602", "S701", "D501", "A1004", "T951", "M403", "Q201", "X000"]
    )


def _signature(dice: random.Random, case: Any, login: str) -> Data:
    draft = Document.objects.filter(case_id=case.pk, state__in=("drafted", "signed")).first()
    secret = "no password of anybody" if draft is None or dice.random() < 0.05 else credential(login)
    read = dice.choice([draft.file_sha256, draft.draft_sha256]) if draft else "0" * 64
    return {"document_sha256": read, "credential": secret}


def _reasons(dice: random.Random, case: Any, login: str) -> Data:
    return {"reasons": "理由充分"}


def _evidence(dice: random.Random, case: Any, login: str) -> Data:
    """One of three files; a machine or a stranger has sent none."""
    given = dice.choice([b"first", b"second", b"third"])
    is_sent = hasattr(type(case), "add_evidence") and dice.random() < 0.95
    return {"sha256": received(case.number, login, given) if is_sent else "0" * 64, "shows": "见附件"}


def _extension(dice: random.Random, _case: Any, _login: str) -> Data:
    return {"clock": dice.choice(("review", "vote_1", "vote_2", "whole")), "reasons": "录音需要翻译"}


def _urgency(dice: random.Random, _case: Any, _login: str) -> Data:
    return {"urgency": dice.choice(("urgent", "normal")), "reasons": "坐席月底离职"}


OF_ANY = {
    "add_evidence": _evidence, "extend_clock": _extension, "prioritise": _urgency,
    "sign": _signature, "challenge": _challenge, "uphold_challenge": _challenge_ruling,
    "reject_challenge": _challenge_ruling, "record_receipt": lambda *_: {"proof": "签收单"},
    "recuse": lambda *_: {"category": "other", "text": "相识"},
}  # fmt: skip
OF_EVALUATIONS = {
    "question": lambda *_: {"text": "为什么扣分？"}, "answer": lambda *_: {"text": "见录音"},
    "propose_correction": _correction, "refuse_correction": _reasons,
}  # fmt: skip
OF_DISPUTES = {
    "add_criteria": _claims, "amend": _claims, "give_statement": _statement, "return_to_agent": _reasons,
    "rule": _ruling, "name_reviewer": _naming, "appeal": _appeal, "reinstate": _reasons,
    "refuse_reinstatement": _reasons, "ask_reinstatement": lambda *_: {"cause": "outage", "reasons": "系统故障"},
}  # fmt: skip
OF_ARBITRATIONS = {
    "score_blind": _blind_scores, "vote": _ballot, "name_arbitrator": _naming,
    "ask_reopening": _reopening, "reopen": _reasons, "refuse_reopening": _reasons,
}  # fmt: skip
