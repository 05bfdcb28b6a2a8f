from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casework.commands import DoorCommand
from casework.domain.errors import InvalidInput
from casework.domain.stuck import every_stuck_clock, every_stuck_delivery
from casework.domain.wording import local_text
from casework.models import Clock, Delivery

LIMIT, MOST = 50, 1000


class Command(DoorCommand):
    help = _("Lists clocks that cannot act and deliveries that keep failing, and why; retry_stuck lets them go.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help="how many of each, those that have "
                            f"waited longest first (at most {MOST})")  # fmt: skip

    def do(self, *, limit: int, **_: Any) -> None:
        if not 1 <= limit <= MOST:
            words = gettext("Expected a limit from 1 to %(most)d, but it is %(limit)d; say another")
            raise InvalidInput(words % {"most": MOST, "limit": limit})
        clocks, deliveries = list(every_stuck_clock()[: limit + 1]), list(every_stuck_delivery()[: limit + 1])
        if not clocks and not deliveries:
            self.stdout.write(gettext("Nothing is stuck: every clock could act, and every delivery was done."))
        head = (
            gettext("Case"), gettext("Clock"), gettext("Generation"), gettext("Due"), gettext("Tries"),
            gettext("Next try"), gettext("Problem"),
        )  # fmt: skip
        self.table(gettext("Clocks that cannot act"), head, list(map(_clock, clocks[:limit])))
        head = (
            gettext("Delivery"), gettext("Kind"), gettext("Case"), gettext("Since"), gettext("Tries"),
            gettext("Next try"), gettext("Problem"),
        )  # fmt: skip
        self.table(gettext("Deliveries that keep failing"), head, list(map(_delivery, deliveries[:limit])))
        if len(clocks) > limit or len(deliveries) > limit:
            self.say(gettext("There are more; see them with a larger --limit, or mend these first"))

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns apart by tabs, one line a row; nothing where there is none."""
        for line in _lines(title, head, rows) if rows else ():
            self.stdout.write(line)


def _lines(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield title
    for row in (head, *rows):
        yield "\t".join(" ".join(cell.split()) for cell in row)


def _clock(clock: Clock) -> tuple[str, ...]:
    following = local_text(clock.retry_at) if clock.retry_at else gettext("at once")
    return (
        clock.case.number, clock.name, str(clock.generation), local_text(clock.due_at), str(clock.attempts), following,
        clock.problem[:200],
    )  # fmt: skip


def _delivery(delivery: Delivery) -> tuple[str, ...]:
    return (
        str(delivery.pk), delivery.kind, delivery.case.number if delivery.case else "—",
        local_text(delivery.created_at), str(delivery.attempts), local_text(delivery.due_at), delivery.problem[:200],
    )  # fmt: skip
