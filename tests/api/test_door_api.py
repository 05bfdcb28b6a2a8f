"""The door itself: who gets in, what a bad request hears, the OpenAPI document, health."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from casework.domain.now import now
from casework.domain.signing import token_digest
from casework.domain.sweep import fire_due
from casework.models import Account, Delivery, Token
from tests.api.conftest import BASE
from tests.factories import deliver_all, dispute, evaluation


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer no-such-token", "Basic eDp5", "Bearer \0", "token-of-ann"])
def test_request_without_a_valid_token_is_not_authenticated(api, header):
    api("ann")
    response = Client().get(f"{BASE}/inbox", headers={"Authorization": header} if header is not None else {})
    assert response.status_code == 401 and response.json()["code"] == "not_authenticated"
    assert response["Content-Type"] == "application/problem+json" and "Bearer" in response["WWW-Authenticate"]


@pytest.mark.parametrize("change", [{"revoked_at": now()}, {"expires_at": now() - timedelta(days=400)}])
def test_request_with_an_ended_token_is_not_authenticated(api, change):
    caller = api("ann")
    caller.get("/inbox")
    Token.objects.filter(digest=token_digest("token-of-ann")).update(**change)
    caller.get("/inbox", 401)


def test_request_of_an_inactive_account_is_not_authenticated(api):
    caller = api("ann")
    Account.objects.filter(username="ann").update(is_active=False)
    caller.get("/inbox", 401)


def test_request_by_session_needs_the_csrf_token_to_write(api):
    number, client = dispute(), Client(enforce_csrf_checks=True)
    client.force_login(Account.objects.get(username="lee"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{BASE}/cases/{number}").json()["number"] == number
    path, body = f"{BASE}/cases/{number}/actions/forward", json.dumps({"data": {}})
    response = client.post(path, body, content_type="application/json")
    assert response.status_code == 403 and response.json()["code"] == "csrf_failed"
    client.cookies["csrftoken"] = "a" * 32
    response = client.post(path, body, content_type="application/json", headers={"X-CSRFToken": "a" * 32})
    assert response.status_code == 200 and response.json()["event"]["authenticated"] == "session"


def test_request_with_a_bad_token_is_not_rescued_by_its_session(api):
    client = Client()
    client.force_login(Account.objects.get(username="lee"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"{BASE}/inbox", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"data": NaN}', b'{"data": {"a": Infinity}}',
        b'{"data": {"a": 1e999}}',
        b'{"version": 99999999999999999999999}', b'{"version": "1"}', b'{"data": {}, "more": 1}', b"[" * 100_000,
        b'{"data":' * 5000 + b"{}" + b"}" * 5000, b'{"data":' + b'{"a":' * 50 + b"1" + b"}" * 51, b"1" * 10_000,
    ],
    ids=range(15),
)  # fmt: skip
def test_post_when_body_is_unreadable_is_invalid(api, raw):
    assert api("lee").post(f"/cases/{dispute()}/actions/forward", raw, 422)["code"] == "invalid_input"


def test_post_when_body_is_too_deep_says_so(api):
    number, path = dispute(), "/cases/{}/actions/forward"
    for raw in (b"[" * 100_000, b'{"data":' + b'{"a":' * 50 + b"1" + b"}" * 51):
        assert api("lee").post(path.format(number), raw, 422)["problems"][0]["code"] == "too_deep"


def test_post_when_body_is_huge_is_too_large(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    raw = json.dumps({"data": {"reasons": "x" * 2000}}).encode()
    assert api("lee").post(f"/cases/{dispute()}/actions/return_to_agent", raw, 413)["code"] == "too_large"


@pytest.mark.parametrize("text", ["a\0b", "\ud800", " ", "x" * 20_001])
def test_post_when_text_cannot_be_stored_is_invalid(api, text):
    problem = api("lee").act(dispute(), "return_to_agent", {"reasons": text}, 422)
    assert problem["problems"][0]["field"] == "reasons"


def test_unknown_paths_and_methods_are_problems_too(api):
    caller = api("ann")
    assert caller.get("/no/such", 404)["code"] == "no_such_path"
    assert caller.post("/no/such", {}, 404)["code"] == "no_such_path"
    response = caller.client.delete(f"{BASE}/cases", headers=caller.headers)
    assert (
        response.status_code == 405 and response.json()["code"] == "method_not_allowed" and "GET" in response["Allow"]
    )


def test_answers_speak_the_language_asked_for_or_the_account_s(api):
    number = dispute()
    caller = api("ann")
    assert caller.get(f"/cases/{number}")["parties"][0]["label"] == "Agent"
    caller.headers["Accept-Language"] = "zh-CN"
    assert caller.get(f"/cases/{number}")["parties"][0]["label"] == "坐席"
    del caller.headers["Accept-Language"]
    Account.objects.filter(username="ann").update(language="zh-hans")
    assert caller.get(f"/cases/{number}")["parties"][0]["label"] == "坐席"


def test_unforeseen_error_is_logged_and_told_without_its_cause(api, caplog, monkeypatch):
    from casework import queries

    def broken(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(queries, "inbox", broken)
    problem = api("ann").get("/inbox", 500)
    assert problem["code"] == "internal_error" and "secret" not in json.dumps(problem)
    assert "secret detail" in caplog.text


def test_openapi_is_3_1_and_every_path_answers(api):
    schema = Client().get(f"{BASE}/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    number = dispute(upto="issued")
    from casework.models import Document
    from workflows.evaluations.models import Recording

    values = {
        "{number}": number,
        "{sha256}": Recording.objects.get().sha256,
        "{document_id}": str(Document.objects.get().pk),
        "{action}": "forward",
        "{import_id}": "x",
        "{event_id}": "1",
        "{level}": "0",
        "{place}": "000",
    }
    aud = api("aud")
    for path, operations in schema["paths"].items():
        filled = path
        for name, value in values.items():
            filled = filled.replace(name, value)
        assert "{" not in filled
        for method, operation in operations.items():
            public = path.startswith(f"{BASE}/ledger/") and not path.endswith("/proof")
            assert ("security" in operation) != public and operation["summary"] and "default" in operation["responses"]
            response = getattr(aud.client, method)(filled, headers=aud.headers)
            content = b"".join(response.streaming_content) if response.streaming else response.content
            assert response.status_code < 500 and response.status_code not in (401, 405), (
                method,
                path,
                content,
            )
            waits_for_sealing = "/ledger/" in path or path.endswith("/proof")
            if method == "get" and "import_id" not in path and not waits_for_sealing:
                assert response.status_code == 200, (path, content)
    sent = schema["paths"][f"{BASE}/cases/{{number}}/evidence"]["post"]["requestBody"]["content"]
    assert sent["multipart/form-data"]["schema"]["required"] == ["file", "shows"]
    assert "counts as service" in schema["paths"][f"{BASE}/cases/{{number}}"]["get"]["description"]


def test_openapi_references_resolve(api):
    schema = Client().get(f"{BASE}/openapi.json").json()

    def references(node):
        if isinstance(node, dict):
            if "$ref" in node:
                yield node["$ref"]
            for item in node.values():
                yield from references(item)
        elif isinstance(node, list):
            for item in node:
                yield from references(item)

    names = {ref.removeprefix("#/components/schemas/") for ref in references(schema)}
    assert names <= set(schema["components"]["schemas"])
    assert "http" not in json.dumps(schema.get("servers", []))


def test_healthz_and_readyz_when_all_is_well(api):
    assert Client().get("/healthz").json() == {"alive": True}
    response = Client().get("/readyz")
    assert response.status_code == 200 and response.json()["ready"], response.content
    assert set(response.json()["checks"]) == {"database", "clocks", "reminders", "deliveries", "ledger", "fonts"}


def test_readyz_when_a_clock_waits_too_long_is_red(api, time):
    evaluation()
    time.set("2026-11-05 18:00")  # the window closes
    fire_due()
    deliver_all()
    time.set("2026-11-05 18:10")
    assert Client().get("/readyz").status_code == 200
    time.set("2026-11-05 18:30")
    response = Client().get("/readyz")
    assert response.status_code == 503 and not response.json()["checks"]["clocks"]["ok"]


def test_readyz_when_a_delivery_is_stuck_too_long_is_red(api, time):
    Delivery.objects.create(
        id=1, kind="x", dedup="x", created_at=now(), due_at=now(), attempts=3, problem="A1001 secret"
    )
    assert Client().get("/readyz").json()["checks"]["deliveries"]["stuck"] == 1
    time.on(hours=1)
    response = Client().get("/readyz")
    assert response.status_code == 503 and b"secret" not in response.content
