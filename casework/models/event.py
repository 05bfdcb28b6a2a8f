from django.db import models
from django.db.models import Q

from casework.models.case import Case
from casework.models.person import Person


class CaseEvent(models.Model):
    """One entry of the ledger, format v1. `entry` holds the canonical JSON exactly as it was hashed; the other
    columns repeat parts of it for look-ups. Insert only: the database refuses everything else."""

    id = models.BigIntegerField(primary_key=True)
    stream = models.CharField(max_length=40)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    entry = models.TextField()
    action = models.CharField(max_length=60)
    actor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()
    key = models.UUIDField(null=True)
    body = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="event_stream_seq"),
            models.UniqueConstraint(fields=["key"], condition=Q(key__isnull=False), name="event_key"),
        ]


class EventText(models.Model):
    """Clear text and salt of the personal free text that the entry only commits to; erasable without a trace in
    the chain."""

    event = models.OneToOneField(CaseEvent, models.PROTECT, primary_key=True, related_name="texts")
    texts = models.JSONField()


class StreamHead(models.Model):
    """Last sequence and digest of a stream that belongs to no case: `org`, `access`."""

    stream = models.CharField(max_length=40, primary_key=True)
    seq = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)
