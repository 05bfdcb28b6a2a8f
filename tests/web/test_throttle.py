"""Guessing is slow, and hurts nobody but whoever guesses."""

import pytest
from django.test import Client, RequestFactory

from casework.models import LoginFailure
from casework.web.throttle import FREE, address_of
from tests.factories import credential
from tests.web.test_login import enter


def guess(times: int, login: str = "ann", **meta) -> list[int]:
    """The statuses of that many wrong passwords."""
    return [
        Client(**meta).post("/login", {"username": login, "password": f"guess {n}"}).status_code for n in range(times)
    ]


def test_guessing_one_account_makes_the_guesser_wait_longer_each_time(db, time):
    credential("ann")
    assert guess(FREE["account"] + 1) == [422] * FREE["account"] + [429]
    waits = []
    for _ in range(8):
        page = Client(headers={"accept-language": "en"}).post("/login", {"username": "ann", "password": "x"})
        seconds = int(page.content.decode().split("wait ")[1].split()[0])
        waits.append(seconds)
        time.on(seconds=seconds)
        assert guess(1) == [422]
    assert waits == sorted(waits) and waits[0] == 2 and waits[-1] == 60


def test_right_password_while_one_has_to_wait_is_not_looked_at(db, time):
    password = credential("ann")
    guess(FREE["account"])
    assert enter(Client(), "ann", password).status_code == 429
    time.on(seconds=61)
    assert enter(Client(), "ann", password).status_code == 302


def test_owner_on_a_browser_known_before_never_waits_for_others(db, time):
    password, own = credential("ann"), Client()
    assert enter(own, "ann", password).status_code == 302
    own.cookies.pop("sessionid")
    guess(FREE["account"] + 3)
    guess(FREE["address"] + 3, "nobody")  # from behind the same address
    assert enter(Client(), "ann", password).status_code == 429
    assert enter(own, "ann", password).status_code == 302


def test_browser_known_of_one_account_is_not_known_of_another(db, time):
    own = Client()
    enter(own, "ann", credential("ann"))
    password = credential("lee")
    guess(FREE["account"], "lee")
    assert enter(own, "lee", password).status_code == 429


def test_guessing_on_a_browser_that_is_known_is_counted_there_and_nowhere_else(db, time):
    password, shared, home = credential("ann"), Client(), Client()
    for client in (shared, home):
        assert enter(client, "ann", password).status_code == 302
    statuses = [enter(shared, "ann", f"guess {n}").status_code for n in range(FREE["account"] + 1)]
    assert statuses == [422] * FREE["account"] + [429]
    assert enter(home, "ann", password).status_code == 302


def test_browser_of_a_shared_desk_knows_all_who_logged_in_there(db, time):
    desk = Client()
    for login in ("ann", "bo"):
        enter(desk, login, credential(login))
    guess(FREE["account"], "ann")
    assert enter(desk, "ann", credential("ann")).status_code == 302
    assert "ann" not in desk.cookies["device"].value


@pytest.mark.parametrize("value", ["", "nonsense", "a:b:c", "WyJhbm4iXQ:1:x"])
def test_cookie_that_is_not_ours_makes_no_browser_known(db, time, value):
    password, client = credential("ann"), Client()
    guess(FREE["account"])
    client.cookies["device"] = value
    assert enter(client, "ann", password).status_code == 429


def test_success_takes_back_the_tries_of_the_account(db, time):
    password = credential("ann")
    guess(FREE["account"] - 1)
    assert enter(Client(), "ann", password).status_code == 302
    assert not LoginFailure.objects.filter(subject__startswith="account:ann").exists()
    assert LoginFailure.objects.filter(subject__startswith="address:").count() == FREE["account"] - 1


def test_guessing_many_accounts_from_one_address_has_to_wait(db, time):
    statuses = [guess(1, f"name{n}")[0] for n in range(FREE["address"] + 1)]
    assert statuses == [422] * FREE["address"] + [429]
    assert guess(1, "another", REMOTE_ADDR="192.0.2.7") == [422]


def test_tries_are_forgotten_after_a_quarter_of_an_hour(db, time):
    guess(FREE["account"])
    time.on(minutes=16)
    assert guess(1) == [422] and LoginFailure.objects.count() == 2


@pytest.mark.parametrize(
    ("proxies", "passed", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),  # what the browser itself sent stands in front
        (2, "10.0.0.1, 203.0.113.9, 192.0.2.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "'; DROP TABLE", "unreadable"),
    ],
)
def test_address_is_the_one_our_own_outermost_proxy_saw(settings, proxies, passed, address):
    settings.PROXIES = proxies
    assert address_of(RequestFactory().get("/", headers={"X-Forwarded-For": passed})) == address
