from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand, actor_as, add_actor, read_data
from casework.domain.perform import open_case
from casework.queries import show_case


class Command(DoorCommand):
    help = _("Opens a case and prints it as JSON.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("type", help="e.g. disputes.ScoreDispute")
        parser.add_argument("--subject", metavar="CASE", help="the case it is about, where the type has one")
        parser.add_argument("--data", metavar="FILE|-", help="JSON object; - reads stdin")
        parser.add_argument("--key", help="a repeat under the same key gives the first result again")
        add_actor(parser)

    def do(self, *, type: str, subject: str | None, data: str | None, key: str | None, login: str, **_: Any) -> None:
        actor, _account = actor_as(login)
        result = open_case(type, actor, read_data(data), subject=subject, key=key)
        self.show(show_case(result.number, actor))
