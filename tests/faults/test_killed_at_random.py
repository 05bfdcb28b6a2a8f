"""Web, workers, sweepers and the database die at any moment, again and again; the work goes on and comes out right."""

import os
import random
import subprocess
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections

from casework.management.commands.create_token import new_token
from casework.models import Account, Case, CaseEvent, Delivery, Document, Party
from tests.conftest import at_once
from tests.factories import CLAIMS, RULING, STATEMENT, evaluation, recording
from tests.faults.aftermath import everything
from tests.faults.site import Site, until
from workflows.evaluations.models import Evaluation

AGENTS = {"A1001": ("ann", "lee"), "A1002": ("bo", "luo"), "A1003": ("chen", "liang")}
EACH, KILLS = 2, 14
WHOLE = ("file", "give_statement", "forward", "rule", "attach_draft", "sign", "issue")


@pytest.mark.parametrize("seed", [1])
def test_web_and_workers_that_are_killed_at_random_lose_nothing_and_do_nothing_twice(seed, real_db):
    dice = random.Random(seed)
    tokens = {login: new_token(a, 1)[0] for a in Account.objects.exclude(person=None) if (login := a.username)}
    scores = [(agent, _score(agent)) for agent in AGENTS for _ in range(EACH)]
    site = Site()
    over = threading.Event()
    trouble = threading.Thread(target=_make_trouble, args=(site, dice, over))
    try:
        trouble.start()
        results = at_once(*(lambda s=score, a=agent: _whole_dispute(site, tokens, a, s) for agent, score in scores))
        over.set()
        trouble.join()
        until(lambda: _safely(lambda: not Delivery.objects.exists()))
    finally:
        over.set()
        trouble.join()
        site.close()
    assert [r for r in results if isinstance(r, BaseException)] == []
    assert site.kills >= KILLS // 2, "hardly anything was killed"
    everything()
    for number in results:
        done = Counter(CaseEvent.objects.filter(case__number=number).values_list("action", flat=True))
        assert done == dict.fromkeys(WHOLE, 1), number
        assert Document.objects.filter(case__number=number).values_list("state", flat=True).get() == "issued"


def _score(agent: str) -> str:
    number = evaluation(agent=agent, reader=AGENTS[agent][0])
    recording(number)
    return number


def _make_trouble(site: Site, dice: random.Random, over: threading.Event) -> None:
    """Somebody is killed about every second, else a quick machine is done before; PostgreSQL itself is, twice."""
    for turn in range(KILLS):
        if over.wait(dice.uniform(0.3, 1.2)):
            return
        site.kill(dice)
        if turn in (4, 9):
            _crash_the_database()


def _crash_the_database() -> None:
    """`stop -m immediate` is what a power cut is to PostgreSQL, save the disk; then it starts and recovers."""
    if connection.vendor == "postgresql":
        subprocess.run([os.environ["GONGDUAN_POSTGRES_CRASH"]], check=True, stdout=subprocess.DEVNULL)


def _whole_dispute(site: Site, tokens: dict[str, str], agent: str, score: str) -> str:
    """One dispute, from the filing to the issued ruling, by the API alone; its number."""
    login, leader = AGENTS[agent]

    def does(who: str, action: str, data: Any = None, version: int | None = None) -> None:
        body = {"data": data or {}, **({"version": version} if version else {})}
        path = f"/cases/{number}/actions/{action}"
        status, answer = site.ask(tokens[who], "POST", path, body, key=f"{number} {action}")
        while status == 409 and answer["code"] == "stale":  # somebody was first; look again, and ask anew
            body["version"] = _case(site, tokens[who], number)["version"]
            status, answer = site.ask(tokens[who], "POST", path, body, key=f"{number} {action} {body['version']}")
        assert status == 200, (action, status, answer)

    opening = {"type": "disputes.ScoreDispute", "subject": score, "data": CLAIMS}
    status, answer = site.ask(tokens[login], "POST", "/cases", opening, key=f"file {score}")
    assert status == 201, answer
    number = answer["case"]
    does("ian", "give_statement", STATEMENT)
    does(leader, "forward")
    reviewer = _safely(lambda: _reviewer(number))
    until(lambda: _safely(lambda: Evaluation.objects.get(number=score).recording_state))
    does(reviewer, "rule", RULING, _case(site, tokens[reviewer], number)["version"])
    draft = until(lambda: _safely(lambda: Document.objects.filter(case__number=number, state="drafted").first()))
    signature = {"document_sha256": draft.file_sha256, "credential": tokens[reviewer]}
    does(reviewer, "sign", signature, _case(site, tokens[reviewer], number)["version"])
    until(lambda: _safely(lambda: Case.objects.get(number=number).state) == "ruled")
    return str(number)


def _case(site: Site, token: str, number: str) -> Any:
    status, answer = site.ask(token, "GET", f"/cases/{number}")
    assert status == 200, answer
    return answer


def _reviewer(number: str) -> str:
    person = Party.objects.get(case__number=number, role="reviewer", until=None).person_id
    return Account.objects.filter(person_id=person).order_by("id")[0].username


def _safely(look: Any) -> Any:
    """What a look into the database shows, when it is not just being crashed."""

    def looked() -> Any:
        try:
            return (look(),)
        except DatabaseError:
            connections.close_all()
            return None

    return until(looked)[0]
