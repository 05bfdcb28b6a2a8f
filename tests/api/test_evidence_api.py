"""Adding a file to a case at the API's door, and from the command line."""

from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from casework.domain.perform import perform
from casework.models import Account, CaseEvent, Evidence
from tests import files
from tests.api.conftest import BASE
from tests.conftest import acting
from tests.factories import dispute, evaluation
from workflows.evaluations.models import Recording

SHOWS = "排班系统截图"


@pytest.fixture(autouse=True)
def store_of_its_own(tmp_path):
    before, settings.EVIDENCE_FOLDER = settings.EVIDENCE_FOLDER, tmp_path / "evidence"
    yield
    settings.EVIDENCE_FOLDER = before


def send(caller: Any, number: str, data: bytes | None, status: int = 201, key: str = "", **more: Any) -> Any:
    fields = {"shows": SHOWS, **more}
    if data is not None:
        fields["file"] = SimpleUploadedFile("a.png", data)
    headers = {**caller.headers, **({"Idempotency-Key": key} if key else {})}
    given = {name: value for name, value in fields.items() if value is not None}
    return caller._checked(caller.client.post(f"{BASE}/cases/{number}/evidence", given, headers=headers), status)


def kept() -> int:
    """How many files are on disk, save the recordings."""
    heard = set(Recording.objects.values_list("sha256", flat=True))
    return len([path for path in settings.EVIDENCE_FOLDER.rglob("*") if path.is_file() and path.name not in heard])


def test_agent_when_sending_a_file_is_answered_with_the_event_and_its_digest(api):
    number, ann = dispute(), api("ann")
    done = send(ann, number, files.png(), seconds=[35, 70])
    data = done["event"]["data"]
    assert ann.response["Location"] == f"{BASE}/cases/{number}/evidence/{data['sha256']}"
    assert data["kind"] == "png" and data["seconds"] == [35, 70] and data["size"] == len(files.png())
    [item] = [item for item in ann.get(f"/cases/{number}/evidence") if item["kind"] == "file"]
    assert item["sha256"] == data["sha256"] and item["shows"] == SHOWS and item["name"] == "a.png"
    assert ann.get(f"/cases/{number}/evidence/{data['sha256']}") == files.png()


def test_agent_when_sending_again_under_a_key_is_answered_the_same_also_later(api):
    number, ann = dispute(), api("ann")
    first = send(ann, number, files.png(), key="k")
    perform(number, "withdraw", acting("ann"))
    again = send(ann, number, files.png(), key="k")
    assert again["event"] == first["event"] and again["repeated"] and not first["repeated"]
    assert send(ann, number, files.jpeg(), 422, key="k")["code"] == "key_reused"
    assert kept() == Evidence.objects.count() == 1


@pytest.mark.parametrize("data, more, status, code", [
    (None, {}, 422, "missing"), (b"", {}, 422, "empty"), (files.png(13_000, 13_000), {}, 422, "too_many_pixels"),
    (b"a" * (20 * 1024 * 1024 + 1), {}, 413, "too_large"), (b"MZ" + bytes(99), {}, 422, "unknown_kind"),
    (files.wav(says=9000), {}, 422, "lies"), (files.png() + files.archive(), {}, 422, "two_in_one"),
    (files.png(), {"shows": None}, 422, "invalid_input"), (files.png(), {"seconds": ["x"]}, 422, "invalid_input"),
    (files.png(), {"kind": "pdf"}, 422, "invalid_input"), (files.png(), {"sha256": "0" * 64}, 422, "invalid_input"),
], ids=lambda value: "" if isinstance(value, bytes) else None)  # fmt: skip
def test_agent_when_sending_what_is_not_taken_gets_a_problem(data, more, status: int, code: str, api):
    number = dispute()
    problem = send(api("ann"), number, data, status, **more)
    assert problem["code"] == code and problem["problems"], problem
    assert kept() == 0 and not Evidence.objects.exists()


def test_agent_when_the_whole_body_is_no_form_gets_a_problem(api):
    number, ann = dispute(), api("ann")
    assert ann.post(f"/cases/{number}/evidence", {"shows": "x"}, 422)["code"] == "missing"
    broken = ann.client.post(
        f"{BASE}/cases/{number}/evidence", b"x", content_type="multipart/form-data", headers=ann.headers
    )
    assert broken.status_code == 422 and broken["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("login, status, code", [
    ("bo", 404, "out_of_scope"), ("lee", 403, "not_permitted"), ("aud", 403, "not_permitted"),
])  # fmt: skip
def test_anybody_else_when_sending_a_file_is_refused_and_it_is_remembered(login, status, code, api):
    number = dispute()
    before = CaseEvent.objects.filter(stream="access", action="refused").count()
    assert send(api(login), number, files.png(), status)["code"] == code
    assert CaseEvent.objects.filter(stream="access", action="refused").count() == before + 1 and kept() == 0


def test_agent_when_the_case_is_closed_is_refused_and_the_bytes_are_gone(api):
    number = dispute()
    perform(number, "withdraw", acting("ann"))
    assert send(api("ann"), number, files.png(), 409)["code"] == "not_allowed_now"
    assert kept() == 0 and not Evidence.objects.exists()


def test_type_that_takes_no_files_knows_no_such_action(api):
    assert send(api("ann"), evaluation(), files.png(), 404)["code"] == "unknown_action"


def test_file_that_was_never_sent_cannot_be_named(api):
    number = dispute()
    data = {"sha256": "0" * 64, "shows": SHOWS}
    assert api("ann").act(number, "add_evidence", data, 422)["problems"][0]["code"] == "not_received"


def test_session_without_its_mark_is_refused_and_with_it_heard(api):
    number = dispute()
    client = Client(enforce_csrf_checks=True)
    client.force_login(Account.objects.get(username="ann"), backend="django.contrib.auth.backends.ModelBackend")

    def sent(**headers: str) -> int:
        fields = {"shows": SHOWS, "file": SimpleUploadedFile("a.png", files.png())}
        return client.post(f"{BASE}/cases/{number}/evidence", fields, headers=headers).status_code

    assert sent() == 403 and kept() == 0
    client.get("/inbox")
    token = client.get(f"/cases/{number}/do/add_evidence").cookies["csrftoken"].value
    assert sent(**{"X-CSRFToken": token}) == 201
