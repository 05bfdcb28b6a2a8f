"""A witness over HTTP, asked by a log that is honest, and by ones that are not."""

import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.transparency import key_folder, notes, tree
from casework.transparency.witness import Witness
from tests.conftest import at_once
from tests.transparency.test_tree import Grown, leaf
from tests.witness import Watched, serving

KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
LOG = notes.verifier_of("example.com/log", notes.SIGNED, KEY)


class Log(Grown):
    """A log with a key."""

    def __init__(self, size: int, but: int | None = None) -> None:
        super().__init__()
        self.add([leaf(n if n != but else 10**6) for n in range(size)])

    def note(self, size: int | None = None) -> str:
        size = self.size if size is None else size
        body = notes.Checkpoint(LOG.name, size, self.root(size)).body
        return notes.signed(body, [notes.signature(LOG, KEY, body)])

    def request(self, old: int, size: int | None = None) -> str:
        size = self.size if size is None else size
        proof = tree.consistency_proof(self.node, min(old, size), size)
        return f"old {old}\n{notes.hash_lines(proof)}\n{self.note(size)}"


@pytest.fixture
def witness(tmp_path: Path):
    with serving(tmp_path / "witness", [LOG]) as watched:
        yield watched


def ask(witness: Watched, request: str | bytes, path: str = "/add-checkpoint") -> tuple[int, str, str]:
    """Status, media type and body of the answer."""
    data = request.encode() if isinstance(request, str) else request
    try:
        with urllib.request.urlopen(
            urllib.request.Request(witness.url + path, data, method="POST"), timeout=10
        ) as found:
            return found.status, found.headers["Content-Type"], found.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def cosigns(witness: Watched, log: Log, old: int, size: int | None = None) -> None:
    status, _type, line = ask(witness, log.request(old, size))
    assert status == 200
    body = log.note(size).partition("\n\n")[0] + "\n"
    _body, who = notes.opened(notes.signed(body, [line]), witness.who)
    assert who[witness.who] > 1_700_000_000


def test_checkpoint_that_goes_on_is_cosigned(witness: Watched):
    log = Log(700)
    cosigns(witness, log, 0, 1)
    cosigns(witness, log, 1, 300)
    cosigns(witness, log, 300, 700)
    cosigns(witness, log, 700, 700)
    assert witness.alarms == []
    assert witness.status() == f"example.com/log 700 {log.root().hex()}\n"


def test_checkpoint_when_the_old_size_is_not_the_witness_own_is_told_it(witness: Watched):
    log = Log(700)
    cosigns(witness, log, 0, 300)
    assert ask(witness, log.request(0)) == (409, "text/x.tlog.size", "300\n")
    assert ask(witness, log.request(299)) == (409, "text/x.tlog.size", "300\n")
    assert witness.alarms == []


def test_checkpoint_of_a_log_that_was_rewritten_is_refused_with_an_alarm_and_evidence(witness: Watched):
    cosigns(witness, Log(300), 0)
    forged = Log(700, but=17)
    assert ask(witness, forged.request(300))[0] == 422
    assert ask(witness, Log(300, but=17).request(300))[0] == 409
    assert len(witness.alarms) == 2 and "does not begin with the 300 entries" in witness.alarms[0]
    evidence = [file.read_text() for file in witness.folder.glob("alarm-*")]
    assert any(forged.note() in text for text in evidence)
    assert witness.status().count("ALARM") == 2
    cosigns(witness, Log(700), 300)


def test_checkpoint_of_a_log_whose_tail_is_gone_is_refused_with_an_alarm(witness: Watched):
    cosigns(witness, Log(700), 0)
    assert ask(witness, Log(300).request(300)) == (409, "text/x.tlog.size", "700\n")
    assert "had 700 entries and now signs 300" in witness.alarms[0]


def test_checkpoint_by_somebody_who_was_not_given_the_path_is_not_taken(witness: Watched):
    """Checkpoints are public: a stranger could send an old one, and raise a false alarm."""
    cosigns(witness, Log(700), 0)
    for path in ("/add-checkpoint", "/guessed/add-checkpoint", "//add-checkpoint"):
        request = urllib.request.Request(witness.site + path, Log(300).request(300).encode(), method="POST")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 404
        refused.value.close()
    assert witness.alarms == [] and "ALARM" not in witness.status()


def test_path_for_submitting_is_the_same_when_the_witness_starts_again(witness: Watched):
    assert Witness(witness.folder, [LOG]).path == witness.url.rpartition("/")[2] != ""


def test_checkpoint_of_an_unknown_log_is_not_found(witness: Watched):
    assert ask(witness, Log(3).request(0).replace("example.com/log", "example.com/other"))[0] == 404


def test_checkpoint_signed_by_another_key_is_forbidden(witness: Watched):
    log = Log(3)
    body = notes.Checkpoint(LOG.name, 3, log.root()).body
    for key in (Ed25519PrivateKey.generate(),):
        stranger = notes.verifier_of(LOG.name, notes.SIGNED, key)
        note = notes.signed(body, [notes.signature(stranger, key, body)])
        assert ask(witness, f"old 0\n\n{note}")[0] == 403
    broken = log.note().replace("log ", "log A", 1)
    assert ask(witness, f"old 0\n\n{broken}")[0] == 403
    assert witness.status() == "example.com/log 0\n"


@pytest.mark.parametrize("request_", [
    "", "old\n\n", "old 1", "old 01\n\nx\n", "old -1\n\nx\n", "old 9\n\n" + Log(3).note(),
    "old 0\n" + "AAAA\n" * 3 + "\n" + Log(3).note(), "old 0\n" + ("A" * 43 + "=\n") * 65 + "\n" + Log(3).note(),
    "old ١\n\n" + Log(3).note(), b"\xff\xfe\n\n",
])  # fmt: skip
def test_request_of_another_form_is_bad(witness: Watched, request_: str | bytes):
    assert ask(witness, request_)[0] in (400, 404)


def test_request_that_is_too_large_is_not_read(witness: Watched):
    assert ask(witness, "old 0\n" * 50_000)[0] == 413
    assert ask(witness, "x", "/elsewhere")[0] == 404


def test_proof_where_there_is_nothing_to_prove_is_refused(witness: Watched):
    """From nothing, and from the same size, the proof is empty."""
    log = Log(3)
    assert ask(witness, f"old 0\n{notes.hash_lines([leaf(1)])}\n{log.note()}")[0] == 422


def test_checkpoints_at_once_leave_the_largest(witness: Watched):
    log = Log(400)
    cosigns(witness, log, 0, 10)
    answers = at_once(*[lambda size=size: ask(witness, log.request(10, size))[0] for size in range(20, 400, 20)])
    assert answers.count(200) >= 1 and set(answers) <= {200, 409}
    assert not [alarm for alarm in witness.alarms if "does not begin" in alarm]


def test_witness_started_again_knows_what_it_has_seen(witness: Watched):
    cosigns(witness, Log(300), 0)
    again = Witness(witness.folder, [LOG])
    assert again.seen(LOG).size == 300 and again.who == witness.who


def test_witness_whose_memory_was_forged_does_not_believe_it(witness: Watched):
    """What it has seen bears its own signature."""
    cosigns(witness, Log(300), 0)
    seen = next(witness.folder.glob("seen-*"))
    seen.write_text(seen.read_text().replace("\n300\n", "\n200\n"))
    assert ask(witness, Log(700).request(200)) == (500, "text/plain; charset=utf-8", "its memory was changed\n")
    assert "not what this witness wrote" in witness.alarms[0] and "ALARM" in witness.status()


def test_key_of_a_witness_is_for_its_owner_only(witness: Watched):
    assert os.stat(witness.folder / key_folder.KEY).st_mode & 0o77 == 0
