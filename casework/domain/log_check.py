"""Whether the log is whole: every event in its place, every tile what the events make it, and every checkpoint and
cosignature true of them, those included that were signed and are no longer in the database."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from casework.domain.archive_check import archive_problems
from casework.domain.archiving import archived, log_archive
from casework.domain.checkpoints import (
    LogBroken,
    fewer_than_signed,
    last_checkpoint,
    remembered_checkpoint,
    stated,
)
from casework.domain.log_keys import log_keys
from casework.domain.log_tree import size_of_log, stored_nodes, stored_tile
from casework.domain.verdict import Problem
from casework.domain.witnesses import ALARMS, witnesses
from casework.models import CaseEvent, Checkpoint, Cosignature, LogLeaf, Unsequenced, Witness
from casework.transparency import notes, tiles, tree
from casework.transparency.archive import ArchiveProblem

LOG = "log"
Claim = tuple[int, bytes, str]  # that the first so many events have this root, and the check that failed if not


def log_problems(claims: list[Claim]) -> Iterator[Problem]:
    """Everything that is wrong with the log as a whole, at most one of a kind. `claims`: what stands outside of the
    database."""
    yield from _unplaced(CaseEvent.objects.all())
    yield from _gone_from_line()
    yield from _tree(claims)
    yield from _signatures()
    yield from _cosignatures()
    yield from _alarms()
    yield from archive_problems()


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


def _tree(outside: list[Claim]) -> Iterator[Problem]:
    """The events in the order of their places make the tiles that are stored and the roots that were signed."""
    claims, size = sorted([*_claims(), *outside]), size_of_log()
    placed = LogLeaf.objects.filter(index__lt=size).order_by("index").values_list("index", "event__entry")
    frontier, kept = tree.Frontier(), dict[tiles.Place, bytes]()
    for rows in _tiles_of(placed.iterator(chunk_size=20 * tiles.WIDTH)):
        leaves = []
        for index, entry in rows:
            if index != frontier.size:
                yield _wrong("place", frontier.size, _("the event that had this place in the log is gone"))
                return
            leaves.append(tree.leaf_hash(entry.encode()))
            frontier.add(leaves[-1])
            while claims and claims[0][0] == frontier.size:
                _size, root, check = claims.pop(0)
                if root != frontier.root():
                    here = (0, (frontier.size - 1) // tiles.WIDTH)
                    if problem := _tile_problem(here, b"".join(leaves)):
                        yield problem  # which says whose place it is
                        return
                    words = _("the first %(size)d entries are not the ones that were signed") % {"size": frontier.size}
                    yield _wrong(check, frontier.size, words)
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


def outside_claims() -> list[Claim]:
    """What was ever signed and is known outside of the database: by the key's folder, and by the archive."""
    found: list[Claim] = []
    with suppress(LogBroken):  # told by _signatures
        if remembered := remembered_checkpoint():
            found.append((remembered.size, remembered.root, "signed"))
    with suppress(LogBroken, ArchiveProblem):  # told by archive_problems
        if archive := log_archive():
            found += [(size, archived(archive, size).root, "archive") for size in archive.sizes()]
    return found


def _tiles_of(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, tiles.WIDTH)):
        yield chunk


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
