"""The back office: who comes in, what each change leaves behind, and what nobody can do there."""

import json
import re
from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db.models.signals import pre_save
from django.test import Client

from casework.domain.actor import system
from casework.domain.directory import directory
from casework.domain.hours import calendar_named
from casework.domain.staff import grant
from casework.models import Account, CalendarDay, CaseEvent, Grant, Leave, Person, Token, Unit
from tests import seen
from tests.factories import credential, dispute
from tests.web.visiting import browser, statements

HUA, ROOT = "hua", "root"  # HR over the whole organisation; the administrator, who is nobody
LISTS = ("unit", "person", "account", "grant", "leave", "calendarday", "clock", "delivery")
STUCK = {"clock", "delivery"}  # nothing to add there: tests/web/test_stuck.py


def address(rest: str) -> str:
    return f"/admin/casework/{rest}"


def send(login, rest: str, **values):
    """The form of that address sent with those values; the answer."""
    client = login if isinstance(login, Client) else browser(login)
    return client.post(address(rest), values)


def noted(action: str) -> dict:
    """The last entry of that action in `org`."""
    event = CaseEvent.objects.filter(stream="org", action=action).latest("seq")
    return json.loads(event.entry)


def entries() -> int:
    return CaseEvent.objects.filter(stream="org").count()


def unit(code: str) -> Unit:
    return Unit.objects.get(code=code)


@pytest.fixture
def petra(db, time):
    """Peng manages the people of the eastern project, and of nothing else."""
    grant(seen.person("P601"), "hr", unit("P-EC"), system())
    return "peng"


# Who comes in


@pytest.mark.parametrize("login", ["ann", "lee", "qin", "abe", "aud"])
@pytest.mark.parametrize("path", ["/admin/", "/admin/casework/grant/", "/admin/casework/account/add/", "/admin/x"])
def test_office_for_whoever_manages_nobody_is_refused_in_words(db, time, login, path):
    response = browser(login).get(path)
    assert response.status_code == 403 and "Expected HR, a director or the administrator" in response.content.decode()


def test_office_for_somebody_unknown_is_the_site_s_own_login(db, time):
    assert Client().get("/admin/casework/unit/")["Location"] == "/login?next=%2Fadmin%2Fcasework%2Funit%2F"
    for path in ("/admin/login", "/admin/login/"):
        assert Client().get(path)["Location"] == "/login?next=/admin/"


@pytest.mark.parametrize("login", [HUA, "fang", ROOT])
def test_office_for_hr_a_director_and_the_administrator_shows_every_list(db, time, login):
    client = browser(login)
    for path in ("/admin/", *map(address, (f"{name}/" for name in LISTS))):
        assert client.get(path).status_code == 200, path
    assert "/admin/" in client.get("/inbox").content.decode()
    assert "/admin/" not in browser("ann").get("/inbox").content.decode()


def test_office_for_a_superuser_who_is_a_person_goes_by_their_grants(db, time):
    Account.objects.filter(username="ann").update(is_superuser=True, is_staff=True)
    assert browser("ann").get("/admin/").status_code == 403


def test_office_when_the_grant_ends_is_closed_at_the_next_request(db, time):
    client = browser(HUA)
    assert client.get("/admin/").status_code == 200
    seen.revoke_all("R901", "hr")
    assert client.get("/admin/").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["person/{pk}/delete/", "person/{pk}/history/", "person/{pk}/password/", "case/", "task/", "token/", "caseevent/",
     "logentry/", "signingkey/", "person/abc/change/", "person/999999/change/", "person/{pk}/"],
)  # fmt: skip
def test_office_has_no_other_addresses(db, time, path):
    client = browser(ROOT)
    found = address(path.format(pk=seen.person("A1001").pk))
    assert client.get(found).status_code == 404 and client.post(found).status_code == 404
    for other in ("/admin/auth/group/", "/admin/sessions/session/", "/admin/password_change/", "/admin/r/1/1/"):
        assert client.get(other).status_code == 404


def test_form_sent_without_its_mark_changes_nothing(db, time):
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(Account.objects.get(username=HUA), backend="django.contrib.auth.backends.ModelBackend")
    before = seen.dump()
    pk = Account.objects.get(username="ann").pk
    for rest in ("unit/add/", f"account/{pk}/close/", "grant/add/", "unit/"):
        response = client.post(address(rest), {"code": "X", "name": "X", "parent": unit("OC").pk})
        assert response.status_code == 403 and "without its mark" in response.content.decode()
    assert seen.dump() == before


def test_every_page_when_only_looked_at_changes_nothing(db, time):
    client, before = browser(HUA), seen.dump()
    rows = {name: 1 for name in LISTS}
    rows |= {"account": Account.objects.get(username="ann").pk, "person": seen.person("A1001").pk}
    for name in set(LISTS) - {"leave"} - STUCK:
        pk = rows[name] if name in ("account", "person") else _first(name)
        for rest in (f"{name}/", f"{name}/add/", f"{name}/{pk}/change/"):
            assert client.get(address(rest)).status_code == 200, rest
    for act in ("close", "open", "password"):
        assert client.get(address(f"account/{rows['account']}/{act}/")).status_code == 405
    assert client.get(address(f"grant/{_first('grant')}/end/")).status_code == 405
    assert seen.dump() == before and not LogEntry.objects.exists()


def _first(name: str) -> int:
    model = {"unit": Unit, "grant": Grant, "calendarday": CalendarDay}[name]
    return model.objects.order_by("pk").values_list("pk", flat=True)[0]


@pytest.mark.parametrize("name", LISTS)
def test_list_when_something_is_sent_to_it_takes_nothing(db, time, name):
    pks = list(Person.objects.values_list("pk", flat=True)[:3])
    sent = {"action": "delete_selected", "_selected_action": pks, "index": 0, "post": "yes"}
    client = browser(ROOT)
    before = seen.dump()
    assert client.post(address(f"{name}/"), sent).status_code == 405
    assert seen.dump() == before


@pytest.mark.parametrize(
    "asked",
    ["password__startswith=a", "user__password__startswith=a", "person__accounts__password__startswith=a",
     "accounts__password__startswith=a", "username__startswith=a", "is_superuser__exact=1", "tokens__digest__gt=0",
     "_to_field=password", "last_login__gt=2020-01-01"],
)  # fmt: skip
def test_list_asked_for_what_no_filter_offers_is_a_bad_request(db, time, asked):
    for name in ("account", "person", "grant"):
        assert browser(ROOT).get(address(f"{name}/?{asked}")).status_code == 400


@pytest.mark.parametrize(
    ("asked", "count"),
    [("grant/?deputies=1", 1), ("grant/?role=hr", 1), ("grant/?role=hr&holds=over", 0),
     ("grant/?unit=T-EC1&holds=now", 16), ("person/?unit=HRD", 1),
     ("account/?unit=HRD&is_active__exact=1", 1), ("account/?is_active__exact=0", 0),
     ("person/?q=A1001", 1), ("calendarday/?calendar=office&working__exact=1&q=2026-02-14", 1)],
)  # fmt: skip
def test_list_narrowed_by_what_its_filters_offer_shows_that_alone(db, time, asked, count):
    response = browser(HUA).get(address(asked))
    assert response.status_code == 200 and response.context["cl"].result_count == count


def test_list_ordered_by_what_is_no_column_is_as_it_was(db, time):
    client = browser(ROOT)
    for order in ("password", "99", "-99", "1.password", "user__password"):
        assert client.get(address(f"account/?o={order}")).status_code == 200


def test_no_page_shows_a_password_s_hash(db, time):
    credential("ann")
    account = Account.objects.get(username="ann")
    client = browser(ROOT)
    for rest in ("account/", f"account/{account.pk}/change/", "account/?q=argon2"):
        text = client.get(address(rest)).content.decode()
        assert account.password not in text and account.password.split("$")[-1] not in text
    assert "0 results" in client.get(address(f"account/?q={account.password[:30]}")).content.decode()


# Units


def test_unit_added_by_hua_stands_in_the_tree_and_in_the_ledger(db, time):
    response = send(HUA, "unit/add/", code="T-EC3", name="华东三组", parent=unit("P-EC").pk)
    assert response["Location"] == address(f"unit/{unit('T-EC3').pk}/change/")
    entry = noted("unit_added")
    assert (entry["actor"], entry["account"], entry["door"]) == ("R901", "hua", "web")
    after = {"id": str(unit("T-EC3").pk), "name": "华东三组", "parent": "P-EC"}
    assert entry["data"] == {"unit": "T-EC3", "after": after}
    assert unit("T-EC3").pk in directory().below[unit("OC").pk]


def test_unit_moved_and_renamed_keeps_its_code_and_says_what_was_before(db, time):
    pk = unit("T-EC2").pk
    send(HUA, f"unit/{pk}/change/", code="ANOTHER", name="新组", parent=unit("P-SC").pk)
    assert (unit("T-EC2").pk, unit("T-EC2").name, unit("T-EC2").parent.code) == (pk, "新组", "P-SC")
    before, after = {"name": "华东二组", "parent": "P-EC"}, {"name": "新组", "parent": "P-SC"}
    assert noted("unit_changed")["data"] == {"unit": "T-EC2", "before": before, "after": after}


def test_unit_saved_as_it_was_leaves_no_entry(db, time):
    count = entries()
    send(HUA, f"unit/{unit('T-EC2').pk}/change/", name="华东二组", parent=unit("P-EC").pk)
    assert entries() == count


@pytest.mark.parametrize(
    ("code", "parent", "status"),
    [("QA", "OC", 422), ("a b", "OC", 422), ("", "OC", 422), ("x" * 41, "OC", 422), ("<b>", "OC", 422)],
)
def test_unit_with_a_code_that_cannot_be_is_refused_on_the_form(db, time, code, parent, status):
    client = browser(HUA)
    before = seen.dump()
    assert send(client, "unit/add/", code=code, name="x", parent=unit(parent).pk).status_code == status
    assert seen.dump() == before


def test_unit_added_by_two_at_the_same_moment_is_added_once_and_the_second_is_told(db, time):
    """The other's row is there between hua's look whether the code is free and her own row."""

    def other(instance: Unit, **_: object) -> None:
        Unit.objects.bulk_create([Unit(code=instance.code, name="another's", parent=instance.parent)])

    before = entries()
    pre_save.connect(other, sender=Unit)
    try:
        response = send(HUA, "unit/add/", code="P-NEW", name="新项目", parent=unit("OC").pk)
    finally:
        pre_save.disconnect(other, sender=Unit)
    assert response.status_code == 409 and "somebody else entered the same" in response.content.decode()
    assert "新项目" in response.content.decode() and entries() == before


def test_unit_put_below_itself_is_refused(db, time):
    response = send(HUA, f"unit/{unit('P-EC').pk}/change/", name="华东项目", parent=unit("T-EC1").pk)
    assert response.status_code == 422 and "below the unit itself" in response.content.decode()
    assert unit("P-EC").parent.code == "OC"


# People


def test_person_added_is_there_with_names_as_commitments_only(db, time):
    values = {"no": "A2001", "name": "新人甲", "unit": unit("T-EC1").pk, "email": "a2001@example.test"}
    assert send(HUA, "person/add/", **values).status_code == 302
    assert directory().person_no("A2001").name == "新人甲"
    event = CaseEvent.objects.filter(stream="org", action="person_added").latest("seq")
    assert "新人甲" not in event.entry and "example.test" not in event.entry
    assert {text["path"]: text["text"] for text in event.texts.texts} == {
        "data.after.name": "新人甲", "data.after.email": "a2001@example.test"
    }  # fmt: skip
    call_command("verify_ledger")


@pytest.mark.parametrize("no", ["A1001", "a1001", "Ａ1001", "SYSTEM", "system", "a b", "<script>"])
def test_person_whose_number_is_or_looks_like_another_s_is_refused(db, time, no):
    client = browser(HUA)
    before = seen.dump()
    response = send(client, "person/add/", no=no, name="x", unit=unit("T-EC1").pk)
    assert response.status_code == 422 and seen.dump() == before


def test_person_moved_to_another_unit_is_there_at_once_and_the_number_stays(db, time):
    ann = seen.person("A1001")
    values = {"no": "A9", "name": ann.name, "unit": unit("T-SC1").pk, "superior": seen.person("L303").pk}
    send(HUA, f"person/{ann.pk}/change/", **values, email=ann.email)
    assert directory().persons[ann.pk].unit_id == unit("T-SC1").pk and seen.person("A1001").superior.no == "L303"
    data = noted("person_changed")["data"]
    assert data["before"] == {"unit": "T-EC1", "superior": None}
    assert data["after"] == {"unit": "T-SC1", "superior": "L303"}


def test_person_as_their_own_superior_is_refused(db, time):
    ann = seen.person("A1001")
    values = {"name": ann.name, "unit": ann.unit_id, "superior": ann.pk}
    assert send(HUA, f"person/{ann.pk}/change/", **values).status_code == 422


# Accounts


def test_account_added_has_no_password_until_one_is_made_and_shown_once(db, time):
    send(HUA, "account/add/", username="ann2", person=seen.person("A1001").pk, is_superuser="on", is_staff="on")
    account = Account.objects.get(username="ann2")
    assert not account.has_usable_password() and not account.is_superuser and not account.is_staff
    flags = {"active": True, "superuser": False, "staff": False, "machine": False}
    after = {"id": str(account.pk), "person": "A1001", **flags}
    assert noted("account_added")["data"] == {"account": "ann2", "person": "A1001", "after": after}
    client = Client(headers={"accept-language": "en"})
    client.post("/login", {"username": HUA, "password": credential(HUA)})
    page = send(client, f"account/{account.pk}/password/", own=credential(HUA))
    assert page.status_code == 200 and page["Cache-Control"] == "private, no-store"
    [text] = re.findall(r"office-secret[^>]*>([^<]+)<", page.content.decode())
    assert Client().post("/login", {"username": "ann2", "password": text})["Location"] == "/inbox"
    entry = CaseEvent.objects.filter(stream="org", action="password_set").latest("seq").entry
    assert '"account":"ann2"' in entry and '"actor":"R901"' in entry and text not in entry
    assert text not in client.get(address(f"account/{account.pk}/change/")).content.decode()


def test_password_made_without_one_s_own_is_refused_and_guessing_it_is_slow(db, time):
    credential(HUA)
    pk, before = Account.objects.get(username="ann").pk, Account.objects.get(username="ann").password
    client = browser(HUA)
    answers = [send(client, f"account/{pk}/password/", own=f"guess {n}").status_code for n in range(6)]
    assert answers == [422] * 5 + [409] and Account.objects.get(pk=pk).password == before


@pytest.mark.parametrize("login", ["ann", "Ann", "a b", "", "x" * 151, "an\x00n", "安"])
def test_account_with_a_name_that_is_taken_or_cannot_be_is_refused(db, time, login):
    client = browser(HUA)
    before = seen.dump()
    response = send(client, "account/add/", username=login, person=seen.person("A1002").pk)
    assert response.status_code == 422 and seen.dump() == before


def test_account_closed_ends_sessions_and_tokens_at_the_next_request(db, time):
    from casework.domain.now import now
    from casework.domain.signing import token_digest

    ann, account = browser("ann"), Account.objects.get(username="ann")
    Token.objects.create(
        account=account, digest=token_digest("t"), created_at=now(), expires_at=now().replace(year=now().year + 1)
    )
    bearer = {"authorization": "Bearer t"}
    assert ann.get("/inbox").status_code == 200 == Client().get("/api/v1/inbox", headers=bearer).status_code
    send(HUA, f"account/{account.pk}/close/")
    assert ann.get("/inbox").status_code == 302
    assert Client().get("/api/v1/inbox", headers=bearer).status_code == 401
    states = {"before": {"active": True}, "after": {"active": False}}
    assert noted("account_closed")["data"] == {"account": "ann", "person": "A1001", **states}
    assert send(HUA, f"account/{account.pk}/close/").status_code == 409
    send(HUA, f"account/{account.pk}/open/")
    assert noted("account_opened")["data"]["after"] == {"active": True}
    assert Client().get("/api/v1/inbox", headers=bearer).status_code == 200


def test_account_closed_of_somebody_with_open_tasks_says_what_remains(db, time):
    number = dispute(upto="forwarded")
    login = seen.LOGINS[seen.reviewer(number)]
    client = browser(HUA)
    pk = Account.objects.get(username=login).pk
    words = client.post(address(f"account/{pk}/close/"), follow=True).content.decode()
    assert "1 seat of theirs goes to somebody else now" in words and "Their grants still hold" in words
    assert "stays theirs" not in words


def test_account_of_the_administrator_or_a_machine_is_out_of_hua_s_sight(db, time):
    robot = Account.objects.create_user("robot", is_machine=True)
    raised = Account.objects.get(username="lee")
    Account.objects.filter(pk=raised.pk).update(is_superuser=True)
    client = browser(HUA)
    for account in (robot, raised, Account.objects.get(username=ROOT)):
        assert client.get(address(f"account/{account.pk}/change/")).status_code == 404
        for act in ("close", "password"):
            assert client.post(address(f"account/{account.pk}/{act}/")).status_code == 404
        assert Account.objects.get(pk=account.pk).is_active
    assert "robot" in browser(ROOT).get(address("account/")).content.decode()


# Grants


def give(login, no: str, role: str, code: str, **more):
    return send(login, "grant/add/", person=seen.person(no).pk, role=role, unit=unit(code).pk, **more)


def test_grant_given_by_hua_holds_on_its_days_in_somebody_s_stead(db, time):
    more = {"first_day": "2026-11-03", "last_day": "2026-11-05", "principal": seen.person("L301").pk}
    assert give(HUA, "A1004", "team_leader", "T-EC1", **more).status_code == 302
    given = Grant.objects.latest("id")
    assert seen.local(given.starts_at) == "2026-11-03 00:00" and seen.local(given.ends_at) == "2026-11-06 00:00"
    entry = noted("granted")
    assert entry["actor"] == "R901" and entry["data"]["person"] == "A1004" and entry["data"]["principal"] == "L301"
    assert "/admin/" not in browser("a1004").get("/inbox").content.decode()
    give(HUA, "A1004", "hr", "OC")
    assert browser("a1004").get("/admin/").status_code == 200


def test_grant_ended_gives_no_right_at_the_next_request_and_the_row_stays(db, time):
    fang = browser("fang")
    given = Grant.objects.get(person__no="F801", role="director")
    assert fang.get("/admin/").status_code == 200
    assert send(HUA, f"grant/{given.pk}/end/").status_code == 302
    assert fang.get("/admin/").status_code == 403
    assert Grant.objects.get(pk=given.pk).revoked_at is not None
    assert (noted("revoked")["actor"], noted("revoked")["data"]["grant"]) == ("R901", str(given.pk))
    assert send(HUA, f"grant/{given.pk}/end/").status_code == 409


def test_grant_once_given_is_not_changed(db, time):
    given = Grant.objects.get(person__no="L301", role="team_leader")
    response = send(HUA, f"grant/{given.pk}/change/", role="director", unit=unit("OC").pk, person=given.person_id)
    given.refresh_from_db()
    assert response.status_code == 403 and (given.role, given.unit.code) == ("team_leader", "T-EC1")


@pytest.mark.parametrize(
    "more",
    [{"role": "SYSTEM"}, {"role": "root"}, {"role": ""}, {"last_day": "2026-13-01"}, {"principal": "self"},
     {"first_day": "2026-11-05", "last_day": "2026-11-04"}],
)  # fmt: skip
def test_grant_that_cannot_be_is_refused_on_the_form(db, time, more):
    client = browser(HUA)
    before = seen.dump()
    more = {**more, "principal": seen.person("A1004").pk} if "principal" in more else more
    response = give(client, "A1004", **{"role": "agent", "code": "T-EC1", **more})
    assert response.status_code == 422 and seen.dump() == before


# Nobody in their own cause


def test_hua_changes_nothing_that_concerns_herself(db, time):
    hua, client = seen.person("R901"), browser(HUA)
    own = Grant.objects.get(person=hua)
    account = Account.objects.get(username=HUA)
    before = seen.dump()
    tried = [
        give(client, "R901", "director", "OC"),
        send(client, f"grant/{own.pk}/end/"),
        send(client, f"person/{hua.pk}/change/", name=hua.name, unit=unit("OC").pk),
        send(client, "account/add/", username="hua2", person=hua.pk),
        send(client, f"account/{account.pk}/close/"),
        send(client, "leave/add/", person=hua.pk, first_day="2026-11-04", last_day="2026-11-05"),
    ]
    for response in tried:
        assert response.status_code == 403 and "nobody decides in their own cause" in response.content.decode()
    assert seen.dump() == before


def test_deputy_of_hua_changes_nothing_that_concerns_her(db, time):
    grant(seen.person("A1004"), "hr", unit("OC"), system(), principal=seen.person("R901"))
    assert give("a1004", "R901", "director", "OC").status_code == 403
    assert give("a1004", "A1005", "trainer", "OC").status_code == 302


def test_administrator_does_not_close_their_own_account(db, time):
    pk = Account.objects.get(username=ROOT).pk
    assert send(ROOT, f"account/{pk}/close/").status_code == 403
    assert Account.objects.get(pk=pk).is_active


# Within one's units


def test_lists_for_whoever_manages_a_project_show_nothing_of_another(petra):
    client = browser(petra)
    names = {name: client.get(address(f"{name}/")).content.decode() for name in LISTS}
    assert "A1004" in names["person"] and "A1003" not in names["person"]
    assert "T-EC1" in names["unit"] and "T-SC1" not in names["unit"]
    assert "luo" in names["account"] and "liang" not in names["account"] and "hua" not in names["account"]
    assert "T-SC1" not in client.get(address("person/add/")).content.decode()
    asked = "app_label=casework&model_name=grant&field_name=person"
    found = [client.get(f"/admin/autocomplete/?{asked}&term={term}").json()["results"] for term in ("A1004", "A1003")]
    assert [len(rows) for rows in found] == [1, 0]
    assert client.get(address("person/?unit=T-SC1")).status_code == 200


def test_rows_of_another_project_are_not_there(petra):
    client, before = browser(petra), seen.dump()
    chen, account = seen.person("A1003"), Account.objects.get(username="chen")
    given = Grant.objects.get(person__no="L303", role="team_leader")
    for rest in (f"person/{chen.pk}/change/", f"account/{account.pk}/change/", f"unit/{unit('T-SC1').pk}/change/",
                 f"grant/{given.pk}/change/"):  # fmt: skip
        assert client.get(address(rest)).status_code == 404
        assert client.post(address(rest), {"name": "x"}).status_code in (403, 404)
    for rest in (f"account/{account.pk}/close/", f"account/{account.pk}/password/", f"grant/{given.pk}/end/"):
        assert client.post(address(rest)).status_code == 404
    assert seen.dump() == before


def test_changes_that_reach_beyond_the_project_are_refused(petra):
    client, before = browser(petra), seen.dump()
    anna = seen.person("A1004")
    tried = [
        give(client, "A1003", "agent", "T-EC1"), give(client, "A1004", "director", "OC"),
        send(client, f"person/{anna.pk}/change/", name=anna.name, unit=unit("T-SC1").pk),
        send(client, "person/add/", no="A3000", name="x", unit=unit("QA").pk),
        send(client, "unit/add/", code="X", name="x", parent=unit("OC").pk),
        send(client, "unit/add/", code="X", name="x"),
        send(client, f"unit/{unit('P-EC').pk}/change/", name="x", parent=unit("P-SC").pk),
        send(client, "account/add/", username="chen2", person=seen.person("A1003").pk),
        send(client, "calendarday/add/", calendar="office", date="2026-12-01", working=""),
    ]  # fmt: skip
    assert {response.status_code for response in tried} <= {403, 404, 422}
    assert seen.dump() == before


def test_password_for_somebody_who_acts_beyond_the_project_is_refused(petra):
    """Luo works in the project, but arbitrates for the whole: whoever could log in as him could too."""
    client = Client(headers={"accept-language": "en"})
    client.post("/login", {"username": petra, "password": credential(petra)})
    luo, a1004 = (Account.objects.get(username=name).pk for name in ("luo", "a1004"))
    response = send(client, f"account/{luo}/password/", own=credential(petra))
    assert response.status_code == 403 and "they act beyond" in response.content.decode()
    assert send(client, f"account/{a1004}/password/", own=credential(petra)).status_code == 200


# Leaves and days


def test_leave_recorded_and_cut_short_counts_at_once(db, time):
    ann = seen.person("A1001")
    send(HUA, "leave/add/", person=ann.pk, first_day="2026-11-03", last_day="2026-11-20")
    leave = Leave.objects.get(person=ann)
    assert directory().is_on_leave(ann.pk, date(2026, 11, 10))
    data = noted("leave_recorded")["data"]
    days = {"person": "A1001", "first_day": "2026-11-03", "last_day": "2026-11-20"}
    assert data == {"leave": str(leave.pk), **days, "after": {**days, "cancelled": False}}
    send(
        HUA, f"leave/{leave.pk}/change/", last_day="2026-11-05", first_day="2026-11-01", person=seen.person("A1002").pk
    )
    assert not directory().is_on_leave(ann.pk, date(2026, 11, 10)) and directory().is_on_leave(
        ann.pk, date(2026, 11, 5)
    )
    data = noted("leave_changed")["data"]
    assert (data["before"], data["after"]) == ({"last_day": "2026-11-20"}, {"last_day": "2026-11-05"})


def test_leave_that_has_passed_stays_and_none_ends_before_it_starts(db, time):
    ann = seen.person("A1001")
    past = Leave.objects.create(person=ann, first_day=date(2026, 10, 1), last_day=date(2026, 10, 9))
    assert send(HUA, f"leave/{past.pk}/change/", last_day="2026-11-20").status_code == 422
    values = {"person": ann.pk, "first_day": "2026-11-05", "last_day": "2026-11-04"}
    assert send(HUA, "leave/add/", **values).status_code == 422
    assert list(Leave.objects.values_list("last_day", flat=True)) == [date(2026, 10, 9)]


def test_leave_cancelled_before_it_begins_never_was(db, time):
    ann, bo = seen.person("A1001"), seen.person("A1002")
    send(HUA, "leave/add/", person=ann.pk, first_day="2026-11-04", last_day="2026-11-20")
    send(HUA, "leave/add/", person=bo.pk, first_day="2026-11-03", last_day="2026-11-20")
    coming, begun = Leave.objects.get(person=ann), Leave.objects.get(person=bo)
    assert "Cancel the leave" in browser(HUA).get(address(f"leave/{coming.pk}/change/")).content.decode()
    assert send(HUA, f"leave/{coming.pk}/cancel/").status_code == 302
    assert not directory().is_on_leave(ann.pk, date(2026, 11, 10))
    data = noted("leave_cancelled")["data"]
    days = {"first_day": "2026-11-04", "last_day": "2026-11-20"}
    assert data == {"leave": str(coming.pk), "person": "A1001", **days, "after": {"cancelled": True}}
    client, before = browser(HUA), seen.dump()
    for rest, values in ((f"{coming.pk}/cancel/", {}), (f"{begun.pk}/cancel/", {}),
                         (f"{coming.pk}/change/", {"last_day": "2026-11-09"})):  # fmt: skip
        assert send(client, f"leave/{rest}", **values).status_code == 409
    assert seen.dump() == before
    assert "Cancel the leave" not in client.get(address(f"leave/{coming.pk}/change/")).content.decode()


def test_day_made_off_by_hua_is_off_at_once(db, time):
    day = date(2026, 11, 18)
    assert day in calendar_named("office").days or day.weekday() == 2
    values = {"calendar": "office", "date": "2026-11-18", "holiday": "停电", "source": "通知"}
    assert send(HUA, "calendarday/add/", **values).status_code == 302
    assert calendar_named("office").days[day] is False
    data = noted("calendar_day_set")["data"]
    assert data["before"] is None and data["after"] == {"working": False, "holiday": "停电", "source": "通知"}
    row = CalendarDay.objects.get(date=day)
    send(HUA, f"calendarday/{row.pk}/change/", working="on", holiday="", source="更正")
    assert calendar_named("office").days[day] is True
    assert noted("calendar_day_set")["data"]["before"]["working"] is False


@pytest.mark.parametrize("day", ["2026-11-02", "2099-01-01", "1999-01-01", "tomorrow", ""])
def test_day_that_has_passed_or_lies_too_far_ahead_is_refused(db, time, day):
    client = browser(HUA)
    before = seen.dump()
    assert send(client, "calendarday/add/", calendar="office", date=day, working="on").status_code == 422
    assert send(client, "calendarday/add/", calendar="nowhere", date="2026-12-01").status_code == 422
    assert seen.dump() == before


# What a page costs, and what it loads


@pytest.mark.parametrize("name", LISTS)
def test_list_asks_the_database_no_more_for_more_rows(db, time, name):
    client = browser(HUA)
    client.get(address(f"{name}/"))
    few = statements(lambda: client.get(address(f"{name}/")))
    people = [Person(no=f"N{n}", name=f"N{n}", unit=unit("T-EC1")) for n in range(60)]
    Person.objects.bulk_create(people)
    people = list(Person.objects.filter(no__startswith="N"))
    Account.objects.bulk_create(Account(username=person.no, person=person) for person in people)
    Grant.objects.bulk_create(Grant(person=person, role="agent", unit=unit("T-EC1")) for person in people)
    Leave.objects.bulk_create(Leave(person=p, first_day=date(2026, 1, 1), last_day=date(2026, 1, 2)) for p in people)
    Unit.objects.bulk_create(Unit(code=f"N{n}", name="x", parent=unit("T-EC1")) for n in range(60))
    client.get(address(f"{name}/"))
    more = statements(lambda: client.get(address(f"{name}/")))
    assert len(more) == len(few) <= 8, more


def test_pages_take_scripts_and_styles_from_here_alone(db, time):
    client = browser(HUA)
    for rest in ("grant/", "grant/add/", "person/", f"person/{seen.person('A1001').pk}/change/"):
        response = client.get(address(rest))
        policy, text = response["Content-Security-Policy"], response.content.decode()
        rules = policy.split("; ")  # in any order
        assert "unsafe" not in policy and "script-src 'self'" in rules and "default-src 'none'" in rules
        assert not re.search(r'(src|href)="(https?:)?//', text) and " onclick=" not in text
        assert not re.search(r"<script(?![^>]* src=)", text) and not re.search(r' style="', text)
        assert len(re.findall(r"<style(?! nonce=)", text)) == 0
        assert response["X-Frame-Options"] == "DENY" and response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(("language", "words"), [("en", "Grants"), ("zh-hans", 'lang="zh-hans"')])
def test_pages_speak_the_language_of_the_account(db, time, language, words):
    Account.objects.filter(username=HUA).update(language=language)
    assert words in browser(HUA).get(address("grant/")).content.decode()
