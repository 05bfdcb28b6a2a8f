from contextlib import suppress
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import CHECK_FAILED, DoorCommand, read_bytes
from casework.documents.check import Check, verdict
from casework.documents.limits import DEFAULT_LIMITS
from casework.domain.checkpoints import LogBroken
from casework.domain.document_check import check_document
from casework.domain.errors import InvalidInput
from casework.domain.sealing import seal_ledger
from casework.transparency.notes import LONGEST

CANNOT_TELL = 2
MARKS = {True: "ok", False: "FAILED", None: "unknown"}
LARGEST_PEM = 256 * 1024


class Command(DoorCommand):
    help = gettext_lazy("Checks a document, one line a check: 0 genuine, 1 not, 2 could not tell.")
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file")
        parser.add_argument(
            "--trust", metavar="PEM", action="append", help="root certificate, instead of this installation's"
        )
        parser.add_argument("--proof", metavar="FILE.tlog-proof", help="the proof that came with it")

    def do(self, *, file: str, trust: list[str] | None, proof: str | None, **_options: Any) -> None:
        data = read_bytes(file, DEFAULT_LIMITS.file_mib * 1024 * 1024 + 1, cut=True)  # what is larger fails by name
        shown = read_bytes(proof, LONGEST).decode("utf-8", "replace") if proof else ""
        with suppress(LogBroken, OSError):  # what is wrong with the log is told by the checks
            seal_ledger()  # else a document of just now waited for its proof
        checks = check_document(data, [certificate(name) for name in trust] if trust else None, shown)
        width = max(len(check.code) for check in checks)
        for check in checks:
            self.stdout.write(f"{mark(check):<7}  {check.code:<{width}}  {check.message}")
        found = verdict(checks)
        words = {True: _("genuine"), False: _("not genuine"), None: _("could not tell")}[found]
        if remarks := [check.message for check in checks if check.remark]:
            words = _("%(verdict)s; mind: %(remarks)s") % {"verdict": words, "remarks": _("; ").join(remarks)}
        self.stdout.write(words)
        if found is not True:
            raise SystemExit(CHECK_FAILED if found is False else CANNOT_TELL)


def mark(check: Check) -> str:
    return "mind" if check.remark else MARKS[check.ok]


def certificate(source: str) -> str:
    text = read_bytes(source, LARGEST_PEM).decode("ascii", "replace")
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise InvalidInput(_("Expected a certificate (PEM), but %(file)s holds none; name another") % {"file": source})
    return text
