"""A director names a decider where a pool is too small: anybody not barred, also from outside, as a grant for this case
only. What every case type's law shares."""

from typing import Annotated

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.domain.action import Act
from casework.domain.authority import bars_in, explain
from casework.domain.effects import Join, Leave
from casework.domain.form_words import refuse
from casework.domain.forms import Ask, Form, Line, Reasons

APPOINTER = "appointer"


class Naming(Form):
    """`person`: the staff number of whoever is to sit."""

    person: Annotated[Line, Ask(gettext_lazy("Who is to sit"), gettext_lazy("The staff number, such as Q202."))]
    reasons: Reasons


def named(act: Act, seat: str) -> list:
    """The person sits; naming somebody decides nothing in the matter, so it bars nobody."""
    return [Join(seat, act.book.person_no(act.data.person).id, named=True), Leave(APPOINTER, "released")]


def check(act: Act, seat: str) -> None:
    """Nobody barred, nobody who had a part in this case before, and never oneself."""
    person = act.book.person_no(act.data.person)
    if person is None:
        refuse("person", "unknown_person", _("nobody has this staff number; correct it"))
    if person.id == act.person_id:
        refuse("person", "oneself", _("nobody names themselves; name another person"))
    if bars := bars_in(act.family, act.book, act.at, seat=(act.case.pk, seat)).get(person.id):
        words = _("they are barred: %(reasons)s; name another person") % {"reasons": explain(bars, act.book)}
        refuse("person", "barred", words)
    if any(p.person_id == person.id for p in act.family.parties_of(act.case, ended=True)):
        refuse("person", "had_part_before", _("they had a part in this case before; name another person"))
