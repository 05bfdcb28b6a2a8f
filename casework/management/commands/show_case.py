from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand, actor_as, add_actor
from casework.queries import show_case


class Command(DoorCommand):
    help = _("Prints a case with parties, clocks, tasks, events and documents as JSON, as that user may see it.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("case")
        add_actor(parser)

    def do(self, *, case: str, login: str, **_: Any) -> None:
        actor, _account = actor_as(login)
        self.show(show_case(case, actor))
