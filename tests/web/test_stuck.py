"""What is stuck, at the back office: shown with its reason, and tried again by a button that is recorded."""

import pytest

from casework.domain.now import now
from casework.models import CaseEvent, Clock, Delivery
from tests.factories import evaluation
from tests.web.visiting import browser, statements


@pytest.fixture
def clock(db, time) -> Clock:
    found = Clock.objects.get(case__number=evaluation(), name="objection")
    kept = {"attempts": 4, "problem": "<b>no reviewer</b> is left", "retry_at": time.on(hours=1)}
    Clock.objects.filter(pk=found.pk).update(**kept)
    found.refresh_from_db()
    return found


@pytest.mark.parametrize("name", ["clock", "delivery"])
def test_list_when_nothing_is_stuck_says_so_and_takes_nothing_new(db, time, name):
    evaluation()
    client = browser("hua")
    response = client.get(f"/admin/casework/{name}/")
    assert response.status_code == 200 and response.context["cl"].result_count == 0
    assert "Nothing is stuck" in response.content.decode() and "Create" not in response.content.decode()
    assert client.get(f"/admin/casework/{name}/add/").status_code == 403


def test_clock_that_is_stuck_is_tried_again_by_the_button(clock):
    client, page = browser("hua"), f"/admin/casework/clock/{clock.pk}"
    listed = client.get("/admin/casework/clock/").content.decode()
    assert clock.case.number in listed and "&lt;b&gt;no reviewer&lt;/b&gt;" in listed
    shown = client.get(f"{page}/change/").content.decode()
    assert "&lt;b&gt;no reviewer&lt;/b&gt; is left" in shown and "Try again now" in shown and "<b>no" not in shown
    assert client.get(f"{page}/retry/").status_code == 405
    done = client.post(f"{page}/retry/", follow=True)
    assert "It is tried again at once, and that is recorded." in done.content.decode()
    clock.refresh_from_db()
    assert (clock.retry_at, clock.attempts) == (None, 4)
    assert CaseEvent.objects.get(stream="org", action="stuck_retried").actor.no == "R901"


def test_clock_that_is_not_stuck_is_not_there(db, time):
    running = Clock.objects.get(case__number=evaluation(), name="objection")
    client, page = browser("root"), f"/admin/casework/clock/{running.pk}"
    assert client.get(f"{page}/change/").status_code == client.post(f"{page}/retry/").status_code == 404


def test_clock_that_is_stuck_cannot_be_changed_there(clock):
    response = browser("root").post(f"/admin/casework/clock/{clock.pk}/change/", {"state": "stopped", "attempts": 0})
    assert response.status_code == 403
    clock.refresh_from_db()
    assert (clock.state, clock.attempts) == ("running", 4)


def test_delivery_that_is_stuck_is_tried_again_by_the_button(db, time):
    later = time.on(hours=1)
    Delivery.objects.create(id=5, kind="seal", dedup="seal", created_at=now(), due_at=later, attempts=5, problem="dark")
    client = browser("fang")
    assert "dark" in client.get("/admin/casework/delivery/5/change/").content.decode()
    time.on(minutes=-30)
    client.post("/admin/casework/delivery/5/retry/")
    assert Delivery.objects.get().due_at == now()


@pytest.mark.parametrize("name", ["clock", "delivery"])
def test_list_of_many_asks_no_more_often(name, clock):
    client = browser("hua")

    def asked() -> int:
        return len(statements(lambda: client.get(f"/admin/casework/{name}/")))

    Delivery.objects.update(attempts=3)
    asked()
    few = asked()
    for _ in range(3):
        evaluation()
    Clock.objects.update(attempts=1)
    Delivery.objects.update(attempts=3)
    assert asked() == few
