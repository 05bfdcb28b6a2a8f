"""Every kind of page, in both lights: nothing grave that axe knows of, nothing wider than a telephone, all by keys."""

import hashlib
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.axe import VENDOR, barriers
from tests.browser.people import NARROW, PATIENCE, WIDE, Person
from tests.browser.site import Site
from tests.browser.tour import STOPS, Stop

# The pages' mark, or that of the back office's theme.
SHOWN = """light => { const {dataset, classList} = document.documentElement;
return (dataset.bsTheme ?? (classList.contains("dark") ? "dark" : "light")) === light }"""
Come = Callable[..., Person]


@pytest.mark.parametrize("stop", STOPS, ids=[stop.name for stop in STOPS])
def test_page_can_be_used_by_everybody_in_both_lights_and_on_a_telephone(site: Site, person: Come, stop: Stop) -> None:
    visitor = stop.visited(site, person)
    found = []
    for light in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=light)  # type: ignore[arg-type]
        visitor.page.wait_for_function(SHOWN, arg=light, timeout=PATIENCE * 1000)
        found += [f"{light}: {barrier}" for barrier in barriers(visitor.page)]
    assert not found, "\n".join(found)
    visitor.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    wide = visitor.page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{wide} px wider than {NARROW['width']} px"
    visitor.page.set_viewport_size(WIDE)  # type: ignore[arg-type]


def test_page_is_left_and_entered_by_keys_alone(site: Site, person: Come) -> None:
    """The first key leads past the frame; the sheet of keys opens, is read and closes; rows are walked through."""
    qin = person("qin").goes_to("/inbox?view=team")
    focused = qin.page.locator(":focus")
    qin.presses("Tab")
    expect(focused).to_have_attribute("href", "#content")
    assert focused.is_visible()
    qin.presses("Enter")
    expect(focused).to_have_attribute("id", "content")
    qin.presses("?")
    expect(qin.page.locator("dialog#keys")).to_be_visible()
    assert not barriers(qin.page)
    qin.presses("Escape")
    expect(qin.page.locator("dialog#keys")).to_be_hidden()
    qin.presses("j").presses("j")
    number = focused.inner_text()
    assert number == qin.page.locator("[data-row] a.number").nth(1).inner_text()
    qin.presses("o")
    qin.page.wait_for_url(f"**/cases/{number}")
    qin.presses("/")
    expect(focused).to_have_attribute("id", "q")


def test_vendored_axe_is_the_published_one() -> None:
    for line in (VENDOR / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
