"""The law of an arbitration (仲裁): the agent appeals, a panel of one or three scores blind, votes, and awards."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from casework.domain.action import ClockSpec
from casework.domain.attesting import Attestation, Attesting
from casework.domain.every_case import EveryCase
from casework.domain.policy import texts
from casework.domain.wording import listed
from casework.models import Case
from workflows.arbitration import panels, states
from workflows.arbitration.deciding import Deciding
from workflows.arbitration.ending import Ending
from workflows.arbitration.seating import Seating


class Arbitration(Seating, Deciding, Ending, Attesting, EveryCase, Case):
    """A panel decides on what the agent does not accept of a ruling. Its award is the last word inside the company."""

    S = State = states.State

    prefix = "ARB"
    title = _("Arbitration")
    inherits_policy = True
    closed_states = (S.FINAL, S.WITHDRAWN)
    blind_seats = panels.SEATS
    challengeable = panels.SEATS
    attestations: ClassVar = {"reopening_refusal": Attestation(told=("agent", "inspector"))}
    sealed: ClassVar = {"score_blind": (S.SCORING, S.WITHDRAWN), "vote": states.HEARING}
    party_bars: ClassVar = {
        "agent": "agent",
        "inspector": "scored",
        **dict.fromkeys(panels.SEATS, "decided_before"),
        "challenge_ruler": "decided_before",
        "reopener": "decided_before",
    }
    clocks = (
        ClockSpec("score_1", states=(S.SCORING,), breach="replace_scorer", starts="effect"),
        ClockSpec("score_2", states=(S.SCORING,), breach="replace_scorer", starts="effect"),
        ClockSpec("score_3", states=(S.SCORING,), breach="replace_scorer", starts="effect"),
        ClockSpec("vote_1", states=(S.VOTING,), breach="replace_voter", starts="effect"),
        ClockSpec("vote_2", states=(S.VOTING,), breach="replace_voter", starts="effect"),
        ClockSpec("vote_3", states=(S.VOTING,), breach="replace_voter", starts="effect"),
        ClockSpec("seating", states=(S.SCORING,), breach="report_vacancy", starts="effect"),
        ClockSpec("challenge", states=(S.SCORING,), breach="close_challenges", starts="effect"),
        ClockSpec("challenge_ruling", states=(S.SCORING,), breach="pass_challenge_on", starts="effect"),
        ClockSpec("sign", states=(S.SIGNING,), breach="close_signing", starts="effect"),
        ClockSpec("deemed_service", states=(S.AWARDED,), breach="deem_served"),
        ClockSpec("reopening", states=(S.REOPENING,), breach="report_reopening_delay"),
    )

    panel = models.PositiveSmallIntegerField(default=1)
    round = models.PositiveSmallIntegerField(default=1)
    matters = models.JSONField(default=dict)
    controls = models.JSONField(default=dict)
    scores = models.JSONField(default=dict)
    votes = models.JSONField(default=dict)
    findings = models.JSONField(default=dict)
    outcome = models.CharField(max_length=12, blank=True)
    waived = models.JSONField(default=list)
    challenges = models.JSONField(default=list)
    signed = models.JSONField(default=list)
    reopenings = models.JSONField(default=list)
    issued_at = models.DateTimeField(null=True)
    served_at = models.DateTimeField(null=True)
    served_how = models.CharField(max_length=12, blank=True)

    class Meta:
        verbose_name = _("arbitration")
        verbose_name_plural = _("arbitrations")

    def searched_texts(self) -> Iterable[str]:
        return [matter["reasons"] for matter in self.matters.values()]

    # What every chapter uses

    next_state = S.SCORING

    def dispute(self, family: Any) -> Any:
        return family.by_id[self.subject_id]

    def evaluation(self, family: Any) -> Any:
        return family.by_id[self.dispute(family).subject_id]

    def notice_values(self, family: Any, book: Any, rules: Any) -> dict[str, Any]:
        """What notices about this arbitration may say; those that go to arbitrators say none of it."""
        outcome, score = rules.labels["outcomes"].get(self.outcome), self.evaluation(family).score
        sitting = [family.holder(self, seat) for seat in panels.seats(self)]
        return {
            "outcome": texts(outcome) if outcome else "", "score": str(score),
            "decider": listed(book.persons[p].name if p else "—" for p in sitting),
        }  # fmt: skip
