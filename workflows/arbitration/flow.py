"""Who works while an arbitration rests."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.flow.case_flow import CaseFlow, HumanTask
from workflows.arbitration import panels
from workflows.arbitration.models import Arbitration

S = Arbitration.State


def scoring(seat: str) -> HumanTask:
    return HumanTask(
        states=(S.SCORING,), actions=("score_blind", "recuse"), seat=seat, clock=panels.score_clock(seat),
        label=_("Score the recording blind"), unless=lambda case, family: seat in case.scores,
    )  # fmt: skip


def voting(seat: str) -> HumanTask:
    return HumanTask(
        states=(S.VOTING,), actions=("vote", "recuse"), seat=seat, clock=panels.vote_clock(seat), label=_("Vote"),
        unless=lambda case, family: seat in case.votes,
    )  # fmt: skip


def signing(seat: str) -> HumanTask:
    return HumanTask(
        states=(S.SIGNING,), actions=("sign",), seat=seat, clock="sign", label=_("Read and sign the award"),
        unless=lambda case, family: seat in case.signed,
    )  # fmt: skip


def speaks_on_the_panel(party: str) -> HumanTask:
    """Each party may challenge, or say that it does not; the panel waits for either, or for the time to pass."""

    def done(case: Any, family: Any) -> bool:
        return party in case.waived or bool(panels.empty(case, family)) or not family.is_running(case, "challenge")

    return HumanTask(
        states=(S.SCORING,), actions=("waive_challenge", "challenge"), relation=party, clock="challenge",
        label=_("Challenge an arbitrator, or raise no challenge"), unless=done,
    )  # fmt: skip


class ArbitrationFlow(CaseFlow):
    """Arbitration"""

    process_class = Arbitration

    name_arbitrator = HumanTask(
        states=(S.SCORING,), actions=("name_arbitrator",), role="director", clock="seating",
        label=_("Name an arbitrator"), unless=lambda case, family: not panels.empty(case, family),
    )  # fmt: skip
    agent_on_panel = speaks_on_the_panel("agent")
    inspector_on_panel = speaks_on_the_panel("inspector")
    rule_on_challenge = HumanTask(
        states=(S.SCORING,), actions=("uphold_challenge", "reject_challenge"), seat="challenge_ruler",
        clock="challenge_ruling", label=_("Rule on a challenge"),
    )  # fmt: skip
    score_1, score_2, score_3 = scoring("arbitrator_1"), scoring("arbitrator_2"), scoring("arbitrator_3")
    vote_1, vote_2, vote_3 = voting("arbitrator_1"), voting("arbitrator_2"), voting("arbitrator_3")
    sign_1, sign_2, sign_3 = signing("arbitrator_1"), signing("arbitrator_2"), signing("arbitrator_3")
    open_award = HumanTask(
        states=(S.AWARDED,), actions=("read",), relation="agent", clock="deemed_service", label=_("Open the award"),
    )  # fmt: skip
    decide_reopening = HumanTask(
        states=(S.REOPENING,), actions=("reopen", "refuse_reopening"), role="director", clock="reopening",
        label=_("Decide on reopening"),
    )  # fmt: skip
