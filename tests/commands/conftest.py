"""Commands as a shell runs them: words in, text and an exit status out."""

import getpass
import io
import json
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class

from casework.domain.now import now
from casework.domain.signing import token_digest
from casework.models import Account, Token
from tests.commands.demo_run import demo  # noqa: F401  (a fixture)


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(name: str, *words: object, stdin: bytes = b"") -> Outcome:
    """The command with these words on its command line."""
    out, err = io.StringIO(), io.StringIO()
    command = type(load_command_class(get_commands()[name], name))(stdout=out, stderr=err)
    before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin))
    status = 0
    try:
        call_command(command, *map(str, words))
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.stdin = before
    return Outcome(status, out.getvalue(), err.getvalue())


def refused(outcome: Outcome, status: int, words: str) -> None:
    """Ended with that status and one line on stderr that holds the words; nothing on stdout."""
    assert (outcome.status, outcome.out) == (status, ""), outcome
    assert outcome.err.endswith("\n") and outcome.err.count("\n") == 1, outcome.err
    assert words in outcome.err, outcome.err


@pytest.fixture(autouse=True)
def nobody_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GONGDUAN_TOKEN", "GONGDUAN_PASSWORD", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda _prompt="": "")


def token_for(login: str) -> str:
    """A token of that account, good for ninety days."""
    text, moment = f"gd_{secrets.token_hex(16)}", now()
    Token.objects.create(
        account=Account.objects.get(username=login), digest=token_digest(text), created_at=moment,
        expires_at=moment + timedelta(days=90),
    )  # fmt: skip
    return text


@pytest.fixture
def token_of(db, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """`token_of("ann")`: the shell holds ann's token from now on; `--as ann` goes with it."""

    def hold(login: str) -> str:
        text = token_for(login)
        monkeypatch.setenv("GONGDUAN_TOKEN", text)
        return text

    return hold
