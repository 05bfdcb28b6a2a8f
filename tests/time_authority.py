"""A time authority that anybody can run: openssl's, behind an HTTP server in a thread of the test."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.answering import answering

DAY = timedelta(days=1)
CONFIG = """\
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.crt.pem
signer_key = {folder}/tsa.key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class TimeAuthority:
    def __init__(
        self, folder: Path, usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.TIME_STAMPING, *, since: timedelta = DAY
    ) -> None:
        folder.mkdir()
        self.folder, self.roots = folder, folder / "root.crt.pem"
        self.change: Callable[[bytes], bytes] = lambda answer: answer
        self.status, self.asked = 200, 0
        self.root_key, root = _certificate("时间戳根", None, None, since=since)
        key, certificate = _certificate("时间戳", self.root_key, root, usage, since=since)
        self.trusted = [root]
        self.roots.write_bytes(root.public_bytes(Encoding.PEM))
        (folder / "tsa.crt.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "tsa.key.pem").write_bytes(pem)
        (folder / "serial").write_text("01\n")
        (folder / "openssl.cnf").write_text(CONFIG.format(folder=folder))
        self.server = HTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/tsa"

    def answer(self, question: bytes) -> bytes:
        self.asked += 1
        (self.folder / "question").write_bytes(question)
        config, asked, told = (str(self.folder / name) for name in ("openssl.cnf", "question", "answer"))
        command = ["openssl", "ts", "-reply", "-config", config, "-queryfile", asked, "-out", told]
        subprocess.run(command, check=True, capture_output=True)
        return self.change((self.folder / "answer").read_bytes())


def openssl_agrees(token: Path, data: Path, roots: Path) -> bool:
    """What `openssl ts` says, which shares no code with us."""
    command = ["openssl", "ts", "-verify", "-data", data, "-in", token, "-token_in", "-CAfile", roots]
    return subprocess.run(command, capture_output=True).returncode == 0


@contextmanager
def open_at(folder: Path) -> Iterator[TimeAuthority]:
    authority = TimeAuthority(folder)
    with answering(authority.server):
        yield authority


def _handler(authority: TimeAuthority) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(authority.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _certificate(
    name: str, issuer_key: rsa.RSAPrivateKey | None, issuer: x509.Certificate | None,
    usage: x509.ObjectIdentifier | None = None, *, since: timedelta,
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:  # fmt: skip
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - since)
        .not_valid_after(today + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return key, builder.sign(issuer_key or key, hashes.SHA256())
