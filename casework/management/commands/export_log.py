from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor, progress, saving
from casework.domain.law import law_named
from casework.event_log.export import FORMATS, count_cases, export_log


class Command(DoorCommand):
    help = gettext_lazy("Writes a log for process mining of all cases that USER looks over, persons as pseudonyms.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--format", choices=sorted(FORMATS), required=True)
        parser.add_argument("--out", required=True, metavar="FILE")
        parser.add_argument("--type", help="only cases of this type, e.g. disputes.ScoreDispute")
        add_actor(parser)

    def do(self, *, format: str, out: str, type: str | None, login: str, **_options: Any) -> None:
        law = law_named(type) if type else None
        actor, _account = actor_as(login)
        with progress(count_cases(actor, law), _("cases")) as done, saving(out) as file:
            written = export_log(file, format, actor, law, done)
        self.show({"format": format, "saved": out, **written})
