"""The demo, served as in earnest, and people with browsers of their own."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.people import Person
from tests.browser.site import Site, passwords_in
from tests.commands.demo_run import Demo, demo  # noqa: F401  (a fixture)

CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

QUIETLY = ["--disable-gpu", "--disable-dev-shm-usage"]  # containers have little shared memory


def chromium_path() -> str:
    """The system's own; none is ever downloaded."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    assert found, "there is no Chromium; scripts/install-system tests installs it"
    return found


# For this package only: while the browser's driver runs, Django lets nobody in this thread ask its database.
@pytest.fixture(scope="package")
def site(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:  # noqa: F811
    assert demo.status == 0, demo.err
    served = Site(demo.copy(tmp_path_factory.mktemp("site") / "var"), passwords_in(demo.out))
    yield served
    served.close()


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path(), args=QUIETLY)
        yield browser
        browser.close()


@pytest.fixture
def person(site: Site, chromium: Browser) -> Iterator[Callable[..., Person]]:
    """`person("ann", "zh")`: ann at a browser of her own, in Chinese. Ends badly if any browser complained: of another
    host, of what the page's policy forbids, of a script, of something that is not there."""
    met: list[Person] = []

    def comes(*words: object, **more: object) -> Person:
        met.append(Person(site, chromium, *words, **more))  # type: ignore[arg-type]
        return met[-1]

    yield comes
    for one in met:
        one.close()
    complaints = [f"{one.login or 'somebody'}: {complaint}" for one in met for complaint in one.complaints]
    assert not complaints, "\n".join(complaints)
