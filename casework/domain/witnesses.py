"""Others look over the log's shoulder: each witness is sent what was signed, with the proof that it goes on from what
the witness knows, and adds its own signature (C2SP tlog-witness)."""

import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPException

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from casework.domain.checkpoints import LogBroken, stated
from casework.domain.log_tree import stored_nodes
from casework.domain.now import now
from casework.models import Checkpoint, Cosignature, Witness
from casework.transparency import notes, tree

log = logging.getLogger(__name__)
Problem = Witness.Problem
PATIENCE = 5.0  # seconds for an answer
LEASE = timedelta(seconds=3 * PATIENCE)  # for both questions, so that no two processes ask at once
AGAIN_AFTER = timedelta(seconds=30)  # until one that did not sign is asked again
LONGEST_ANSWER = 10_000
ALARMS = (Problem.AHEAD, Problem.REFUSED)


class _Answer(Exception):
    """What a witness said instead of signing."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(detail)
        self.problem, self.detail = problem, detail


def witnesses() -> Iterator[tuple[notes.Verifier, str]]:
    """Who is to cosign, and under which address, as the settings say; LogBroken where they cannot be read."""
    for entry in settings.WITNESSES:
        vkey, _at, url = entry.partition("@")
        try:
            who = notes.verifier(vkey)
            if who.kind != notes.COSIGNED or not url.startswith(("http://", "https://")):
                raise notes.NoteError(_("it is no witness's key with an address"))
        except notes.NoteError as error:
            words = _("GONGDUAN_WITNESSES: %(entry)s cannot be used: %(reason)s; expected VKEY@URL")
            raise LogBroken(words % {"entry": entry[:80], "reason": error}) from None
        yield who, url.rstrip("/")


def witness_names() -> list[str]:
    """Whose cosignatures count; none where the settings cannot be read, which workers and doctor tell."""
    try:
        return [who.name for who, _url in witnesses()]
    except LogBroken:
        return []


def ask_witnesses() -> int:
    """Every witness that has not cosigned the last checkpoint was asked to; how many did. What they say else stands in
    their row; one that did not sign is asked again after a while."""
    last = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return sum(_asked(who, url) for who, url in witnesses() if _is_due(who, last))


def _is_due(who: notes.Verifier, last: int | None) -> bool:
    return last is not None and not Cosignature.objects.filter(witness=who.name, checkpoint=last).exists()


def _asked(who: notes.Verifier, url: str) -> bool:
    row = _taken(who)
    if row is None:
        return False
    # Read once nobody else asks: an older one than the witness knows would alarm it.
    checkpoint = Checkpoint.objects.latest("size")
    try:
        line, at = _cosigned(who, url, checkpoint, row)
    except _Answer as answer:
        _keep(row, answer)
        return False
    Cosignature.objects.get_or_create(checkpoint=checkpoint, witness=who.name, defaults={"line": line, "at": at})
    signed = {"size": checkpoint.size, "busy_until": None, "problem": "", "detail": "", "since": None}
    Witness.objects.filter(pk=row.pk).update(**signed)
    return True


def _taken(who: notes.Verifier) -> Witness | None:
    """The witness's row, for this process to ask; None while another asks, or it is too soon."""
    Witness.objects.get_or_create(name=who.name)
    free = Witness.objects.filter(Q(busy_until=None) | Q(busy_until__lte=now()), name=who.name)
    return Witness.objects.get(name=who.name) if free.update(busy_until=now() + LEASE) else None


def _cosigned(who: notes.Verifier, url: str, checkpoint: Checkpoint, row: Witness) -> tuple[str, datetime]:
    """The witness's line below the checkpoint and the time it says."""
    status, answer = _sent(url, row.size, checkpoint)
    if status == 409 and answer.strip().isdecimal():
        row.size, known = int(answer), row.size
        if row.size > checkpoint.size:
            raise _Answer(Problem.AHEAD)
        if row.size == known:
            raise _Answer(Problem.REFUSED)
        status, answer = _sent(url, row.size, checkpoint)
    if status in (409, 422):
        raise _Answer(Problem.REFUSED)
    if status != 200:
        raise _Answer(Problem.STRANGE, f"{status}: {answer[:200]}")
    try:
        _body, signers = notes.opened(notes.signed(stated(checkpoint).body, [answer]), who)
    except notes.NoteError as error:
        raise _Answer(Problem.STRANGE, str(error)) from None
    line = next(line for line in answer.splitlines(keepends=True) if line.startswith(f"\N{EM DASH} {who.name} "))
    return line, datetime.fromtimestamp(signers[who], UTC)


def _sent(url: str, known: int, checkpoint: Checkpoint) -> tuple[int, str]:
    old = min(known, checkpoint.size)  # to one that knows more the smaller tree is sent all the same: it is the alarm
    try:
        proof = tree.consistency_proof(stored_nodes(), old, checkpoint.size)
    except LookupError:
        proof = []
    text = f"old {old}\n{notes.hash_lines(proof)}\n{checkpoint.note}"
    request = urllib.request.Request(f"{url}/add-checkpoint", text.encode(), method="POST")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 -- an address of the settings
            return response.status, response.read(LONGEST_ANSWER).decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(LONGEST_ANSWER).decode("utf-8", "replace")
    except (OSError, HTTPException) as error:
        raise _Answer(Problem.AWAY, str(getattr(error, "reason", error))) from None


def _keep(row: Witness, answer: _Answer) -> None:
    level = logging.ERROR if answer.problem in ALARMS else logging.WARNING
    log.log(level, "witness %s, which knows %d entries: %s %s", row.name, row.size, answer.problem, answer.detail)
    since = row.since if row.problem == answer.problem else now()
    Witness.objects.filter(pk=row.pk).update(
        size=row.size, busy_until=now() + AGAIN_AFTER, problem=answer.problem, detail=answer.detail, since=since
    )
