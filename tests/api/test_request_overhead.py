"""What a request costs before it does anything: account, person, session and the stamp of the grants in one read."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from casework.models import Account
from tests.api.conftest import BASE
from tests.factories import dispute
from tests.seen import revoke_all


def statements(call) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert call().status_code == 200
    return [query["sql"] for query in captured.captured_queries]


def session_of(login: str) -> Client:
    client = Client()
    client.force_login(Account.objects.get(username=login), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_request_by_token_reads_once_before_its_own_question(api):
    dispute(upto="forwarded")
    caller = api("ian")
    caller.get("/inbox")  # the process learns the directory and the policy
    asked = statements(lambda: caller.client.get(f"{BASE}/inbox", headers=caller.headers))
    assert len(asked) == 2, asked


def test_request_by_session_reads_once_before_its_own_question(api):
    dispute(upto="forwarded")
    client = session_of("ian")
    client.get(f"{BASE}/inbox")
    asked = statements(lambda: client.get(f"{BASE}/inbox"))
    assert len(asked) == 2, asked


def test_request_by_session_is_the_same_person_as_before(api):
    for login in ("ian", "lee", "ian"):
        client = session_of(login)
        for _ in range(2):
            assert statements(lambda: client.get(f"{BASE}/cases"))  # noqa: B023
            response = client.get(f"{BASE}/inbox", {"view": "claimable"})
            assert response.status_code == 200 and response.wsgi_request.account.username == login


def test_request_by_session_after_logout_is_not_authenticated(api):
    client = session_of("ian")
    cookie = client.cookies["sessionid"].value
    assert client.get(f"{BASE}/inbox").status_code == client.get(f"{BASE}/inbox").status_code == 200
    client.logout()
    client.cookies["sessionid"] = cookie
    assert client.get(f"{BASE}/inbox").status_code == 401


@pytest.mark.parametrize("change", ["password", "inactive"])
def test_request_by_session_after_the_account_changed_is_not_authenticated(api, change):
    client = session_of("ian")
    assert client.get(f"{BASE}/inbox").status_code == client.get(f"{BASE}/inbox").status_code == 200
    account = Account.objects.get(username="ian")
    if change == "password":
        account.set_password("another")
    else:
        account.is_active = False
    account.save()
    assert client.get(f"{BASE}/inbox").status_code == 401


def test_session_that_was_another_s_is_read_anew(api):
    """A person logs in on a browser on which another was logged in: whoever the session says counts."""
    from casework import sessions

    client = session_of("ian")
    client.get(f"{BASE}/inbox")
    key = client.cookies["sessionid"].value
    sessions._accounts[key] = Account.objects.get(username="lee").pk
    assert client.get(f"{BASE}/inbox").wsgi_request.account.username == "ian"


def test_request_after_a_grant_was_revoked_sees_so_at_once(api):
    number = dispute()
    caller = api("lee")
    assert number in str(caller.get("/inbox", view="claimable")["tasks"])
    revoke_all("L301", "team_leader")
    assert not caller.get("/inbox", view="claimable")["tasks"]
