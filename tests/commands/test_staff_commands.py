"""import_people, grant and create_token: who may come in, and as what."""

import pytest

from casework.models import Account, CaseEvent, Grant, Person, SigningKey, Token
from tests.commands.conftest import refused, run
from tests.conftest import DATA

UNITS = "code,name,parent\nT-NEW,新班组,P-EC\n"
HEADER = "no,name,login,role,unit,acts_on,from,until,principal,email\n"
PEOPLE = HEADER + "A2001,龑璟,yan,agent,T-NEW,,,,,yan@example.test\nL2001,组长,zu,team_leader,T-NEW,,2026-11-01,,,\n"


@pytest.fixture
def files(tmp_path):
    def write(people: str | bytes = PEOPLE, units: str | bytes = UNITS) -> tuple[str, str]:
        paths = []
        for name, content in (("units.csv", units), ("people.csv", people)):
            file = tmp_path / name
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(str(file))
        return paths[0], paths[1]

    return write


# import_people


@pytest.mark.parametrize("login", ["hua", "fang", "root"])
def test_import_people_by_hr_a_director_or_the_administrator_adds_them(token_of, files, login):
    token_of(login)
    done = run("import_people", *files(), "--as", login)
    assert (done.status, done.json["new"]) == (0, {"units": 1, "persons": 2, "accounts": 2, "grants": 2}), done
    assert Account.objects.get(username="yan").person.unit.code == "T-NEW"
    again = run("import_people", *files(), "--as", login)
    assert set(again.json["new"].values()) == {0}


def test_import_people_with_dry_run_changes_nothing(token_of, files):
    token_of("hua")
    done = run("import_people", *files(), "--as", "hua", "--dry-run")
    assert (done.status, done.json["read"]["persons"], done.json["new"]) == (0, 2, {})
    assert not Person.objects.filter(no="A2001").exists()


def test_import_people_by_anybody_else_is_refused(token_of, files):
    token_of("qin")
    refused(run("import_people", *files(), "--as", "qin"), 3, "Expected HR, a director or the administrator")


def test_import_people_with_errors_names_line_and_column_and_imports_nothing(token_of, files):
    token_of("hua")
    people = PEOPLE + "A2002,某,mou,king,T-NEW,,,,,\nA2003,某,ann,agent,T-NONE,,2026-13-01,,,\n"
    done = run("import_people", *files(people), "--as", "hua")
    assert done.status == 2 and done.json["new"] == {}
    lines = done.err.splitlines()
    assert any("line 4, column role: unknown_role: " in line for line in lines), lines
    assert any("line 5, column login: login_of_two_people: " in line for line in lines), lines
    assert any("line 5, column unit: unknown_unit" in line for line in lines), lines
    assert any("line 5, column from: bad_date: " in line for line in lines), lines
    assert not Person.objects.filter(no="A2001").exists()


@pytest.mark.parametrize(
    "encoding, newline, said",
    [("utf-8-sig", "\r\n", "utf-8-sig"), ("gb18030", "\n", "gb18030"), ("utf-8", "\r\n", "utf-8")],
)
def test_import_people_in_another_encoding_is_accepted_and_said(token_of, files, encoding, newline, said):
    token_of("hua")
    units, people = (text.replace("\n", newline).encode(encoding) for text in (UNITS, PEOPLE))
    done = run("import_people", *files(people, units), "--as", "hua")
    assert (done.status, done.json["encodings"]) == (0, [said, said]), done
    assert ("read_as_gb18030" in done.err) == (encoding == "gb18030")
    assert Person.objects.get(no="A2001").name == "龑璟"


def test_import_people_of_no_file_ends_with_2(token_of):
    token_of("hua")
    refused(
        run("import_people", "/nowhere/u.csv", str(DATA / "people.csv"), "--as", "hua"), 2, "Expected a readable file"
    )


def test_import_people_of_the_demo_again_adds_nobody(token_of):
    token_of("hua")
    done = run("import_people", DATA / "units.csv", DATA / "people.csv", "--as", "hua")
    assert set(done.json["new"].values()) == {0}


# grant


def test_grant_with_days_holds_from_the_first_to_the_last(token_of, time):
    token_of("hua")
    done = run("grant", "Q201", "qa_lead", "P-EC", "--from", "2026-11-01", "--until", "2026-11-30", "--as", "hua")
    assert done.status == 0, done
    given = Grant.objects.get(pk=done.json["grant"])
    assert (given.person.no, given.starts_at.isoformat()) == ("Q201", "2026-10-31T16:00:00+00:00")
    assert given.ends_at.isoformat() == "2026-11-30T16:00:00+00:00"


def test_grant_revoked_ends_and_cannot_end_twice(token_of, time):
    token_of("hua")
    pk = run("grant", "Q201", "qa_lead", "OC", "--principal", "M401", "--as", "hua").json["grant"]
    assert run("grant", "--revoke", pk, "--as", "hua").json["revoked_at"]
    refused(run("grant", "--revoke", pk, "--as", "hua"), 4, "ended before")


@pytest.mark.parametrize(
    "words, status, said",
    [
        (("Q201", "king", "OC"), 2, "the roles are"),
        (("Q201", "SYSTEM", "OC"), 2, "the roles are"),
        (("Q201", "qa_lead", "NOWHERE"), 2, "Expected a unit"),
        (("Q999", "qa_lead", "OC"), 5, "nobody has the staff number"),
        (("Q201", "qa_lead", "OC", "--principal", "Q999"), 5, "nobody has the staff number"),
        (("Q201", "qa_lead", "OC", "--principal", "Q201"), 2, "nobody stands in for themselves"),
        (("Q201", "qa_lead", "OC", "--from", "2026-11-30", "--until", "2026-11-01"), 2, "ends after it starts"),
        (("Q201", "qa_lead", "OC", "--from", "soon"), 2, "2026-11-01"),
        (("Q201", "qa_lead"), 2, "NO ROLE UNIT"),
        (("--revoke", "1", "Q201"), 2, "NO ROLE UNIT"),
        (("--revoke", "999999"), 5, "Expected a grant"),
    ],
)
def test_grant_that_makes_no_sense_is_refused(token_of, time, words, status, said):
    token_of("hua")
    before = Grant.objects.count()
    refused(run("grant", *words, "--as", "hua"), status, said)
    assert Grant.objects.count() == before


def test_grant_by_a_qa_lead_is_refused(token_of):
    token_of("qin")
    refused(run("grant", "M401", "director", "OC", "--as", "qin"), 3, "Expected HR")


# create_token


def test_create_token_prints_it_once_and_makes_a_signing_key(db):
    done = run("create_token", "qin", "--days", "1")
    text = done.out.strip()
    assert done.status == 0 and text.startswith("gd_") and "Valid until" in done.err
    token = Token.objects.get(account__username="qin")
    assert text not in (token.digest, *CaseEvent.objects.values_list("entry", flat=True))
    assert SigningKey.objects.filter(token=token, person__no="M401").count() == 1


def test_create_token_revoke_ends_tokens_and_their_keys(db, monkeypatch):
    text = run("create_token", "qin").out.strip()
    assert run("create_token", "qin", "--revoke").json == {"revoked": 1}
    assert not SigningKey.objects.filter(revoked_at=None).exists()
    monkeypatch.setenv("GONGDUAN_TOKEN", text)
    refused(run("inbox", "--as", "qin"), 3, "ended")


def test_create_token_for_a_machine_makes_an_account_that_is_nobody(db, monkeypatch):
    text = run("create_token", "crm", "--machine").out.strip()
    account = Account.objects.get(username="crm")
    assert account.is_machine and account.person is None and not account.has_usable_password()
    monkeypatch.setenv("GONGDUAN_TOKEN", text)
    refused(run("open_case", "evaluations.Evaluation", "--as", "crm"), 3, "belongs to no person")


@pytest.mark.parametrize(
    "words, status, said",
    [
        (("nobody",), 5, "Expected a user"),
        (("qin", "--machine"), 2, "leave out --machine"),
        (("qin", "--days", "0"), 2, "1 to 3650 days"),
        (("a b", "--machine"), 2, "login"),
        (("a\udcff", "--machine"), 2, "UTF-8"),
    ],
)
def test_create_token_that_makes_no_sense_is_refused(db, words, status, said):
    refused(run("create_token", *words), status, said)
    assert not Token.objects.exists()


def test_create_token_before_make_pki_says_that_it_cannot_sign(db, settings, tmp_path):
    settings.PKI_FOLDER = tmp_path / "pki"
    done = run("create_token", "qin")
    assert done.status == 0 and "make_pki" in done.err
    assert run("make_pki").json["demo"] is False
    assert run("make_pki").json == run("make_pki").json


def test_make_pki_beside_half_a_set_of_keys_ends_with_1(db, settings, tmp_path):
    settings.PKI_FOLDER = tmp_path
    (tmp_path / "root.crt.pem").write_text("-")
    refused(run("make_pki"), 1, "incomplete")
