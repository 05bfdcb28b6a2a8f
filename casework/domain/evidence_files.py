"""Files that somebody gives to a case, from the door to the store: received under a name that nobody else knows, kept
under their digest once the case has them, gone where it never took them."""

import hashlib
import os
import tempfile
import time
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, cast

from django.conf import settings
from django.utils.translation import gettext as _

from casework import store
from casework.domain.actor import Actor
from casework.domain.errors import InvalidInput
from casework.domain.now import now
from casework.domain.policy_content import CaseTypePolicy
from casework.domain.wording import spoken
from casework.evidence.looking import NotTaken, kind_of
from casework.keys import new_key
from casework.models import Evidence
from casework.store import cache

MIB = 1024 * 1024
NAME_AT_MOST = 120
UNSEEN = ("C", "Zl", "Zp")  # control characters, those that turn the direction of writing, breaks of lines
KEPT = timedelta(days=1)  # what a killed process left behind, until it is swept away


def largest(rules: CaseTypePolicy) -> int:
    """Bytes that a file may have at most; 0 where the type takes none."""
    parameter = rules.parameters.get("evidence_largest_mib")
    return int(parameter.value) * MIB if parameter else 0


def kinds_in_words(rules: CaseTypePolicy) -> str:
    """The kinds of files that are taken, one after another."""
    labels = rules.labels.get("evidence_kinds", {})
    return _(", ").join(spoken(labels[kind]) for kind in rules.value("evidence_kinds"))


def receive(parts: Iterable[bytes], name: str, case: Any, actor: Actor, rules: CaseTypePolicy) -> Evidence:
    """The file is on disk and looked at, and what it is stands in its row. InvalidInput, and nothing is left of it,
    where it is too large or empty, or of a kind that is not taken."""
    _folder().mkdir(parents=True, exist_ok=True)
    _sweep_folder()  # here, too, since workers may be on other machines
    handle, written = tempfile.mkstemp(dir=_folder())
    path = Path(written)
    try:
        digest, size = _written(handle, parts, largest(rules))
        kind = _kind(path, rules)
        row = Evidence(
            id=new_key(), case_id=case.pk, person_id=cast(int, actor.person_id), sha256=digest, kind=kind, size=size,
            name=clean_name(name), received_at=actor.received_at,
        )  # fmt: skip
        path = path.rename(_place(row.pk))
        row.save(force_insert=True)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return row


def keep(row: Evidence) -> None:
    """The file is in the store under its digest. Written before the step is; a step that then fails leaves a file that
    nobody refers to."""
    try:
        store.evidence().adopt(_place(row.pk), row.sha256)
    except store.FileProblem as problem:
        words = _("Expected the file as it was received, but %(problem)s; send it again")
        raise InvalidInput(words % {"problem": problem}, code="not_received") from None


def discard(row: Evidence) -> None:
    """Of a file that became no part of the case nothing is left; of one that did, what the store has."""
    Evidence.objects.filter(pk=row.pk, added_at=None).delete()
    _place(row.pk).unlink(missing_ok=True)


def sweep() -> int:
    """Whatever was received a day ago and became part of no case is gone; how many there were. Of files, and of copies
    from the store, those on this machine."""
    waiting = list(Evidence.objects.filter(added_at=None, received_at__lt=now() - KEPT).order_by("received_at")[:1000])
    for row in waiting:
        discard(row)
    _sweep_folder()
    if settings.STORE:
        cache.tidy()
    return len(waiting)


def clean_name(name: str) -> str:
    """What the giver called it: no folders, nothing that cannot be seen, at most 120 characters."""
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    seen = "".join(" " if unicodedata.category(c).startswith(UNSEEN) else c for c in last)
    plain = " ".join(seen.split()).lstrip(". ")
    stem, dot, suffix = plain.rpartition(".")
    if len(plain) <= NAME_AT_MOST or not stem or len(suffix) > 10:
        return plain[:NAME_AT_MOST].rstrip()
    return stem[: NAME_AT_MOST - len(suffix) - 1].rstrip() + dot + suffix


def too_large(most: int) -> InvalidInput:
    """The refusal of a file with more bytes than that."""
    words = _("the file is too large; at most %(most)d MB are taken") % {"most": most // MIB}
    refusal = _refusal("too_large", words)
    refusal.status = 413
    return refusal


def missing() -> InvalidInput:
    """The refusal of a request without a file."""
    return _refusal("missing", _("there is no file; choose one"))


def _sweep_folder() -> None:
    with suppress(FileNotFoundError):
        for path in _folder().iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - KEPT.total_seconds():
                    path.unlink()


def _written(handle: int, parts: Iterable[bytes], most: int) -> tuple[str, int]:
    """(SHA-256, size) of what is now on disk; reading ends with the first byte too many."""
    digest, size = hashlib.sha256(), 0
    with os.fdopen(handle, "wb") as out:
        for part in parts:
            size += len(part)
            if size > most:
                raise too_large(most)
            digest.update(part)
            out.write(part)
        out.flush()
        os.fsync(out.fileno())
    if not size:
        _refuse("empty", _("the file is empty; choose another"))
    return digest.hexdigest(), size


def _kind(path: Path, rules: CaseTypePolicy) -> str:
    most = int(rules.value("evidence_megapixels"))
    try:
        return kind_of(path, rules.value("evidence_kinds"), most)
    except NotTaken as reason:
        code = str(reason)
    words = {
        "unknown_kind": _("it is none of the kinds that are taken, whatever its name says; these are %(kinds)s"),
        "empty": _("there is nothing in it; choose another"),
        "locked": _("it opens only with a password; save it without one"),
        "program": _("it starts a program when it is opened; print it to a new PDF and send that"),
        "too_many_pixels": _("the picture has more than %(most)d million pixels; make it smaller"),
        "two_in_one": _("it is two files in one; send the one that matters"),
        "lies": _("it is not as long as it says itself; save it again and send that"),
    }.get(code, _("it cannot be read; save it again and send that"))
    _refuse(code, words % {"kinds": kinds_in_words(rules), "most": most})


def _refusal(code: str, words: str) -> InvalidInput:
    return InvalidInput(
        _("Expected a file that can be taken, but %(problem)s") % {"problem": words}, code=code,
        problems=[{"field": "file", "code": code, "message": words}],
    )  # fmt: skip


def _refuse(code: str, words: str) -> NoReturn:
    raise _refusal(code, words)


def _folder() -> Path:
    return settings.EVIDENCE_FOLDER / "received"


def _place(pk: int) -> Path:
    return _folder() / str(pk)
