"""A file on its way in, at a door that people use: read no further than it may be large, then given to its case."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest

from casework.domain.actor import Actor
from casework.domain.adding import ADD_EVIDENCE
from casework.domain.errors import NotPermitted, OutOfScope, Refusal
from casework.domain.evidence_files import discard, largest, missing, receive, too_large
from casework.domain.perform import Result, perform
from casework.domain.policy import current_policy
from casework.queries.doing import Doing, doing, recorded_under

DRAINED = 4  # times the limit: so much of what is too large is read and forgotten, so that the answer can arrive


class Bounded(TemporaryFileUploadHandler):
    """Files of one request, together no larger than `most`; what is beyond that is never written."""

    def __init__(self, request: HttpRequest, most: int) -> None:
        super().__init__(request)
        self.most, self.taken, self.is_too_large, self.announced = most, 0, False, 0

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *more: Any, **named: Any) -> None:
        self.announced = content_length

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.taken += len(raw_data)
        if self.taken > self.most:
            self.is_too_large = True
            raise StopUpload(connection_reset=self.announced > DRAINED * self.most)
        super().receive_data_chunk(raw_data, start)


def bound(request: Any) -> None:
    """The request's files are held to the largest that any type of case takes; before anything of it is read."""
    most = max(largest(rules) for rules in current_policy().case_types.values())
    request.upload_handlers = [Bounded(request, most)]


def file_of(request: Any, asked: Doing) -> Any:
    """The one file that was sent; InvalidInput where there is none, or more of it than is taken."""
    file, most = request.FILES.get("file"), largest(asked.rules)
    cut_short = any(getattr(handler, "is_too_large", False) for handler in request.upload_handlers)
    if cut_short or (file is not None and file.size > most):
        raise too_large(most)
    if file is None:
        raise missing()
    return file


def asked_for(number: str, actor: Actor, key: str | None) -> Doing:
    """What the actor is about to do, before a byte is kept. Whoever may not is refused by perform() itself, which
    remembers who asked; what was done under that key may be sent again."""
    try:
        asked = doing(number, actor, ADD_EVIDENCE)
        asked.refuse()
    except (OutOfScope, NotPermitted):
        perform(number, ADD_EVIDENCE, actor, {})
        raise
    except Refusal:
        if key is None or recorded_under(key, actor, number) is None:
            raise
        asked = doing(number, actor, ADD_EVIDENCE)
    return asked


def give(asked: Doing, file: Any, data: Mapping[str, Any], key: str | None) -> Result:
    """The file is part of the case, or a Refusal was raised and nothing of the file is left."""
    received = receive(file.chunks(), file.name or "", asked.case, asked.actor, asked.rules)
    try:
        return perform(asked.case.number, ADD_EVIDENCE, asked.actor, {**data, "sha256": received.sha256}, key)
    finally:
        discard(received)
