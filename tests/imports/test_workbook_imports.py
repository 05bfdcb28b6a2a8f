"""Workbooks at the doors: commands and API take them wherever they take CSV, with the same result."""

import csv
import io

import openpyxl
import pytest

from casework.models import Person
from tests.api.conftest import Caller
from tests.api.test_import_api import file as upload
from tests.commands.conftest import nobody_at_the_terminal, run, token_of  # noqa: F401 (fixtures)
from tests.commands.test_import_commands import rows_of
from tests.conftest import DATA
from tests.imports.books import parts, rows_xml, sheet_xml, zipped
from workflows.evaluations.models import Evaluation


def as_workbook(*tables: str, names: tuple[str, ...] = ("scores", "more"), numbers: bool = False) -> bytes:
    """The CSV text as a workbook, one sheet a table; with `numbers` typed as people type them."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, table in zip(names, tables, strict=False):
        sheet = book.create_sheet(name)
        for row in csv.reader(io.StringIO(table)):
            sheet.append([float(cell) if numbers and cell.isdigit() else cell for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def saved(tmp_path):
    def save(data: bytes, name: str = "scores.xlsx"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return save


@pytest.mark.parametrize("numbers", [False, True], ids=["all text", "numbers as numbers"])
def test_import_evaluations_from_a_workbook_are_those_of_the_csv(token_of, time, saved, numbers):  # noqa: F811
    token_of("qin")
    text = rows_of("EV-202610-0011", "EV-202610-0016")
    # The name of a file says nothing.
    done = run("import_evaluations", saved(as_workbook(text, numbers=numbers), "scores.csv"), "--as", "qin")
    assert (done.status, done.json["imported"], done.json["encoding"], done.err) == (0, 2, "xlsx", "")
    assert str(Evaluation.objects.get(external_id="EV-202610-0011").score) == "84.00"
    again = run("import_evaluations", saved(text.encode(), "scores.xlsx"), "--as", "qin")
    assert (again.json["imported"], again.json["unchanged"]) == (0, 2)


def test_import_evaluations_from_a_workbook_names_sheet_and_cell(token_of, time, saved):  # noqa: F811
    token_of("qin")
    text = rows_of("EV-202610-0011").replace(",0,,,54,未致歉", ",11,,,54,=1+1")
    done = run("import_evaluations", saved(as_workbook(text)), "--as", "qin")
    assert (done.status, done.json["imported"]) == (2, 0)
    lines = done.err.splitlines()
    assert any(
        line.startswith("sheet scores, cell ") and ", column score: score_above_maximum: " in line for line in lines
    )
    assert any(", column comment: formula: " in line for line in lines)


def test_import_evaluations_from_the_sheet_that_was_named(token_of, time, saved):  # noqa: F811
    token_of("qin")
    file = saved(as_workbook(rows_of("EV-202610-0011"), rows_of("EV-202610-0016")))
    unnamed = run("import_evaluations", file, "--as", "qin")
    assert unnamed.status == 2 and "“scores”, “more”" in unnamed.err and not Evaluation.objects.exists()
    assert run("import_evaluations", file, "--sheet", "more", "--as", "qin").json["imported"] == 1
    assert Evaluation.objects.get().external_id == "EV-202610-0016"


def test_import_people_from_two_sheets_of_one_workbook(token_of, time, saved):  # noqa: F811
    token_of("hua")
    head = (DATA / "people.csv").read_text("utf-8-sig").splitlines()[0]
    units, people = "code,name,parent\nT-NEW,New team,OC\n", f"{head}\n0012,Nia,nia,agent,T-NEW,,,,,,\n"
    file = saved(as_workbook(units, people, names=("units", "people")))
    chosen = ("--units-sheet", "units", "--people-sheet", "people")
    done = run("import_people", file, file, *chosen, "--as", "hua")
    assert (done.status, done.json["encodings"]) == (0, ["xlsx", "xlsx"]), done
    assert Person.objects.get(no="0012").unit.code == "T-NEW"


def test_import_by_the_api_from_a_workbook_names_sheet_and_cell(db, time):
    qin = Caller("qin")
    two = as_workbook(rows_of("EV-202610-0011"), rows_of("EV-202610-0016").replace("EV-202610-0016", "EV 16"))
    refused = qin.send("/imports", kind="evaluations", file=upload(two, "a.xlsx"))
    assert refused["state"] == "refused" and refused["problems"][0]["code"] == "several_sheets"
    bad = qin.send("/imports", kind="evaluations", file=upload(two, "a.xlsx"), sheet="more")
    assert {"A2", "more"} <= {value for p in bad["problems"] for value in (p["cell"], p["sheet"])}
    done = qin.send("/imports", kind="evaluations", file=upload(two, "a.xlsx"), sheet="scores")
    assert (done["state"], done["counts"]["imported"], done["options"]["sheet"]) == ("done", 1, "scores")
    wrong = qin.send("/imports", 422, kind="recordings", file=upload(two, "a.wav"), sheet="scores")
    assert wrong["code"] == "invalid_input"


def test_import_by_the_api_survives_a_bomb(db, time):
    bomb = zipped({**parts({"scores": sheet_xml(rows_xml(("a",)))}), "xl/styles.xml": b" " * 150 * 2**20})
    qin = Caller("qin")
    refused = qin.send("/imports", kind="evaluations", file=upload(bomb, "a.xlsx"))
    assert (refused["state"], [p["code"] for p in refused["problems"]]) == ("refused", ["workbook_too_large"])
    good = as_workbook(rows_of("EV-202610-0011"))
    assert qin.send("/imports", kind="evaluations", file=upload(good))["state"] == "done"
