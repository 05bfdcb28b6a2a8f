from django.db import models
from django.utils.translation import gettext_lazy as _


class Unit(models.Model):
    """A node of the organisation's tree: centre, project, team; QA stands beside the projects (S-68)."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [models.UniqueConstraint(fields=["code"], name="unit_code")]

    def __str__(self) -> str:
        return self.name
