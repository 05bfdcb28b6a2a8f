"""People at their browsers. What they do is counted; what the browser complains of is kept until somebody looks."""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page

from tests.browser.site import Site

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PATIENCE = 180.0  # a machine that does other work besides is no failure
# The browser tells of what the page's own policy forbids only in its console, and there in words of its own.
WATCH = "addEventListener('securitypolicyviolation', e => console.error('forbidden', e.blockedURI, e.sourceFile))"


class Person:
    """Somebody in a browser of their own; nobody is logged in who was not asked for."""

    def __init__(
        self, site: Site, browser: Browser, login: str = "", language: str = "en", light: Any = "light",
        size: dict[str, int] = WIDE,
    ) -> None:  # fmt: skip
        self.site, self.login, self.done, self.complaints = site, login, 0, []
        locale = "en-GB" if language == "en" else "zh-CN"
        self._context = browser.new_context(
            base_url=site.origin, locale=locale, color_scheme=light, viewport=size, reduced_motion="reduce"
        )  # type: ignore[arg-type]
        self._context.add_init_script(WATCH)
        self._context.set_default_timeout(PATIENCE * 1000)
        self.page: Page = self._context.new_page()
        self._watch()
        if login:
            self.goes_to("/login").clicks(f"button[name=as][value={login}]")
            assert urlsplit(self.page.url).path == "/inbox", self.page.url
            if self.page.locator("html").get_attribute("lang") != {"en": "en", "zh": "zh-hans"}[language]:
                self.clicks(".prefer button[name=language]")

    def _watch(self) -> None:
        def asked(request: Any) -> None:
            if not request.url.startswith((self.site.origin + "/", "data:", "blob:")):
                self.complaints.append(f"asked another host: {request.url}")

        def said(message: Any) -> None:
            # What could not be loaded is judged by its status, below.
            if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
                self.complaints.append(f"{self.page.url}: {message.type}: {message.text}")

        def answered(response: Any) -> None:
            document = response.request.resource_type == "document"
            if response.status >= (500 if document else 400):
                self.complaints.append(f"{response.status} for {response.url}")

        self._context.on("request", asked)
        self._context.on("response", answered)
        self._context.on("console", said)
        self._context.on("weberror", lambda problem: self.complaints.append(f"{self.page.url}: {problem.error}"))

    def close(self) -> None:
        self._context.close()

    def goes_to(self, address: str, status: int = 200) -> "Person":
        response = self.page.goto(address)
        assert response is not None and response.status == status, f"{address}: {response and response.status}"
        return self

    def clicks(self, what: str | Locator) -> "Person":
        """A link or a button that leads to another page, which stands there when this is over."""
        self.done += 1
        with self.page.expect_navigation():
            (self.page.locator(what) if isinstance(what, str) else what).click()
        return self

    def fills(self, name: str, value: str) -> "Person":
        self.done += 1
        self.page.locator(f"[name='{name}']").fill(value)
        return self

    def chooses(self, name: str, value: str) -> "Person":
        """Of a list, or by a box or a button beside the answer."""
        self.done += 1
        field = self.page.locator(f"[name='{name}']")
        if field.first.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            self.page.locator(f"[name='{name}'][value='{value}']").check()
        return self

    def presses(self, key: str) -> "Person":
        self.done += 1
        self.page.keyboard.press(key)
        return self

    def does(self, number: str, action: str) -> "Person":
        """From the page of the case, by the button there."""
        return self.goes_to(f"/cases/{number}").clicks(f".doings a[href$='/do/{action}']")

    def goes_on(self) -> "Person":
        return self.clicks("button[name=step][value=check]")

    def confirms(self) -> str:
        """Sent and recorded; the number of the case in which it was."""
        self.clicks("button[name=step][value=send]")
        found = re.search(r"/cases/([^/]+)/done/\d+$", self.page.url)
        assert found, f"{self.page.url}: {self.words()}"
        return found.group(1)

    def words(self) -> str:
        """What the page's content says."""
        return self.page.locator("#content").inner_text()

    def until(self, number: str, holds: Callable[[], bool], otherwise: str) -> "Person":
        """The case is opened again until that holds: the worker does its part meanwhile."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{otherwise}\n{self.words()}\n{self.site.log.read_text()[-2000:]}"
            time.sleep(0.3)
            self.goes_to(f"/cases/{number}")
        return self

    def may(self, number: str, action: str) -> "Person":
        """What follows from what others did is done, and the case offers that action."""
        self.goes_to(f"/cases/{number}")
        offered = self.page.locator(f".doings a[href$='/{action}']")
        return self.until(number, lambda: offered.count() > 0, f"{number} never offered {action} to {self.login}")
