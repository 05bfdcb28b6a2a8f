"""The log's keys: the one that signs its checkpoints, and those that did before, each for as much as it signed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.utils.translation import gettext as _

from casework.transparency import key_folder, notes
from casework.transparency.key_folder import Earlier, KeyProblem


@dataclass(frozen=True)
class LogKeys:
    """Whose signatures may stand below checkpoints: the log's, and those of the keys that it had before, the oldest
    first; also of the logs that it was begun again after."""

    current: notes.Verifier | None
    earlier: Sequence[Earlier]

    @property
    def all(self) -> list[notes.Verifier]:
        return [self.current, *(one.who for one in self.earlier)] if self.current else []

    @property
    def published(self) -> list[notes.Verifier]:
        """Those that outsiders are to trust."""
        return self.trusted.all

    @property
    def trusted(self) -> "LogKeys":
        """Without those that somebody else may have."""
        return replace(self, earlier=[one for one in self.earlier if not one.leaked])

    @property
    def first(self) -> notes.Verifier | None:
        """The one that this log began with, which stays its name wherever its copies lie."""
        who = self.current
        return next((one.who for one in self.earlier if who and one.who.name == who.name), who)

    def opened(self, note: str, *others: notes.Verifier) -> tuple[notes.Checkpoint, dict[notes.Verifier, int]]:
        """What the log signed, and who of its keys and of the others has. NoteError where none of its keys did, or
        only one that it had given up before it was as large as that."""
        body, signers = notes.opened(note, *self.all, *others)
        head = notes.checkpoint_of(body)
        own = [who for who in self.all if who in signers and who.name == head.origin]
        if not own:
            raise notes.NoteError(_("our log has not signed its checkpoint"))
        ended = {one.who: one.last for one in self.earlier if one.last is not None}
        if all(who in ended and ended[who] < head.size for who in own):
            raise notes.NoteError(_("the log had given up the key that signed it"))
        return head, signers


def log_keys() -> LogKeys:
    """As the key's folder has them now; none before the first checkpoint."""
    try:
        return LogKeys(key_folder.public(settings.LOG_FOLDER), key_folder.earlier(settings.LOG_FOLDER))
    except KeyProblem:
        return LogKeys(None, ())


def log_key() -> notes.Verifier | None:
    """Whose signature stands below the checkpoints; None before the first one."""
    return log_keys().current


def signing_keys() -> Iterator[tuple[notes.Verifier, Ed25519PrivateKey]]:
    """What a checkpoint is signed with: the log's key, and one that it is about to give up. KeyProblem where one of
    them cannot be had."""
    folder = settings.LOG_FOLDER
    yield key_folder.public(folder), key_folder.private(folder)
    for one in key_folder.earlier(folder):
        if one.still_signs:
            yield one.who, key_folder.private_of(folder, one.who)
