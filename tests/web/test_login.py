"""People log in, out, and are thrown out."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from casework.models import Account, CaseEvent, Installation, SigningKey
from casework.web.frame import is_demo
from tests.factories import credential, evaluation
from tests.web.visiting import browser, statements

ENGLISH = {"accept-language": "en"}
WRONG = "Expected a known name and its password, but they are not"


@pytest.fixture
def demo(db):
    """The database says of itself that it is a demo's; the database would never let it say so later."""
    where = " ON casework_installation" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER casework_only_before_people{where}")
    Installation.objects.create(demo=True, created_at=timezone.now())
    is_demo.known = None
    yield
    is_demo.known = None


def enter(client: Client, login: str, password: str, **more):
    return client.post("/login", {"username": login, "password": password, **more}, headers=ENGLISH)


def session_key(client: Client) -> str:
    return client.cookies["sessionid"].value


def test_login_by_ann_with_her_password_leads_to_the_inbox(db, time):
    client, password = Client(), credential("ann")
    response = enter(client, "ann", password)
    assert (response.status_code, response["Location"]) == (302, "/inbox")
    assert client.get("/inbox").wsgi_request.account.username == "ann"


def test_login_by_somebody_unknown_reads_like_a_wrong_password(db, time):
    credential("ann")
    pages = [enter(Client(), name, "wrong") for name in ("ann", "nobody")]
    assert [page.status_code for page in pages] == [422, 422]
    texts = [page.content.decode().replace("nobody", "ann") for page in pages]
    assert all(WRONG in text for text in texts)
    assert _without_token(texts[0]) == _without_token(texts[1])


def _without_token(text: str) -> str:
    return re.sub(r'value="[A-Za-z0-9]{64}"|"X-CSRFToken": "[A-Za-z0-9]+"', "", text)


@pytest.mark.parametrize("login", ["ann", "nobody", "disabled", "robot", "unset"])
def test_login_when_refused_hashes_once_whoever_it_was(db, time, login, monkeypatch):
    """Roughly as much work for every name, so that time tells nothing."""
    from tests.hashers import QuickArgon2

    credential("ann")
    Account.objects.create_user("disabled", password="right", is_active=False)
    Account.objects.create_user("robot", password="right", is_machine=True)
    Account.objects.create_user("unset")
    hashed = []
    for name in ("encode", "verify"):
        real = getattr(QuickArgon2, name)
        monkeypatch.setattr(QuickArgon2, name, lambda *args, real=real, **kw: hashed.append(1) or real(*args, **kw))
    assert enter(Client(), login, "wrong").status_code == 422
    assert len(hashed) == 1


@pytest.mark.parametrize("flag", [{"is_active": False}, {"is_machine": True}])
def test_login_by_a_closed_or_a_machine_s_account_with_the_right_password_is_refused(db, time, flag):
    Account.objects.create_user("closed", password="right", **flag)
    response = enter(Client(), "closed", "right")
    assert response.status_code == 422 and WRONG in response.content.decode()


def test_password_when_set_is_kept_by_argon2(db, settings):
    from casework.config import settings as product

    settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
    account = get_user_model()(username="x")
    account.set_password("secret")
    assert account.password.startswith("argon2$argon2id$")


def test_login_with_letters_no_database_takes_is_refused_in_words(db, time):
    for name in ("an\x00n", "\x00", "", "ann" * 90, "🙂", "'; --"):
        assert enter(Client(), name, "x\x00y").status_code == 422


def test_login_begins_a_session_under_a_new_key(db, time):
    """A key that somebody put into the browser before is worth nothing afterwards."""
    client = Client()
    session = client.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    enter(client, "ann", credential("ann"))
    assert session_key(client) != before and not Session.objects.filter(session_key=before).exists()


def test_login_on_the_browser_of_another_leaves_nothing_of_their_session(db, time):
    client = Client()
    enter(client, "ann", credential("ann"))
    before = session_key(client)
    enter(client, "lee", credential("lee"))
    assert not Session.objects.filter(session_key=before).exists()
    assert client.get("/inbox").wsgi_request.account.username == "lee"


def test_logout_ends_the_session_in_the_database(db, time):
    client = Client()
    enter(client, "ann", credential("ann"))
    stolen = session_key(client)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 302
    assert not Session.objects.filter(session_key=stolen).exists()
    client.cookies["sessionid"] = stolen
    assert client.get("/inbox")["Location"].startswith("/login?next=")


def test_session_when_the_password_changes_elsewhere_is_over(db, time):
    client = Client()
    enter(client, "ann", credential("ann"))
    assert client.get("/inbox").status_code == client.get("/inbox").status_code == 200
    account = Account.objects.get(username="ann")
    account.set_password("another")
    account.save(update_fields=["password"])
    assert client.get("/inbox").status_code == 302


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_machine": True}])
def test_session_when_the_account_is_closed_is_over_at_once(db, time, change):
    client = browser("ann")
    assert client.get("/inbox").status_code == client.get("/inbox").status_code == 200
    Account.objects.filter(username="ann").update(**change)
    assert client.get("/inbox").status_code == 302 and client.get("/login").status_code == 200


def _ends(client: Client, **ago) -> None:
    """The session was last moved that long ago."""
    moment = timezone.now() + timedelta(hours=1) - timedelta(**ago)
    Session.objects.filter(session_key=session_key(client)).update(expire_date=moment)


def test_session_in_use_moves_its_end_once_in_five_minutes(db, time):
    client = browser("ann")
    client.get("/inbox")
    assert not [sql for sql in statements(lambda: client.get("/inbox")) if "UPDATE" in sql]
    _ends(client, minutes=6)
    written = [sql for sql in statements(lambda: client.get("/inbox")) if "UPDATE" in sql]
    assert len(written) == 1
    end = Session.objects.get(session_key=session_key(client)).expire_date
    assert end - timezone.now() > timedelta(minutes=59)
    assert not [sql for sql in statements(lambda: client.get("/inbox")) if "UPDATE" in sql]


def test_session_when_idle_too_long_is_over(db, time):
    client = browser("ann")
    assert client.get("/inbox").status_code == client.get("/inbox").status_code == 200
    _ends(client, minutes=61)
    assert client.get("/inbox").status_code == 302


def test_session_s_cookie_ends_with_the_browser_and_no_script_reads_it(db, time):
    client = Client()
    enter(client, "ann", credential("ann"))
    cookie = client.cookies["sessionid"]
    assert cookie["max-age"] == cookie["expires"] == "" and cookie["httponly"] and cookie["samesite"] == "Lax"


@pytest.mark.parametrize(
    "address",
    ["//elsewhere", "https://elsewhere/inbox", "/\\elsewhere", "\\\\elsewhere", "javascript:alert(1)", "http:elsewhere",
     "/\t/elsewhere", " //elsewhere", "http://testserver//elsewhere", "http://testserver@elsewhere/", "inbox", ""],
)  # fmt: skip
def test_login_with_an_address_elsewhere_leads_to_the_inbox(db, time, address):
    client, password = Client(), credential("ann")
    assert enter(client, "ann", password, next=address)["Location"] == "/inbox"
    assert client.get(f"/login?next={quote(address)}")["Location"] == "/inbox"


@pytest.mark.parametrize("address", ["/cases/EVL-2026-000001", "/inbox?view=team&q=a%2Fb", "/search?q=http://x/y"])
def test_login_with_an_address_of_ours_leads_there(db, time, address):
    assert enter(Client(), "ann", credential("ann"), next=address)["Location"] == address
    own = enter(Client(), "ann", credential("ann"), next=f"http://testserver{address}")
    assert own["Location"] == address


def test_page_asked_for_by_somebody_unknown_leads_back_there_after_the_login(db, time):
    asked = Client().get("/inbox?view=team")
    assert asked["Location"] == "/login?next=%2Finbox%3Fview%3Dteam"
    client = Client()
    enter(client, "ann", credential("ann"), next="/inbox?view=team")
    assert client.get("/login?next=/inbox").status_code == 302  # who is in need not log in again


def test_switch_outside_a_demo_is_not_there(db, time):
    is_demo.known = None
    page = Client().get("/login", headers=ENGLISH).content.decode()
    assert 'name="as"' not in page and "/switch" not in page
    client = Client()
    assert client.post("/switch", {"as": "ann"}).status_code == 404
    assert "sessionid" not in client.cookies


def test_switch_in_a_demo_is_a_login_that_says_so(demo, time):
    client = Client()
    assert 'name="as" value="ann"' in client.get("/login", headers=ENGLISH).content.decode()
    assert client.get("/switch").status_code == 405
    assert client.post("/switch", {"as": "ann"})["Location"] == "/inbox"
    noted = CaseEvent.objects.get(stream="access", action="switched")
    assert '"impersonated":true' in noted.entry and '"to":"ann"' in noted.entry
    number = evaluation(reader=None)
    assert client.get(f"/cases/{number}").status_code == 200
    read = CaseEvent.objects.get(stream=f"case:{number}", action="read")
    assert '"impersonated":true' in read.entry and '"door":"web"' in read.entry


def test_switch_in_a_demo_to_a_machine_or_nobody_is_not_there(demo, time):
    Account.objects.create_user("robot", password="right", is_machine=True)
    Account.objects.create_user("gone", password="right", is_active=False)
    for name in ("robot", "gone", "nobody", "", "\x00"):
        assert Client().post("/switch", {"as": name}).status_code == 404


def test_api_of_a_session_that_was_a_click_says_so_too(demo, time):
    client = Client()
    client.post("/switch", {"as": "ann"})
    number = evaluation(reader=None)
    for _ in range(2):
        assert client.get(f"/api/v1/cases/{number}").status_code == 200
    read = CaseEvent.objects.get(stream=f"case:{number}", action="read")
    assert '"impersonated":true' in read.entry


def test_login_by_password_in_a_demo_is_no_impersonation(demo, time):
    client = Client()
    client.post("/switch", {"as": "lee"})
    account = Account.objects.get(username="ann")
    account.set_password("password-of-ann")
    account.save(update_fields=["password"])
    enter(client, "ann", "password-of-ann")
    number = evaluation(reader=None)
    client.get(f"/cases/{number}")
    assert "impersonated" not in CaseEvent.objects.get(stream=f"case:{number}", action="read").entry


def change(client: Client, old: str, new: str = "a-longer-password", again: str | None = None):
    fields = {"old": old, "new": new, "again": new if again is None else again}
    return client.post("/password", fields, headers=ENGLISH)


def test_password_changed_by_ann_logs_her_out_everywhere_else_and_signs_from_now_on(db, time):
    here, there, old = Client(), Client(), credential("ann")
    for client in (here, there):
        enter(client, "ann", old)
    before = session_key(here)
    assert change(here, old).status_code == 200 and session_key(here) != before
    assert here.get("/inbox").status_code == 200 and there.get("/inbox").status_code == 302
    assert enter(Client(), "ann", old).status_code == 422
    assert enter(Client(), "ann", "a-longer-password").status_code == 302
    keys = SigningKey.objects.filter(account__username="ann", credential="password")
    assert [key.revoked_at is None for key in keys.order_by("id")] == [False, True]
    noted = CaseEvent.objects.get(stream="org", action="password_set").entry
    assert '"account":"ann"' in noted and "a-longer-password" not in noted


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        (None, "short", None), (None, "password1234", None), (None, "a-longer-password", "another"),
        ("wrong", "x" * 20, None), (None, "", None), (None, "x" * 1001, None), (None, "ann\x00ann\x00ann\x00ann", None),
    ],
)  # fmt: skip
def test_password_change_that_is_refused_changes_nothing(db, time, old, new, again):
    client, password = Client(), credential("ann")
    enter(client, "ann", password)
    page = change(client, old or password, new, again)
    assert page.status_code == 422 and "Expected" in page.content.decode()
    assert client.get("/inbox").status_code == 200 and enter(Client(), "ann", password).status_code == 302


def test_password_change_in_a_session_that_was_a_click_is_refused(demo, time):
    client = Client()
    client.post("/switch", {"as": "ann"})
    assert change(client, "anything").status_code == 403


def test_password_guessed_in_an_open_session_makes_the_guesser_wait(db, time):
    client, password = Client(), credential("ann")
    enter(client, "ann", password)
    assert [change(client, f"guess {n}").status_code for n in range(6)] == [422] * 5 + [409]
    assert enter(Client(), "ann", password).status_code == 302  # elsewhere ann does not notice


def test_command_that_sets_a_password_prints_it_once_with_a_key(db, time, capsys):
    call_command("set_password", "lee")
    text = capsys.readouterr().out.strip().splitlines()[0]
    assert enter(Client(), "lee", text).status_code == 302
    assert SigningKey.objects.filter(account__username="lee", revoked_at=None).count() == 1
    with pytest.raises(SystemExit):
        call_command("set_password", "nobody")


def test_request_for_a_page_reads_session_person_and_grants_once(db, time):
    client = browser("ian")
    client.get("/inbox")
    asked = statements(lambda: client.get("/inbox"))
    assert len([sql for sql in asked if "django_session" in sql]) == 1
    assert len([sql for sql in asked if "casework_account" in sql]) == 1
