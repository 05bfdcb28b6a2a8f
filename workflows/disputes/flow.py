"""Who works while a dispute rests."""

from django.utils.translation import gettext_lazy as _

from casework.flow.case_flow import CaseFlow, HumanTask
from workflows.disputes import states
from workflows.disputes.models import ScoreDispute

S = states.State


class ScoreDisputeFlow(CaseFlow):
    """Score dispute"""

    process_class = ScoreDispute

    screen = HumanTask(
        states=(S.SCREENING,), actions=("forward", "return_to_agent"), role="team_leader", clock="screen",
        label=_("Screen the dispute"),
    )  # fmt: skip
    statement = HumanTask(
        states=states.HEARING, actions=("give_statement",), relation="inspector", clock="statement",
        label=_("State or concede"), unless=lambda case, family: bool(case.heard),
    )  # fmt: skip
    reply = HumanTask(
        states=(S.RETURNED,), actions=("insist", "amend", "withdraw"), relation="agent", clock="returned",
        label=_("Insist, amend or withdraw"),
    )  # fmt: skip
    review = HumanTask(
        states=(S.REVIEWING,), actions=("claim", "rule", "release", "recuse"), role="qa_lead", seat="reviewer",
        clock="review", label=_("Review the dispute"),
    )  # fmt: skip
    name_reviewer = HumanTask(
        states=(S.REVIEWING,), actions=("name_reviewer",), role="director", clock="naming",
        label=_("Name a reviewer"), unless=lambda case, family: not family.is_running(case, "naming"),
    )  # fmt: skip
    rule_on_challenge = HumanTask(
        states=states.DECIDING, actions=("uphold_challenge", "reject_challenge"), seat="challenge_ruler",
        clock="challenge_ruling", label=_("Rule on a challenge"),
    )  # fmt: skip
    sign = HumanTask(
        states=(S.SIGNING,), actions=("sign", "revise", "recuse"), role="qa_lead", seat="reviewer", clock="sign",
        label=_("Read and sign the ruling"),
    )  # fmt: skip
    open_decision = HumanTask(
        states=states.SERVABLE, actions=("read",), relation="agent", clock="deemed_service",
        label=_("Open the decision"), unless=lambda case, family: case.served_at is not None,
    )  # fmt: skip
    accept = HumanTask(
        states=(S.RULED,), actions=("accept", "appeal"), relation="agent", clock="appeal_window",
        label=_("Accept the ruling, or ask for arbitration"), unless=lambda case, family: case.served_at is None,
    )  # fmt: skip
    ask_reinstatement = HumanTask(
        states=(S.INADMISSIBLE,), actions=("ask_reinstatement",), relation="agent", clock="reinstatement",
        label=_("Ask for reinstatement"), unless=lambda case, family: case.served_at is None,
    )  # fmt: skip
    reinstatement = HumanTask(
        states=(S.REINSTATING,), actions=("reinstate", "refuse_reinstatement"), role="qa_lead", clock="reinstating",
        label=_("Decide on reinstatement"),
    )  # fmt: skip
