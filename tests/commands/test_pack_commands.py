"""show_pack: regulation packs, their limits with source and confidence, and the deadlines that they give."""

from tests.commands.conftest import refused, run

NAMES = [
    "cn-12315", "cn-12345", "cn-banking", "cn-telecom", "eu-adr", "uk-fca-disp-payments", "uk-fca-disp", "us-cfpb",
]  # fmt: skip


def test_show_pack_without_a_name_lists_them_and_where_they_are_put():
    lines = run("show_pack").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == NAMES
    assert lines[3] == "cn-telecom\tTelecommunications complaints (China)\tput nowhere"


def test_show_pack_of_one_says_limit_counting_extension_source_and_confidence():
    told = run("show_pack", "cn-banking").out.splitlines()
    assert told[4:] == [
        "complaints answer_complex: Decision, complex case",
        "  30 calendar days; the day of the start does not count; ends at 24:00; a day off does not move it; may be "
        "extended by 30 calendar days, 1 time at most",
        "  Measures on consumer complaints in banking and insurance, 2020 (reprint; number of the article not "
        "verified) (medium confidence)",
        "This is no legal advice; see docs/packs.md.",
    ]


def test_show_pack_from_a_moment_tells_each_deadline_in_the_words_of_explain_clock(db):
    told = run("show_pack", "uk-fca-disp", "--from", "2026-12-23T10:00").out.splitlines()
    assert told[4:15] == [
        "  limit: 3 working days (FCA Handbook, DISP 1.5), on the calendar UK office hours (England and Wales), "
        "Europe/London",
        "  started 2026-12-23 10:00; that day does not count",
        "  2026-12-24 Thu: working day 1",
        "  2026-12-25 Fri: off, Christmas Day",
        "  2026-12-26 Sat: off, Boxing Day",
        "  2026-12-27 Sun: off, weekend",
        "  2026-12-28 Mon: off, Boxing Day (observed)",
        "  2026-12-29 Tue: working day 2",
        "  2026-12-30 Wed: working day 3",
        "  close of business 2026-12-30 17:00",
        "  due 2026-12-30 17:00",
    ]
    assert told[15] == "  sum: 3 working days → 2026-12-30 17:00; due 2026-12-30 17:00"


def test_show_pack_in_the_terminals_language(db, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    told = run("show_pack", "cn-telecom", "--from", "2026-09-29T10:00").out
    assert "《电信用户申诉处理办法》（工业和信息化部令第35号，条文号未核实）" in told and "15个自然日" in told


def test_show_pack_refuses_what_is_not_there():
    refused(run("show_pack", "moon"), 2, "Expected a pack (cn-12315, ")
    refused(run("show_pack", "--from", "2026-09-29T10:00"), 2, "Expected the name of a pack with --from")
    refused(run("show_pack", "cn-telecom", "--from", "soon"), 2, "expected a moment")


def test_show_pack_before_the_calendar_begins_says_so(db):
    refused(run("show_pack", "cn-12345", "--from", "2020-01-01T10:00"), 1, "Expected")
