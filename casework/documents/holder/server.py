"""Where a signing worker listens: a Unix socket, one request and one answer a connection."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingMixIn, UnixStreamServer
from threading import BoundedSemaphore
from typing import Any

from django.utils.translation import gettext as _

from casework.documents.errors import PkiError
from casework.documents.holder import frames

PATIENCE = 5.0  # seconds for a request to come in, and for its answer to be taken
MODE = 0o660  # of the socket: its owner and its group may ask
AT_ONCE = 64


def server(path: Path, answered: Callable[[bytes], bytes]) -> KeyServer:
    """A server, not yet serving, at a socket for its owner and group only. Whoever was killed left a socket there,
    whose place it takes; PkiError where somebody listens, or something else lies there."""
    _make_room(path)
    before = os.umask(0o777 & ~MODE)
    try:
        return KeyServer(path, answered)
    except OSError as problem:
        raise _cannot_listen(path, problem.strerror or str(problem)) from None
    finally:
        os.umask(before)


class KeyServer(ThreadingMixIn, UnixStreamServer):
    """A thread for each connection; who is one too many is turned away at once, and asks again. Closing waits for what
    is being done, and takes the socket away."""

    request_queue_size = AT_ONCE

    def __init__(self, path: Path, answered: Callable[[bytes], bytes]) -> None:
        self._path, self._room = path, BoundedSemaphore(AT_ONCE)
        self._is_ours = False

        class Handler(BaseRequestHandler):
            def handle(self) -> None:
                with suppress(OSError, frames.BadFrame):  # gone, too slow, or sends no frame: nobody to answer
                    asked = frames.receive(self.request, PATIENCE)
                    frames.send(self.request, answered(asked), PATIENCE)

        super().__init__(str(path), Handler)
        self._is_ours = True

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            return self.shutdown_request(request)
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread to be had
            self._room.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def server_close(self) -> None:
        if self._is_ours:
            self._path.unlink(missing_ok=True)
        super().server_close()


def _make_room(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise _cannot_listen(path, _("something else lies there"))
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(PATIENCE)
            probe.connect(str(path))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:  # nobody listens any more
        path.unlink(missing_ok=True)
        return
    except OSError as problem:
        raise _cannot_listen(path, problem.strerror or str(problem)) from None
    raise _cannot_listen(path, _("somebody listens there already"))


def _cannot_listen(path: Path, reason: str) -> PkiError:
    words = _("Expected to listen at %(where)s, but %(reason)s; name another --listen PATH")
    return PkiError(words % {"where": path, "reason": reason})
