"""What a page or the API says of an arbitration besides what every case has, and what whoever scores blind is shown."""

from typing import Any

from django.utils.translation import gettext as _

from casework.domain import challenging
from casework.domain.case_rules import rules_of
from casework.domain.ledger import plain
from casework.domain.wording import spoken
from workflows.arbitration import panels
from workflows.arbitration.models import Arbitration
from workflows.evaluations import presenting as evaluations
from workflows.evaluations import values
from workflows.evaluations.rubric import decimal_text
from workflows.evaluations.scoring import clean_value

# The category of a recusal is printed, its text is not. Grounds of a challenge are for whoever gives and who rules on
# them; the parties hear the ruling's.
RULED_TO = ("challenge_ruler", "agent", "inspector")
CONFIDENTIAL = {
    "recuse": (), "challenge": ("challenge_ruler",), "uphold_challenge": RULED_TO, "reject_challenge": RULED_TO,
}  # fmt: skip
RECORDING = ("kind", "sha256", "size", "duration_s", "state")


def present(case: Arbitration, sight: Any) -> dict[str, Any]:
    """The panel and what is before it. Blind scores are told once revealed, votes to the panel once the last is in,
    and to all, with findings and outcome, once the award is issued."""
    evaluation, rules = case.evaluation(sight.family), rules_of(case, sight.book)
    outcome = case.outcome if case.state == case.S.WITHDRAWN or _tells_result(case, sight) else ""
    return {
        "dispute": case.dispute(sight.family).number, "evaluation": evaluation.number,
        "score": evaluations.shown_score(evaluation, evaluation.score), "panel": case.panel, "round": case.round,
        "seats": [_seat(seat, case, sight, rules) for seat in panels.seats(case)],
        "outcome": {"code": outcome, "label": spoken(rules.label("outcomes", outcome))} if outcome else None,
        "criteria": [_matter(code, case, sight) for code in panels.listed(case, sight.family) if code in case.matters],
        "controls": [_control(code, case, sight) for code in case.controls["codes"]], "lot": case.controls["lot"],
        "waived": case.waived, "challenges": [_challenge(entry, case, sight, rules) for entry in case.challenges],
        "reopenings": case.reopenings, "issued_at": plain(case.issued_at), "served_at": plain(case.served_at),
        "served_how": case.served_how or None,
    }  # fmt: skip


def evidence(case: Arbitration, sight: Any) -> list[dict[str, Any]]:
    """The evaluation's recording."""
    return evaluations.evidence(case.evaluation(sight.family), sight)


def present_blind(case: Arbitration, sight: Any) -> dict[str, Any]:
    """What it takes to score: the rubric, the list on which disputed and check criteria stand alike, the recording;
    and one's own scores once they are in."""
    evaluation, recordings = case.evaluation(sight.family), evidence_blind(case, sight)
    rubric, scores = evaluation.rubric, case.scores.get(sight.blind.role)
    return {
        "rubric": {"code": rubric.code, "version": rubric.version, "name": spoken(rubric.name)},
        "criteria": [
            {**_criterion(rubric, code), "step": decimal_text(rubric.step),
             "not_applicable": rubric.criterion(code).not_applicable}
            for code in panels.listed(case, sight.family)
        ],
        "recording": recordings[0] if recordings else None,
        "scores": _own(scores, panels.listed(case, sight.family)), "next": _next(case, scores),
    }  # fmt: skip


def evidence_blind(case: Arbitration, sight: Any) -> list[dict[str, Any]]:
    """The recording without the number and times of the call."""
    return [
        {**{name: item[name] for name in RECORDING}, "channel": case.evaluation(sight.family).channel,
         "received_at": None}
        for item in evidence(case, sight)
    ]  # fmt: skip


def rows(case: Arbitration, sight: Any, action: str) -> list[dict[str, Any]] | None:
    """The criteria that the action's form asks about; None where it asks about none."""
    if action == "score_blind":
        return _to_score(case, sight)
    return _to_vote(case, sight) if action == "vote" else None


def choices(case: Arbitration, sight: Any, action: str) -> dict[str, list[dict[str, Any]]]:
    """Whom the action may name."""
    found = [sight.book.person_no(no) for no in challenging.against_whom(action, case, sight.family, sight.book)]
    people = [sight.person(person.id) for person in found]
    return {"against": people} if people else {}


def _to_score(case: Arbitration, sight: Any) -> list[dict[str, Any]]:
    """Disputed and check criteria alike, and of each no more than the rubric says; none where nothing can be heard."""
    evaluation = case.evaluation(sight.family)
    if _is_lost(evaluation):
        return []
    rubric = evaluation.rubric
    return [
        values.row(
            rubric, code, values.facts(values.points(rubric, code)), needed=True,
            inputs={"value": values.asked(rubric, code)},
        )
        for code in panels.listed(case, sight.family)
    ]  # fmt: skip


def _to_vote(case: Arbitration, sight: Any) -> list[dict[str, Any]]:
    """What was said of each criterion before, and the panel's blind scores. Where the recording is lost the claim
    stands in the vote, since it alone is allowed."""
    evaluation = case.evaluation(sight.family)
    rubric, found = evaluation.rubric, []
    for code in (code for code in panels.listed(case, sight.family) if code in case.matters):
        matter = _matter(code, case, sight)
        ruling, statement = matter["ruling"] or {}, matter["statement"] or {}
        scores = [values.worded(given["value"]) for given in matter["scores"]]
        known = values.facts(
            values.points(rubric, code), values.fact(_("Original"), values.worded(matter["original"])),
            values.fact(_("Claimed"), values.worded(matter["claimed"])),
            values.fact(_("Ruled"), values.worded(ruling.get("value"))),
            values.fact(_("Blind scores"), " · ".join(scores)), values.fact(_("Why"), matter["reasons"], "text"),
            values.fact(_("Statement"), statement.get("text"), "text"),
            values.fact(_("Reasons of the ruling"), ruling.get("reasons"), "text"),
            values.fact(_("Appeal"), matter["appeal_reasons"], "text"),
        )  # fmt: skip
        defaults = {"value": values.prefilled(matter["claimed"])} if _is_lost(evaluation) else {}
        inputs = {"value": values.asked(rubric, code)}
        found.append(values.row(rubric, code, known, needed=True, inputs=inputs, defaults=defaults))
    return found


def _is_lost(evaluation: Any) -> bool:
    return evaluation.recording_state in ("missing", "altered")


def _own(scores: Any, listed: list[str]) -> list[dict[str, Any]] | None:
    """In the rubric's order: a database may lose that of the scores."""
    return None if scores is None else [{"criterion": code, "value": scores[code]} for code in listed if code in scores]


def _next(case: Arbitration, scores: Any) -> str:
    if str(case.state) != case.S.SCORING:
        return _("Nothing is left to do.")
    if scores is not None:
        return _("Your scores are in and sealed. All is revealed to the whole panel at once; then you vote.")
    return _(
        "Listen to the recording and score every criterion of the list over its full range. Nothing but these scores "
        "counts until all is revealed; if there is a reason why you should not decide, recuse yourself now."
    )


def _criterion(rubric: Any, code: str) -> dict[str, Any]:
    criterion = rubric.criterion(code)
    return {
        "criterion": code, "name": spoken(criterion.name), "points": str(criterion.points), "kind": criterion.kind,
    }  # fmt: skip


def _seat(seat: str, case: Arbitration, sight: Any, rules: Any) -> dict[str, Any]:
    party = next(iter(sight.family.parties_of(case, seat)), None)
    return {
        "seat": seat, "label": spoken(rules.label("seats", seat)),
        "person": sight.person(party.person_id) if party else None,
        "since": plain(party.since) if party else None, "named": bool(party and party.named),
    }  # fmt: skip


def _matter(code: str, case: Arbitration, sight: Any) -> dict[str, Any]:
    """What was said of a criterion before it came to the panel, and what the panel has made of it."""
    evaluation, matter = case.evaluation(sight.family), case.matters[code]
    claim = case.dispute(sight.family).claims[code]
    finding = case.findings.get(code) if _tells_result(case, sight) else None
    return {
        **_criterion(evaluation.rubric, code), "original": claim["original"], "claimed": matter["claimed"],
        "reasons": claim["reasons"], "statement": claim["statement"], "ruling": claim["decision"],
        "appeal_reasons": matter["reasons"], "scores": _scores(code, case, sight),
        "votes": [
            {"seat": seat, **case.votes[seat][code], "dissents": bool(finding and seat in finding["dissent"])}
            for seat in _seats_read("vote", case.votes, case, sight)
        ],
        "finding": finding, "provisional": evaluation.is_provisional,
    }  # fmt: skip


def _control(code: str, case: Arbitration, sight: Any) -> dict[str, Any]:
    evaluation = case.evaluation(sight.family)
    return {
        **_criterion(evaluation.rubric, code), "original": clean_value(evaluation.original[code]),
        "scores": _scores(code, case, sight), "provisional": evaluation.is_provisional,
    }  # fmt: skip


def _scores(code: str, case: Arbitration, sight: Any) -> list[dict[str, Any]]:
    """None of a criterion that could not be scored, the recording being lost."""
    given = {seat: case.scores[seat].get(code) for seat in _seats_read("score_blind", case.scores, case, sight)}
    return [{"seat": seat, "value": value} for seat, value in given.items() if value is not None]


def _seats_read(action: str, given: dict[str, Any], case: Arbitration, sight: Any) -> list[str]:
    """The seats whose scores or votes the person reads, as they read the entries: their own while they are sealed."""
    read = (action == "score_blind" or _tells_result(case, sight)) and not sight.is_sealed(case, action)
    return [seat for seat in panels.SEATS if seat in given and (read or seat in sight.parts(case))]


def _tells_result(case: Arbitration, sight: Any) -> bool:
    """Whether votes, findings and outcome are told to the person: to all once they are issued, before that, and where
    the appeal was withdrawn, to the panel and to those who look over closed cases."""
    return case.state in (case.S.AWARDED, case.S.FINAL, case.S.REOPENING) or sight.reads_drafts(case)


def _challenge(entry: dict[str, Any], case: Arbitration, sight: Any, rules: Any) -> dict[str, Any]:
    """By whom and against whom it is, and its result; grounds and ruling for those whom they are meant for."""
    parts, result = sight.parts(case), entry["result"]
    rules_on_it = "challenge_ruler" in parts or sight.looks_over(case)
    return {
        "by": entry["by"], "seat": entry["seat"], "person": _person(entry["person"], sight), "at": entry["at"],
        "result": {"code": result, "label": spoken(rules.label("challenge_results", result))} if result else None,
        "reasons": entry["reasons"] if rules_on_it or entry["by"] in parts else None,
        "ruling": entry.get("ruling") if rules_on_it or parts & set(RULED_TO) else None,
        "ruled_by": _person(entry.get("ruled_by"), sight),
    }  # fmt: skip


def _person(no: str | None, sight: Any) -> dict[str, Any] | None:
    return sight.person(sight.book.person_no(no).id) if no else None
