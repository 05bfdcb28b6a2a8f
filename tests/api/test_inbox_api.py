"""What is to do: views, order, pages, bars, statements."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import dispute, evaluation


def tasks(caller, **query) -> list[tuple[str, str]]:
    return [(task["case"][:3], task["task"]) for task in caller.get("/inbox", **query)["tasks"]]


def test_inbox_mine_lists_what_a_party_owes(api):
    dispute()
    assert tasks(api("ian")) == [("DSP", "statement")]
    task = api("ian").get("/inbox")["tasks"][0]
    assert task["time_left_s"] == 115_200 and task["due_at"] == "2026-11-04T10:00:00.000000Z"
    assert task["person"] == {"no": "Q202", "name": "白航"} and task["unit"]["code"] == "T-EC1"
    assert tasks(api("bo")) == []


def test_inbox_claimable_lists_what_a_role_owes_in_its_units(api):
    dispute()
    evaluation(publisher=None)
    assert tasks(api("lee"), view="claimable") == [("DSP", "screen")]
    assert tasks(api("luo"), view="claimable") == []
    assert ("EVL", "publish") in tasks(api("qin"), view="claimable")


def test_inbox_claimable_when_barred_does_not_offer_the_decision(api):
    from casework.domain.perform import perform
    from tests.conftest import acting

    number = dispute(upto="forwarded")
    perform(number, "release", acting("qin"))
    assert ("DSP", "review") in tasks(api("qin"), view="claimable")
    for login in ("qiu", "ian"):  # a deputy of the agent's leader, and the inspector who scored it
        assert api(login).get("/inbox", view="claimable") == {"tasks": [], "next": None, "count": 0}


def test_inbox_team_lists_the_units_led(api):
    dispute()
    assert set(tasks(api("lee"), view="team")) == {("DSP", "screen"), ("DSP", "statement")}
    assert tasks(api("luo"), view="team") == []
    assert tasks(api("ann"), view="team") == []


def test_inbox_team_leaves_out_closed_off_cases(api):
    evaluation(publisher=None)
    assert tasks(api("lee"), view="team") == []
    assert tasks(api("qin"), view="team") == [("EVL", "publish")]


def test_inbox_overdue_lists_what_is_late_in_scope(api, time):
    dispute()
    assert tasks(api("ann"), view="overdue") == []
    time.set("2026-11-05 10:00")
    assert ("DSP", "screen") in tasks(api("ann"), view="overdue")
    assert api("lee").get("/inbox", view="overdue")["tasks"][0]["time_left_s"] < 0
    assert tasks(api("bo"), view="overdue") == []


def test_inbox_pages_soonest_due_first_and_undated_last(api):
    for _ in range(3):
        evaluation(publisher=None)  # to be published: no limit
    for agent, reader in (("A1001", "ann"), ("A1002", "bo")):
        evaluation(agent=agent, reader=reader)  # to be answered by the agent within the window
    aud, seen, cursor = api("aud"), [], None
    while True:
        page = aud.get("/inbox", view="team", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [(task["due_at"] is None, task["due_at"], task["case"]) for task in page["tasks"]]
        assert page["count"] == 5
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len({case for _, _, case in seen}) == 5
    assert [undated for undated, _, _ in seen] == [False, False, True, True, True]


def test_inbox_counts_to_a_thousand_and_no_further(api):
    from casework.keys import new_key
    from casework.models import Task

    evaluation(publisher=None)
    row = Task.objects.get()
    Task.objects.bulk_create(Task(**{**_values(row), "id": new_key()}) for _ in range(1000))
    assert api("qin").get("/inbox", view="team")["count"] == "1000+"


def _values(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize(
    "query", [{"view": "all"}, {"limit": 0}, {"cursor": "x"}, {"cursor": "WyJubyIsMV0"}, {"cursor": "W251bGwsIngiXQ"}]
)
def test_inbox_when_asked_wrongly_is_invalid(api, query):
    assert api("ann").get("/inbox", 422, **query)["code"] in ("invalid_input", "bad_cursor")


@pytest.mark.parametrize("view", ["mine", "claimable", "team", "overdue"])
def test_inbox_takes_at_most_three_statements(api, time, view, django_assert_max_num_queries):
    dispute(upto="forwarded")
    dispute(evaluation(agent="A1004", reader="a1004"), agent="a1004", upto="filed")
    time.set("2026-11-06 10:00")
    qin = api("qin")
    qin.get("/inbox", view=view)
    with django_assert_max_num_queries(4):  # one of them is the login
        qin.get("/inbox", view=view)


@pytest.mark.parametrize("view", ["mine", "claimable", "team"])
def test_inbox_is_read_from_the_indexes_of_open_tasks(api, view):
    """Whatever the database chooses, it starts from a partial index and never goes through all tasks."""
    from casework.domain.now import now
    from casework.keys import new_key
    from casework.models import Person, Task, Unit
    from casework.queries import inbox
    from tests.conftest import acting

    evaluation(publisher=None)
    row, units = _values(Task.objects.get()), list(Unit.objects.values_list("pk", flat=True))
    people = list(Person.objects.values_list("pk", flat=True))
    rows = []
    for n in range(3000):
        place = {"unit_id": units[n % len(units)], "finished": now() if n % 10 else None, "due_at": now()}
        owed = {"person_id": people[n % len(people)], "role": ""} if n % 20 else {"person_id": None, "role": "qa_lead"}
        rows.append(Task(**{**row, **place, **owed, "id": new_key()}))
    Task.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    qin = acting("qin").person_id
    inbox(qin, view)
    with CaptureQueriesContext(connection) as asked:
        inbox(qin, view)
    query = next(q["sql"] for q in asked if "casework_task" in q["sql"])
    with connection.cursor() as cursor:
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + query)
        plan = "\n".join(str(line[-1]) for line in cursor.fetchall())
    assert "task_person_due" in plan or "task_unit_due" in plan or "task_open" in plan, plan
    assert "Seq Scan on casework_task" not in plan and "SCAN casework_task" not in plan, plan
