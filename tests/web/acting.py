"""Forms as people meet them: what a page offers, filled in and sent on as a browser would send it."""

from typing import Any

from django.test import Client
from lxml import html

from tests.web.visiting import browser


class Visit:
    """One person at one form. Every page is read anew from what the server sent; nothing is known beforehand."""

    def __init__(self, login: str | Client, address: str) -> None:
        self.client = browser(login) if isinstance(login, str) else login
        self.address = address
        self.response = self.client.get(address)

    @property
    def text(self) -> str:
        return self.response.content.decode()

    @property
    def page(self) -> Any:
        return html.fromstring(self.text)

    @property
    def status(self) -> int:
        return self.response.status_code

    def fields(self) -> dict[str, list[str]]:
        """What the browser would send of the page's form, unchanged."""
        [form] = self.page.xpath("//main//form")
        found: dict[str, list[str]] = {}
        areas = {area.name for area in form.xpath(".//textarea")}
        for name, value in form.form_values():  # of a textarea's text browsers leave out the first line break
            found.setdefault(name, []).append(value.removeprefix("\n") if name in areas else value)
        return found

    def send(self, step: str = "check", **changed: Any) -> "Visit":
        """The page's form with those fields changed (`__` for a dot; None takes one away), by that button."""
        given = {name.replace("__", "."): value for name, value in changed.items()}
        return self.post({**self.fields(), "step": [step], **given})

    def post(self, data: dict[str, Any]) -> "Visit":
        sent = {name: value for name, value in data.items() if value is not None}
        self.response = self.client.post(self.address, sent)
        return self

    def confirmed(self) -> "Visit":
        """The page that asks to check it is sent; what is shown is where that leads."""
        self.send("send")
        assert self.status == 303, self.said()
        self.address = self.response["Location"]
        self.response = self.client.get(self.address)
        assert self.status == 200
        return self

    def said(self) -> str:
        """The words of the page's content."""
        return " ".join(self.page.xpath("string(//main)").split())

    def errors(self) -> list[str]:
        return [" ".join(item.text_content().split()) for item in self.page.xpath("//section[@id='problem']//li")]


def do(login: str | Client, number: str, action: str) -> Visit:
    return Visit(login, f"/cases/{number}/do/{action}")


def file_on(login: str | Client, number: str) -> Visit:
    return Visit(login, f"/cases/{number}/open/disputes.ScoreDispute")


CLAIM = {
    "criteria.QC4": "yes", "criteria.QC4.claimed": "10", "criteria.QC4.ground": "fact_wrong",
    "criteria.QC4.reasons": "语速正常，见录音第35秒", "criteria.QC4.seconds": "0:35",
}  # fmt: skip
