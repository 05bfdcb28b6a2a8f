"""The law of a score dispute (申诉): filed by the agent, screened by the leader, ruled on by a free QA lead."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from casework.domain.action import SYSTEM, Act, ClockSpec, action
from casework.domain.attesting import Attestation, Attesting
from casework.domain.effects import Notify
from casework.domain.every_case import EveryCase
from casework.domain.policy import texts
from casework.models import Case
from workflows.disputes import states
from workflows.disputes.filing import Filing
from workflows.disputes.reinstatement import Reinstatement
from workflows.disputes.review import Review
from workflows.disputes.ruling import Ruling


class ScoreDispute(Filing, Review, Ruling, Reinstatement, Attesting, EveryCase, Case):
    """An agent contests an evaluation; one dispute per evaluation and publication."""

    S = State = states.State

    prefix = "DSP"
    title = _("Score dispute")
    closed_states = (S.FINAL, S.WITHDRAWN, S.LAPSED, S.DISMISSED)
    challengeable = ("reviewer",)
    attestations: ClassVar = {"reinstatement_refusal": Attestation(told=("agent",))}
    party_bars = {
        "agent": "agent",
        "inspector": "scored",
        "reviewer": "decided_before",
        "reinstater": "decided_before",
        "challenge_ruler": "decided_before",
    }
    clocks = (
        ClockSpec("screen", states=(S.SCREENING,), breach="bypass"),
        ClockSpec("statement", states=states.HEARING, breach="record_silence", starts="effect"),
        ClockSpec("returned", states=(S.RETURNED,), breach="lapse"),
        ClockSpec("review", states=(S.REVIEWING,), breach="reassign_reviewer"),
        ClockSpec("naming", states=(S.REVIEWING,), breach="report_vacancy", starts="effect"),
        ClockSpec("challenge", states=states.DECIDING, breach="close_challenges", starts="effect"),
        ClockSpec("challenge_ruling", states=states.DECIDING, breach="pass_challenge_on", starts="effect"),
        ClockSpec("sign", states=(S.SIGNING,), breach="replace_signer"),
        ClockSpec("deemed_service", states=states.SERVABLE, breach="deem_served"),
        ClockSpec("appeal_window", states=(S.RULED,), breach="finalise", starts="effect"),
        ClockSpec("reinstatement", states=(S.INADMISSIBLE,), breach="close", starts="effect"),
        ClockSpec("reinstating", states=(S.REINSTATING,), breach="report_reinstatement_delay"),
        ClockSpec("whole", states=states.OPEN, breach="report_delay", rungs={"again": "report_delay"}),
    )

    publication = models.PositiveSmallIntegerField(default=1)
    claims = models.JSONField(default=dict)
    late = models.BooleanField(default=False)
    screening = models.CharField(max_length=20, blank=True)
    heard = models.CharField(max_length=10, blank=True)
    challenges = models.JSONField(default=list)
    outcome = models.CharField(max_length=14, blank=True)
    annul = models.TextField(blank=True)
    served_at = models.DateTimeField(null=True)
    served_how = models.CharField(max_length=12, blank=True)
    excuse = models.JSONField(null=True)

    class Meta:
        verbose_name = _("score dispute")
        verbose_name_plural = _("score disputes")

    # At any time

    @action(source=states.OPEN, role=SYSTEM, callable_by_clock=True, event="delayed", label=_("report the delay"))
    def report_delay(self, act: Act) -> list:
        """Director and auditor are told; the score stays provisional and out of pay."""
        return [Notify("whole_limit_passed", roles=("director", "auditor"), clock="whole")]

    def searched_texts(self) -> Iterable[str]:
        return [claim["reasons"] for claim in self.claims.values()]

    # What every chapter uses

    first_state = S.SCREENING

    def evaluation(self, act: Act) -> Any:
        return act.family.by_id[self.subject_id]

    def notice_values(self, family: Any, book: Any, rules: Any) -> dict[str, Any]:
        """What notices about this dispute may say."""
        evaluation, reviewer = family.by_id[self.subject_id], family.holder(self, "reviewer")
        outcome = rules.labels["outcomes"].get(self.outcome)
        return {
            "evaluation": evaluation.number, "score": str(evaluation.score), "criteria": ", ".join(self.claims),
            "outcome": texts(outcome) if outcome else "", "decider": book.persons[reviewer].name if reviewer else "—",
        }  # fmt: skip
