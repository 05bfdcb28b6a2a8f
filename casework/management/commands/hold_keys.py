"""The signing worker (ADR 0034). It needs the folder with the keys and a socket to listen at, and no database."""

import resource
import threading
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand
from casework.documents.holder import refuse_elsewhere
from casework.documents.holder.keeper import Keeper
from casework.documents.holder.server import server
from casework.domain.errors import InvalidInput
from casework.management.commands.work import told_to_stop, until_told


class Command(DoorCommand):
    help = gettext_lazy(
        "Holds the private keys for the site and its workers, signs when asked over a Unix socket, and logs each use "
        "as a line, until SIGTERM or Ctrl-C. Run it under an account of its own."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--listen", required=True, type=Path, metavar="PATH", help="the socket, made for its group")
        parser.add_argument(
            "--listen-workers", type=Path, metavar="PATH", help="another; only there keys seal, come and are destroyed"
        )

    def do(self, *, listen: Path, listen_workers: Path | None = None, **_options: Any) -> None:
        refuse_elsewhere()
        listen, listen_workers = listen.absolute(), listen_workers and listen_workers.absolute()
        if listen_workers and listen_workers.resolve() == listen.resolve():
            words = _("Expected a socket of the workers' own, but %(where)s is the site's; name another")
            raise InvalidInput(words % {"where": listen_workers})
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no key of ours in a core dump
        with (
            told_to_stop() as stop,
            closing(Keeper(settings.PKI_FOLDER, self._tell)) as keeper,
            ExitStack() as listening,
        ):
            answered = {listen: partial(keeper.answered, by_worker=listen_workers is None)}
            if listen_workers is not None:
                answered[listen_workers] = keeper.answered
            sites = [listening.enter_context(server(path, answer)) for path, answer in answered.items()]
            self._say_where(keeper.count(), listen, listen_workers or listen)
            for site in sites:
                threading.Thread(target=site.serve_forever, daemon=True).start()
            until_told(stop)
            for site in sites:
                site.shutdown()

    def _say_where(self, count: int, listen: Path, listen_workers: Path) -> None:
        words = _("Holding root, seal and the keys of %(n)d credentials, at %(where)s")
        self.stdout.write(words % {"n": count, "where": listen})
        self.stdout.write(_("For the site: GONGDUAN_KEY_HOLDER=unix:%(where)s") % {"where": listen})
        self.stdout.write(_("For its workers: GONGDUAN_KEY_HOLDER=unix:%(where)s") % {"where": listen_workers})
        self.stdout.flush()

    def _tell(self, line: str) -> None:
        """OSError where the log takes nothing, which keeps a key from being used."""
        with self._telling:
            self.stdout.write(line)
            self.stdout.flush()

    _telling = threading.Lock()
