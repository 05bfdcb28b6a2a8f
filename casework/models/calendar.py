from django.db import models
from django.utils.translation import gettext_lazy as _


class CalendarDay(models.Model):
    """A day that a notice made off or working (调休); days without a row follow the week."""

    calendar = models.CharField(max_length=20)
    date = models.DateField()
    working = models.BooleanField()
    holiday = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="calendar_day")]

    def __str__(self) -> str:
        return f"{self.date}"


class CalendarHorizon(models.Model):
    """Through which day the notices settle a calendar; deadlines beyond it are provisional."""

    calendar = models.CharField(max_length=20, primary_key=True)
    published_through = models.DateField()

    def __str__(self) -> str:
        return f"{self.calendar}: {self.published_through}"
