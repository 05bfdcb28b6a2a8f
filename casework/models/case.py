from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField

from casework.models.person import Person
from casework.models.policy import PolicyVersion
from casework.models.unit import Unit


class Family(models.Model):
    """Cases that hang on one another. Its version is the guard of every step: nobody's version, nobody's write."""

    id = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField(default=1)


class Numbering(models.Model):
    """The last case number given for a prefix and year."""

    prefix = models.CharField(max_length=3)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["prefix", "year"], name="numbering_year")]


class Case(models.Model):
    """What every case has. The law of each type stands on its subclass; `state` is the only truth of where it is."""

    prefix: ClassVar[str] = ""
    title: ClassVar[Any] = ""
    clocks: ClassVar[tuple[Any, ...]] = ()
    closed_states: ClassVar[tuple[str, ...]] = ()
    party_bars: ClassVar[dict[str, str]] = {}
    # Seats closed to whoever read the family, and whose holders see nothing else of it until the reveal.
    blind_seats: ClassVar[tuple[str, ...]] = ()
    # Seats whose holders a party may challenge.
    challengeable: ClassVar[tuple[str, ...]] = ()
    # Acts that only whoever acted reads while the case is in one of these states: {action: states}.
    sealed: ClassVar[dict[str, tuple[str, ...]]] = {}
    State: ClassVar[Any]
    as_read: dict[str, Any]

    id = models.BigIntegerField(primary_key=True)
    number = models.CharField(max_length=20)
    type = models.CharField(max_length=60)
    family = models.ForeignKey(Family, models.PROTECT, related_name="cases")
    subject = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", db_index=False)
    concerned = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+", db_index=False)
    fact_at = models.DateTimeField(null=True)
    state = FSMField(max_length=40, default="", protected=True)
    restricted = models.BooleanField(default=False)
    urgency = models.CharField(max_length=20, default="normal")  # a code of the policy, or NORMAL
    policy = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    seq = models.PositiveIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)
    salt = models.CharField(max_length=32, null=True, editable=False)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [models.UniqueConstraint(fields=["number"], name="case_number")]
        indexes = [
            models.Index(fields=["unit", "-id"], name="case_unit"),
            models.Index(fields=["type", "state", "-id"], name="case_type_state"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    def own_files(self) -> Iterable[str]:
        """Digests of files in the store of the evidence that belong to the person concerned, besides what was given."""
        return ()

    @classmethod
    def files_in_use(cls, digests: Iterable[str], person: Person | None) -> Iterable[str]:
        """Those of the digests that cases of the type need, besides what was given, that are about somebody else than
        the person and than whoever was erased."""
        return ()

    def searched_ids(self) -> Iterable[str]:
        """Ids besides the number by which the case is searched for."""
        return ()

    def searched_texts(self) -> Iterable[str]:
        """Texts in which it is searched: only such as everybody reads who sees the case."""
        return ()


class Party(models.Model):
    """A person's part in a case. Deciders leave a row too, so that bars never scan events.

    `named`: seated by a director, whose naming is a grant for this case only. `blind`: until the reveal the person
    sees nothing of the family but this case, and of this case only what a blind scorer may."""

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="parties")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=40, blank=True)
    named = models.BooleanField(default=False)
    blind = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["person", "case"], name="party_person"),
            models.Index(fields=["person"], name="party_blind", condition=Q(blind=True, until=None)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "person", "role"], condition=Q(until=None), name="party_once_at_a_time"
            )
        ]


class CaseRead(models.Model):
    """The first time a person without a part in it opened a case: it bars from a blind seat in the family."""

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="reads", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="case_read_once")]
