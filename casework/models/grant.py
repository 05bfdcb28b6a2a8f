from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.person import Person
from casework.models.unit import Unit


class Grant(models.Model):
    """In which role, on which unit and below, from when until when, in whose stead a person may act.

    Rows are never deleted: bars ask who led a unit at the time of a call. The interval is half-open."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="grants")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="grants")
    role = models.CharField(max_length=40)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    principal = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="deputies")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=F("ends_at")),
                name="grant_interval",
            ),
            models.CheckConstraint(condition=~Q(principal=F("person")), name="grant_not_own_deputy"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class Leave(models.Model):
    """A person is away from the first to the last day, both included: not offered work, not deemed served. One that
    was cancelled before its first day never was."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="leaves")
    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=40, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("leave")
        verbose_name_plural = _("leaves")
        constraints = [
            models.CheckConstraint(condition=Q(first_day__lte=F("last_day")), name="leave_interval"),
        ]

    def __str__(self) -> str:
        return f"{self.first_day} – {self.last_day}"
