"""In a worker under test: who did a delivery is written down, some are slow, some always fail, leases are short."""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

from django.apps import AppConfig

LEASE = 4.0


class WatchedWork(AppConfig):
    name = "tests.broker"
    label = "watched_work"

    def ready(self) -> None:
        from casework.domain import deliveries

        folder = Path(os.environ["GONGDUAN_TEST_FOLDER"])
        hand = "poller" if "work" in sys.argv else "worker"
        notify = deliveries._handlers["notify"]

        def write(word: str, delivery) -> None:
            with open(folder / "hands", "a") as out:
                out.write(f"{word} {hand} {time.time()} {os.getpid()} {delivery.pk}\n")

        def watched(delivery) -> None:
            notify(delivery)
            write("did", delivery)

        def slow(delivery) -> None:
            write("began", delivery)
            while not (folder / "go").exists():
                time.sleep(0.05)
            write("did", delivery)

        def broken(delivery) -> None:
            raise ValueError(f"cannot be done by the {hand}")

        deliveries._handlers |= {"notify": watched, "slow": slow, "broken": broken}
        deliveries.LEASE = timedelta(seconds=LEASE)
