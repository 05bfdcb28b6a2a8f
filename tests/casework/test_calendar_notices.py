"""A notice as CSV or iCalendar: the days it tells of, and in words why it is not taken."""

from datetime import date

import pytest

from casework.domain.calendar_notices import LARGEST, read_notice
from casework.domain.errors import InvalidInput

CSV = "date,kind,holiday\n"


def ical(*events: str) -> bytes:
    """A calendar of events, each of its lines apart by `;;`."""
    lines = [line for event in events for line in ("BEGIN:VEVENT", *event.split(";;"), "END:VEVENT")]
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]).encode()


NEW_YEAR = "DTSTART;VALUE=DATE:20270101;;DTEND;VALUE=DATE:20270104;;SUMMARY:元旦（休）"


@pytest.mark.parametrize(
    "summary, expected",
    [
        ("元旦（休）", (False, "元旦")), ("元旦 假期 第1天/共3天", (False, "元旦")), ("元旦放假", (False, "元旦")),
        ("元旦（班）", (True, "元旦")), ("元旦 补班 第1天/共1天", (True, "元旦")), ("元旦调休上班", (True, "元旦")),
        ("New Year holiday", (False, "New Year")), ("New Year, workday", (True, "New Year")), ("休", (False, "休")),
    ],
)  # fmt: skip
def test_event_when_its_summary_says_so_is_a_day_off_or_worked(summary, expected):
    assert read_notice(ical(f"DTSTART;VALUE=DATE:20270101;;SUMMARY:{summary}")) == {date(2027, 1, 1): expected}


def test_event_when_it_has_an_end_lasts_until_the_day_before():
    days = read_notice(ical(NEW_YEAR, "DTSTART;VALUE=DATE:20270109;;SUMMARY:元旦;;CATEGORIES:工作日,补班"))
    off = {date(2027, 1, day): (False, "元旦") for day in (1, 2, 3)}
    assert days == {**off, date(2027, 1, 9): (True, "元旦")}


def test_notice_when_of_one_content_is_the_same_in_both_forms():
    rows = CSV + "2027-01-01,off,元旦\n2027-01-02,off,元旦\n2027-01-03,off,元旦\n"
    for data in (rows.encode(), rows.encode("gb18030"), b"\xef\xbb\xbf" + rows.encode()):
        assert read_notice(data) == read_notice(ical(NEW_YEAR))


@pytest.mark.parametrize(
    "data, words",
    [
        (ical("DTSTART;VALUE=DATE:20270101;;SUMMARY:元旦调休"), "Event 1 (元旦调休): expected a day off"),
        (ical("DTSTART;VALUE=DATE:20270101;;SUMMARY:假期补班"), "neither or both"),
        (ical(NEW_YEAR, NEW_YEAR.replace("休", "班")), "Event 2 (元旦（班）): expected each day off or worked"),
        (ical(NEW_YEAR + ";;RRULE:FREQ=YEARLY"), "it has RRULE"),
        (ical("DTSTART:20270101T000000Z;;SUMMARY:休"), "expected whole days"),
        (ical("DTSTART;VALUE=DATE:2027;;SUMMARY:休"), "Got: '2027'"),
        (ical("SUMMARY:休"), "expected whole days"),
        (ical("DTSTART;VALUE=DATE:20270101;;DTEND;VALUE=DATE:20270101;;SUMMARY:休"), "the day after the last"),
        (ical("DTSTART;VALUE=DATE:20270101;;DTEND;VALUE=DATE:99991231;;SUMMARY:休"), "expected 1 to 31 days"),
        (ical(), "the file has none"),
        (b"BEGIN:VCALENDAR\r\nhello", "Expected an iCalendar file"),
        (b"", "Line 1: expected date,kind,holiday"),
        (CSV.encode(), "the file has none"),
        ((CSV + "2027-01-01,off,x\n2027-01-01,work,x\n").encode(), "Line 3: expected each date once"),
        ((CSV + "2027-02-30,off,x\n").encode(), "Line 2: expected a date"),
        ((CSV + "2027-01-01,free,x\n").encode(), "Line 2: expected the kind off or work"),
        ((CSV + "2027-01-01,off\n").encode(), "Line 2: expected three columns"),
        ((CSV + '2027-01-01,off,"' + "x" * 140_000).encode(), "Line 1: expected a CSV file"),
        ((CSV + f"2027-01-01,off,{'x' * 41}\n").encode(), "at most 40 printable characters"),
        ((CSV + "2027-01-01,off,\x1b[2J\n").encode(), "printable characters"),
        (b"%PDF-1.7", "Expected a table"),
        (b"x" * (LARGEST + 1), "Expected at most 262144 bytes"),
    ],
)
def test_notice_when_it_cannot_be_taken_says_where_and_why(data, words):
    with pytest.raises(InvalidInput) as refusal:
        read_notice(data)
    assert words in str(refusal.value)
