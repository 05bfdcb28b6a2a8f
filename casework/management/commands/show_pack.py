from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand
from casework.domain.errors import InvalidInput
from casework.domain.pack_words import limit_lines, packs, places
from casework.domain.policy_content import Pack
from casework.domain.wording import spoken
from casework.management.commands.explain_clock import moment


class Command(DoorCommand):
    help = gettext_lazy(
        "Shows the regulation packs, or the limits of one with source and confidence; with --from also each deadline "
        "and its arithmetic. Changes nothing."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("name", nargs="?", help="e.g. cn-telecom")
        parser.add_argument(
            "--from", dest="start", type=moment, metavar="MOMENT",
            help="when the limits start, e.g. 2026-09-29T10:00, by the clock of their calendar",
        )  # fmt: skip

    def do(self, *, name: str | None, start: datetime | None, **_options: Any) -> None:
        known = packs()
        if name is None and start is not None:
            raise InvalidInput(_("Expected the name of a pack with --from, but got none; name one"))
        if name is None:
            self.stdout.write("\n".join(line(code, pack) for code, pack in known.items()))
            return
        if name not in known:
            words = _("Expected a pack (%(known)s), but there is no '%(name)s'; name one of these")
            raise InvalidInput(words % {"known": ", ".join(known), "name": name[:40]})
        pack = known[name]
        told = [line(name, pack), *limit_lines(pack, start), _("This is no legal advice; see docs/packs.md.")]
        self.stdout.write("\n".join(told))


def line(name: str, pack: Pack) -> str:
    """The pack's name, what it is, and where it is put."""
    return "\t".join([name, spoken(pack.label), _("; ").join(places(name)) or _("put nowhere")])
