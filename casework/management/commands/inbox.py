from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand, actor_as, add_actor
from casework.queries import inbox


class Command(DoorCommand):
    help = _("Prints what that user is to do, by due time, as JSON.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--view", choices=("mine", "claimable", "team", "overdue"), default="mine")
        parser.add_argument("--cursor", help="`next` of the page before")
        parser.add_argument("--limit", type=int, default=25)
        add_actor(parser)

    def do(self, *, view: str, cursor: str | None, limit: int, login: str, **_: Any) -> None:
        actor, _account = actor_as(login)
        self.show(inbox(actor.person_id, view=view, cursor=cursor, limit=limit))
