from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from casework.models.case import Case
from casework.models.person import Person

STAMP = "stamp"  # asks a time authority, and is done apart from the rest
STUCK_AFTER = 3  # attempts: once or twice something was away for a moment


class Delivery(models.Model):
    """Something to do after the commit. Done rows are deleted; a handler may run twice."""

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    dedup = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [models.UniqueConstraint(fields=["dedup"], name="delivery_dedup")]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due"),
            models.Index(fields=["created_at"], name="delivery_failing", condition=Q(attempts__gte=STUCK_AFTER)),
            models.Index(fields=["created_at"], name="delivery_stamp", condition=Q(kind=STAMP)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Notice(models.Model):
    """A message in a person's inbox."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="notices", db_index=False)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=40)
    values = models.JSONField(default=dict)
    dedup = models.CharField(max_length=160)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [models.UniqueConstraint(fields=["dedup"], name="notice_dedup")]
        indexes = [models.Index(fields=["person", "-id"], name="notice_person")]
