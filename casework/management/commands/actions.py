from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand, actor_as, add_actor
from casework.queries import actions_for


class Command(DoorCommand):
    help = _("Prints what that user may do on a case now, with the schema of its data, and why not the rest.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("case")
        add_actor(parser)

    def do(self, *, case: str, login: str, **_: Any) -> None:
        actor, _account = actor_as(login)
        self.show(actions_for(case, actor))
