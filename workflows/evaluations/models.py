"""The law of an evaluation (质检评分): scored, published, served, and final unless somebody objects."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import GET_STATE

from casework.domain.action import SYSTEM, Act, ClockSpec, action, opening
from casework.domain.attesting import Attestation, Attesting
from casework.domain.effects import Deliver, Join, Notify, StartClock, StopClock
from casework.domain.every_case import EveryCase
from casework.models import Case, Person
from workflows.evaluations import forms, guards, states
from workflows.evaluations.correction import Correcting
from workflows.evaluations.score_sheet import ScoreSheets
from workflows.evaluations.scoring import apply as scored
from workflows.evaluations.service import Serving


class RubricVersion(models.Model):
    """A rubric as it was published; the content never changes."""

    code = models.CharField(max_length=40)
    version = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    registered_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="rubric_version")]


class Recording(models.Model):
    """The sound of an interaction, hashed on receipt."""

    interaction_id = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    duration_s = models.PositiveIntegerField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["interaction_id"], name="recording_interaction")]


class Evaluation(Serving, Correcting, ScoreSheets, Attesting, EveryCase, Case):
    """One scored interaction. `state` is its standing; `reading` how far the agent has taken it in; `score_sheet` the
    digest of what the last score sheet tells."""

    class Reading(models.TextChoices):
        UNPUBLISHED = "unpublished", _("not published")
        PUBLISHED = "published", _("published")
        SERVED = "served", _("served")
        ACKNOWLEDGED = "acknowledged", _("acknowledged")
        QUESTIONED = "questioned", _("questioned")
        ANSWERED = "answered", _("answered")

    S = State = states.State
    RULED: ClassVar = states.RULED
    PUBLISHED: ClassVar = states.PUBLISHED

    prefix = "EVL"
    title = _("Evaluation")
    closed_states = (S.FINAL,)
    attestations: ClassVar = {
        "correction": Attestation(told=("agent",), replaces=True),
        "score_sheet": Attestation(told=("agent",), replaces=True),
    }
    party_bars = {"inspector": "scored", "agent": "agent", "corrector": "decided_before"}
    clocks = (
        ClockSpec("deemed_service", states=PUBLISHED, breach="deem_served", starts="effect"),
        ClockSpec("objection", states=PUBLISHED, breach="close_window", starts="effect", waits_for=("answer",)),
        ClockSpec("answer", states=PUBLISHED, breach="note_unanswered", starts="effect"),
        ClockSpec("correction_approval", states=PUBLISHED, breach="drop_correction", starts="effect"),
    )

    external_id = models.CharField(max_length=60)
    purpose = models.CharField(max_length=12, default="regular")
    rubric_code = models.CharField(max_length=40)
    rubric_version = models.PositiveSmallIntegerField()
    interaction_id = models.CharField(max_length=60)
    channel = models.CharField(max_length=20)
    duration_s = models.PositiveIntegerField()
    customer_ref = models.CharField(max_length=60, blank=True)
    agent = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    inspector = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    scored_at = models.DateTimeField()
    team = models.CharField(max_length=60, blank=True)
    original = models.JSONField()
    current = models.JSONField()
    original_score = models.DecimalField(max_digits=5, decimal_places=2)
    score = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    band = models.CharField(max_length=12)
    passed = models.BooleanField(default=False)
    reading = models.CharField(max_length=12, default=Reading.UNPUBLISHED)
    outcome = models.CharField(max_length=12, blank=True)
    arbitrated = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True)
    publication = models.PositiveSmallIntegerField(default=0)
    served_at = models.DateTimeField(null=True)
    served_how = models.CharField(max_length=12, blank=True)
    window_closed = models.BooleanField(default=False)
    open_criteria = models.JSONField(default=list)
    pending_correction = models.JSONField(null=True)
    recording_state = models.CharField(max_length=10, blank=True)
    content_digest = models.CharField(max_length=64, blank=True)
    score_sheet = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        constraints = [
            models.UniqueConstraint(fields=["external_id"], name="evaluation_external_id"),
            models.UniqueConstraint(
                fields=["interaction_id", "agent", "rubric_code"],
                condition=Q(purpose="regular"),
                name="evaluation_once",
            ),
        ]

    def searched_ids(self) -> Iterable[str]:
        return (self.external_id, self.interaction_id)

    def own_files(self) -> Iterable[str]:
        """The recording of the call."""
        return Recording.objects.filter(interaction_id=self.interaction_id).values_list("sha256", flat=True)

    @classmethod
    def files_in_use(cls, digests: Iterable[str], person: Person | None) -> Iterable[str]:
        """Recordings of calls in which somebody else was scored."""
        others = cls.objects.filter(concerned__erased_at=None)
        others = others.exclude(concerned=person) if person else others
        recordings = Recording.objects.filter(sha256__in=digests)
        return recordings.filter(interaction_id__in=others.values("interaction_id")).values_list("sha256", flat=True)

    # Scoring and publication

    @classmethod
    def place(cls, form: forms.Scorecard, book: Any) -> dict[str, Any]:
        """Where the new case belongs: the agent's unit, the call's time; InvalidInput for bad values."""
        return guards.placed(form, book)

    @opening(
        target=GET_STATE(lambda case, act: "final" if act.data.historical else "draft", states=[S.DRAFT, S.FINAL]),
        role="inspector|qa_lead", form=forms.Scorecard, event="scored", label=_("score"), when=[guards.is_not_own_call],
    )  # fmt: skip
    def record_score(self, act: Act) -> list:
        self.reading = self.Reading.UNPUBLISHED
        self.restricted = not act.data.historical
        joins = [Join("inspector", self.inspector_id)]
        if act.data.historical:
            self.window_closed = True
            joins.append(Join("agent", self.concerned_id))
        return joins

    @action(
        source=S.DRAFT, target=S.STANDING, role="qa_lead", event="published", label=_("publish"),
        when=[guards.is_not_own_score],
    )  # fmt: skip
    def publish(self, act: Act) -> list:
        self.restricted = False
        self.reading, self.published_at, self.publication = self.Reading.PUBLISHED, act.at, 1
        return [
            Join("agent", self.concerned_id),
            StartClock("deemed_service"),
            Notify("published", parties=("agent",), clock="objection"),
        ]

    # Moved by a dispute

    @action(
        source=(S.STANDING, *RULED, S.FINAL), target=S.PROVISIONAL, role=SYSTEM, form=forms.Cause, event="disputed",
        label=_("mark provisional"),
    )  # fmt: skip
    def mark_provisional(self, act: Act) -> list:
        self.pending_correction = None
        return [StopClock("correction_approval"), Deliver("check_recording")]

    @action(
        source=S.PROVISIONAL,
        target=GET_STATE(lambda case, act: "final" if case.window_closed else "standing", states=[S.FINAL, S.STANDING]),
        role=SYSTEM, form=forms.Cause, event="undisputed", label=_("end the dispute"),
    )  # fmt: skip
    def restore(self, act: Act) -> list:
        return []

    @action(
        source=(S.PROVISIONAL, *RULED), target=GET_STATE(lambda case, act: act.data.outcome, states=RULED),
        role=SYSTEM, form=forms.Rescore, event="rescored", label=_("move the score"),
    )  # fmt: skip
    def rescore(self, act: Act) -> list:
        """The ruled values are the score; the original is never lost."""
        self.outcome, self.arbitrated = act.data.outcome, act.data.last_word
        before = self._scored()
        if self.outcome == self.S.ANNULLED:
            self.score, self.band, self.passed = None, "", False
        else:
            self.set_values({code: value.plain() for code, value in act.data.values.items()})
        act.note |= {
            "before": before,
            "after": self._scored(),
        }
        return []

    @action(
        source=S.PROVISIONAL, target=GET_STATE(lambda case, act: case.outcome, states=RULED), role=SYSTEM,
        form=forms.Cause, event="returned_to_ruling", label=_("return to the ruling"),
    )  # fmt: skip
    def return_to_ruling(self, act: Act) -> list:
        """What was decided before the arbitration stands again; the score has not moved."""
        return []

    @action(source=RULED, target=S.FINAL, role=SYSTEM, form=forms.Cause, event="settled", label=_("make final"))
    def finalise(self, act: Act) -> list:
        self.window_closed = True
        return [StopClock("objection", "settled")]

    @action(
        source="*",
        role=SYSTEM,
        form=forms.RecordingState,
        event="recording_checked",
        label=_("note the recording"),
    )
    def note_recording(self, act: Act) -> list:
        self.recording_state = act.data.state
        return []

    # Reading

    @property
    def rubric(self) -> Any:
        from workflows.evaluations.rubrics import rubric_version

        return rubric_version(self.rubric_code, self.rubric_version)

    @property
    def is_provisional(self) -> bool:
        """Whether everything that shows the score must say that it is in dispute."""
        return self.state == self.S.PROVISIONAL

    def notice_values(self, family: Any, book: Any, rules: Any) -> dict[str, Any]:
        """What notices about this evaluation may say."""
        changed = sorted((self.pending_correction or {}).get("values", ())) or self.open_criteria
        return {"evaluation": self.number, "score": str(self.score), "criteria": ", ".join(changed)}

    def set_values(self, values: dict[str, Any]) -> None:
        """New values on the scorecard, and the total that follows from them."""
        from workflows.evaluations.scoring import total

        self.current = scored(self.current, values)
        result = total(self.rubric, self.current)
        self.score, self.band, self.passed = result.score, result.band, result.passed
