"""Celery's door: look now. What there is to do stands in the database, so a message may come late, twice or never."""

from casework.config.celery import app
from casework.domain import deliveries, evidence_files, guardian_projection, leavers, sweep


@app.task(name="gongduan.deliver")
def deliver() -> None:
    deliveries.deliver_due()


@app.task(name="gongduan.fire_clocks")
def fire_clocks() -> None:
    sweep.fire_due()


@app.task(name="gongduan.project_grants")
def project_grants() -> None:
    guardian_projection.project_grants()


@app.task(name="gongduan.give_up_seats")
def give_up_seats() -> None:
    leavers.give_up_seats()


@app.task(name="gongduan.sweep_received")
def sweep_received() -> None:
    evidence_files.sweep()
