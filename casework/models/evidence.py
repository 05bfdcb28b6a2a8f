from django.db import models
from django.utils.translation import gettext_lazy as _

from casework.models.case import Case
from casework.models.person import Person


class Evidence(models.Model):
    """A file that somebody gives to a case: received, with what it is by its content, and from `added_at` on a part of
    the case. `name` is what the giver called it, `relation` their part in the case."""

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="evidence")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    relation = models.CharField(max_length=40, blank=True)
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=10)
    size = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    shows = models.TextField(blank=True)
    seconds = models.JSONField(default=list)
    received_at = models.DateTimeField()
    added_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("evidence")
        indexes = [
            models.Index(fields=["received_at"], name="evidence_waiting", condition=models.Q(added_at__isnull=True))
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "sha256"], condition=models.Q(added_at__isnull=False), name="evidence_once"
            )
        ]
