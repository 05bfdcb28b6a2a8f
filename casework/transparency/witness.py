"""A witness: it keeps the largest tree that it has seen of each log it knows, cosigns what goes on from it, and raises
the alarm over everything else (C2SP tlog-witness)."""

import threading
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe

from django.utils.translation import gettext as _

from casework.transparency import key_folder, notes, tree
from casework.transparency.notes import Checkpoint, NoteError, Verifier

ALARM, PATH = "alarm", "path"


class Refusal(Exception):
    """The witness does not sign; `status` and `body` are its HTTP answer, `alarm` what whoever runs it must hear."""

    def __init__(self, status: int, body: str, alarm: str = "") -> None:
        super().__init__(body)
        self.status, self.body, self.alarm = status, body, alarm


class Witness:
    def __init__(self, folder: Path, logs: Iterable[Verifier]) -> None:
        """`folder`: its key and what it has seen, its own alone. `logs`: whose checkpoints it knows."""
        self.folder = folder
        self.who, self._key = key_folder.public(folder), key_folder.private(folder)
        self.path = _path(folder)
        self._logs = list(logs)
        self._lock = threading.Lock()

    def add_checkpoint(self, request: str) -> str:
        """The cosignature of the checkpoint in the request, which from now on is the largest tree seen; or Refusal."""
        old, proof, note = _parsed(request)
        log, head = self._opened(note)
        with self._lock:
            before = self.seen(log)
            known = before.size if before else 0
            if old > head.size:
                raise Refusal(400, "the old size is larger than the checkpoint's\n")
            if head.size < known:
                words = _("%(log)s had %(known)d entries and now signs %(now)d: entries are gone")
                words %= {"log": log.name, "known": known, "now": head.size}
                raise Refusal(409, f"{known}\n", self._alarm(log, known, words, note))
            if old != known:
                raise Refusal(409, f"{known}\n")
            try:
                root = before.root if before else tree.EMPTY
                tree.check_consistency(known, head.size, root, head.root, proof)
            except tree.ProofError as error:
                status = 409 if known == head.size else 422
                words = _("%(log)s: what it signs does not begin with the %(known)d entries that it had")
                words %= {"log": log.name, "known": known}
                body = f"{known}\n" if status == 409 else f"{error}\n"
                raise Refusal(status, body, self._alarm(log, known, words, note)) from None
            line = notes.cosignature(self.who, self._key, head.body, int(time.time()))
            key_folder.remember(self.folder, notes.signed(head.body, [_line_of(note, log), line]), _file(log))
            return line

    def seen(self, log: Verifier) -> Checkpoint | None:
        """The largest tree seen of that log; Refusal where what stands there is not its own."""
        note = key_folder.remembered(self.folder, _file(log))
        try:
            return None if note is None else notes.checkpoint_of(notes.opened(note, self.who)[0])
        except NoteError as error:
            words = _("%(file)s is not what this witness wrote: %(why)s")
            alarm = words % {"file": self.folder / _file(log), "why": error}
            raise Refusal(500, "its memory was changed\n", alarm) from None

    def status(self) -> str:
        """What it has seen of each log, and every alarm it raised, a line each."""
        lines = []
        for log in self._logs:
            try:
                head = self.seen(log)
            except Refusal as refusal:
                lines.append(f"{log.name} ALARM {refusal.alarm}")
                continue
            lines.append(f"{log.name} {head.size} {head.root.hex()}" if head else f"{log.name} 0")
        lines += [file.read_text().partition("\n")[0] for file in sorted(self.folder.glob(f"{ALARM}-*"))]
        return "".join(f"{line}\n" for line in lines)

    def _opened(self, note: str) -> tuple[Verifier, Checkpoint]:
        origin = note.partition("\n")[0]
        logs = [log for log in self._logs if log.name == origin]
        if not logs:
            raise Refusal(404, "this log is not known here\n")
        try:
            body, signers = notes.opened(note, *logs)
            return next(iter(signers)), notes.checkpoint_of(body)
        except NoteError as error:
            raise Refusal(403, f"{error}\n") from None

    def _alarm(self, log: Verifier, known: int, words: str, note: str) -> str:
        """The words, kept with both checkpoints as evidence: two that one key signed and that cannot both be true."""
        before = key_folder.remembered(self.folder, _file(log)) or ""
        evidence = f"ALARM {words}\n\n{before}\n{note}"
        digest = sha256(f"{before}{note.rpartition(chr(10) * 2)[0]}".encode()).hexdigest()[:12]
        key_folder.remember(self.folder, evidence, f"{ALARM}-{digest}-{known}")
        return words


def _path(folder: Path) -> str:
    """Where logs submit: a secret between them and the witness. Checkpoints are public, and whoever could submit an old
    one, or a new one with a wrong proof, would raise a false alarm."""
    if not key_folder.remembered(folder, PATH):
        key_folder.remember(folder, token_urlsafe(16), PATH)
    return key_folder.remembered(folder, PATH) or ""


def _parsed(request: str) -> tuple[int, list[bytes], str]:
    head, empty, note = request.partition("\n\n")
    first, *lines = head.split("\n")
    size = first.removeprefix("old ")
    if not empty or not first.startswith("old ") or not size.isascii() or not size.isdigit() or str(int(size)) != size:
        raise Refusal(400, "expected a line 'old SIZE', the proof, an empty line and a checkpoint\n")
    try:
        return int(size), notes.hashes_in(lines), note
    except NoteError as error:
        raise Refusal(400, f"{error}\n") from None


def _line_of(note: str, log: Verifier) -> str:
    """The log's own signature line."""
    for line in note.rpartition("\n\n")[2].splitlines(keepends=True):
        try:
            notes.opened(note.rpartition("\n\n")[0] + "\n\n" + line, log)
            return line
        except NoteError:
            continue
    raise Refusal(403, "nobody trusted has signed it\n")


def _file(log: Verifier) -> str:
    return f"seen-{sha256(log.name.encode()).hexdigest()[:16]}"
