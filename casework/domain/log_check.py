"""Whether the log is whole: every event in its place, every tile what the events make it, and every checkpoint and
cosignature true of them, those included that were signed and are no longer in the database."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from casework.domain.archive_check import read_archive
from casework.domain.checkpoints import (
    LogBroken,
    fewer_than_signed,
    last_checkpoint,
    not_as_signed,
    remembered_checkpoint,
    stated,
)
from casework.domain.log_keys import log_keys
from casework.domain.log_leaves import FREE, Leaves
from casework.domain.log_tree import size_of_log, stored_nodes, stored_tile
from casework.domain.verdict import Problem
from casework.domain.witnesses import ALARMS, witnesses
from casework.models import CaseEvent, Checkpoint, Cosignature, LogLeaf, Unsequenced, Witness
from casework.transparency import notes, tiles, tree

LOG = "log"
Claim = tuple[int, bytes, str]  # that the first so many events have this root, and the check that failed if not


@dataclass
class Outside:
    """What was ever signed and is known outside of the database, by the key's folder and by the archive; and what is
    wrong there."""

    claims: list[Claim] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def outside() -> Outside:
    """Asked once: what is away now is away for the whole check, and told."""
    archive = read_archive()
    found = Outside([(copy.size, copy.root, "archive") for copy in archive.copies], archive.problems)
    with suppress(LogBroken):  # told by _signatures
        if remembered := remembered_checkpoint():
            found.claims.append((remembered.size, remembered.root, "signed"))
    return found


def log_problems(outside: Outside, leaves: Leaves) -> Iterator[Problem]:
    """Everything that is wrong with the log as a whole, at most one of a kind. `leaves`: all entries, each in its
    place."""
    yield from _unplaced(CaseEvent.objects.all())
    yield from _gone_from_line()
    yield from _tree(outside.claims, leaves)
    yield from _signatures()
    yield from _cosignatures()
    yield from _alarms()
    yield from outside.problems


def case_problems(stream: str) -> Iterator[Problem]:
    """What is wrong with the places of one stream's events, and with the last checkpoint over them."""
    yield from _unplaced(CaseEvent.objects.filter(stream=stream))
    placed = LogLeaf.objects.filter(event__stream=stream).order_by("index").values_list("index", "event__entry")
    node = stored_nodes()
    try:
        for index, entry in placed:
            if node(0, index) != tree.leaf_hash(entry.encode()):
                yield _another(index)
                return
        last = last_checkpoint()
        if last and tree.root(node, last.size).hex() != last.root:
            yield _wrong("checkpoint", last.size, _("the events are not the ones that the log signed"))
    except LookupError as error:
        yield _wrong("tile", 0, str(error))
    yield from _signatures(last_only=True)


def _unplaced(events: Any) -> Iterator[Problem]:
    """Every event has its place in the log, or waits for one."""
    waiting = Unsequenced.objects.values("event_id")
    for event in events.filter(leaf=None).exclude(pk__in=waiting).order_by("pk")[:1]:
        words = _("the entry was written past the log: it has no place there and waits for none")
        yield Problem(event.stream, event.seq, "place", words)


def _gone_from_line() -> Iterator[Problem]:
    gone = Unsequenced.objects.exclude(event_id__in=CaseEvent.objects.values("pk")).order_by("pk")
    for event in gone.values_list("pk", flat=True)[:1]:
        yield _wrong("line", 0, _("entry %(id)d, which waited for its place in the log, is gone") % {"id": event})


def _tree(others: list[Claim], found: Leaves) -> Iterator[Problem]:
    """The events in the order of their places make the tiles that are stored and the roots that were signed."""
    claims, frontier, kept = sorted([*_claims(), *others]), tree.Frontier(), dict[tiles.Place, bytes]()
    if found.twice is not None:
        yield _wrong("place", found.twice, _("two events have this place in the log"))
        return
    for leaves in found.tiles():
        for leaf in leaves:
            if leaf == FREE:
                yield _wrong("place", frontier.size, _("the event that had this place in the log is gone"))
                return
            frontier.add(leaf)
            while claims and claims[0][0] == frontier.size:
                _size, root, check = claims.pop(0)
                if root != frontier.root():
                    here = (0, (frontier.size - 1) // tiles.WIDTH)
                    if problem := _tile_problem(here, b"".join(leaves)):
                        yield problem  # which says whose place it is
                        return
                    yield _wrong(check, frontier.size, not_as_signed(frontier.size))
                    return
        for place, hashes in tiles.grown(frontier.size - len(leaves), leaves, kept.__getitem__):
            kept[place] = hashes
        for place in [place for place, hashes in kept.items() if len(hashes) == tiles.WIDTH * tiles.SIZE]:
            if problem := _tile_problem(place, kept.pop(place)):
                yield problem
                return
    problems = (_tile_problem(place, hashes) for place, hashes in sorted(kept.items()))
    yield from islice((problem for problem in problems if problem), 1)
    if claims:
        yield _wrong(claims[0][2], 0, fewer_than_signed(claims[-1][0], frontier.size))


def _claims() -> Iterator[Claim]:
    for size, root in Checkpoint.objects.values_list("size", "root"):
        yield size, bytes.fromhex(root), "checkpoint"


def _tile_problem(place: tiles.Place, hashes: bytes) -> Problem | None:
    level, number = place
    try:
        stored = stored_tile(level, number)[: len(hashes)]
    except LookupError as error:
        return _wrong("tile", 0, str(error))
    if stored == hashes:
        return None
    if level:
        words = _("tile %(number)d of level %(level)d was changed")
        return _wrong("tile", 0, words % {"number": number, "level": level})
    pairs = enumerate(zip(tiles.hashes_of(hashes), tiles.hashes_of(stored), strict=False))
    differs = next((n for n, (mine, theirs) in pairs if mine != theirs), len(stored) // tiles.SIZE)
    return _another(number * tiles.WIDTH + differs)


def _signatures(last_only: bool = False) -> Iterator[Problem]:
    """Every checkpoint bears the log's signature and says what its row says; so does what was signed last."""
    known = log_keys()
    checkpoints: Iterable[Checkpoint] = Checkpoint.objects.order_by("size").iterator()
    if last_only:
        checkpoints = Checkpoint.objects.order_by("-size")[:1]
    for checkpoint in checkpoints:
        try:
            head, _signers = known.opened(checkpoint.note)
        except notes.NoteError as error:
            yield _wrong("signature", checkpoint.size, _("the checkpoint is not the log's: %(why)s") % {"why": error})
            return
        if (head.size, head.root.hex()) != (checkpoint.size, checkpoint.root):
            yield _wrong("signature", checkpoint.size, _("the checkpoint's row says something else than was signed"))
            return
    try:
        remembered_checkpoint()
    except LogBroken as error:
        yield _wrong("signed", 0, str(error))


def _cosignatures() -> Iterator[Problem]:
    """Every cosignature of a witness that the settings know is theirs."""
    try:
        known = {who.name: who for who, _url in witnesses()}
    except LogBroken as error:
        yield _wrong("witness", 0, str(error))
        return
    lines = Cosignature.objects.filter(witness__in=known).select_related("checkpoint").order_by("pk")
    for cosignature in lines.iterator():
        note = notes.signed(stated(cosignature.checkpoint).body, [cosignature.line])
        try:
            notes.opened(note, known[cosignature.witness])
        except notes.NoteError as error:
            yield _wrong("cosignature", cosignature.checkpoint_id, str(error))
            return


def _alarms() -> Iterator[Problem]:
    """No witness has seen what the log no longer holds."""
    for row in Witness.objects.filter(problem__in=ALARMS).order_by("name"):
        words = {"witness": row.name, "size": row.size, "problem": row.get_problem_display()}
        yield _wrong("witness", 0, _("%(witness)s, which knows %(size)d events: %(problem)s") % words)


def counts(stream: str = "") -> dict[str, int]:
    """How many events have their place and how many wait, of a stream or of all; how many checkpoints there are."""
    if stream:
        waiting = CaseEvent.objects.filter(stream=stream, leaf=None).count()
        placed = LogLeaf.objects.filter(event__stream=stream).count()
    else:
        waiting, placed = Unsequenced.objects.count(), size_of_log()
    return {"placed": placed, "waiting": waiting, "checkpoints": Checkpoint.objects.count()}


def _another(index: int) -> Problem:
    event = CaseEvent.objects.filter(leaf__index=index).annotate(place=F("leaf__index")).first()
    words = _("the entry is not the one that was given place %(index)d of the log") % {"index": index}
    return Problem(event.stream, event.seq, "leaf", words) if event else _wrong("leaf", index, words)


def _wrong(check: str, place: int, message: str) -> Problem:
    return Problem(LOG, place, check, message)
