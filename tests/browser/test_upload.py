"""A file on a slow line: how far it is can be seen and heard, and what comes of it is the page that one would have
come to without it."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests import files
from tests.browser.people import Person
from tests.browser.site import Site
from tests.browser.tour import evidence_form

A_SECOND = 1_000_000  # bytes that the line carries


def test_file_sent_over_a_slow_line_tells_how_far_it_is_and_is_recorded(
    site: Site, person: Callable[..., Person], tmp_path: Path
) -> None:
    agent = evidence_form(site, person)
    line = agent.page.context.new_cdp_session(agent.page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": A_SECOND}
    bar, told = agent.page.get_by_role("progressbar", name="The file is being sent"), agent.page.locator(".told")
    expect(bar).to_be_hidden()

    wrong = tmp_path / "wrong.wav"
    wrong.write_bytes(b"no sound at all, and no text either \x00")
    agent.page.locator("#content input[type=file]").set_input_files(wrong)
    agent.fills("shows", "通话时的系统提示音").page.locator("form[data-uploads] button").click()
    expect(agent.page.locator("#problem")).to_be_focused()
    assert agent.page.locator("[name=shows]").input_value() == "通话时的系统提示音"
    assert agent.complaints.pop().startswith("422 for ") and agent.page.title().startswith("Error: ")

    sound = tmp_path / "sound.wav"
    sound.write_bytes(files.wav(3 * A_SECOND))
    agent.page.locator("#content input[type=file]").set_input_files(sound)
    line.send("Network.emulateNetworkConditions", slow)
    agent.page.locator("form[data-uploads] button").click()
    expect(told).to_have_text(re.compile(r"^[\d.]+ MB of 2\.9 MB$"))
    expect(bar).to_be_visible()
    assert 0 <= float(bar.evaluate("bar => bar.value")) <= 1
    assert agent.page.locator("form[data-uploads] button").is_disabled()
    agent.page.wait_for_url(re.compile(r"/done/\d+$"))
    assert "Recorded" in agent.words() and "sound.wav" not in agent.words()
