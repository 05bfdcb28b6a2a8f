"""Pictures of every stop of the tour: python -m tests.browser.pictures FOLDER, in a GONGDUAN_HOME of its own."""

import io
import itertools
import os
import sys
from pathlib import Path
from typing import Any

import django
from PIL import Image

COLOURS = 48
DRAWN = "() => !document.querySelector('.recording[data-peaks]:not(.drawn)')"
REDRAWN = 300  # milliseconds until the recording is drawn in its new width
LANGUAGES, LIGHTS = ("zh", "en"), ("light", "dark")
TITLES = {
    "login": "Logging in; in a demo by one click", "inbox-empty": "Inbox with nothing in it",
    "inbox-full": "Inbox of a team, soonest due first", "search": "Search",
    "search-explained": "What may be searched for", "evaluation": "An evaluation, its score moved twice",
    "dispute": "A dispute, ruled and appealed", "arbitration": "An arbitration, awarded",
    "filing-form": "Filing a dispute", "filing-wrong": "What is missing, said at its place and above",
    "filing-check": "Looked through before it is sent", "filed": "Recorded, and what happens next",
    "ruling-form": "Ruling on each criterion", "blind-room": "The blind room: neither names nor scores",
    "blind-form": "Scoring blind", "vote-form": "Voting", "vote-wrong": "A vote without its reasons",
    "evidence-form": "Adding a file to a case",
    "urgency-form": "Saying how urgent a case is, and what follows", "extension-form": "Giving a deadline more time",
    "office": "The back office",
    "office-grants": "Who may act in which role", "office-grant": "A new grant",
    "office-stuck": "Clocks that cannot act",
    "password": "Changing the password", "verification": "Checking a document, for anybody",
    "verification-genuine": "A document that is genuine", "verification-broken": "One that was altered",
    "refusal": "What is not there, or not for whoever asks",
}  # fmt: skip


def main(folder: Path, only: list[str]) -> None:
    """The folder holds a PNG for each stop, language, light and width, and an index of them."""
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import QUIETLY, chromium_path
    from tests.browser.people import NARROW, WIDE, Person
    from tests.browser.site import Site, passwords_in
    from tests.browser.tour import STOPS
    from tests.commands.demo_run import Demo

    home = Path(os.environ["GONGDUAN_HOME"])
    made = Demo(home)
    if (home / "told.txt").exists():
        told = (home / "told.txt").read_text()
    else:
        done = made.run("load_demo")
        assert done.returncode == 0, done.stdout + done.stderr
        told = done.stdout
    site = Site(made, passwords_in(told))
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium_path(), args=QUIETLY)
            for stop, language in itertools.product(STOPS, LANGUAGES):
                if only and stop.name not in only:
                    continue
                met: list[Person] = []

                def comes(login: str, language: str = language, met: list[Person] = met) -> Person:
                    met.append(Person(site, browser, login, language))
                    return met[-1]

                page = stop.visited(site, comes).page
                page.wait_for_function(DRAWN)
                for light, (width, size) in itertools.product(LIGHTS, {"wide": WIDE, "narrow": NARROW}.items()):
                    page.emulate_media(color_scheme=light)  # type: ignore[arg-type]
                    page.set_viewport_size(size)  # type: ignore[arg-type]
                    page.evaluate("() => scrollTo(0, 0)")
                    page.wait_for_timeout(REDRAWN)
                    keep(page.screenshot(), folder / f"{stop.name}.{language}.{light}.{width}.png")
                for one in met:
                    one.close()
            browser.close()
    finally:
        site.close()
    (folder / "pages.md").write_text(index(folder))


def keep(png: bytes, file: Path) -> None:
    """In as few colours as a page needs, since pictures stay in the repository for ever."""
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)


def index(folder: Path) -> str:
    """A table a stop: language and light against width."""
    lines: list[Any] = ["# The pages", "", "Made by `scripts/screenshots` of the demo, as it is served.", ""]
    for name, title in TITLES.items():
        lines += [f"## {title}", "", "| | 1280 px | 390 px |", "|---|---|---|"]
        for language, light in itertools.product(LANGUAGES, LIGHTS):
            pictures = (f"{name}.{language}.{light}.{width}.png" for width in ("wide", "narrow"))
            cells = " | ".join(
                f"![{title}, {language}, {light}]({file})" for file in pictures if (folder / file).exists()
            )
            if cells:
                lines.append(f"| {language}, {light} | {cells} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "casework.config.settings")
    django.setup()
    main(Path(sys.argv[1]), sys.argv[2:])
