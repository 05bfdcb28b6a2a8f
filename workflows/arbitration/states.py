"""Where an arbitration can rest."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    SCORING = "scoring", _("panel scores blind")
    VOTING = "voting", _("panel votes")
    SIGNING = "signing", _("award drafted, to be signed")
    SEALING = "sealing", _("signed, being sealed")
    AWARDED = "awarded", _("awarded, to be served")
    FINAL = "final", _("final")
    REOPENING = "reopening", _("reopening asked")
    WITHDRAWN = "withdrawn", _("withdrawn")


S = State
HEARING = (S.SCORING, S.VOTING)
