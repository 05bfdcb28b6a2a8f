from django.db import models
from django.db.models import Q


class Installation(models.Model):
    """One row: what this database is. A demo database is marked before its first person exists and never later;
    the database refuses every change of the row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="installation_single")]


class Stamp(models.Model):
    """One row whose version the database itself raises when units, persons, grants, leaves, accounts or calendar
    days change. Every step reads it, so what processes hold in memory is never older than the step."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="stamp_single")]
