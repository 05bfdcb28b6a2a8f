"""Waking costs a step nothing: not when the broker is away, not when there is none; and nobody is woken in vain."""

import os
import subprocess
import sys
import time as clock

import pytest
from celery.signals import celeryd_init
from django.test import Client

from casework.api import health
from casework.broker import Waker, broker_problem
from casework.config.celery import app, celery_app
from casework.config.environment import celery_options
from casework.domain import waking
from casework.domain.perform import perform
from casework.management.commands import doctor
from tests.broker.processes import HERE, free_port
from tests.conftest import acting
from tests.factories import evaluation


@pytest.fixture
def woken(monkeypatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(waking, "_wakers", [lambda: calls.append("woken")])
    return calls


def test_perform_when_it_wrote_a_delivery_wakes_after_the_commit(db, time, woken, django_capture_on_commit_callbacks):
    number = evaluation(publisher=None)
    with django_capture_on_commit_callbacks(execute=True):
        perform(number, "publish", acting("qin"))
        assert woken == []
    assert woken == ["woken"]


def test_perform_when_it_wrote_no_delivery_wakes_nobody(db, time, woken, django_capture_on_commit_callbacks):
    number = evaluation(reader=None)
    with django_capture_on_commit_callbacks(execute=True):
        perform(number, "read", acting("ann"))
    assert woken == []


@pytest.mark.parametrize("address", ["amqp://a:b@127.0.0.1:{}//", "redis://:b@127.0.0.1:{}/0"])
def test_waker_when_nothing_listens_returns_at_once(address, caplog):
    waker = Waker(celery_app(celery_options(address.format(free_port()))))
    began = clock.monotonic()
    for _ in range(1000):
        waker()
    assert clock.monotonic() - began < 0.5
    assert waker._told.wait(10)
    waker.close()
    assert len([r for r in caplog.records if "workers poll" in r.message]) == 1


def test_broker_when_it_is_away_is_a_warning_and_no_more(db, time, settings, monkeypatch):
    url = f"amqp://gongduan:hidden@127.0.0.1:{free_port()}//"
    settings.CELERY = celery_options(url)
    monkeypatch.setattr(app.conf, "broker_url", url)
    assert "refused" in broker_problem(app)
    finding = doctor.broker()
    assert finding.level == "warning" and "hidden" not in finding.message
    monkeypatch.setitem(health.CHECKS, "broker", health._broker)
    response = Client().get("/readyz")
    assert response.status_code == 200 and response.json()["checks"]["broker"] == {"ok": True, "answers": False}


def test_broker_when_none_is_configured_is_not_looked_for(settings):
    assert not settings.CELERY["broker_url"] and doctor.broker().level == "ok" and "broker" not in health.CHECKS
    code = "import django, sys; django.setup(); import casework.domain.perform; print('celery' in sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "GONGDUAN_BROKER_URL"}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=HERE, capture_output=True, text=True)
    assert done.stdout == "False\n", done


def test_worker_when_no_broker_is_configured_does_not_start(settings):
    """Celery by itself would then look for one on this machine."""
    with pytest.raises(SystemExit, match="Expected GONGDUAN_BROKER_URL"):
        celeryd_init.send(sender="worker@here", instance=None, conf=app.conf, options={})


def test_broker_url_when_it_is_no_broker_is_refused():
    with pytest.raises(ValueError, match=r"GONGDUAN_BROKER_URL: expected amqp\(s\):// or redis\(s\)://"):
        celery_options("http://127.0.0.1/")
