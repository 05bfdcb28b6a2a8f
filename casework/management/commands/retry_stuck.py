from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand, actor_as, add_actor
from casework.domain.errors import InvalidInput, OutOfScope
from casework.domain.office import office_of
from casework.domain.stuck import retry, retry_all, stuck_clocks


class Command(DoorCommand):
    help = _("Lets clocks that could not act, or deliveries that keep failing, be tried again at once; recorded.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--clock", nargs=2, metavar=("CASE", "NAME"), help="the clock of that case")
        parser.add_argument("--delivery", type=int, metavar="ID", help="as `stuck` lists it")
        parser.add_argument("--all", action="store_true", help="whatever is stuck")
        add_actor(parser)

    def do(self, *, login: str, clock: list[str] | None, delivery: int | None, all: bool, **_options: Any) -> None:
        office = office_of(*actor_as(login))
        if sum((clock is not None, delivery is not None, all)) != 1:
            raise InvalidInput(gettext("Expected --clock CASE NAME, --delivery ID or --all; say one of the three"))
        if all:
            self.show(retry_all(office))
        elif delivery is not None:
            self.show(retry(office, deliveries=[delivery]))
        elif clock is not None:
            number, name = clock
            found = stuck_clocks(office).filter(case__number=number, name=name).values_list("pk", flat=True)
            if not found:
                words = gettext("Expected a clock of %(case)s that is stuck, but '%(name)s' is none; look with stuck")
                raise OutOfScope(words % {"case": number[:20], "name": name[:40]}, code="not_stuck")
            self.show(retry(office, clocks=list(found)))
