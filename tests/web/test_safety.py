"""Requests that no form of ours sends: foreign hosts, foreign origins, forms without their mark."""

import pytest
from django.test import Client

from tests.factories import credential
from tests.web.visiting import browser

ENGLISH = {"accept-language": "en"}


@pytest.mark.parametrize("host", ["elsewhere.example", "testserver.elsewhere.example", "testserver:80@x", "", "[::1"])
def test_page_asked_of_another_host_is_a_bad_request_in_words(db, time, host):
    response = Client().get("/login", headers={**ENGLISH, "host": host})
    assert response.status_code == 400
    assert "Expected a readable request" in response.content.decode()


def test_form_sent_from_another_site_is_refused_in_words(db, time):
    client, password = Client(enforce_csrf_checks=True), credential("ann")
    token = client.get("/login").cookies["csrftoken"].value
    fields = {"username": "ann", "password": password, "csrfmiddlewaretoken": token}
    refused = client.post("/login", fields, headers={**ENGLISH, "origin": "https://elsewhere.example"})
    assert refused.status_code == 403 and "Expected a form of this site" in refused.content.decode()
    assert "sessionid" not in client.cookies
    assert client.post("/login", fields, headers={"origin": "http://testserver"}).status_code == 302


@pytest.mark.parametrize("path", ["/login", "/logout", "/switch", "/preferences"])
def test_form_sent_without_its_mark_is_refused_in_words(db, time, path):
    response = Client(enforce_csrf_checks=True).post(path, {"next": "/inbox"}, headers=ENGLISH)
    assert response.status_code == 403 and "without its mark" in response.content.decode()


def test_mark_changes_with_the_login(db, time):
    client = Client()
    before = client.get("/login").cookies["csrftoken"].value
    client.post("/login", {"username": "ann", "password": credential("ann")})
    assert client.cookies["csrftoken"].value != before


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_login_by_another_method_is_not_allowed(db, time, method):
    assert getattr(Client(), method)("/login").status_code == 405


def test_page_says_that_nothing_is_kept_framed_or_loaded_from_elsewhere(db, time):
    response = browser("ann").get("/inbox")
    assert response["Cache-Control"] == "private, no-store" and response["X-Frame-Options"] == "DENY"
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    text = response.content.decode()
    for forbidden in ("<script>", " style=", " onclick=", "http://", "https://"):
        assert forbidden not in text


def test_login_page_is_not_kept(db, time):
    assert "no-store" in Client().get("/login")["Cache-Control"]


def test_preferences_take_what_is_offered_and_nothing_else(db, time):
    client = browser("ann")
    client.post("/preferences", {"language": "en", "theme": "dark", "next": "/inbox"})
    assert (client.cookies["django_language"].value, client.cookies["theme"].value) == ("en", "dark")
    for nonsense in ("xx", "en\r\nSet-Cookie: a=b", "\x00", "../../etc/passwd", "e" * 600):
        response = client.post("/preferences", {"language": nonsense, "theme": nonsense, "next": "//elsewhere"})
        assert response["Location"] == "/inbox"
    assert (client.cookies["django_language"].value, client.cookies["theme"].value) == ("en", "dark")


def test_preferences_of_somebody_unknown_hold_for_their_browser(db, time):
    client = Client(headers={"accept-language": "zh-CN"})
    assert 'lang="zh-hans"' in client.get("/login").content.decode()
    client.post("/preferences", {"language": "en", "next": "/login"})
    assert 'lang="en"' in client.get("/login").content.decode()


@pytest.mark.parametrize("login", ["root"])
def test_account_of_no_person_sees_an_empty_inbox(db, time, login):
    """A superuser may decide nothing, and owes nothing."""
    response = browser(login).get("/inbox?view=team")
    assert response.status_code == 200
