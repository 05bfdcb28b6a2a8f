"""What must hold before an arbitration's actions."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from casework.domain import naming
from casework.domain.action import Act
from casework.domain.directory import local_day
from casework.domain.errors import NotAllowedNow
from casework.domain.form_words import invalid, problem, refuse
from casework.domain.hours import calendar_named
from casework.domain.limits import Limit
from casework.domain.wording import local_text
from workflows.arbitration import panels
from workflows.evaluations.scoring import check_value, clean_value
from workflows.evaluations.scoring import explain as explain_value


def is_seat_empty(act: Act) -> None:
    if not panels.empty(act.case, act.family):
        raise NotAllowedNow(_("Expected an empty seat on the panel, but all are filled; nothing to do"))


def may_be_named(act: Act) -> None:
    naming.check(act, panels.empty(act.case, act.family)[0])


def is_panel_full(act: Act) -> None:
    if panels.empty(act.case, act.family):
        raise NotAllowedNow(_("Expected a full panel, but a seat is still empty; wait until you are told who sits"))


def has_not_waived(act: Act) -> None:
    if act.relation in act.case.waived:
        raise NotAllowedNow(
            _("Expected you not to have spoken on the panel yet, but you raised no challenge; nothing to do"),
            code="waived",
        )


def is_award_stuck(act: Act) -> None:
    """Once the award is drafted, whoever left is replaced only if those who stayed cannot issue it by majority."""
    case = act.case
    if case.state != case.S.SIGNING:
        return
    able = [seat for seat in panels.seats(case) if seat in case.signed or panels.still_sits(act, seat)]
    if 2 * len(able) > case.panel:
        words = _("Expected an award that nobody can issue, but a majority can sign it; wait until signing has ended")
        raise NotAllowedNow(words)


def has_not_scored(act: Act) -> None:
    if panels.seat_of(act.case, act.family, act.person_id) in act.case.scores:
        raise NotAllowedNow(
            _("Expected no blind scores from you yet, but you submitted them; wait for the others"),
            code="already_scored",
        )


def are_valid_scores(act: Act) -> None:
    """A value for each criterion of the list, once, over the full range; none where nothing can be heard."""
    if _is_recording_lost(act):
        if act.data.criteria:
            words = _("the recording is missing or altered and cannot be scored; submit without values")
            refuse("criteria", "recording_missing", words)
        return
    _refuse(_value_problems(act, panels.listed(act.case, act.family)))


def has_not_voted(act: Act) -> None:
    if panels.seat_of(act.case, act.family, act.person_id) in act.case.votes:
        raise NotAllowedNow(_("Expected no vote from you yet, but you voted; a vote stands"), code="already_voted")


def are_valid_votes(act: Act) -> None:
    """A value for each criterion before the panel, once; a recording that cannot be heard decides for the agent."""
    problems = _value_problems(act, list(act.case.matters))
    if not problems and _is_recording_lost(act):
        words = _("the recording is missing or altered; the criterion is decided for the agent")
        problems = [
            problem(f"criteria.{number}.value", "recording_missing", words)
            for number, item in enumerate(act.data.criteria)
            if item.value.plain() != clean_value(act.case.matters[item.criterion]["claimed"])
        ]
    _refuse(problems)


def has_not_signed(act: Act) -> None:
    if panels.seat_of(act.case, act.family, act.person_id) in act.case.signed:
        raise NotAllowedNow(
            _("Expected no signature from you yet, but you signed; nothing to do"), code="already_signed"
        )


def may_be_reopened(act: Act) -> None:
    """Once, and each party asks once."""
    case = act.case
    if case.round > 1:
        raise NotAllowedNow(_("Expected an award not reopened before, but it was; it is final"), code="reopened_before")
    if any(asked["by"] == act.relation for asked in case.reopenings):
        raise NotAllowedNow(
            _("Expected your first request to reopen, but you asked before; the refusal is final"), code="asked_before"
        )


def is_reopening_in_time(act: Act) -> None:
    """Within the policy's time of the award; for new evidence also within that of its becoming known."""
    case, known = act.case, act.data.known_since
    _before_end(act, case.issued_at, "reopening_within")
    if act.data.cause != "new_evidence":
        return
    if known is None:
        refuse("known_since", "missing", _("it is missing; say since when the new evidence is known"))
    moment = datetime.combine(known, time(), ZoneInfo(settings.TIME_ZONE))
    if moment > act.at:
        refuse("known_since", "in_future", _("it lies in the future; give the day on which it became known"))
    if known < local_day(case.evaluation(act.family).fact_at):
        words = _("Expected new evidence, but this was known before the call was taken; the award is final")
        raise NotAllowedNow(words, code="late")
    _before_end(act, moment, "reopening_after_evidence")


def _before_end(act: Act, start: datetime, limit: str) -> None:
    calendar = calendar_named(act.policy.clocks["reopening"].calendar, act.family.stamp)
    until = calendar.due(start, Limit.parse(act.policy.value(limit))).due_at
    if act.at >= until:
        raise NotAllowedNow(
            _("Expected a request to reopen before %(until)s, but that time is over; the award is final")
            % {"until": local_text(until)},
            code="late",
        )


def _is_recording_lost(act: Act) -> bool:
    """The ruling waited for the recording to be checked, so its state is known."""
    return act.case.evaluation(act.family).recording_state in ("missing", "altered")


def _value_problems(act: Act, wanted: list[str]) -> list[dict[str, Any]]:
    rubric = act.case.evaluation(act.family).rubric
    given = [item.criterion for item in act.data.criteria]
    problems = [
        problem("criteria", "not_decided", _("%(code)s needs exactly one value") % {"code": code})
        for code in wanted
        if given.count(code) != 1
    ]
    for number, item in enumerate(act.data.criteria):
        if item.criterion not in wanted:
            words = _("this criterion is not on the list; leave it out")
            problems.append(problem(f"criteria.{number}", "not_listed", words))
            continue
        problems += [
            problem(f"criteria.{number}.value", name, explain_value(rubric, item.criterion, name))
            for name in check_value(rubric, item.criterion, item.value.plain())
        ]
    return problems


def _refuse(problems: list[dict[str, Any]]) -> None:
    if problems:
        raise invalid(problems)
