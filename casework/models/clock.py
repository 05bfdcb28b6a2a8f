from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from casework.models.case import Case


class Clock(models.Model):
    """A running deadline, or a rung before or after one (`clock.rung`). A restart is a new row with the next
    generation, so a late firing of the old one is void."""

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        STOPPED = "stopped"
        BREACHED = "breached"

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="running_clocks", db_index=False)
    name = models.CharField(max_length=40)
    generation = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    provisional = models.BooleanField(default=False)
    limit = models.CharField(max_length=40)
    calendar = models.CharField(max_length=20)
    pauses = models.JSONField(default=list)
    steps = models.JSONField(default=list)
    extensions = models.JSONField(default=list)  # [by how much, when, the reason's code]
    postponed_to = models.DateTimeField(null=True)  # what was promised, whatever the limit alone would give
    attempts = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [models.UniqueConstraint(fields=["case", "name", "generation"], name="clock_generation")]
        indexes = [
            models.Index(fields=["due_at"], name="clock_due", condition=Q(state="running")),
            models.Index(fields=["due_at"], name="clock_failing", condition=Q(state="running", attempts__gt=0)),
            models.Index(fields=["due_at"], name="clock_provisional", condition=Q(state="running", provisional=True)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.generation}"


class ClockEntry(models.Model):
    """The ledger of a clock: start, pause, resume, extend, limit, reckon, stop, breach."""

    id = models.BigIntegerField(primary_key=True)
    clock = models.ForeignKey(Clock, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=60, blank=True)
    event_seq = models.PositiveIntegerField()


class ClockWarning(models.Model):
    """A reminder before a clock is due; skipped when it lost its point."""

    id = models.BigIntegerField(primary_key=True)
    clock = models.ForeignKey(Clock, models.PROTECT, related_name="warnings", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="+", db_index=False)
    mark = models.CharField(max_length=40)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clock", "mark"], name="warning_once")]
        indexes = [models.Index(fields=["due_at"], name="warning_due", condition=Q(done_at=None))]
