"""The command-line door: who acts, JSON in and out, refusals as one line with an exit status.

0 done · 1 a check failed · 2 invalid input · 3 not permitted · 4 not allowed now · 5 not there, or not yours to see.
"""

import errno
import getpass
import json
import os
import sys
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django.utils import translation
from django.utils.translation import gettext as _
from tqdm import tqdm

from casework.documents.errors import DocumentError
from casework.domain.actor import Actor, actor_for
from casework.domain.calendar import CalendarError
from casework.domain.checkpoints import LogBroken
from casework.domain.errors import InvalidInput, NotPermitted, OutOfScope, Refusal
from casework.domain.now import now
from casework.domain.policy_files import PolicyError
from casework.domain.signing import token_digest
from casework.domain.staff import is_administrator
from casework.imports.problems import Problem, quote
from casework.imports.tables import Table, read_table
from casework.models import Account, Installation, Token
from casework.store import StoreProblem
from casework.transparency.archive import ArchiveProblem

CHECK_FAILED, INVALID, NOT_PERMITTED, NOT_NOW, NOT_FOUND = 1, 2, 3, 4, 5
LARGEST_DATA = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
LARGEST_TABLE = 16 * 1024 * 1024


class DoorCommand(BaseCommand):
    """A command whose `do(**options)` may raise any Refusal: it becomes one line on stderr and its exit status."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        def misused(problem: str) -> NoReturn:
            with translation.override(terminal_language()):
                values = {"problem": problem, "command": subcommand}
                self.fail(_("%(problem)s; see manage.py %(command)s --help") % values, INVALID)

        with translation.override(terminal_language()):
            self.help = str(self.help)  # argparse takes no lazy text
            # `--version` is ours (of a case), and a misused option is told in one line like everything else.
            parser = super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)
        parser.error = misused  # type: ignore[method-assign]
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override(terminal_language()):
            try:
                refuse_unreadable(options)
                self.do(**options)
            except Refusal as refusal:
                self.fail(str(refusal), refusal.exit_status)
            except PolicyError as error:
                first, more = error.problems[0], len(error.problems) - 1
                self.fail(_("%(first)s (and %(more)d more); run check_policies") % {"first": first, "more": more})
            except (DocumentError, StoreProblem, CalendarError, LogBroken, ArchiveProblem) as error:
                self.fail(str(error))
            except DatabaseError as error:
                if is_migrated():
                    raise
                self.fail(_("Expected a database with its tables, but %(error)s; run migrate first") % {"error": error})
            except KeyboardInterrupt:
                self.fail(_("Stopped by hand; what was done before stands"), 130)

    def do(self, **options: Any) -> None:
        raise NotImplementedError

    def fail(self, message: str, status: int = CHECK_FAILED) -> NoReturn:
        """Ends the command: the message on one line of stderr, the exit status."""
        self.say(message)
        raise SystemExit(status)

    def say(self, message: str) -> None:
        """One line on stderr. What a user typed may stand in it, so nothing in it may act on the terminal."""
        line = " ".join(message.split())
        self.stderr.write("".join(c if c.isprintable() else ascii(c)[1:-1] for c in line), self.style.NOTICE)

    def show(self, content: Any) -> None:
        """One JSON value on stdout."""
        self.stdout.write(json.dumps(content, ensure_ascii=False, indent=2, default=str))


def refuse_unreadable(options: dict[str, Any]) -> None:
    """What a shell can pass and no database can hold: bytes that are no UTF-8, a NUL."""
    for value in options.values():
        if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
            raise InvalidInput(
                _("Expected text in UTF-8, but got %(text)s; type it again") % {"text": ascii(value[:60])}
            )


def terminal_language() -> str:
    """What the terminal speaks (LC_ALL, LC_MESSAGES, LANG): Chinese, else English."""
    spoken = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh-hans" if spoken.lower().startswith("zh") else "en"


def is_migrated() -> bool:
    """Whether the database answers and has the engine's tables."""
    try:
        return Installation._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False


def add_actor(parser: CommandParser) -> None:
    parser.add_argument(
        "--as", dest="login", required=True, metavar="USER",
        help="who acts; needs their token in GONGDUAN_TOKEN or at the prompt, save in a demo database",
    )  # fmt: skip


def actor_as(login: str) -> tuple[Actor, Account]:
    """The person behind the account, proven by its token; in a demo database also without one (impersonated).

    SYSTEM is nobody's login: clocks and signed rulings act for it, no door offers it."""
    if login.upper() == "SYSTEM":
        raise unknown_user(login)
    account = account_named(login)
    token = os.environ.get("GONGDUAN_TOKEN", "")
    if not token and Installation.objects.filter(demo=True).exists():
        return actor_for(account, door="command", authenticated="demo", impersonated=True), account
    token = token or ask(_("Token of %(user)s: ") % {"user": login})
    if not token:
        raise NotPermitted(
            _("Expected the token of %(user)s, but there is none; set GONGDUAN_TOKEN (make one: create_token %(user)s)")
            % {"user": login},
            code="no_token",
        )
    known = Token.objects.filter(account=account, digest=token_digest(token), revoked_at=None, expires_at__gt=now())
    if not known.exists():
        raise NotPermitted(
            _("Expected a valid token of %(user)s, but this one is unknown, ended or someone else's; use their own")
            % {"user": login},
            code="wrong_token",
        )
    return actor_for(account, door="command", authenticated="token"), account


def administrator_as(login: str) -> Actor:
    """As `actor_as`; NotPermitted for whoever has another account than the administrator's."""
    actor, account = actor_as(login)
    if not is_administrator(account):
        words = _("Expected the administrator, but %(user)s is somebody else; ask whoever has that account")
        raise NotPermitted(words % {"user": login})
    return actor


def account_named(login: str) -> Account:
    """The account in use with that login; OutOfScope when there is none."""
    account = Account.objects.select_related("person").filter(username=login, is_active=True).first()
    if account is None:
        raise unknown_user(login)
    return account


def unknown_user(login: str) -> OutOfScope:
    return OutOfScope(
        _("Expected a user, but there is no '%(user)s'; use a login of the people file") % {"user": login[:60]},
        code="unknown_user",
    )


def ask(prompt: str) -> str:
    """A secret typed at the terminal, never shown; empty when nobody sits there."""
    try:
        with open("/dev/tty"):
            return getpass.getpass(prompt)
    except (OSError, EOFError):
        return ""


def read_data(source: str | None) -> dict[str, Any]:
    """The JSON object in a file, or on stdin for `-`; empty without a source."""
    if source is None:
        return {}
    raw = read_bytes(source, LARGEST_DATA)
    try:
        data = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        words = _("Expected JSON in %(source)s, but %(problem)s; correct it")
        raise InvalidInput(words % {"source": source, "problem": _short(error)}, code="not_json") from None
    if not isinstance(data, dict):
        words = _("Expected a JSON object in %(source)s, but it is something else; write {…}") % {"source": source}
        raise InvalidInput(words, code="not_an_object")
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(_("%(name)s is no number") % {"name": name})


def _short(error: Exception) -> str:
    return _("it is nested too deeply") if isinstance(error, RecursionError) else str(error)[:200]


def read_bytes(source: str, at_most: int, *, cut: bool = False) -> bytes:
    """The bytes of a file, or of stdin for `-`; InvalidInput when it cannot be read, or is larger and not `cut`."""
    try:
        if source == "-":
            raw = sys.stdin.buffer.read(at_most + (not cut))
        else:
            with open(source, "rb") as file:
                raw = file.read(at_most + (not cut))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        words = _("Expected a readable file, but %(source)s is not: %(reason)s; name another")
        raise InvalidInput(words % {"source": source, "reason": reason}, code="unreadable") from None
    if len(raw) > at_most:
        words = _("Expected at most %(limit)d bytes, but %(source)s has more; make it smaller")
        raise InvalidInput(words % {"source": source, "limit": at_most}, code="too_large")
    return raw


def table_of(source: str, sheet: str | None = None) -> Table:
    """The CSV file, or the sheet of the workbook, as rows; what is wrong with it stands in its problems."""
    return read_table(read_bytes(source, LARGEST_TABLE), sheet=sheet)


def add_sheet(parser: CommandParser, option: str = "--sheet") -> None:
    parser.add_argument(option, metavar="NAME", help="of a workbook with several sheets, the one to import")


def problem_line(problem: Problem, file: str = "") -> str:
    """`line 12, column score: score_above_maximum: Expected … (EV-202610-9001)`; of a workbook `sheet scores, cell B12,
    column score: …`"""
    place = [file] if file else []
    place += [f"sheet {quote(problem.sheet)}"] if problem.sheet is not None else []
    place += [f"cell {problem.cell}"] if problem.cell else [f"line {problem.line}"] if problem.line else []
    place += [f"column {problem.column}"] if problem.column else []
    start = f"{', '.join(place)}: " if place else ""
    level = "warning: " if problem.level == "warning" else ""
    about = f" ({problem.subject})" if problem.subject else ""
    return f"{start}{level}{problem.code}: {problem.message}{about}"


def tell_problems(command: DoorCommand, problems: Iterable[Problem], file: str = "") -> None:
    for problem in problems:
        command.say(problem_line(problem, file))


@contextmanager
def progress(total: int, what: str) -> Iterator[Callable[..., None]]:
    """A bar on stderr while things are done one by one; nothing where no terminal is."""
    with tqdm(total=total, desc=what, disable=None, leave=False, file=sys.stderr) as bar:

        def done(_one: str = "") -> None:
            bar.update(1)

        yield done


def day(text: str) -> date:
    """YYYY-MM-DD, for argparse."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(_("expected a day such as 2026-11-01, but it is '%(text)s'") % {"text": text}) from None


@contextmanager
def saving(out: str) -> Iterator[BinaryIO]:
    """A file to write to. It stands under its name once all of it is written, for its owner only; if anything fails,
    what stood there before still does. InvalidInput where no file can be written."""
    path = Path(out)
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, _("there is something else than a file"))
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".saving-") as beside:
            draft = Path(beside, path.name)
            with open(draft, "w+b", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                yield file
            os.replace(draft, path)
    except OSError as error:
        words = _("Expected to write %(file)s, but %(reason)s; name another file")
        raise InvalidInput(words % {"file": out, "reason": error.strerror}, code="unwritable") from None


def folder(text: str) -> Path:
    """An existing folder, or InvalidInput."""
    path = Path(text)
    if not path.is_dir():
        raise InvalidInput(_("Expected a folder, but %(path)s is none; name another") % {"path": text})
    return path
