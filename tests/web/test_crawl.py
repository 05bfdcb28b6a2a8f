"""Every page that leads on from the inbox, for every part one may play; and addresses that nobody was given.

Every run guesses some ids at every address, as ann and as a seated arbitrator. GONGDUAN_CRAWL=full guesses 2,000 at
every address in every part, which takes the better part of an hour; GONGDUAN_CRAWL=20 does the same with 20."""

import os
import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from lxml import html

from casework.admin.urls import urls as office
from casework.models import Case, CaseEvent, Document
from casework.web.urls import urlpatterns
from tests.factories import arbitration, dispute, evaluation, panel, recording
from tests.web.visiting import browser

MOST = 1000
NUMBER = re.compile(r"\b[A-Z]{3}-\d{4}-\d{6}\b")
SORTED = re.compile(r"^/admin/.*(\?|&)(o=|_changelist_filters=|.*&)")  # orders of lists, filters beside filters
CHANGING = [
    (re.compile(r'name="csrfmiddlewaretoken" value="\w+"'), "mark"), (re.compile(r'CSRFToken": "\w+"'), "mark"),
]  # fmt: skip
ROLES = ("ann", "ivy", "ian", "lee", "qin", "seated", "fang", "aud", "root", "bo")
# How many ids each part guesses at every address; of the back office, whose ids are small numbers, a twentieth.
CRAWL = os.environ.get("GONGDUAN_CRAWL", "").replace("full", "2000")
GUESSES = dict.fromkeys(ROLES, int(CRAWL)) if CRAWL else {"ann": 180, "seated": 45}


@dataclass(frozen=True)
class World:
    """ann's family up to a panel that scores blind; bo's family in another unit; a draft of chen's."""

    anns: frozenset[str]
    bos: frozenset[str]
    chens: frozenset[str]
    arbitration: str
    seated: str
    files: tuple[str, ...]
    papers: dict[str, str]  # in which case each document is

    @property
    def all(self) -> frozenset[str]:
        return self.anns | self.bos | self.chens

    def open_to(self, role: str) -> frozenset[str]:
        """The cases that whoever plays that part may know of."""
        match role:
            case "ann" | "lee":
                return self.anns
            case "bo" | "ivy":
                return self.bos
            case "seated":  # may lead a team besides
                teams = {"luo": self.bos, "liang": self.chens}
                return teams.get(self.seated, frozenset()) | {self.arbitration}
            case "ian" | "qin" | "fang" | "aud":  # ian is a QA lead by a second account
                return self.all
        return frozenset()

    def login(self, role: str) -> str:
        return self.seated if role == "seated" else role


@pytest.fixture
def world(db, time) -> World:
    paper = dispute(upto="issued")
    number = arbitration(paper)
    other = evaluation(agent="A1002", inspector="Q201", reader="bo")
    files = (recording(other),)
    other_dispute = dispute(other, agent="bo")
    draft = evaluation(agent="A1003", inspector="Q203", publisher=None, reader=None)
    anns = Case.objects.filter(family_id=Case.objects.get(number=paper).family_id).values_list("number", flat=True)
    return World(
        anns=frozenset(anns), bos=frozenset({other, other_dispute}), chens=frozenset({draft}), arbitration=number,
        seated=panel(number)["arbitrator_1"], files=files,
        papers={str(pk): case for pk, case in Document.objects.values_list("pk", "case__number")},
    )  # fmt: skip


def client_of(world: World, role: str) -> Client:
    client = browser(world.login(role))
    client.raise_request_exception = False
    return client


def test_whoever_follows_every_link_meets_no_error_and_no_foreign_case(world):
    for role in ROLES:
        seen = list(crawled(client_of(world, role)))
        assert len(seen) > 3, role
        named = {number for _address, text in seen for number in NUMBER.findall(text)}
        assert named <= world.open_to(role), f"{role} reads of {sorted(named - world.open_to(role))}"
        if role in ("ann", "qin", "seated"):
            assert any("/do/" in address for address, _text in seen), f"{role} came to no form"


def crawled(client: Client, start: str = "/inbox") -> Iterator[tuple[str, str]]:
    """(address, what it said) of every page that one comes to by links."""
    left, met = [start, "/search?q=2026", "/login?switch=1", "/v"], set()
    while left:
        address = left.pop(0)
        if address in met:
            continue
        met.add(address)
        assert len(met) < MOST, f"there is no end to it: {sorted(met)[-20:]}"
        response = client.get(address, headers={"accept-language": "en"})
        expected = (200, 409) if address.endswith(".tlog-proof") else (200, 302)  # which may wait to be sealed
        assert response.status_code in expected, f"{address}: {response.status_code}"
        if response.status_code == 302:
            left.append(response["Location"])
            continue
        body = response.getvalue() if response.streaming else response.content
        if not response["Content-Type"].startswith("text/html"):
            continue
        text = body.decode()
        yield address, text
        left += [link for link in leads(address, text) if not link.startswith("/static/") and not SORTED.search(link)]


def leads(address: str, text: str) -> Iterator[str]:
    """Where the page's links lead, each on this site."""
    page = html.fromstring(text)
    for element, name, told, _at in page.iterlinks():
        aim = urlsplit(urljoin(f"http://testserver{address}", told))
        assert aim.netloc == "testserver" and aim.scheme == "http", f"{address}: {name}={told}"
        if element.tag in ("a", "img", "audio", "script", "link", "use"):
            yield aim.path + (f"?{aim.query}" if aim.query else "")


GARBAGE = (
    "EVL-2026-%00", "0", "-1", "1", "%00", "x" * 300, "é", "仲裁", "..%2f..%2fetc%2fpasswd", "%252e%252e",
    "'%20OR%201=1--", "<script>", "EVL-2026-0000111", "evl-2026-000001", "EVL-2026-000001%0a", " EVL-2026-000001",
    "EVL-2026-٠٠٠٠٠١", "ZZZ-2026-000001", "None", "null", "NaN", "9" * 19, "10000000000000000000",
    "00000000-0000-0000-0000-000000000000", "{}", "[]", "%f0%9f%92%a9", "%ff%fe", "*", "a;b", "a%3Fb", "a%23b",
    "~root", "CON", "0" * 64, "f" * 64, "g" * 64,
)  # fmt: skip
ACTIONS = (
    "read", "rule", "sign", "score_blind", "vote", "publish", "disputes.ScoreDispute", "arbitration.Arbitration",
)  # fmt: skip
ASKED = (
    "order=account__password", "ordering=-account__password", "sort=password", "account__password__startswith=a",
    "page=0", "page=10000000000000000000", "cursor=10000000000000000000", "cursor=0", "cursor=-1", "cursor=%00",
    "cursor=é", "cursor=WzFd", "view=all", "view=%00", "view=mine&view=team", "type=x", "type=%00", "unit=%27",
    "role=root", "role=%00", "overdue=2", "before=0", "before=10000000000000000000", "before=-1", "before=٣", "kind=x",
    "kind=%00", "rows=x", "rows=%00", "limit=0", "limit=10000000000000000000", "q=%00", f"q={'x' * 2000}", "q=%25",
    "q=_", "q=a__b&order_by=password", "q=%22", "q=%27", "q=(", "q=*", "q=NEAR/1", "q=-", "q=仲裁%20OR%20A1001",
    "next=//elsewhere.example", "lang=xx", "switch=x", "=", "&&", "a[]=1", "%", "%zz",
)  # fmt: skip


def test_addresses_asked_with_anything_never_fail(world):
    """Sorting and filtering reach nothing but what a page offers."""
    pages = ("/inbox", "/search", f"/cases/{world.arbitration}", "/login", "/v", "/password")
    for role in ("qin", "seated"):
        client = client_of(world, role)
        for path in pages:
            for asked in ASKED:
                status = client.get(f"{path}?{asked}").status_code
                assert status in (200, 302, 403, 404, 422), f"{role} {path}?{asked}: {status}"
    asked = client_of(world, "qin").get("/inbox?order=account__password")
    assert asked.status_code == 422 and "order" in asked.content.decode()


def patterns() -> list[str]:
    """Every address of the site that has a place for something, such as `cases/{}/do/{}`."""
    routes = (*routes_of(urlpatterns), *routes_of(office[0], "admin/"))
    return [re.sub(r"<[^>]+>", "{}", route) for route in routes if "<" in route and "(?P" not in route]


def routes_of(found: Iterable[Any], start: str = "") -> Iterator[str]:
    for pattern in found:
        route = start + str(pattern.pattern)
        yield from routes_of(pattern.url_patterns, route) if hasattr(pattern, "url_patterns") else [route]


def guesses(world: World, places: int, dice: random.Random) -> Iterator[tuple[str, ...]]:
    """What stands in those places: what is somebody else's, what never was, what nobody would write."""
    never = [f"{kind}-2026-{dice.randrange(400):06}" for kind in ("EVL", "DSP", "ARB") for _ in range(30)]
    first = [*world.all, *never, *GARBAGE, *world.files, *world.papers]
    then = [*first, *ACTIONS, *(str(dice.randrange(10**6)) for _ in range(20))]
    while True:
        yield (dice.choice(first), *dice.choices(then, k=places - 1))


@pytest.mark.parametrize("role", GUESSES)
def test_guessed_addresses_never_fail_and_tell_nothing(world, role):
    dice, client, mine = random.Random(7), client_of(world, role), world.open_to(role)
    events = [str(pk) for pk in CaseEvent.objects.exclude(case__number__in=mine).values_list("pk", flat=True)]
    found = patterns()
    assert len(found) >= 20 and sum(pattern.startswith("admin/") for pattern in found) >= 9
    for pattern in found:
        tried, in_office = guesses(world, pattern.count("{}"), dice), pattern.startswith("admin/")
        for _ in range(1 + GUESSES[role] // 20 if in_office else GUESSES[role]):
            guess = (str(dice.randrange(200)),) if in_office else next(tried)
            if pattern.endswith("done/{}"):
                guess = (guess[0], dice.choice(events or ["1"]))
            address = "/" + pattern.format(*guess)
            response = client.get(address)
            assert response.status_code in (200, 302, 403, 404, 405, 409, 422), f"{address}: {response.status_code}"
            if response.streaming or not response["Content-Type"].startswith("text/html"):
                b"".join(response.streaming_content if response.streaming else ())  # the file is closed at its end
                assert {guess[0], world.papers.get(guess[0])} & mine, address
                continue
            told = set(NUMBER.findall(response.content.decode())) - set(guess) - set(NUMBER.findall(address))
            assert told <= mine, f"{address} tells {role} of {sorted(told - mine)}"


def test_foreign_case_answers_as_one_that_never_was(world):
    """Byte for byte but for the number, at every address, looked at and sent to."""
    client, missing = client_of(world, "ann"), "EVL-2026-999999"
    places = ["{}", "{}/do/publish", "{}/do/read", "{}/do/rule", "{}/do/nonsense", "{}/open/disputes.ScoreDispute",
              "{}/done/1", "{}/chart.svg", "{}/recording/peaks.json", "{}/recording/" + world.files[0],
              "{}/evidence/" + world.files[0]]  # fmt: skip
    for place in places:
        for sends in (False, True):
            never = answer(client, "/cases/" + place.format(missing), missing, sends)
            for number in sorted(world.bos | world.chens):
                assert answer(client, "/cases/" + place.format(number), number, sends) == never, (place, number)


def answer(client: Client, address: str, number: str, sends: bool) -> tuple[int, list[tuple[str, str]], str]:
    response = client.post(address, {"step": "send", "key": "k"}) if sends else client.get(address)
    assert response.status_code >= 400, address
    text = response.content.decode().replace(number, "NUMBER")
    for changing, mark in CHANGING:
        text = changing.sub(mark, text)
    heads = [(name, value) for name, value in sorted(response.items()) if name != "Content-Length"]
    return response.status_code, heads, text


def test_nobody_who_is_not_logged_in_comes_further_than_the_login(world):
    client = Client(headers={"accept-language": "en"})
    for pattern in patterns():
        if pattern.startswith("v/"):
            continue
        address = "/" + pattern.format(*(sorted(world.anns)[0], 1, 1)[: pattern.count("{}")])
        response = client.get(address)
        assert response.status_code == 302 and response["Location"].startswith("/login?next="), address
    seen = [address for address, _text in crawled(client, "/login")]
    assert seen and not [address for address in seen if address.startswith("/cases/")]
