"""The recording of a case at the browser's door: in parts, only for those who see the case, never as a page."""

import json

import pytest
from django.conf import settings
from django.test import Client

from casework import store
from casework.models import CaseEvent
from tests.factories import arbitration, dispute, evaluation, panel, recording
from tests.web.visiting import browser

pytestmark = pytest.mark.django_db(transaction=False)


@pytest.fixture
def heard(time) -> tuple[str, str]:
    """An evaluation of ann's with its recording: (number, digest)."""
    number = evaluation()
    return number, recording(number)


def address(heard: tuple[str, str]) -> str:
    return f"/cases/{heard[0]}/recording/{heard[1]}"


def sound(heard: tuple[str, str]) -> bytes:
    return store.evidence().get(heard[1])


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_agent_hears_own_recording_whole(heard):
    response = browser("ann").get(address(heard))
    assert response.status_code == 200 and body(response) == sound(heard)
    assert response["Content-Type"] == "audio/wav" and response["Accept-Ranges"] == "bytes"
    assert response["ETag"] == f'"{heard[1]}"' and response["Content-Disposition"].startswith("inline; ")


def test_recording_is_no_page_for_any_browser(heard):
    response = browser("ann").get(address(heard))
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "private, no-store" and body(response)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None), ("bytes=5-99999999", 5, None)],
)
def test_recording_asked_in_part_is_sent_in_part(heard, asked, start, end):
    whole, response = sound(heard), browser("ann").get(address(heard), headers={"range": asked})
    part = whole[start:end]
    first = start if start >= 0 else len(whole) + start
    assert response.status_code == 206 and body(response) == part
    assert response["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(whole)}"
    assert response["Content-Length"] == str(len(part))


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=0-,0-,0-", "bytes=999999999-", "bytes=-0"])
def test_recording_asked_in_several_parts_or_past_its_end_is_refused(heard, asked):
    response = browser("ann").get(address(heard), headers={"range": asked})
    assert response.status_code == 416 and response["Content-Range"] == f"bytes */{len(sound(heard))}"


@pytest.mark.parametrize("asked", ["seconds=1-2", "bytes=", "bytes=b-a", "bytes=9-2", "bytes=0x1-2", "bytes=1-2-3"])
def test_recording_asked_by_no_range_is_sent_whole(heard, asked):
    response = browser("ann").get(address(heard), headers={"range": asked})
    assert response.status_code == 200 and body(response) == sound(heard)


def test_part_of_another_recording_than_before_is_sent_whole(heard):
    client = browser("ann")
    other = client.get(address(heard), headers={"range": "bytes=0-3", "if-range": '"other"'})
    same = client.get(address(heard), headers={"range": "bytes=0-3", "if-range": f'"{heard[1]}"'})
    assert (other.status_code, body(other)) == (200, sound(heard))
    assert (same.status_code, body(same)) == (206, sound(heard)[:4])


def test_head_of_recording_says_how_long_it_is(heard):
    response = browser("ann").head(address(heard), headers={"range": "bytes=0-3"})
    assert response.status_code == 200 and response["Content-Length"] == str(len(sound(heard)))
    assert body(response) == b""
    response.close()


@pytest.mark.parametrize("login", ["bo", "abe", "ivy", "root"])
def test_stranger_and_unknown_digest_get_the_same(heard, login):
    client = browser(login)
    foreign = client.get(address(heard))
    missing = client.get(address((heard[0].replace("EVL-2026", "EVL-2025"), heard[1])))
    assert foreign.status_code == missing.status_code == 404
    assert "audio" not in foreign["Content-Type"]
    assert client.get(f"/cases/{heard[0]}/recording/peaks.json").status_code == 404


@pytest.mark.parametrize("digest", ["0" * 64, "../../secret.key", "x" * 300])
def test_agent_asking_for_another_file_gets_nothing(heard, digest):
    assert browser("ann").get(f"/cases/{heard[0]}/recording/{digest}").status_code == 404


def test_visitor_asking_for_a_recording_logs_in_first(heard):
    response = Client().get(address(heard))
    assert response.status_code == 302 and response["Location"].startswith("/login?next=")


def test_agent_asking_for_altered_recording_is_told_so_and_the_ledger_once(heard):
    store.evidence().path_of(heard[1]).write_bytes(b"another sound")
    client = browser("ann")
    for _ in range(2):
        response = client.get(address(heard))
        assert response.status_code == 503 and b"altered" in response.content
    assert client.get(f"/cases/{heard[0]}/recording/peaks.json").json()["peaks"] == []
    noted = CaseEvent.objects.filter(stream="access", action="evidence_unreadable")
    assert [json.loads(row.entry)["data"] for row in noted] == [{"sha256": heard[1], "state": "altered"}]


def test_agent_asking_for_missing_recording_is_told_so(heard):
    store.evidence().path_of(heard[1]).unlink()
    page = browser("ann").get(f"/cases/{heard[0]}")
    assert page.status_code == 200 and b"missing" in page.content
    assert CaseEvent.objects.filter(stream="access", action="evidence_unreadable").count() == 1


def test_recording_is_drawn_once_and_then_known(heard):
    client = browser("ann")
    drawn = client.get(f"/cases/{heard[0]}/recording/peaks.json").json()
    assert drawn["duration_s"] == 1 and 0 < len(drawn["peaks"]) <= 1000
    assert max(drawn["peaks"]) <= 100 and min(drawn["peaks"]) >= 0 < max(drawn["peaks"])
    kept = settings.PEAKS_FOLDER / heard[1][:2] / heard[1]
    kept.write_text("[1, 2, 3]")
    assert client.get(f"/cases/{heard[0]}/recording/peaks.json").json()["peaks"] == [1, 2, 3]


def test_blind_scorer_hears_the_recording_under_the_arbitration_alone(time):
    number = evaluation()
    digest = recording(number)
    paper = dispute(number, upto="issued")
    arb = arbitration(paper)
    client = browser(panel(arb)["arbitrator_1"])
    assert body(client.get(f"/cases/{arb}/recording/{digest}")) == store.evidence().get(digest)
    assert client.get(f"/cases/{arb}/recording/peaks.json").status_code == 200
    for other in (number, paper):
        assert client.get(f"/cases/{other}/recording/{digest}").status_code == 404
