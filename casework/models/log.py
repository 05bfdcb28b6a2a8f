from django.db import models
from django.utils.translation import gettext_lazy as _

from casework.models.event import CaseEvent


class Unsequenced(models.Model):
    """An event that has no place in the log yet: the database itself puts it here when the event is written. `xid`: the
    transaction that wrote it, 0 on SQLite, where they follow one another."""

    event_id = models.BigIntegerField(primary_key=True)
    xid = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["xid", "event_id"], name="unsequenced_order")]


class LogLeaf(models.Model):
    """The place of an event in the log, which is never given twice and never changed."""

    index = models.BigIntegerField(primary_key=True)
    # Without a constraint, whose check would lock, and so rewrite, each event's row.
    event = models.OneToOneField(CaseEvent, models.PROTECT, related_name="leaf", db_constraint=False)


class Tile(models.Model):
    """256 nodes of the tree, or fewer where it still grows: the database lets more be added behind, and no more."""

    level = models.PositiveSmallIntegerField()
    number = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "number"], name="tile_place")]


class Checkpoint(models.Model):
    """What the log signed: that its first `size` events have this root. `note` is the checkpoint as signed."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    note = models.TextField()
    at = models.DateTimeField()


class Cosignature(models.Model):
    """A witness's line below a checkpoint."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=200)
    line = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["witness", "checkpoint"], name="cosignature_once")]


class Witness(models.Model):
    """How it stands with a witness: the largest tree that it says it knows, and what it refused, if it did. Until
    `busy_until` somebody is asking it, and nobody else does."""

    class Problem(models.TextChoices):
        AHEAD = "ahead", _("it has seen more entries than the log has now: entries are gone, or a backup was restored")
        REFUSED = "refused", _("what it has seen is not the beginning of the log: entries were changed")
        AWAY = "away", _("it does not answer")
        STRANGE = "strange", _("its answer is none that a witness gives")

    name = models.CharField(max_length=200, primary_key=True)
    size = models.BigIntegerField(default=0)
    busy_until = models.DateTimeField(null=True)
    problem = models.CharField(max_length=10, choices=Problem, blank=True)
    detail = models.TextField(blank=True)
    since = models.DateTimeField(null=True)
