from django.conf import settings
from django.db import models
from django.db.models import Q
from viewflow.workflow.models import AbstractTask

from casework.models.case import Case
from casework.models.person import Person
from casework.models.unit import Unit


class Task(AbstractTask):
    """While a case rests, this person (or whoever holds this role on this unit) owes one of these actions.

    A Viewflow task, written only as a projection (casework.flow) and decided by nothing. Everything a list shows
    stands on the row; what Viewflow would index or link by itself is taken out."""

    previous = None
    external_task_id = None
    scheduled = None
    owner_permission = None
    owner_permission_content_type = models.ForeignKey(
        "contenttypes.ContentType", models.CASCADE, null=True, related_name="+", db_index=False
    )

    id = models.BigIntegerField(primary_key=True)
    process = models.ForeignKey(Case, models.PROTECT, related_name="tasks", db_index=False)
    status = models.CharField(max_length=20, default="NEW")
    created = models.DateTimeField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    node = models.CharField(max_length=40)
    number = models.CharField(max_length=20)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=40, blank=True)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    due_at = models.DateTimeField(null=True)
    provisional = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["process"], name="task_open", condition=Q(finished=None)),
            models.Index(fields=["person", "due_at", "id"], name="task_person_due", condition=Q(finished=None)),
            models.Index(fields=["unit", "role", "due_at", "id"], name="task_unit_due", condition=Q(finished=None)),
        ]
