"""A witness's HTTP side: `POST /SECRET/add-checkpoint` for logs, `GET /` for whoever wants to know what it has seen."""

import logging
from collections.abc import Callable
from contextlib import suppress
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.utils import translation

from casework.transparency.notes import LONGEST
from casework.transparency.witness import Refusal, Witness

log = logging.getLogger(__name__)
TEXT, SIZE = "text/plain; charset=utf-8", "text/x.tlog.size"
PATIENCE = 10.0


def server(witness: Witness, host: str, port: int, alarm: Callable[[str], None]) -> ThreadingHTTPServer:
    """A server, not yet serving; `alarm` is called with the words of every alarm, in the language spoken here."""
    language = translation.get_language()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE

        def do_GET(self) -> None:
            if self.path != "/":
                return self._answer(404, "expected /, or, to submit, POST to the path that logs were given\n")
            return self._answer(200, witness.status())

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            is_known = compare_digest(self.path.encode(), f"/{witness.path}/add-checkpoint".encode())
            if not is_known or not length.isdecimal() or int(length) > LONGEST:
                self.close_connection = True  # what it sends is not read
                return self._answer(413 if is_known else 404, "expected a POST to the path that logs were given\n")
            try:
                with translation.override(language):
                    signed = witness.add_checkpoint(self.rfile.read(int(length)).decode("utf-8", "replace"))
                return self._answer(200, signed)
            except Refusal as refusal:
                if refusal.alarm:
                    alarm(refusal.alarm)
                return self._answer(refusal.status, refusal.body)

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", SIZE if status == 409 else TEXT)
            self.send_header("Content-Length", str(len(body)))
            with suppress(ConnectionError):  # whoever asked is gone, and asks again
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            log.info(format, *args)

    return _Server((host, port), Handler)


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # who asks while another is answered waits, and is not turned away
