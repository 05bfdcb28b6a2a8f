"""Peer: Gongduan itself, its real disputes type driven in process by perform() and open_case().

A case of the harness is a score dispute: create = the agent files it on a prepared evaluation; the five steps =
statement, forward, rule, sign, accept, each by a person whom the door's own query loads. Between them stand
what the product does besides (`follow`): the draft is attached, the sealed document issued, the agent reads it.
README.md says what is inside the timed step and what is not."""

import os
import sys
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import django
from scenario import HOST, NT, NU, PORT, STEPS, owner, words

DB = "b_gongduan"
HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, "run")
sys.path.append(os.path.dirname(HERE))
os.environ["GONGDUAN_DATABASE_URL"] = os.environ.get("BENCH_DATABASE") or f"postgres://postgres@{HOST}:{PORT}/{DB}"
os.environ["GONGDUAN_HOME"] = os.environ.get("BENCH_HOME") or os.path.join(RUN, "gongduan")
os.environ["DJANGO_SETTINGS_MODULE"] = "casework.config.settings"
django.setup()

import gongduan_world as world  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from casework import queries  # noqa: E402
from casework.domain import decide  # noqa: E402
from casework.domain.actor import Actor, actor_for, system  # noqa: E402
from casework.domain.perform import Result, open_case, perform  # noqa: E402
from casework.domain.sweep import fire_due  # noqa: E402
from casework.queries.accounts import account_of_token  # noqa: E402

REASON = "语速正常，见录音第35秒。"
CLAIMED = {
    "criteria": [
        {"criterion": code, "claimed": "10", "ground": "fact_wrong", "reasons": REASON + words(30, 7)}
        for code in world.CLAIMS
    ]
}
STATEMENT = {"criteria": [{"criterion": code, "text": words(30, 8)} for code in world.CLAIMS]}
RULING = {
    "criteria": [
        {"criterion": "QC4", "decision": "other", "value": "6", "reasons": words(30, 9)},
        {"criterion": "QA5", "decision": "maintain", "reasons": words(30, 10)},
    ]
}
FILE, SIGNED, SEALED = "1" * 64, "2" * 64, "3" * 64  # digests of the file as drawn, signed, sealed
POOL, BLOCK = 20_000, 400  # evaluations that may be disputed; how many a process takes at a time
FOLLOWING = 3  # performed between the harness's steps
# What a step sends once a process is warm, as tests/laws/test_budgets.py holds it: a read and a write; a new case's
# number, the loads of a pool. In production `sign` asks for account and key besides.
STATEMENTS = {
    "file": 3, "give_statement": 2, "forward": 3, "rule": 2, "attach_draft": 2, "sign": 2, "issue": 2, "read": 2,
    "accept": 2,
}  # fmt: skip

spent: dict[str, list[float]] = defaultdict(list)  # seconds by action, told to the runner
running = [""]  # the action that is being performed
ready: dict[int, list[str]] = {}
drafted: dict[str, Any] = {}
YEAR = time.localtime().tm_year


@dataclass
class Dispute:
    """A case being played; what its people learn on the way."""

    index: int
    number: str
    reviewer: int = 0
    document: str = field(default_factory=lambda: str(uuid.uuid4()))


def signed_elsewhere(actor: Any, document: Any, signature: str, credential: Any) -> dict[str, Any]:
    """In place of the key: what sign_as() would change on the row. The signature itself is timed by papers_speed.py."""
    fields = [{**f, "serial": "1"} if f["name"] == signature else f for f in document.fields]
    return {"file_sha256": SIGNED, "fields": fields}


real_signature, decide.sign_as = decide.sign_as, signed_elsewhere


def setup() -> None:
    """The product's schema, people and tokens, one case of every kind, and a pool of evaluations."""
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        world.import_people()
        make_tokens()
    kinds = {}
    for step in reversed((*range(len(STEPS)), world.READY)):
        for team in range(NT):
            evaluation = world.evaluation(step * NT + team, people(team))
            kinds[step * NT + team] = evaluation if step == world.READY else played(team, evaluation, step)
    world.keep_templates(kinds)
    world.copy(world.FIRST_READY, world.FIRST_READY + POOL - 1, f"{world.READY * NT} + mod(i, {NT})")
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")
    within_budget()


def within_budget() -> None:
    """The steps that will be timed send what steps in production send; else nothing is timed."""
    sent: dict[str, int] = defaultdict(int)

    def listen(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        sent[running[-1]] += 1
        return execute(sql, parameters, many, context)

    take_block()
    with connection.execute_wrapper(listen):
        case = create(0)
        for number in range(len(STEPS)):
            step(case, number, owner(0, number))
            follow(case, number)
    sent.pop("", None)
    if sent != STATEMENTS:
        raise RuntimeError(f"Expected the statements of the budgets, {STATEMENTS}, but steps send {dict(sent)}")


def make_tokens() -> None:
    """Every user has a bearer token."""
    from datetime import timedelta

    from casework.domain.now import now
    from casework.domain.signing import token_digest
    from casework.models import Account, Token

    for user in range(1, NU + 1):
        Token.objects.create(
            account=Account.objects.get(username=f"u{user}"), digest=token_digest(f"token-{user}"), created_at=now(),
            expires_at=now() + timedelta(days=365),
        )  # fmt: skip


def people(team: int) -> dict[int, Actor]:
    return {owner(team, step): actor(owner(team, step)) for step in range(len(STEPS))}


def played(index: int, evaluation: str, steps: int) -> str:
    """A dispute on which the harness's first `steps` steps were done."""
    case = filed(index, evaluation)
    for step_ in range(steps):
        step(case, step_, owner(index, step_))
        follow(case, step_)
    if steps == len(STEPS) - 1:
        timed(case.number, "read", actor(owner(index, 4)))
    return case.number


def connect() -> None:
    """The process holds what a running server holds: directory, policy, calendars, plans."""
    connection.ensure_connection()
    take_block()


def take_block() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select nextval('bench_block')")
        first = world.FIRST_READY + (cursor.fetchone()[0] - 1) * BLOCK
    if first + BLOCK > world.FIRST_READY + POOL:
        raise RuntimeError("the pool of evaluations is used up: raise POOL")
    for index in range(first, first + BLOCK):
        ready.setdefault(index % NT, []).append(f"EVL-{YEAR}-{index:011d}")


def create(i: int) -> Dispute:
    if not ready.get(i % NT):
        take_block()
    return filed(i, ready[i % NT].pop())


def filed(i: int, evaluation: str) -> Dispute:
    started, agent = time.perf_counter(), actor(owner(i, 4))
    running.append("file")
    result = open_case("disputes.ScoreDispute", agent, CLAIMED, subject=evaluation, key=f"file-{i}-{evaluation}")
    running.pop()
    spent["file"].append(time.perf_counter() - started)
    return Dispute(i, result.number)


def step(case: Dispute, s: int, user: int) -> None:
    match s:
        case 0:
            timed(case.number, "give_statement", actor(user), STATEMENT)
        case 1:
            seated(case, timed(case.number, "forward", actor(user)))
        case 2:
            timed(case.number, "rule", actor(case.reviewer), RULING)
        case 3:
            timed(case.number, "sign", actor(case.reviewer), {"document_sha256": FILE, "credential": "secret"})
        case 4:
            timed(case.number, "accept", actor(user))


def follow(case: Dispute, s: int) -> None:
    """What the worker and the reading agent do before the next step."""
    if s == 2:
        if not drafted:
            drafted.update(world.draft(case.number))
        timed(case.number, "attach_draft", system(), {**drafted, "document": case.document, "file_sha256": FILE})
    if s == 3:
        sealed = {"document": case.document, "file_sha256": SEALED, "serial": "1"}
        timed(case.number, "issue", system(), sealed)
        timed(case.number, "read", actor(owner(case.index, 4)))


def seated(case: Dispute, result: Result) -> None:
    """Who reviews was drawn among the team's QA leads."""
    case.reviewer = int(result.entry["choices"][0]["chosen"].removeprefix("U"))


def timed(number: str, action: str, who: Actor, data: dict[str, Any] | None = None) -> Result:
    started = time.perf_counter()
    running.append(action)
    result = perform(number, action, who, data, key=f"{action}-{number}")
    running.pop()
    spent[action].append(time.perf_counter() - started)
    return result


def actor(user: int) -> Actor:
    """The person at the door, loaded as a request with their token loads them."""
    account = account_of_token(f"token-{user}")
    found = actor_for(account, door="api", authenticated="token")
    return Actor(**{**vars(found), "stamp": account.stamp})


def queue(user: int, count: bool = False) -> list[tuple[str, Any]]:
    """The page of the API; a leader's tasks lie unclaimed. It always counts to 1000, so `count` changes nothing."""
    who = actor(user)
    view = "claimable" if world.ROLES[(user - 1) // NT] == "team_leader" else "mine"
    page = queries.inbox(who.person_id, view, None, 25, who.received_at, who.stamp)
    return [(task["case"], task["due_at"]) for task in page["tasks"]]


def load(lo: int, n: int) -> None:
    world.copy(lo, lo + n - 1, f"mod(i, {world.KINDS})")
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")


def make_due(n: int) -> None:
    """The clocks of n open tasks ran out five minutes ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update casework_clock set due_at = now() - interval '5 minutes' where id in "
            "(select k.id from casework_clock k "
            f"where k.state = 'running' and k.case_id < {world.FIRST_READY * world.A_CASE} "
            f"and mod(k.case_id / {world.A_CASE}, {world.WHOLE}) = 0 "
            "and k.name in ('screen', 'review', 'sign', 'appeal_window') order by random() limit %s)",
            [n],
        )


def sweep() -> int:
    return fire_due()


def counts() -> tuple[int, int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "select (select count(*) from casework_case where type = 'disputes.ScoreDispute' and state = 'final'), "
            "(select count(*) from casework_caseevent where action in "
            "('give_statement', 'forward', 'rule', 'sign', 'accept')), "
            "(select count(*) from casework_caseevent where action in "
            "('bypass', 'reassign_reviewer', 'replace_signer', 'finalise'))"
        )
        return cursor.fetchone()
