"""The log says what it holds: checkpoints, signed only where they go on from everything that was signed before."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from casework.domain.log_keys import log_keys, signing_keys
from casework.domain.log_tree import size_of_log, stored_nodes
from casework.domain.now import now
from casework.domain.sequencing import alone
from casework.models import Checkpoint
from casework.transparency import key_folder, notes, tree
from casework.transparency.key_folder import KeyProblem


class LogBroken(Exception):
    """The log cannot go on from what it has signed. Nothing was signed; the message says what is wrong."""


def publish() -> Checkpoint | None:
    """A checkpoint over all of the tree is signed and stands in the database, if there is more than the last one says.

    Raises LogBroken where the tree does not begin with what was signed last, by the database or by the key's folder."""
    if not _is_behind():
        return None  # before a transaction begins, which on SQLite makes all others wait
    with transaction.atomic():
        if not alone() or not _is_behind():  # somebody else has just signed it
            return None
        size, last = size_of_log(), last_checkpoint()
        who, hands = _signers(last)
        node = stored_nodes()
        try:
            head = notes.Checkpoint(who.name, size, tree.root(node, size))
            for before in _signed_before(last):
                goes_on(node, before, head)
        except LookupError as error:
            raise LogBroken(_("tiles of the tree are missing: %(reason)s") % {"reason": error}) from None
        note = notes.signed(head.body, [notes.signature(*hand, head.body) for hand in hands])
        # On disk before anybody sees it: whatever becomes of this transaction, nothing else will be signed instead.
        key_folder.remember(settings.LOG_FOLDER, note)
        return Checkpoint.objects.create(size=size, root=head.root.hex(), note=note, at=now())


def last_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def remembered_checkpoint() -> notes.Checkpoint | None:
    """What the key's folder says was signed last, which no database can take back."""
    keys = log_keys()
    if keys.current is None or (note := key_folder.remembered(settings.LOG_FOLDER)) is None:
        return None
    try:
        return keys.opened(note)[0]
    except notes.NoteError as error:
        words = _("what was signed last, in %(folder)s, cannot be read: %(reason)s")
        raise LogBroken(words % {"folder": settings.LOG_FOLDER, "reason": error}) from None


def stated(checkpoint: Checkpoint) -> notes.Checkpoint:
    """What the checkpoint says, its signature not asked for."""
    return notes.checkpoint_of(checkpoint.note.rpartition("\n\n")[0] + "\n")


def fewer_than_signed(signed: int, there: int) -> str:
    words = _("%(signed)d entries were signed, but only %(there)d are there: some are gone, or a backup was restored")
    return words % {"signed": signed, "there": there}


def not_as_signed(size: int) -> str:
    return _("the first %(size)d entries are not the ones that were signed") % {"size": size}


def goes_on(node: tree.Node, before: notes.Checkpoint, head: notes.Checkpoint) -> None:
    """Returns where the tree of `head` begins with that of `before`; else raises LogBroken."""
    if before.size > head.size:
        raise LogBroken(fewer_than_signed(before.size, head.size))
    proof = tree.consistency_proof(node, before.size, head.size)
    try:
        tree.check_consistency(before.size, head.size, before.root, head.root, proof)
    except tree.ProofError:
        raise LogBroken(not_as_signed(before.size)) from None


def _is_behind() -> bool:
    """Whether there is more, or less, than what was signed last."""
    size, last, remembered = size_of_log(), last_checkpoint(), remembered_checkpoint()
    signed = {head.size for head in (last, remembered) if head is not None}
    return bool(size or signed) and signed != {size}


def _signed_before(last: Checkpoint | None) -> list[notes.Checkpoint]:
    found = [stated(last)] if last else []
    remembered = remembered_checkpoint()
    return [*found, remembered] if remembered else found


def _signers(last: Checkpoint | None) -> tuple[notes.Verifier, list[tuple[notes.Verifier, Ed25519PrivateKey]]]:
    """The log's key, made before the first checkpoint and never anew, and all that sign now."""
    try:
        if last is None:
            key_folder.made(settings.LOG_FOLDER, settings.LOG_ORIGIN, notes.SIGNED)
        hands = list(signing_keys())
    except (KeyProblem, notes.NoteError) as error:
        raise LogBroken(_("the log's key cannot be used: %(reason)s") % {"reason": error}) from None
    return hands[0][0], hands
