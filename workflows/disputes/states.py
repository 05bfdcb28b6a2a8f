"""Where a score dispute can rest."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    SCREENING = "screening", _("leader screening")
    RETURNED = "returned", _("returned to the agent")
    REVIEWING = "reviewing", _("under review")
    SIGNING = "signing", _("ruling drafted, to be signed")
    SEALING = "sealing", _("signed, being sealed")
    DISMISSING = "dismissing", _("late, decision being sealed")
    RULED = "ruled", _("ruled, may go to arbitration")
    APPEALED = "appealed", _("in arbitration")
    INADMISSIBLE = "inadmissible", _("inadmissible, reinstatement may be asked")
    REINSTATING = "reinstating", _("reinstatement asked")
    FINAL = "final", _("final")
    WITHDRAWN = "withdrawn", _("withdrawn")
    LAPSED = "lapsed", _("lapsed")
    DISMISSED = "dismissed", _("dismissed")


S = State
HEARING = (S.SCREENING, S.RETURNED, S.REVIEWING)
DECIDING = (S.REVIEWING, S.SIGNING)
SERVABLE = (S.RULED, S.INADMISSIBLE)
OPEN = (
    S.SCREENING, S.RETURNED, S.REVIEWING, S.SIGNING, S.SEALING, S.DISMISSING, S.RULED, S.APPEALED,
    S.INADMISSIBLE, S.REINSTATING,
)  # fmt: skip
