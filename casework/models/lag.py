from django.db import models


class Lag(models.Model):
    """How late work was done, as counters that only rise: how many times by more than the next smaller bound and at
    most `upto` seconds, and how many seconds that was in all."""

    kind = models.CharField(max_length=10)
    upto = models.PositiveIntegerField()
    times = models.BigIntegerField()
    seconds = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "upto"], name="lag_kind_upto")]
