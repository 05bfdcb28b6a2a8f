"""What a signed document costs beside the same pages drawn by WeasyPrint alone: the seal, each further signature, the
fonts that travel along, an RSA key, and a second worker. One machine, one run, best of the rounds.

    .venv/bin/python bench/documents.py [--rounds 7] [--seconds 15] [--json FILE]

Needs Debian's fonts-noto-cjk for the comparison of fonts; without it that figure is left out."""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TEMPLATE = "disputes/documents/ruling.html"
LOOK = ROOT / "templates" / "casework" / "documents" / "document.css"
NOTO = "Noto Sans CJK SC"
SECRET = "a secret of the benchmark"
WORDS = {"reason": "裁定", "location": "上海"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--json")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="gongduan-documents-"))
    try:
        found = {"kind": "documents", **measured(folder, asked.rounds), **workers(folder, asked.seconds)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(found, indent=1))
    if asked.json:
        with open(asked.json, "a") as out:
            out.write(json.dumps(found) + "\n")


def measured(folder: Path, rounds: int) -> dict[str, Any]:
    """Milliseconds, and the ratios that are wanted. The rounds go through all of them in turn."""
    drawn, hands = Drawn(), Hands(folder)
    draft, first, _file = sealed(drawn, hands)
    hash_of = b"\7" * 32
    works: dict[str, Callable[[], Any]] = {
        "plain": drawn.plain,
        "sealed with two signatures": lambda: sealed(drawn, hands),
        "a further signature": lambda: sign(first, "second", hands.person),
        "RSA-3072 signature": lambda: sign(draft, "reviewer", hands.rsa),
        "raw RSA-3072": lambda: hands.rsa.sign_digest(hash_of),
    }
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = min(best.get(name, 1e9), timed(work))
    ratios = {
        "sealed / plain": best["sealed with two signatures"] / best["plain"],
        "a further signature / plain": best["a further signature"] / best["plain"],
        "RSA-3072 signature / raw": best["RSA-3072 signature"] / best["raw RSA-3072"],
        **fonts(drawn, rounds),
    }
    milliseconds = {name: round(seconds * 1000, 2) for name, seconds in best.items()}
    return {"milliseconds": milliseconds, "ratios": {name: round(value, 2) for name, value in ratios.items()}}


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Drawn:
    """A ruling's snapshot, with a second decider who may sign, and its page as HTML."""

    def __init__(self) -> None:
        from django.template import Context

        from casework.documents import drawing, printed
        from tests.documents.sample import ruling

        self.snapshot = ruling()
        other = {**self.snapshot["deciders"][0], "field": "second", "name": "白航", "no": "Q202"}
        self.snapshot["deciders"].append(other)
        drawing.prepare()
        page = drawing._engine().get_template(TEMPLATE)
        self.page = page.render(Context(printed.printable_snapshot(self.snapshot), use_tz=False))
        self.html = self.page.replace("<style>", f"<style>{LOOK.read_text(encoding='utf-8')}", 1)

    def another(self) -> None:
        self.snapshot["outcome"] = {"zh": "改判", "en": f"Adjusted {time.monotonic_ns()}"}

    def plain(self) -> bytes:
        """The same HTML, its look in it, by WeasyPrint as it comes: no form of PDF/A, no tags, no attachment."""
        from weasyprint import HTML
        from weasyprint.text.fonts import FontConfiguration

        return HTML(string=self.html).write_pdf(font_config=FontConfiguration())


class Hands:
    """Who signs: a person, the seal, and somebody with an RSA key."""

    def __init__(self, folder: Path) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import rsa

        from casework.documents import pki, signer
        from tests.documents.sample import ruling

        made = pki.make_pki(folder / "pki", ruling()["organisation"], demo=True)
        person = pki.issue_person_certificate(folder / "pki", "秦明", "M401", SECRET, demo=True)
        self.person = signer.LocalSigner.from_encrypted(
            person.certificate_pem, person.key_pem, SECRET, person.chain_pem
        )
        self.seal = signer.seal_signer(folder / "pki", datetime.now(UTC))
        key, root = rsa.generate_private_key(65537, 3072), x509.load_pem_x509_certificate(made.root_pem.encode())
        subject = [x509.NameAttribute(part.oid, str(part.value)) for part in self.person.certificate.subject]
        certificate = pki.new_certificate(subject, key, root, pki.stored_key(folder / "pki", pki.ROOT), 1, None)
        self.rsa = signer.LocalSigner(certificate, key, [root])


def sealed(drawn: Drawn, hands: Hands) -> tuple[bytes, bytes, bytes]:
    """(draft, once signed, sealed) as the product makes them, in its own drawing process."""
    from casework.documents import fields
    from casework.documents.render import render

    drawn.another()  # of one that was just drawn the answer would be known
    draft = fields.add_signature_fields(render(TEMPLATE, drawn.snapshot), fields.fields_for(drawn.snapshot))
    first = sign(draft, "reviewer", hands.person)
    return draft, first, sign(first, "organisation", hands.seal)


def sign(pdf: bytes, field: str, hand: Any) -> bytes:
    from casework.documents import signing

    return signing.sign(pdf, field, hand, certify=b"/ByteRange" not in pdf, at=datetime.now(UTC), **WORDS)


FONT_WORK = """
import gc, sys, time
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
html, rounds, look, best = sys.stdin.read(), int(sys.argv[1]), sys.argv[2], 1e9
once = FontConfiguration()
sheets = [CSS(filename=look, font_config=once)] if look else []
def draw():
    HTML(string=html).write_pdf(font_config=once if look else FontConfiguration(), stylesheets=sheets)
draw()
if look:
    gc.freeze()
    gc.disable()
for _ in range(rounds):
    began = time.process_time()
    draw()
    best = min(best, time.process_time() - began)
print(best)
"""


def fonts(drawn: Drawn, rounds: int) -> dict[str, float]:
    """The page as the drawing process has it, in the fonts that travel along, beside WeasyPrint as it comes with
    Debian's Noto CJK: processor time, in processes of their own."""
    from casework.documents.workshop import child_environment

    shell = {name: value for name, value in os.environ.items() if name != "FONTCONFIG_FILE"}
    listed = subprocess.run(["fc-list", ":", "family"], env=shell, capture_output=True, text=True, check=False)
    if NOTO not in listed.stdout:
        return {}
    with_own = drawing_time(drawn.page, child_environment(), rounds, str(LOOK))
    with_noto = drawing_time(drawn.html.replace("Noto Sans SC", NOTO), shell, rounds)
    return {"own fonts / Noto CJK": with_own / with_noto}


def drawing_time(html: str, environment: dict[str, str], rounds: int, look: str = "") -> float:
    words = [sys.executable, "-c", FONT_WORK, str(rounds), look]
    done = subprocess.run(words, input=html, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def workers(folder: Path, seconds: float) -> dict[str, Any]:
    """Documents a second, drawn, signed and sealed by one process and by two."""
    rate = {count: together(folder, count, seconds) for count in (1, 2)}
    each = {str(count): round(value, 2) for count, value in rate.items()}
    return {"documents a second, by workers": each, "two workers / one": round(rate[2] / rate[1], 2)}


def together(folder: Path, count: int, seconds: float) -> float:
    context = multiprocessing.get_context("spawn")
    with context.Pool(count) as pool:
        done = pool.starmap(make_for, [(str(folder / f"worker-{count}-{n}"), seconds) for n in range(count)])
    return sum(done)


def make_for(folder: str, seconds: float) -> float:
    drawn, hands = Drawn(), Hands(Path(folder))
    sealed(drawn, hands)
    made, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        sealed(drawn, hands)
        made += 1
    return made / (time.perf_counter() - began)


# The same fonts and no others, as in the product's drawing process.
os.environ["FONTCONFIG_FILE"] = str(ROOT / "casework" / "documents" / "fonts" / "fonts.conf")

if __name__ == "__main__":
    main()
