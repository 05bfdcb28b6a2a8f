from datetime import date
from pathlib import Path

import pytest

from casework.imports.people import parse_people, parse_units
from casework.imports.problems import errors
from casework.imports.tables import read_table

DATA = Path(__file__).parents[2] / "demo" / "data"
UNITS = (DATA / "units.csv").read_bytes()
PEOPLE = (DATA / "people.csv").read_bytes()
UNIT_CODES = {unit.code for unit in parse_units(read_table(UNITS)).units}
ROLES = {
    "agent", "team_leader", "inspector", "qa_lead", "arbitrator", "duty_manager", "department_handler",
    "complaint_handler", "project_manager", "supervisor", "director", "hr", "trainer", "auditor",
}  # fmt: skip
HEADER = "no,name,login,role,unit,acts_on,from,until,principal,email,superior\n"
ANN = "A1,王喆堃,ann,agent,OC,,,,,ann@example.test,\n"


def people(*lines, header=HEADER, **known):
    return parse_people(read_table((header + "".join(lines)).encode()), UNIT_CODES, ROLES, **known)


def units(text, known=()):
    return parse_units(read_table(text.encode()), known)


def found_in(parsed):
    return [(problem.line, problem.column, problem.code, problem.subject) for problem in parsed.problems]


# -- the files of the data


def test_units_of_the_data_come_parents_first():
    parsed = parse_units(read_table(UNITS))
    assert (len(parsed.units), parsed.problems) == (11, [])
    placed = set()
    for unit in parsed.units:
        assert unit.parent is None or unit.parent in placed
        placed.add(unit.code)


def test_people_of_the_data_are_read_without_a_problem():
    parsed = parse_people(read_table(PEOPLE), UNIT_CODES, ROLES)
    assert (len(parsed.persons), len(parsed.accounts), len(parsed.grants)) == (67, 68, 72)
    assert parsed.problems == []


def test_deputy_of_the_data_holds_a_role_for_a_time_in_the_stead_of_another():
    parsed = parse_people(read_table(PEOPLE), UNIT_CODES, ROLES)
    (deputy,) = [grant for grant in parsed.grants if grant.principal]
    assert (deputy.no, deputy.role, deputy.unit, deputy.principal) == ("M402", "team_leader", "T-EC1", "L301")
    assert (deputy.from_day, deputy.until_day) == (date(2026, 11, 1), date(2027, 1, 31))
    (post,) = [grant for grant in parsed.grants if grant.no == "M402" and not grant.principal]
    assert (post.unit, post.from_day, post.until_day) == ("OC", None, None)


def test_second_account_of_the_data_belongs_to_the_same_person():
    parsed = parse_people(read_table(PEOPLE), UNIT_CODES, ROLES)
    accounts = [(account.login, account.email) for account in parsed.accounts if account.no == "Q202"]
    assert accounts == [("ian", "q202@example.test"), ("ian2", "ian2@example.test")]
    assert len([person for person in parsed.persons if person.no == "Q202"]) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_people_are_the_same_in_another_encoding_and_with_other_line_ends(encoding, newline):
    text = PEOPLE.decode().replace("\r\n", "\n").replace("\n", newline)
    expected = parse_people(read_table(PEOPLE), UNIT_CODES, ROLES)
    parsed = parse_people(read_table(text.encode(encoding)), UNIT_CODES, ROLES)
    assert (parsed.persons, parsed.accounts, parsed.grants) == (
        expected.persons,
        expected.accounts,
        expected.grants,
    )
    assert not errors(parsed.problems)


def test_role_without_acts_on_is_held_on_the_own_unit():
    (grant,) = people(ANN).grants
    assert (grant.unit, grant.line) == ("OC", 2)


@pytest.mark.parametrize("name", ["龑文", "O'Brien Pat", "阿依古丽·买买提", "<b>x</b>", "=1+1", "Zoe\u0301"])
def test_name_is_taken_as_given_in_nfc(name):
    (person,) = people(ANN.replace("王喆堃", name)).persons
    assert person.name == name.replace("e\u0301", "é")


def test_superior_may_be_given_on_any_line_of_a_person():
    parsed = people(ANN, ANN.replace("agent", "trainer")[:-1] + "B2\n", "B2,李思,bo,team_leader,OC,,,,,,\n")
    assert parsed.problems == []
    assert [person.superior for person in parsed.persons] == ["B2", None]


# -- one wrong thing each


@pytest.mark.parametrize(
    ("line", "column", "code", "subject"),
    [
        ("A1,王喆坤,ann2,trainer,OC,,,,,,\n", "name", "contradicts_earlier_line", "A1"),
        ("A1,王喆堃,ann2,trainer,QA,,,,,,\n", "unit", "contradicts_earlier_line", "A1"),
        ("A1,王喆堃,ann,trainer,OC,,,,,other@example.test,\n", "email", "contradicts_earlier_line", "A1"),
        ("B2,李思,ann,agent,OC,,,,,,\n", "login", "login_of_two_people", "B2"),
        ("B2,李思,Ann,agent,OC,,,,,,\n", "login", "login_of_two_people", "B2"),
        ("a1,李思,bo,agent,OC,,,,,,\n", "no", "number_looks_alike", "a1"),
        ("Ａ１,李思,bo,agent,OC,,,,,,\n", "no", "number_looks_alike", "Ａ１"),
        ("B 2,李思,bo,agent,OC,,,,,,\n", "no", "bad_identifier", "B 2"),
        (",李思,bo,agent,OC,,,,,,\n", "no", "bad_identifier", ""),
        ("B2,,bo,agent,OC,,,,,,\n", "name", "value_missing", "B2"),
        (f"B2,{'长' * 151},bo,agent,OC,,,,,,\n", "name", "value_too_long", "B2"),
        ("B2,李思,b o,agent,OC,,,,,,\n", "login", "bad_login", "B2"),
        ("B2,李思,,agent,OC,,,,,,\n", "login", "bad_login", "B2"),
        ("B2,李思,bo,agnet,OC,,,,,,\n", "role", "unknown_role", "B2"),
        ("B2,李思,bo,,OC,,,,,,\n", "role", "unknown_role", "B2"),
        ("B2,李思,bo,SYSTEM,OC,,,,,,\n", "role", "unknown_role", "B2"),
        ("B2,李思,bo,agent,NO,,,,,,\n", "unit", "unknown_unit", "B2"),
        ("B2,李思,bo,agent,OC,NO,,,,,\n", "acts_on", "unknown_unit", "B2"),
        ("B2,李思,bo,agent,OC,,2026-13-01,,,,\n", "from", "bad_date", "B2"),
        ("B2,李思,bo,agent,OC,,,2026/11/01,,,\n", "until", "bad_date", "B2"),
        ("B2,李思,bo,agent,OC,,2026-11-02,2026-11-01,,,\n", "until", "ends_before_it_starts", "B2"),
        ("B2,李思,bo,agent,OC,,,,B2,,\n", "principal", "unknown_person", "B2"),
        ("B2,李思,bo,agent,OC,,,,Z9,,\n", "principal", "unknown_person", "B2"),
        ("B2,李思,bo,agent,OC,,,,,,Z9\n", "superior", "unknown_person", "B2"),
        ("B2,李思,bo,agent,OC,,,,,,B2\n", "superior", "unknown_person", "B2"),
        ("B2,李思,bo,agent,OC,,,,,no-address,\n", "email", "bad_email", "B2"),
        ("B2,李\0思,bo,agent,OC,,,,,,\n", "name", "nul_character", "B2"),
    ],
)
def test_person_is_refused_with_line_and_column(line, column, code, subject):
    assert found_in(people(ANN, line)) == [(3, column, code, subject)]
    assert errors(people(ANN, line).problems)


def test_one_day_grant_is_allowed():
    assert people("A1,王喆堃,ann,agent,OC,,2026-11-01,2026-11-01,,,\n").problems == []


def test_repeated_line_is_a_warning_and_gives_one_grant():
    parsed = people(ANN, ANN)
    assert [(problem.line, problem.code, problem.level) for problem in parsed.problems] == [
        (3, "duplicate_row", "warning")
    ]
    assert (len(parsed.persons), len(parsed.accounts), len(parsed.grants)) == (1, 1, 1)


def test_same_role_through_a_second_account_is_one_grant_and_no_warning():
    parsed = people(ANN, ANN.replace(",ann,", ",ann2,"))
    assert parsed.problems == []
    assert (len(parsed.accounts), len(parsed.grants)) == (2, 1)


def test_people_on_file_count_as_principals_and_owners_of_logins():
    line = "A1,王喆堃,ann,agent,OC,,,,L9,,\n"
    assert people(line, known=["L9"], logins={"ann": "A1"}).problems == []
    assert found_in(people(line, known=["L9"], logins={"ANN": "B2"})) == [(2, "login", "login_of_two_people", "A1")]
    assert found_in(people(line, known=["L9", "a1"])) == [(2, "no", "number_looks_alike", "A1")]


def test_superior_that_changes_between_lines_is_refused():
    first, second = ANN[:-1] + "B2\n", ANN.replace("agent", "trainer")[:-1] + "C3\n"
    others = ["B2,李思,bo,agent,OC,,,,,,\n", "C3,陈琪,chen,agent,OC,,,,,,\n"]
    assert found_in(people(first, second, *others)) == [(3, "superior", "contradicts_earlier_line", "A1")]


def test_missing_and_unknown_columns_are_named_and_nothing_is_read():
    parsed = people("A1\n", header="no,wage\n")
    assert {problem.code for problem in parsed.problems} == {"missing_column", "unknown_column"}
    assert "wage" in [problem.column for problem in parsed.problems]
    assert (parsed.persons, parsed.accounts, parsed.grants) == ([], [], [])


def test_superior_is_an_optional_column():
    assert "superior" not in read_table(PEOPLE).header
    assert people(ANN[:-2] + "\n", header=HEADER.replace(",superior", "")).problems == []


# -- units


def test_units_are_ordered_whatever_the_order_of_lines():
    parsed = units("code,name,parent\nT,组,P\nP,项目,OC\nOC,中心,\n")
    assert [unit.code for unit in parsed.units] == ["OC", "P", "T"]
    assert [unit.line for unit in parsed.units] == [4, 3, 2]


def test_parent_may_be_on_file_already():
    assert [unit.code for unit in units("code,name,parent\nT,组,P\n", known=["P"]).units] == ["T"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("OC,中心,\nOC,中心,\n", [(3, "code", "duplicate_unit", "OC")]),
        ("OC,中心,\nT,组,NO\n", [(3, "parent", "unknown_parent", "T")]),
        ("A,甲,A\n", [(2, "parent", "unit_cycle", "A")]),
        (
            "OC,中心,\nA,甲,B\nB,乙,A\nC,丙,B\n",
            [(line, "parent", "unit_cycle", code) for line, code in ((3, "A"), (4, "B"), (5, "C"))],
        ),
        ("O C,中心,\n", [(2, "code", "bad_identifier", "O C")]),
        (",中心,\n", [(2, "code", "bad_identifier", "")]),
        ("OC,,\n", [(2, "name", "value_missing", "OC")]),
        ("OC,中\x07心,\n", [(2, "name", "control_character", "OC")]),
    ],
)  # fmt: skip
def test_unit_is_refused_with_line_and_column(text, found):
    assert found_in(units("code,name,parent\n" + text)) == found


@pytest.mark.parametrize("number", ["SYSTEM", "system"])
def test_person_when_numbered_like_the_engine_itself_is_refused(number):
    parsed = people(f"{number},王喆堃,ann,agent,OC,,,,,ann@example.test,\n")
    assert found_in(parsed) == [(2, "no", "number_reserved", number)]
