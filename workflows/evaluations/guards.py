"""What must hold before an evaluation's actions, and what a new scorecard must be."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from casework.domain.action import Act
from casework.domain.clocks import is_late
from casework.domain.directory import Directory, local_day
from casework.domain.errors import NotAllowedNow, NotPermitted
from casework.domain.form_words import invalid, problem
from casework.domain.hours import calendar_named
from workflows.evaluations import forms
from workflows.evaluations.scoring import ScoringError, check_value, clean_value, explain, is_at_least, total


def placed(form: forms.Scorecard, book: Directory) -> dict[str, Any]:
    """The new evaluation's own fields; InvalidInput names every bad value."""
    from workflows.evaluations.models import Evaluation
    from workflows.evaluations.rubrics import rubric_version

    agent, inspector = book.person_no(form.agent_no), book.person_no(form.inspector_no)
    problems = [
        problem(field, "unknown_person", _("nobody has the staff number %(no)s") % {"no": no})
        for field, no, person in (
            ("agent_no", form.agent_no, agent),
            ("inspector_no", form.inspector_no, inspector),
        )
        if person is None
    ]
    if problems:
        raise invalid(problems)
    if agent.id == inspector.id:
        raise invalid([problem("inspector_no", "inspector_is_agent", _("nobody scores their own call"))])
    rubric = rubric_version(form.rubric, form.rubric_version)
    if not rubric.in_force_at(local_day(form.started_at)):
        raise invalid([problem("rubric_version", "rubric_not_in_force", _("it was not in force at the call"))])
    card = {code: entry.plain() for code, entry in form.scores.items()}
    values = {code: {k: v for k, v in entry.items() if k in ("score", "na", "failed")} for code, entry in card.items()}
    problems = [
        problem(f"scores.{code}", name, str(explain(rubric, code, name)))
        for code, value in values.items()
        for name in check_value(rubric, code, value)
    ]
    problems += [
        problem(f"scores.{code}.at", "beyond_recording", _("the recording is shorter"))
        for code, entry in card.items()
        if entry["at"] is not None and entry["at"] > form.duration_s
    ]
    if problems:
        raise invalid(problems)
    try:
        result = total(rubric, card)
    except ScoringError as error:
        raise invalid([problem("scores", error.code, str(error))]) from None
    same_call = Q(interaction_id=form.interaction_id, rubric_code=form.rubric, purpose="regular", concerned_id=agent.id)
    if form.purpose != "regular":
        same_call = Q(pk__in=())
    known = Evaluation.objects.filter(same_call | Q(external_id=form.external_id)).values_list("external_id", flat=True)
    if ids := set(known):
        if form.external_id in ids:
            words = _("it was scored before; propose a correction")
            raise invalid([problem("external_id", "changed_without_correction", words)])
        raise invalid([problem("interaction_id", "already_scored", _("this call was scored under another id"))])
    return {
        "unit_id": agent.unit_id, "concerned_id": agent.id, "fact_at": form.started_at, "agent_id": agent.id,
        "inspector_id": inspector.id,
        "external_id": form.external_id, "purpose": form.purpose, "rubric_code": form.rubric,
        "rubric_version": form.rubric_version, "interaction_id": form.interaction_id, "channel": form.channel,
        "duration_s": form.duration_s, "customer_ref": form.customer_ref, "scored_at": form.scored_at,
        "team": form.team, "original": card, "current": card, "original_score": result.score, "score": result.score,
        "band": result.band, "passed": result.passed, "content_digest": form.content_digest,
    }  # fmt: skip


def is_not_own_call(act: Act) -> None:
    if act.person_id == act.case.concerned_id:
        raise NotPermitted(_("Expected someone else to record it, but this is your own call; ask another inspector"))


def is_not_own_score(act: Act) -> None:
    if act.person_id in (act.case.inspector_id, act.case.concerned_id):
        raise NotPermitted(
            _("Expected someone who neither took nor scored the call to publish it, but you did; ask another QA lead"),
            code="own_score",
        )


def is_served(act: Act) -> None:
    if act.case.served_at is None:
        raise NotAllowedNow(_("Expected a served evaluation, but it was not opened yet; open it first"))
    if act.case.reading == act.case.Reading.QUESTIONED:
        raise NotAllowedNow(_("Expected no open question, but yours is not answered yet; wait for the answer"))


def is_not_served(act: Act) -> None:
    if act.case.served_at is not None:
        raise NotAllowedNow(_("Expected an unserved evaluation, but it was served before; nothing to do"))


def is_window_open(act: Act) -> None:
    clock = act.family.clock(act.case, "objection")
    if act.case.served_at is None:
        raise NotAllowedNow(_("Expected a served evaluation, but it was not opened yet; open it first"))
    if act.case.window_closed or is_late(clock, act.at):
        raise NotAllowedNow(
            _("Expected the objection window to be open, but it is closed; the score stands"), code="late"
        )


def has_no_open_question(act: Act) -> None:
    if act.case.reading == act.case.Reading.QUESTIONED:
        raise NotAllowedNow(_("Expected no open question, but yours is not answered yet; wait for the answer"))


def has_open_question(act: Act) -> None:
    if act.case.reading != act.case.Reading.QUESTIONED:
        raise NotAllowedNow(_("Expected an open question, but there is none"))


def has_correction(act: Act) -> None:
    if act.case.pending_correction is None:
        raise NotAllowedNow(_("Expected a proposed correction, but there is none"))


def is_not_arbitrated(act: Act) -> None:
    if act.case.arbitrated:
        raise NotAllowedNow(
            _("Expected a score that may be corrected, but an award decided on it, which is the last word; ask for "
              "reopening of the arbitration"),
            code="arbitrated",
        )  # fmt: skip


def has_no_correction(act: Act) -> None:
    if act.case.pending_correction is not None:
        raise NotAllowedNow(_("Expected no pending correction, but one waits for approval"))


def is_valid_correction(act: Act) -> None:
    """Every value fits the rubric and is another than it was, each criterion once; after a question or a dispute it may
    only raise."""
    case, problems, seen = act.case, [], set()
    only_raise = may_only_raise(act)
    for number, change in enumerate(act.data.changes):
        value, field = change.value.plain(), f"changes.{number}.value"
        if change.criterion in seen:
            problems.append(problem(field, "twice", _("the criterion is named twice")))
        seen.add(change.criterion)
        bad = check_value(case.rubric, change.criterion, value)
        problems += [problem(field, name, str(explain(case.rubric, change.criterion, name))) for name in bad]
        if (
            not bad
            and only_raise
            and not is_at_least(case.rubric, change.criterion, value, case.current[change.criterion])
        ):
            problems.append(
                problem(field, "may_only_raise", _("after a question or a dispute a correction may only raise"))
            )
        if not bad and clean_value(value) == clean_value(case.current[change.criterion]):
            words = _("the score says so already; leave the criterion out")
            problems.append(problem(field, "unchanged", words))
    if problems:
        raise invalid(problems)


def may_only_raise(act: Act) -> bool:
    """Whether the agent ever questioned or disputed the score; `reading` alone forgets a question once acknowledged."""
    case = act.case
    if case.outcome or act.family.of_type("disputes.ScoreDispute"):
        return True
    return any(c.pauses for c in act.family.clocks if c.case_id == case.pk and c.name == "objection")


def is_still_valid_correction(act: Act) -> None:
    """A correction downwards that was proposed before the agent asked falls with the question."""
    case = act.case
    if may_only_raise(act):
        values = case.pending_correction["values"].items()
        if lower := [code for code, value in values if not is_at_least(case.rubric, code, value, case.current[code])]:
            words = _("after a question or a dispute a correction may only raise")
            raise invalid([problem(code, "may_only_raise", words) for code in lower])


def back_at_work(act: Act, since: datetime) -> datetime | None:
    """Close of the first working day after a leave that covers today, at most the policy's days after `since`; None
    when the agent is at work."""
    case = act.case
    last = act.book.back_from_leave(case.concerned_id, local_day(act.at))
    if last is None:
        return None
    calendar = calendar_named(act.policy.clocks["deemed_service"].calendar, act.family.stamp)
    most = int(act.policy.value("leave_defers_service_at_most").split()[0])
    back = calendar.next_working_day(last)
    latest = calendar.next_working_day(local_day(since), most + 1)
    until = calendar.close_of(min(back, latest))
    return until if until > act.at + timedelta(minutes=1) else None
