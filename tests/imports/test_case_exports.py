"""The list of cases as a file: what that person may see, recorded, whole or not at all."""

import hashlib
import io
import json

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.translation import gettext_lazy

from casework.exports import cases as exports
from casework.imports.tables import Table, read_table
from casework.models import Case, CaseEvent, Unit
from casework.queries import case_list
from tests.api.conftest import Caller
from tests.commands.conftest import nobody_at_the_terminal, refused, run, token_of  # noqa: F401 (fixtures)
from tests.conftest import acting, forget
from tests.factories import dispute, evaluation


def exported(login: str, form: str = "xlsx", **filters: object) -> Table:
    out = io.BytesIO()
    exports.export_cases(out, form, acting(login), **filters)
    return read_table(out.getvalue())


def column(table: Table, index: int) -> list[str]:
    return [row.text(table.header[index]) for row in table.rows]


def recorded() -> list[dict]:
    events = CaseEvent.objects.filter(stream="access", action="exported").order_by("seq")
    return [json.loads(event.entry) for event in events]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_export_holds_what_the_list_shows_that_person(db, time, form):
    dispute()
    evaluation(agent="A1002", reader=None)
    for login in ("ann", "qin", "lee"):
        listed = [case["number"] for case in case_list(acting(login).person_id)["cases"]]
        assert column(exported(login, form), 0) == listed
    assert len(exported("qin", form).rows) > len(exported("ann", form).rows) > 0


def test_export_filters_as_the_list_does(db, time):
    dispute()
    assert column(exported("qin", type="disputes.ScoreDispute"), 1) == ["disputes.ScoreDispute"]
    assert column(exported("qin", q=Case.objects.first().number), 0) == [Case.objects.first().number]


def test_export_says_state_and_type_in_both_languages_and_times_with_offset(db, time):
    evaluation()
    table = exported("qin")
    (state,), (opened,) = column(table, 4), column(table, 10)
    chinese, _, english = state.partition(" ")
    assert english.isascii() and not chinese.isascii()
    assert opened == "2026-11-03T10:00:00+08:00"


def test_both_of_two_labels_that_are_one_in_chinese_keeps_their_english(db):
    with translation.override("zh-hans"):
        assert [exports.both(gettext_lazy(label)) for label in ("vote", "Vote")] == ["表决 vote", "表决 Vote"]


def test_export_when_deciding_shows_parties_by_their_part(db, time):
    number = dispute(upto="forwarded")
    reviewer = Case.objects.get(number=number).parties.filter(until=None, role="reviewer").get().person
    login = reviewer.accounts.order_by("pk").first().username
    table = exported(login)
    at = column(table, 0).index(number)
    values = [*table.rows[at].cells.values()]
    assert "A1001" not in values and values[14] == "1"


def test_export_is_recorded_with_its_filters_and_digest(db, time):
    evaluation()
    out = io.BytesIO()
    told = exports.export_cases(out, "csv", acting("qin"), state="standing", unit=None)
    (entry,) = recorded()
    assert told["sha256"] == hashlib.sha256(out.getvalue()).hexdigest()
    assert entry["data"] == {"what": "cases", "form": "csv", "filters": {"state": "standing"}, **told}
    assert entry["actor"] == "M401", entry


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_export_of_the_same_cases_is_the_same_file(db, time, form):
    evaluation()
    first, second = io.BytesIO(), io.BytesIO()
    exports.export_cases(first, form, acting("qin"))
    exports.export_cases(second, form, acting("qin"))
    assert first.getvalue() == second.getvalue()


def test_export_of_a_unit_whose_name_is_a_formula_stays_text(db, time):
    evaluation()
    Unit.objects.update(name="=HYPERLINK(1)")
    forget()
    out = io.BytesIO()
    exports.export_cases(out, "xlsx", acting("qin"))
    cell = openpyxl.load_workbook(io.BytesIO(out.getvalue())).active["G2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=HYPERLINK(1)", "s", True)


def test_export_asks_page_by_page(db, time, monkeypatch):
    for _ in range(4):
        evaluation(reader=None)
    exported("qin")  # what processes remember is remembered now
    with CaptureQueriesContext(connection) as one:
        exported("qin")
    monkeypatch.setattr(exports, "MOST", 2)
    with CaptureQueriesContext(connection) as two:
        assert len(exported("qin").rows) == 4
    assert 0 < len(two) - len(one) <= 4


def test_export_cases_saves_the_file_for_its_owner(token_of, time, tmp_path):  # noqa: F811
    evaluation()
    token_of("qin")
    path = tmp_path / "cases.xlsx"
    done = run("export_cases", "--out", path, "--as", "qin")
    assert (done.status, done.json["rows"], done.json["file"]) == (0, 1, str(path)), done
    assert hashlib.sha256(path.read_bytes()).hexdigest() == done.json["sha256"]
    assert path.stat().st_mode & 0o777 == 0o600 and list(tmp_path.iterdir()) == [path]


def test_export_cases_that_is_refused_leaves_nothing(token_of, time, tmp_path):  # noqa: F811
    token_of("qin")
    refused(run("export_cases", "--out", tmp_path / "cases.pdf", "--as", "qin"), 2, "ending in .xlsx or .csv")
    refused(run("export_cases", "--out", tmp_path / "no" / "cases.csv", "--as", "qin"), 2, "Expected to write")
    refused(
        run("export_cases", "--out", tmp_path / "c.csv", "--state", "x", "--as", "qin"), 2, "Expected a known state"
    )
    assert list(tmp_path.iterdir()) == [] and recorded() == []


@pytest.mark.parametrize("form, start", [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")])
def test_get_cases_as_a_file(db, time, form, start):
    number = evaluation()
    ann = Caller("ann")
    data = b"".join(ann.client.get(f"/api/v1/cases.{form}", headers=ann.headers).streaming_content)
    assert data.startswith(start) and column(read_table(data), 0) == [number]
    assert [entry["data"]["form"] for entry in recorded()] == [form]
    assert ann.get(f"/cases.{form}", 422, state="nowhere")["code"] == "invalid_input"
    assert ann.client.get(f"/api/v1/cases.{form}").status_code == 401


def test_get_cases_as_a_file_is_kept_by_no_cache(db, time):
    qin = Caller("qin")
    response = qin.client.get("/api/v1/cases.csv", headers=qin.headers)
    assert response["Cache-Control"] == "private, no-store" and response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == 'attachment; filename="cases.csv"'
    response.close()


def test_get_more_cases_than_a_request_may_take_is_refused(db, time, monkeypatch):
    evaluation(reader=None)
    evaluation(reader=None)
    monkeypatch.setattr("casework.api.exports.MOST", 1)
    assert Caller("qin").get("/cases.csv", 422)["code"] == "too_many_rows"
    assert recorded() == []
