from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, saving
from casework.domain.errors import InvalidInput
from casework.domain.law import law_named
from casework.pictures.bpmn import bpmn_of
from casework.pictures.path import path_of
from casework.pictures.svg import svg_of

FORMATS = {"svg": svg_of, "bpmn": bpmn_of}


class Command(DoorCommand):
    help = gettext_lazy("Draws the states and actions of a case type, with the way of one case if named.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("type", help="e.g. disputes.ScoreDispute")
        parser.add_argument("--case", metavar="NUMBER", help="also the way of this case, as USER may see it")
        parser.add_argument("--as", dest="login", metavar="USER", help="who looks at the case")
        parser.add_argument("--format", choices=sorted(FORMATS), default="svg")
        parser.add_argument("--out", metavar="FILE", help="else it is printed")

    def do(self, *, type: str, case: str | None, login: str | None, format: str, out: str | None, **_o: Any) -> None:
        law, path = law_named(type), None
        if bool(case) != bool(login):
            raise InvalidInput(_("Expected both --case and --as, or neither; a case is looked at by somebody"))
        if case and login:
            actor, _account = actor_as(login)
            path = path_of(law, case, actor)
        drawn = FORMATS[format](law, path)
        if out is None:
            self.stdout.write(drawn, ending="")
        else:
            with saving(out) as file:
                file.write(drawn.encode())
            self.show({"type": law.label, "case": case, "format": format, "saved": out})
