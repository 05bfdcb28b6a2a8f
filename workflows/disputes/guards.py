"""What must hold before a dispute's actions."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from casework.domain import naming
from casework.domain.action import Act
from casework.domain.clocks import is_late
from casework.domain.errors import NotAllowedNow, NotPermitted
from casework.domain.form_words import invalid, problem
from casework.domain.wording import local_text, spoken
from workflows.disputes import criteria
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.scoring import check_value, explain, is_at_least, no_worse


def evaluation_of(act: Act) -> Any:
    return act.family.by_id[act.case.subject_id]


def is_published(act: Act) -> None:
    evaluation = evaluation_of(act)
    if evaluation.state == evaluation.S.DRAFT:
        raise NotAllowedNow(_("Expected a published evaluation, but it is still a draft; wait until it is published"))


def has_no_open_dispute(act: Act) -> None:
    disputes = [d for d in act.family.of_type("disputes.ScoreDispute") if d is not act.case]
    if open_ones := [d.number for d in disputes if not d.is_closed]:
        raise NotAllowedNow(
            _("Expected no open dispute of this evaluation, but %(number)s is; add criteria there")
            % {"number": open_ones[0]},
            code="dispute_open",
        )


def may_file_again(act: Act) -> None:
    """One dispute per evaluation and publication; a withdrawn one may be filed once more."""
    publication = evaluation_of(act).publication
    before = [
        d for d in act.family.of_type("disputes.ScoreDispute") if d is not act.case and d.publication == publication
    ]
    again = act.policy.value("refile_once") and len(before) == 1 and before[0].outcome == "withdrawn"
    if before and not again:
        raise NotAllowedNow(
            _(
                "Expected the first dispute of this publication, but %(number)s was %(outcome)s; "
                "it cannot be filed again"
            )
            % {"number": before[-1].number, "outcome": spoken(act.policy.label("outcomes", before[-1].outcome))},
            code="already_disputed",
        )


def is_filed_late(act: Act) -> bool:
    """Whether the objection window was over when the paper was received."""
    evaluation = evaluation_of(act)
    clock = act.family.clock(evaluation, "objection") if evaluation.served_at else None
    # By the clock and not by `window_closed`: a paper received in time may be read after the window was closed.
    return evaluation.window_closed if clock is None else is_late(clock, act.at)


def is_in_time(act: Act) -> None:
    if is_filed_late(act):
        raise NotAllowedNow(
            _("Expected the objection window to be open, but it is closed; the criteria stand"), code="late"
        )


def adds_in_time(act: Act) -> None:
    """What was disputed may be amended at any time, another criterion only added inside the window."""
    if any(item.criterion not in act.case.claims for item in act.data.criteria):
        is_in_time(act)


def are_valid_claims(act: Act) -> None:
    """Criteria of this rubric, each once, claimed values on the step and better than the present ones."""
    evaluation, problems, seen = evaluation_of(act), [], set()
    for number, item in enumerate(act.data.criteria):
        field, code, value = f"criteria.{number}", item.criterion, item.claimed.plain()
        if code in seen:
            problems.append(problem(field, "twice", _("the criterion is named twice")))
        seen.add(code)
        names = check_value(evaluation.rubric, code, value)
        problems += [
            problem(f"{field}.{'criterion' if name == 'unknown_criterion' else 'claimed'}", name,
                     explain(evaluation.rubric, code, name))
            for name in names
        ]  # fmt: skip
        if names:
            continue
        if evaluation.open_criteria and code not in evaluation.open_criteria:
            problems.append(problem(field, "not_open", _("only the corrected criteria may be disputed now")))
        present = evaluation.current[code]
        if is_at_least(evaluation.rubric, code, present, value) and not _nothing_deducted(evaluation, code):
            problems.append(
                problem(f"{field}.claimed", "not_better", _("the claim is no better than the present value"))
            )
        elif not is_at_least(evaluation.rubric, code, value, evaluation.original[code]):
            words = _("the claim is below the original value; claim at least that")
            problems.append(problem(f"{field}.claimed", "below_floor", words))
        if any(second > evaluation.duration_s for second in item.seconds):
            problems.append(problem(f"{field}.seconds", "beyond_recording", _("the recording is shorter")))
    if problems:
        raise invalid(problems)


def _nothing_deducted(evaluation: Any, code: str) -> bool:
    """Full marks already: admissible or not is for the reviewer to say, with reasons."""
    entry, criterion = evaluation.current[code], evaluation.rubric.criterion(code)
    return entry.get("failed") is False or (
        entry.get("score") is not None and criterion.points == Decimal(entry["score"])
    )


def screening_leaders(act: Act) -> set[int]:
    """Leaders of the agent's unit at filing who did not score it and are no party."""
    evaluation = evaluation_of(act)
    return act.book.holders("team_leader", act.case.unit_id, act.at) - {
        evaluation.inspector_id,
        evaluation.concerned_id,
    }


def skip_reason(act: Act) -> str:
    """Why nobody screens: a code of the policy's skip reasons."""
    leaders = act.book.holders("team_leader", act.case.unit_id, act.at)
    if evaluation_of(act).inspector_id in leaders:
        return "leader_scored"
    return "leader_is_party" if leaders else "no_leader"


def did_not_score(act: Act) -> None:
    evaluation = evaluation_of(act)
    if act.person_id in (evaluation.inspector_id, evaluation.concerned_id):
        raise NotPermitted(_("Expected a leader who neither took nor scored the call, but you did; ask another leader"))


def is_not_heard(act: Act) -> None:
    if act.case.heard:
        raise NotAllowedNow(
            _("Expected no statement yet, but the inspector was heard; nothing more to do"), code="already_heard"
        )
    if is_late(act.family.clock(act.case, "statement"), act.at):
        raise NotAllowedNow(_("Expected a statement in time, but its limit is over; the silence stands"), code="late")


def may_bring_forward(act: Act) -> None:
    """The agent until screening ends; either side as long as the inspector may still be heard."""
    case = act.case
    if act.relation == "agent" and case.state in (case.S.SCREENING, case.S.RETURNED):
        return
    if case.heard or is_late(act.family.clock(case, "statement"), act.at):
        raise NotAllowedNow(
            _("Expected evidence while both sides are heard, but that time is over; the review goes by what is there"),
            code="late",
        )


def is_heard(act: Act) -> None:
    """No decision before the other side was heard, or let its time pass."""
    if not act.case.heard and act.family.is_running(act.case, "statement"):
        raise NotAllowedNow(
            _("Expected the inspector's statement or its time to be over, but neither is; wait for it"),
            code="not_heard",
        )


def are_valid_statements(act: Act) -> None:
    problems = []
    given = [item.criterion for item in act.data.criteria]
    for code, claim in act.case.claims.items():
        if code not in given and not claim["statement"]:
            words = _("%(code)s is disputed too; say something to it, or concede it") % {"code": code}
            problems.append(problem("criteria", "not_stated", words))
    for number, item in enumerate(act.data.criteria):
        field = f"criteria.{number}"
        if item.criterion not in act.case.claims:
            problems.append(problem(field, "not_disputed", _("this criterion is not disputed")))
        if given.count(item.criterion) > 1:
            problems.append(problem(field, "twice", _("the criterion is named twice")))
        if not item.concede and not item.text.strip():
            problems.append(problem(f"{field}.text", "empty", _("it is empty; say why, or concede")))
    if problems:
        raise invalid(problems)


def is_seat_empty(act: Act) -> None:
    """Nobody sits, and nobody eligible was found; a review that was released is claimed by whoever is free."""
    if act.family.holder(act.case, "reviewer") is not None or not act.family.is_running(act.case, "naming"):
        raise NotAllowedNow(_("Expected a seat for which nobody was found, but there is none; nothing to do"))


def may_be_named(act: Act) -> None:
    naming.check(act, "reviewer")


def is_recording_checked(act: Act) -> None:
    if not evaluation_of(act).recording_state:
        raise NotAllowedNow(_("Expected a checked recording, but the check is still running; try again in a minute"))


def is_valid_ruling(act: Act) -> None:
    """One decision for each disputed criterion; concessions accepted; a recording that cannot be heard decides for
    the agent; nothing below the floor, nobody worse off."""
    case, evaluation, problems = act.case, evaluation_of(act), []
    given = [item.criterion for item in act.data.criteria]
    for code in case.claims:
        if given.count(code) != 1:
            problems.append(
                problem("criteria", "not_decided", _("%(code)s needs exactly one decision") % {"code": code})
            )
    for number, item in enumerate(act.data.criteria):
        field = f"criteria.{number}"
        if item.criterion not in case.claims:
            problems.append(problem(field, "not_disputed", _("this criterion is not disputed")))
        else:
            problems += _decision_problems(act, evaluation, field, item)
    if problems:
        raise invalid(problems)
    claims = criteria.decided(case.claims, act.data.criteria, evaluation)
    values = criteria.ruled_values(claims)
    binding = bool(values) and act.policy.value("no_worse_off")
    ruled = scored(evaluation.current, values)
    fell = no_worse(evaluation.rubric, evaluation.current, ruled) if binding else []
    if fell:
        words = _("nobody may be worse off, but this would fall: %(what)s") % {"what": ", ".join(fell)}
        raise invalid([problem("criteria", "worse_off", words)])


def _decision_problems(act: Act, evaluation: Any, field: str, item: Any) -> list[dict[str, Any]]:
    claim, rubric, code = act.case.claims[item.criterion], evaluation.rubric, item.criterion
    if item.decision == "inadmissible" and item.ground is None:
        return [problem(f"{field}.ground", "missing", _("say on which ground it is inadmissible"))]
    if item.decision == "other" and item.value is None:
        return [problem(f"{field}.value", "missing", _("it is missing; the decision 'other' needs a value"))]
    if item.decision != "other" and item.value is not None:
        return [problem(f"{field}.value", "not_wanted", _("only the decision 'other' has a value; leave it out"))]
    if (claim["statement"] or {}).get("conceded") and item.decision != "accept":
        return [problem(f"{field}.decision", "conceded", _("the inspector conceded it; it can only be accepted"))]
    if evaluation.recording_state in ("missing", "altered") and item.decision in ("maintain", "other"):
        words = _("the recording is missing or altered; the criterion is decided for the agent")
        return [problem(f"{field}.decision", "recording_missing", words)]
    if item.decision in ("inadmissible", "accept"):
        return []
    value = item.value.plain() if item.value else evaluation.current[code]
    if names := check_value(rubric, code, {name: value[name] for name in ("score", "na", "failed")}):
        return [problem(f"{field}.value", name, explain(rubric, code, name)) for name in names]
    floor = [evaluation.original[code], evaluation.current[code]]
    if not all(is_at_least(rubric, code, value, least) for least in floor):
        words = _("the value is below what the agent already had; rule at least that")
        return [problem(f"{field}.value", "below_floor", words)]
    return []


def is_not_served(act: Act) -> None:
    if act.case.served_at is not None:
        raise NotAllowedNow(_("Expected an unserved decision, but it was served before; nothing to do"))


def is_reinstatement_open(act: Act) -> None:
    if is_late(act.family.clock(act.case, "reinstatement"), act.at):
        raise NotAllowedNow(_("Expected the time for reinstatement to run, but it is over"), code="late")


def is_appeal_in_time(act: Act) -> None:
    """Before service the time has not begun; opening the ruling is its service."""
    clock = act.family.clock(act.case, "appeal_window") if act.case.served_at else None
    if is_late(clock, act.at):
        raise NotAllowedNow(
            _("Expected the time for arbitration to run, but it ended at %(until)s; the ruling is final")
            % {"until": local_text(clock.due_at)},
            code="late",
        )


def are_appealable(act: Act) -> None:
    """Disputed criteria that were decided on their merits and not granted in full, each once."""
    case, evaluation, problems = act.case, evaluation_of(act), []
    given = [item.criterion for item in act.data.criteria]
    for number, code in enumerate(given):
        field, claim = f"criteria.{number}.criterion", case.claims.get(code)
        if claim is None:
            problems.append(problem(field, "not_disputed", _("this criterion was not disputed; leave it out")))
        elif given.count(code) > 1:
            problems.append(problem(field, "twice", _("the criterion is named twice")))
        elif case.annul or is_at_least(evaluation.rubric, code, evaluation.current[code], claim["claimed"]):
            problems.append(problem(field, "granted", _("the ruling granted the claim; there is nothing to appeal")))
        elif claim["decision"]["decision"] == "inadmissible":
            words = _("it was inadmissible, not decided; arbitration is for what was decided")
            problems.append(problem(field, "inadmissible", words))
    if problems:
        raise invalid(problems)
