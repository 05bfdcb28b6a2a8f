"""Where an evaluation can stand."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    DRAFT = "draft", _("draft")
    STANDING = "standing", _("standing")
    PROVISIONAL = "provisional", _("provisional, in dispute")
    MAINTAINED = "maintained", _("maintained")
    ADJUSTED = "adjusted", _("adjusted")
    ANNULLED = "annulled", _("annulled")
    FINAL = "final", _("final")


S = State
RULED = (S.MAINTAINED, S.ADJUSTED, S.ANNULLED)
PUBLISHED = (S.STANDING, S.PROVISIONAL, *RULED, S.FINAL)
