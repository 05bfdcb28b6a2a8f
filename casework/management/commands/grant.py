from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor, day
from casework.domain import staff
from casework.domain.actor import Actor
from casework.domain.errors import InvalidInput, NotAllowedNow, OutOfScope
from casework.models import Grant, Person, Unit


class Command(DoorCommand):
    help = gettext_lazy("Grants a role on a unit and below (NO ROLE UNIT), or ends a grant (--revoke ID).")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("no", nargs="?", help="staff number")
        parser.add_argument("role", nargs="?")
        parser.add_argument("unit", nargs="?", help="code of the unit")
        parser.add_argument("--from", dest="first", type=day, metavar="DAY", help="first day; open if left out")
        parser.add_argument("--until", type=day, metavar="DAY", help="last day, included; open if left out")
        parser.add_argument("--principal", metavar="NO", help="the person in whose stead")
        parser.add_argument("--revoke", type=int, metavar="ID", help="the grant that ends now")
        add_actor(parser)

    def do(self, *, login: str, revoke: int | None, **options: Any) -> None:
        actor, account = actor_as(login)
        staff.may_manage_people(actor, account)
        given = [options[name] for name in ("no", "role", "unit")]
        if (revoke is None) == (None in given) or (revoke is not None and any(given)):
            raise InvalidInput(_("Expected NO ROLE UNIT, or --revoke ID alone; say one of the two"))
        self.show(shown(make(options, actor) if revoke is None else end(revoke, actor)))


def make(options: dict[str, Any], actor: Actor) -> Grant:
    unit = Unit.objects.filter(code=options["unit"]).first()
    if unit is None:
        raise InvalidInput(
            _("Expected a unit, but there is no '%(code)s'; use a code of the units file") % {"code": options["unit"]}
        )
    principal = person(options["principal"]) if options["principal"] else None
    first: date | None = options["first"]
    return staff.grant(
        person(options["no"]), options["role"], unit, actor, starts_at=staff.start_of(first),
        ends_at=staff.end_of(options["until"]), principal=principal,
    )  # fmt: skip


def end(pk: int, actor: Actor) -> Grant:
    given = Grant.objects.select_related("person", "unit", "principal").filter(pk=pk).first()
    if given is None:
        raise OutOfScope(_("Expected a grant, but there is none with the number %(id)d; check it") % {"id": pk})
    if given.revoked_at is not None:
        raise NotAllowedNow(_("Expected a grant that holds, but this one was ended before; nothing to do"))
    staff.revoke(given, actor)
    return given


def person(no: str) -> Person:
    found = Person.objects.filter(no=no).first()
    if found is None:
        raise OutOfScope(
            _("Expected a person, but nobody has the staff number '%(no)s'; import them first") % {"no": no}
        )
    return found


def shown(given: Grant) -> dict[str, Any]:
    return {
        "grant": given.pk, "person": given.person.no, "role": given.role, "unit": given.unit.code,
        "starts_at": given.starts_at, "ends_at": given.ends_at, "revoked_at": given.revoked_at,
        "principal": given.principal.no if given.principal else None,
    }  # fmt: skip
