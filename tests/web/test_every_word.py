"""Every word on a page went through the catalogue, or is somebody's data or the policy's.

The language of these tests says everything as it stands in the source, in brackets. What stands outside of brackets and
is no data is a text that nobody can translate."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from django.utils.translation import trans_real
from lxml import html

from casework.models import Account, CalendarDay, EventText, Person, Unit
from tests.factories import evaluation
from tests.web.acting import CLAIM, do, file_on
from tests.web.test_crawl import World, client_of, crawled, world  # noqa: F401  (a fixture)

SAID = ("title", "aria-label", "placeholder", "alt", "label")
# Names of the product, of languages, of standards; what a code or a unit of measure looks like.
NAMES = ("Gongduan", "公断", "中文", "English", "SHA-256", "PDF", "MiB", "KB")
CODE = re.compile(r"\b(?:[0-9a-f]{8,64}|[A-Z]{3}-\d{4}-\d{6}|[A-Z]{2,4}-T-\d+|[A-Z]{1,3}\d{1,4}|\d+\w)\b")
DAY = re.compile(r"\b[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}\b")  # as Django writes it, which knows how Chinese does
ICON = "material-symbols-outlined"  # a font that draws a picture for a word
WORD = re.compile(r"[^\W\d_]{2,}")


class Bracketed(trans_real.DjangoTranslation):
    """English, with brackets around whatever was asked for."""

    def gettext(self, message: str) -> str:
        return f"⟦{super().gettext(message)}⟧"

    def ngettext(self, one: str, many: str, number: Any) -> str:
        return f"⟦{super().ngettext(one, many, number)}⟧"


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Bracketed("en")
    monkeypatch.setitem(trans_real._translations, "en", made)
    monkeypatch.setattr(trans_real, "_default", made)


def data() -> list[str]:
    """What is no text of the product: names, what people wrote, and the words of the policy; the longest first."""
    found = {*NAMES, *CalendarDay.objects.values_list("holiday", flat=True)}
    found |= {word for name in Account.objects.values_list("username", flat=True) for word in (name, name.capitalize())}
    found |= {text for pair in Person.objects.values_list("name", "no") for text in pair}
    found |= {text for pair in Unit.objects.values_list("name", "code") for text in pair}
    found |= {text for texts in EventText.objects.values_list("texts", flat=True) for text in strings(texts)}
    for folder in (settings.POLICY_FOLDER, settings.RUBRIC_FOLDER, settings.CALENDAR_FOLDER):
        for file in sorted(folder.glob("**/*.yaml")):
            found |= set(strings(yaml.safe_load(file.read_text())))
    pieces = {piece.strip() for text in found for piece in re.split(r"\{\w+\}|\n", str(text))}
    return sorted((piece for piece in pieces if piece), key=len, reverse=True)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def outside(text: str) -> str:
    """What stands in no bracket."""
    depth, kept = 0, []
    for letter in text:
        depth = max(0, depth + (letter == "⟦") - (letter == "⟧"))  # a text may have begun in another element
        kept.append(letter if depth == 0 and letter != "⟧" else " ")
    return "".join(kept)


def visible(page: Any) -> Iterator[str]:
    """What is read, seen or said aloud of it, piece by piece; what somebody typed into a field is theirs."""
    for element in page.iter():
        if not isinstance(element.tag, str) or element.tag in ("script", "style"):
            continue
        if ICON in element.get("class", "").split():
            yield element.tail or ""
            continue
        if element.tag not in ("textarea", "kbd", "option", "time"):
            yield element.text or ""
        elif element.tag == "option":
            yield element.text_content()
        yield element.tail or ""
        yield from (element.get(name, "") for name in SAID)


def unbracketed(address: str, text: str, known: list[str]) -> set[str]:
    """The pieces of the page that went through no catalogue and are no data."""
    found = set()
    for piece in visible(html.fromstring(text)):
        left = DAY.sub(" ", " ".join(outside(piece).split()))
        if not WORD.search(CODE.sub(" ", left)):
            continue
        for words in known:
            left = left.replace(words, " ")
        if WORD.search(CODE.sub(" ", left)):
            found.add(f"{address}: {' '.join(piece.split())!r}")
    return found


def met(world: World) -> Iterable[tuple[str, str]]:  # noqa: F811
    """Every page that links lead to, and those that only come of sending something."""
    for role in ("ann", "qin", "seated", "root"):
        yield from crawled(client_of(world, role))
    other = next(number for number in sorted(world.bos) if number.startswith("DSP"))
    for visit in (do("ivy", other, "give_statement"), do("qin", other, "rule")):
        yield visit.address, visit.text
    wrong = do("ivy", other, "give_statement").send()
    yield f"{wrong.address} (nothing written)", wrong.text
    somebody = Client(headers={"accept-language": "en"})
    for address, fields in (
        ("/v", {"sha256": "0" * 64}), ("/v", {"code": "nonsense"}), ("/v", {"x": "y"}),
        ("/login", {"username": "ann", "password": "wrong"}),
    ):  # fmt: skip
        yield f"{address} {fields}", somebody.post(address, fields).content.decode()
    for role, address in (
        ("ann", "/cases/EVL-2026-999999"), ("ann", "/inbox?order=x"), ("seated", f"/cases/{other}"),
        ("root", "/inbox?view=team"), ("ann", "/cases/nonsense/do/nonsense"),
    ):  # fmt: skip
        yield address, client_of(world, role).get(address).content.decode()


def test_everything_on_every_page_can_be_translated(world, bracketed):  # noqa: F811
    known, found, pages = data(), set(), 0
    for address, text in met(world):
        pages += 1
        assert "⟦" in text, f"{address} says nothing in the language asked for"
        found |= unbracketed(address, text, known)
    assert pages > 40
    assert not found, "no catalogue knows:\n" + "\n".join(sorted(found))


def test_everything_said_while_filing_can_be_translated(db, time, bracketed):
    """The empty form, the form with errors, the page that asks to check it, and the one that it was recorded."""
    number, found = evaluation(), set()
    visit = file_on("ann", number)
    known, steps = data(), [visit.text]
    steps.append(visit.send(criteria__QC4="yes").text)
    steps.append(visit.post({**visit.fields(), "step": "check", **CLAIM}).text)
    known += [value for value in CLAIM.values() if len(value) > 3]
    steps.append(visit.confirmed().text)
    steps.append(visit.client.get(f"/cases/{number}").content.decode())
    for place, text in enumerate(steps):
        found |= unbracketed(f"step {place}", text, known)
    assert not found, "no catalogue knows:\n" + "\n".join(sorted(found))


def test_a_text_that_no_catalogue_knows_is_found(bracketed):
    page = "<p>⟦Filed by⟧ 王喆堃 A1001 DSP-2026-000001</p><button aria-label='Close it'>⟦Yes⟧</button>"
    assert unbracketed("/x", page, ["王喆堃"]) == {"/x: 'Close it'"}
