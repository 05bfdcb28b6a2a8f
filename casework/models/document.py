import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from casework.models.case import Case
from casework.models.event import CaseEvent


class Document(models.Model):
    """A decision on paper: the frozen snapshot it was drawn from and the file as it now is, by its SHA-256;
    `draft_sha256` is the file before anybody signed it, empty where nobody but the organisation ever does.

    Once issued the row never changes; a correction is a new document that names the old."""

    class State(models.TextChoices):
        DRAFTED = "drafted", _("drafted")
        SIGNED = "signed", _("signed")
        SEALED = "sealed", _("sealed")
        ISSUED = "issued", _("issued")
        VOID = "void", _("void")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    case = models.ForeignKey(Case, models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFTED)
    snapshot = models.TextField()
    snapshot_sha256 = models.CharField(max_length=64)
    file_sha256 = models.CharField(max_length=64)
    draft_sha256 = models.CharField(max_length=64, blank=True)
    fields = models.JSONField(default=list)
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    drafted_at = models.DateTimeField()
    issued_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("document")
        indexes = [models.Index(fields=["file_sha256"], name="document_file")]


class StampedEdition(models.Model):
    """The same document with a time authority's stamp behind it: another file, which begins with the issued one. `at`
    is the authority's time, `level` what PAdES calls what was reached, `event` the entry that says all this.

    It is never changed; erasing takes the file of an erased document out of the store and leaves the row."""

    document = models.OneToOneField(Document, models.PROTECT, primary_key=True, related_name="edition")
    file_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    level = models.CharField(max_length=10)
    event = models.OneToOneField(CaseEvent, models.PROTECT, related_name="edition", db_constraint=False)

    class Meta:
        indexes = [models.Index(fields=["file_sha256"], name="edition_file")]
