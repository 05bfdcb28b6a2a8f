from django.db import models

from casework.models.case import Case


class SearchToken(models.Model):
    """One word by which a case is found (ADR 0015): an index beside the cases, written with them and decided by
    nothing. It is asked by word, so the key is the only index, and a known row is written again without harm."""

    repeatable = True

    pk = models.CompositePrimaryKey("token", "case_id")
    token = models.CharField(max_length=48)
    case = models.ForeignKey(Case, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
