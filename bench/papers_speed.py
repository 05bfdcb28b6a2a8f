"""What the timed steps leave out: drawing the ruling, signing it with a real key, sealing it, telling the parties.

    .venv/bin/python bench/papers_speed.py [--cases 5] [--json FILE]

A few disputes on a fresh SQLite file, played with a real PKI and by the product's own deliveries; medians in
milliseconds. In production the worker does all of this save the signature, after the commit of the step."""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = tempfile.mkdtemp(prefix="gongduan-papers-")
os.environ["BENCH_DATABASE"], os.environ["BENCH_HOME"] = f"sqlite:///{FOLDER}/product.sqlite3", FOLDER
sys.path[:0] = [HERE, os.path.join(HERE, "harness")]

import p_gongduan as product  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from scenario import NT, owner  # noqa: E402

from casework.documents.pki import make_pki  # noqa: E402
from casework.documents.render import warm_up  # noqa: E402
from casework.domain import decide  # noqa: E402
from casework.domain.deliveries import deliver_due  # noqa: E402
from casework.domain.perform import perform  # noqa: E402
from casework.domain.signing import enrol  # noqa: E402
from casework.models import Account, Delivery, Document  # noqa: E402

PASSWORD = "a password of the benchmark"
spent: dict[str, list[float]] = defaultdict(list)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=5)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    decide.sign_as = product.real_signature
    try:
        prepare()
        for number in range(arguments.cases + 1):
            play(number * NT)
            if number == 0:
                spent.clear()  # fonts and templates were read
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
    found = {"kind": "papers", **{name: round(statistics.median(seconds) * 1000, 1) for name, seconds in spent.items()}}
    print(json.dumps(found))
    if arguments.json:
        with open(arguments.json, "a") as out:
            out.write(json.dumps(found) + "\n")


def prepare() -> None:
    """People, the organisation's seal, and keys for the QA leads of the first team."""
    call_command("migrate", verbosity=0)
    product.world.import_people()
    product.make_tokens()
    make_pki(settings.PKI_FOLDER, {"zh": "示例", "en": "Example"}, False)
    for step in (2, 3):
        account = Account.objects.get(username=f"u{owner(0, step)}")
        account.set_password(PASSWORD)
        account.save(update_fields=["password"])
        enrol(account, "password", PASSWORD)
    warm_up()


def play(index: int) -> None:
    """A dispute of the first team up to the issued ruling."""
    case = product.filed(index, product.world.evaluation(index, product.people(index)))
    for step in (0, 1, 2):
        product.step(case, step, owner(index, step))
    deliver()
    draft = Document.objects.get(case__number=case.number)
    who = product.actor(case.reviewer)
    signature = {"document_sha256": draft.file_sha256, "credential": PASSWORD}
    timed("sign", lambda: perform(case.number, "sign", who, signature))
    deliver()


def deliver() -> None:
    """Everything in the outbox, each kind timed for itself."""
    while first := Delivery.objects.order_by("due_at", "id").first():
        assert not first.problem, (first.kind, first.payload, first.problem)
        timed(first.kind, lambda: deliver_due(1))


def timed(name: str, call: Any) -> None:
    started = time.perf_counter()
    call()
    spent[name].append(time.perf_counter() - started)


if __name__ == "__main__":
    main()
