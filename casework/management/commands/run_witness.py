"""A witness of other installations' logs. It needs a folder and an address, and no database."""

import sys
import threading
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand
from casework.domain.errors import InvalidInput
from casework.management.commands.work import told_to_stop, until_told
from casework.transparency import key_folder, notes
from casework.transparency.key_folder import KeyProblem
from casework.transparency.witness import Witness
from casework.transparency.witness_server import server


class Command(DoorCommand):
    help = gettext_lazy("Watches over logs as a witness, with a key and a memory of its own, until SIGTERM or Ctrl-C.")
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--folder", required=True, type=Path, help="its key and what it has seen")
        parser.add_argument("--name", default="", help="its name, when the folder is made")
        parser.add_argument(
            "--log", action="append", default=[], metavar="VKEY", help="a log to watch; may be repeated"
        )
        parser.add_argument("--listen", default="127.0.0.1:8090", metavar="HOST:PORT")

    def do(self, *, folder: Path, name: str, log: list[str], listen: str, **_options: Any) -> None:
        witness = _witness(folder, name, log)
        host, _colon, port = listen.rpartition(":")
        try:
            site = server(witness, host.strip("[]"), int(port), self._alarm)
        except (OSError, ValueError, OverflowError) as error:
            words = _("Expected to listen at %(where)s, but %(reason)s; name another --listen HOST:PORT")
            raise InvalidInput(words % {"where": listen, "reason": error}, code="cannot_listen") from None
        self.stdout.write(_("Witness %(vkey)s, at %(where)s") % {"vkey": witness.who, "where": listen})
        words = _("For the log, and for nobody else: GONGDUAN_WITNESSES=%(vkey)s@http://%(where)s/%(path)s")
        self.stdout.write(words % {"vkey": witness.who, "where": listen, "path": witness.path})
        self.stdout.flush()
        with site, told_to_stop() as stop:
            thread = threading.Thread(target=site.serve_forever, daemon=True)
            thread.start()
            until_told(stop)
            site.shutdown()

    def _alarm(self, words: str) -> None:
        self.say(_("ALARM: %(words)s") % {"words": words})
        sys.stderr.flush()


def _witness(folder: Path, name: str, log: list[str]) -> Witness:
    try:
        logs = [notes.verifier(vkey) for vkey in log]
        if not logs or any(one.kind != notes.SIGNED for one in logs):
            raise InvalidInput(_("Expected the key of a log, but there is none; give --log what show_log_key prints"))
        if not folder.exists() and not name:
            raise InvalidInput(_("Expected a name for a new witness, but there is none; add --name witness.example/w1"))
        key_folder.made(folder, name, notes.COSIGNED)
        return Witness(folder, logs)
    except (KeyProblem, notes.NoteError) as error:
        words = _("Expected keys that can be used, but %(reason)s; correct --log, --name or --folder")
        raise InvalidInput(words % {"reason": error}, code="no_key") from None
