"""Adding a file to a case at the browser's door."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from casework import queries, store
from casework.domain.perform import perform
from casework.models import Account, CaseEvent, Evidence
from tests import files
from tests.conftest import acting
from tests.factories import STATEMENT, dispute
from tests.web.acting import Visit, do
from tests.web.visiting import browser
from workflows.evaluations.models import Recording

SHOWS = "排班系统截图，显示当时系统故障"


@pytest.fixture(autouse=True)
def store_of_its_own(tmp_path):
    before, settings.EVIDENCE_FOLDER = settings.EVIDENCE_FOLDER, tmp_path / "evidence"
    yield
    settings.EVIDENCE_FOLDER = before


def sent(visit: Visit, data: bytes, name: str = "screen.png", **changed: Any) -> Visit:
    """The page's form with that file, and what it shows, sent as a browser does."""
    fields = {key: value[0] for key, value in visit.fields().items() if key != "file"}
    given = {**fields, "shows": SHOWS, **changed, "file": SimpleUploadedFile(name, data)}
    visit.response = visit.client.post(visit.address, {key: value for key, value in given.items() if value is not None})
    return visit


def add(login: str, number: str, data: bytes, name: str = "screen.png", **changed: Any) -> Visit:
    return sent(do(login, number, "add_evidence"), data, name, **changed)


def listed(login: str, number: str) -> list[dict[str, Any]]:
    return [item for item in queries.evidence_of(number, acting(login)) if item["kind"] == "file"]


def kept() -> list[str]:
    """Names of all files that are on disk, save the recordings."""
    heard = set(Recording.objects.values_list("sha256", flat=True))
    return sorted(
        path.name for path in settings.EVIDENCE_FOLDER.rglob("*") if path.is_file() and path.name not in heard
    )


def added_events(number: str) -> list[dict[str, Any]]:
    rows = CaseEvent.objects.filter(stream=f"case:{number}", action="add_evidence").order_by("seq")
    return [json.loads(row.entry) for row in rows]


GOOD = {
    "pdf": files.pdf(), "png": files.png(), "jpeg": files.jpeg(), "wav": files.wav(), "mp3": files.mp3(),
    "txt": "系统于10:02故障\n".encode(),
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
def test_agent_when_adding_a_file_finds_it_on_the_case(kind: str, db, time):
    number = dispute()
    visit = add("ann", number, GOOD[kind], f"file.{kind}", seconds="0:35")
    assert visit.status == 303, visit.said()
    confirmed = Visit(visit.client, visit.response["Location"])
    assert SHOWS in confirmed.said() and "Recorded" in confirmed.said()
    [item] = listed("ann", number)
    assert item["media"]["code"] == kind and item["size"] == len(GOOD[kind]) and item["name"] == f"file.{kind}"
    assert item["label"] == "File 1 of the Agent" and item["seconds"] == [35] and item["by"]["no"] == "A1001"
    assert store.evidence().get(item["sha256"]) == GOOD[kind] and kept() == [item["sha256"]]
    page = Visit("ann", f"/cases/{number}").said()
    assert SHOWS in page and "as it was received" in page and f"file.{kind}" in page
    taken = browser("lee").get(f"/cases/{number}/evidence/{item['sha256']}")
    assert b"".join(taken.streaming_content) == GOOD[kind]
    assert taken["Content-Disposition"].startswith("attachment") and taken["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in taken["Content-Security-Policy"]


def test_event_of_added_evidence_commits_to_the_words_and_holds_the_digest(db, time):
    number = dispute()
    add("ann", number, GOOD["png"], "王安的截图.png")
    [event], [row] = added_events(number), Evidence.objects.all()
    data = event["data"]
    assert data["sha256"] == row.sha256 and data["kind"] == "png" and data["size"] == len(GOOD["png"])
    assert set(data["file_name"]) == set(data["shows"]) == {"sha256"}
    assert "截图" not in json.dumps(event, ensure_ascii=False) and event["relation"] == "agent"


BAD = {
    "0 bytes": (b"", "a.txt", "empty"),
    "program renamed": (b"MZ\x90\x00" + bytes(200), "photo.png", "none of the kinds"),
    "elf": (b"\x7fELF" + bytes(200), "a.txt", "none of the kinds"),
    "page as text": (b"<!DOCTYPE html><script>alert(1)</script>", "a.txt", "none of the kinds"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "a.png", "none of the kinds"),
    "zip bomb as docx": (files.archive(bomb=30), "a.docx", "none of the kinds"),
    "picture and archive": (files.png() + files.archive(), "a.png", "two files in one"),
    "jpeg and archive": (files.jpeg() + files.archive(), "a.jpg", "two files in one"),
    "pdf and archive": (files.pdf(more=files.archive()), "a.pdf", "two files in one"),
    "pdf in a text": (b"x\n" + files.pdf(), "a.txt", "two files in one"),
    "pdf in a picture": (files.jpeg() + files.pdf(), "a.jpg", "two files in one"),
    "page in a picture": (files.jpeg() + b"<script>alert(1)</script>", "a.jpg", "two files in one"),
    "13,000 by 13,000": (files.png(13_000, 13_000), "a.png", "million pixels"),
    "huge jpeg": (files.jpeg(60_000, 60_000), "a.jpg", "million pixels"),
    "cut png": (files.png()[:-6], "a.png", "cannot be read"),
    "cut pdf": (files.pdf()[:60], "a.pdf", "cannot be read"),
    "pdf that starts something": (
        files.pdf(b" /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"), "a.pdf", "starts a program",
    ),
    "lying wav": (files.wav(says=80_000), "a.wav", "not as long as it says"),
    "wav of nothing": (files.wav(samples=0), "a.wav", "not as long as it says"),
    "wav at another speed": (files.wav(each_second=1), "a.wav", "not as long as it says"),
    "one frame of mp3": (files.mp3(1), "a.mp3", "cannot be read"),
    "mp3 with something behind": (files.mp3() + bytes(9000), "a.mp3", "not as long as it says"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_agent_when_sending_what_is_not_taken_hears_why_and_nothing_is_kept(what: str, db, time):
    number, (data, name, why) = dispute(), BAD[what]
    visit = add("ann", number, data, name)
    assert visit.status == 422 and any(why in error for error in visit.errors()), visit.said()
    assert visit.page.xpath("//textarea[@name='shows']")[0].text.strip() == SHOWS
    assert not listed("ann", number) and kept() == [] and not Evidence.objects.exists()


@pytest.mark.parametrize("beyond, status", [(0, 303), (1, 413)])
def test_agent_when_sending_one_byte_too_many_is_refused(beyond: int, status: int, db, time):
    data = b"a" * (20 * 1024 * 1024 + beyond)
    number = dispute()
    visit = add("ann", number, data, "a.txt")
    assert visit.status == status
    if beyond:
        assert "at most 20 MB" in visit.said() and kept() == []


NAMES = {
    "../../etc/passwd": "passwd", "C:\\Users\\ann\\证据.png": "证据.png", "a\u202egnp.exe": "a gnp.exe",
    "<script>alert(1)</script>.png": "script>.png", "x" * 300 + ".png": "x" * 116 + ".png", "\x00\n.png": "png",
    '"><img src=x onerror=alert(1)>.png': '"><img src=x onerror=alert(1)>.png',
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_file_is_kept_as_plain_words_and_shown_escaped(name: str, db, time):
    from casework.domain.evidence_files import clean_name

    assert clean_name(name) == NAMES[name]
    number = dispute()
    assert add("ann", number, GOOD["png"], name).status == 303
    [item] = listed("ann", number)
    assert len(item["name"]) <= 120 and not set(item["name"]) & set("\u202e\n\x00/\\")
    text = browser("ann").get(f"/cases/{number}").content.decode()
    assert "<img src=x" not in text and "<script>alert" not in text


def test_agent_when_sending_twice_adds_once(db, time):
    number = dispute()
    visit = do("ann", number, "add_evidence")
    fields = {key: value[0] for key, value in visit.fields().items() if key != "file"}
    answers = [
        visit.client.post(
            visit.address, {**fields, "shows": SHOWS, "file": SimpleUploadedFile("a.png", GOOD["png"])}
        )
        for _ in range(2)
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0]["Location"] == answers[1]["Location"] and len(added_events(number)) == 1
    assert Evidence.objects.count() == 1 and len(kept()) == 1


def test_agent_when_adding_the_same_file_in_another_tab_hears_that_it_is_there(db, time):
    number = dispute()
    tabs = [do("ann", number, "add_evidence") for _ in range(2)]
    assert sent(tabs[0], GOOD["png"]).status == 303
    second = sent(tabs[1], GOOD["png"], "other.png")
    assert second.status == 409 and "was added at" in second.said() and SHOWS in second.said()
    assert len(listed("ann", number)) == 1 and Evidence.objects.count() == 1 and len(kept()) == 1


def test_file_when_added_to_two_cases_is_stored_once_and_both_have_it(db, time):
    first = dispute()
    add("ann", first, GOOD["png"])
    perform(first, "withdraw", acting("ann"))
    from casework.models import Case

    second = dispute(Case.objects.get(number=first).subject.number)
    assert add("ann", second, GOOD["png"]).status == 303
    assert len(listed("ann", first)) == len(listed("ann", second)) == 1 and len(kept()) == 1


def test_inspector_when_heard_may_answer_with_a_file_and_not_later(db, time):
    number = dispute()
    assert add("ian", number, GOOD["txt"], "说明.txt").status == 303
    assert [item["part"] for item in listed("ann", number)] == ["inspector"]
    perform(number, "give_statement", acting("ian"), STATEMENT)
    late = add_without_page("ian", number, GOOD["png"])
    assert late.status_code == 409 and "time is over" in late.content.decode()
    assert Evidence.objects.count() == 1 and len(kept()) == 1


def add_without_page(login: str, number: str, data: bytes, **more: Any) -> Any:
    given = {"shows": SHOWS, "file": SimpleUploadedFile("a.png", data), "key": "k", **more}
    return browser(login).post(f"/cases/{number}/do/add_evidence", given)


def test_agent_when_the_case_is_closed_is_refused_and_the_bytes_are_gone(db, time):
    number = dispute()
    visit = do("ann", number, "add_evidence")
    perform(number, "withdraw", acting("ann"))
    sent(visit, GOOD["png"])
    assert visit.status == 409 and SHOWS in visit.said()
    assert kept() == [] and not Evidence.objects.exists()


@pytest.mark.parametrize("login, status", [("bo", 404), ("aud", 403), ("lee", 403), ("root", 403)])
def test_anybody_else_when_adding_is_refused_and_nothing_is_read(login: str, status: int, db, time):
    number = dispute()
    answer = add_without_page(login, number, GOOD["png"])
    assert answer.status_code == status and kept() == []
    assert CaseEvent.objects.filter(stream="access", action="refused").exists()


def test_page_when_asked_for_changes_nothing(db, time):
    number = dispute()
    before = CaseEvent.objects.count()
    visit = do("ann", number, "add_evidence")
    assert visit.status == 200 and "At most 20 MB" in visit.said()
    [form] = visit.page.xpath("//main//form")
    assert form.get("enctype") == "multipart/form-data" and form.xpath(".//input[@type='file'][@name='file']")
    assert browser("ann").head(visit.address).status_code == 200
    assert browser("ann").put(visit.address).status_code == 405 and CaseEvent.objects.count() == before


def test_form_when_sent_without_its_mark_is_refused(db, time):
    number = dispute()
    client = Client(enforce_csrf_checks=True)
    client.force_login(Account.objects.get(username="ann"), backend="django.contrib.auth.backends.ModelBackend")
    data = {"shows": SHOWS, "file": SimpleUploadedFile("a.png", GOOD["png"]), "key": "k"}
    assert client.post(f"/cases/{number}/do/add_evidence", data).status_code == 403
    assert kept() == [] and not Evidence.objects.exists()


@pytest.mark.parametrize("given, why", [
    ({"file": None}, "there is no file"), ({"shows": "  "}, "what it shows: it is missing"),
    ({"seconds": "soon"}, "no time"),
])  # fmt: skip
def test_agent_when_something_is_missing_hears_where(given: dict[str, Any], why: str, db, time):
    number = dispute()
    visit = do("ann", number, "add_evidence")
    fields = {key: value[0] for key, value in visit.fields().items() if key != "file"}
    data = {**fields, "shows": SHOWS, "file": SimpleUploadedFile("a.png", GOOD["png"]), **given}
    visit.response = visit.client.post(visit.address, {key: value for key, value in data.items() if value is not None})
    assert visit.status == 422 and any(why in error.lower() for error in visit.errors()), visit.said()
    assert visit.page.xpath("//section[@id='problem']//a/@href") and kept() == []
    assert ("choose the file again" in visit.said()) is ("file" not in given)


def test_type_of_case_that_takes_no_files_has_no_such_page(db, time):
    from casework.models import Case

    number = Case.objects.get(number=dispute()).subject.number
    assert do("ann", number, "add_evidence").status == 404
    assert add_without_page("ann", number, GOOD["png"]).status_code == 404


def test_reviewer_is_told_neither_who_gave_a_file_nor_what_they_call_it(db, time):
    number = dispute()
    add("ann", number, GOOD["png"], "zhang-an-A1001.png")
    perform(number, "forward", acting("lee"))
    [item] = listed("qin", number)
    assert item["name"] is None and item["by"]["no"] is None and item["label"] == "File 1 of the Agent"
    everything = json.dumps(queries.show_case(number, acting("qin")), ensure_ascii=False, default=str)
    page = browser("qin").get(f"/cases/{number}").content.decode()
    assert "zhang-an" not in everything + page and SHOWS in page
    assert "zhang-an" in browser("ann").get(f"/cases/{number}").content.decode()


def test_file_when_altered_or_gone_is_shown_as_such_and_noted(db, time):
    number = dispute()
    add("ann", number, GOOD["png"])
    [item] = listed("ann", number)
    file = store.evidence().path_of(item["sha256"])
    file.write_bytes(b"something else")
    assert "altered since it was received" in Visit("ann", f"/cases/{number}").said()
    assert browser("ann").get(f"/cases/{number}/evidence/{item['sha256']}").status_code == 503
    file.unlink()
    assert "missing" in Visit("ann", f"/cases/{number}").said()
    assert CaseEvent.objects.filter(stream="access", action="evidence_unreadable").count() == 2


def test_twenty_first_file_is_refused(db, time):
    number = dispute()
    for count in range(20):
        assert add_without_page("ann", number, f"{count}".encode(), key=f"k{count}").status_code == 303
    answer = add_without_page("ann", number, b"one more", key="more")
    assert answer.status_code == 409 and "20 already" in answer.content.decode() and len(kept()) == 20
