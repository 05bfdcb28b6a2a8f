"""Before the dispute: the organisation, its people with their keys, and a month of evaluations."""

import os
import secrets
import tempfile
from datetime import date
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from casework.commands import progress, table_of
from casework.documents.pki import make_pki
from casework.documents.render import warm_up
from casework.domain import staff
from casework.domain.directory import today
from casework.domain.now import at, now
from casework.domain.perform import perform
from casework.domain.policy import current_policy
from casework.domain.signing import enrol
from casework.imports.problems import errors
from casework.management.commands.import_people import read
from casework.models import Account, Case, Installation
from demo import backlog, script, sound
from demo.home import start_afresh
from demo.play import DemoFailed, Play, acting, deliver, expect, named, shown
from workflows.evaluations.importing import import_recording, open_evaluations, read_evaluations
from workflows.evaluations.models import Evaluation
from workflows.evaluations.rubrics import register_rubrics

DATA = Path(__file__).resolve().parent / "data"
DEPUTY_FROM = date(2026, 11, 1)  # qiu stands in for lee from then on, by people.csv
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no letters that look like others


def run(play: Play) -> None:
    """Everybody has an account, and ann knows her score."""
    if today() < DEPUTY_FROM:
        raise DemoFailed(f"Expected a date from {DEPUTY_FROM} on, as the demo's data is, but the clock says {today()}")
    prepare(play)
    with at(play.days.start()):
        import_people(play)
        give_credentials(play)
        import_evaluations(play)
        bring_recordings(play)
    publish(play)


def prepare(play: Play) -> None:
    with play.stage.step(
        "(setup)", "a fresh database, marked as a demo 演示库; keys and seal of the company 公章"
    ) as note:
        start_afresh()
        call_command("migrate", verbosity=0)
        Installation.objects.create(demo=True, created_at=now())
        name = current_policy().organisation.name
        play.days = backlog.Days()
        make_pki(settings.PKI_FOLDER, {"zh": name.zh, "en": name.en}, True, since=play.days.start())
        make_secret(settings.PKI_FOLDER / "demo.secret")
        warm_up()
        note(f"in {shown(settings.HOME)}")


def import_people(play: Play) -> None:
    with play.stage.step(named("root"), "imports units and people 组织与人员") as note:
        play.passwords["root"] = password()
        staff.add_administrator("root", play.passwords["root"])
        units, people, _encodings = read(str(DATA / "units.csv"), str(DATA / "people.csv"))
        expect(not errors([*units.problems, *people.problems]), "people.csv has errors")
        made = staff.store_people(units.units, people, acting("root"))
        backlog.set_rota(play.days)
        note("{units} units, {persons} persons, {accounts} accounts, {grants} grants 授权".format(**made))


def give_credentials(play: Play) -> None:
    logins = [login for part in script.CAST.values() for login in part if login != "root"]
    with play.stage.step("(setup)", "random passwords for the cast, signing keys 电子签名 for who may decide") as note:
        for login in logins:
            play.passwords[login] = password()
            account = Account.objects.select_related("person").get(username=login)
            account.set_password(play.passwords[login])
            account.save(update_fields=["password"])
            if login in script.SIGNERS:
                enrol(account, "password", play.passwords[login])
        note(f"{len(logins)} passwords (listed at the end), {len(script.SIGNERS)} signing keys")


def import_evaluations(play: Play) -> None:
    with play.stage.step(named("qin"), "imports a month of evaluations 质检评分, as drafts 草稿") as note:
        rubrics = register_rubrics()
        found = read_evaluations(table_of(str(DATA / "evaluations-2026-10.csv")))
        expect(not errors(found.problems), "the evaluations have errors")
        with progress(len(found.records), "imported") as done:
            numbers = open_evaluations(found.records, acting("qin"), progress=done)
        play.backlog = backlog.choose()
        note(f"{len(numbers)} evaluations, {numbers[0]} to {numbers[-1]}, under {len(rubrics)} rubrics 评分表")


def bring_recordings(play: Play) -> None:
    """Of the calls that the story is about, and of those on which the backlog has decisions."""
    heard = [item.interaction for item in play.backlog if backlog.is_heard(item.way)]
    calls = {**script.CALLS, **dict.fromkeys(heard, [])}
    with play.stage.step(named("ivy"), f"brings the recordings 录音 of {len(calls)} calls (synthetic)") as note:
        lengths = dict(Evaluation.objects.filter(interaction_id__in=calls).values_list("interaction_id", "duration_s"))
        with tempfile.TemporaryDirectory() as folder, progress(len(calls), "recordings") as done:
            for interaction, silences in calls.items():
                file = Path(folder) / f"{interaction}.wav"
                file.write_bytes(sound.call(lengths[interaction], silences))
                expect(import_recording(file, acting("ivy")) == "new", f"{file.name} was known")
                file.unlink()
                done()
        note(f"{', '.join(script.CALLS)} and {len(heard)} of the backlog, hashed on receipt")


def publish(play: Play) -> None:
    with play.stage.step(named("qin"), "publishes all but those of the backlog 发布; every agent is told") as note:
        later = [item.evaluation for item in play.backlog]  # published on days of their own, when they are played
        drafts = Case.objects.filter(type="evaluations.Evaluation").exclude(number__in=later)
        numbers = list(drafts.order_by("id").values_list("number", flat=True))
        with progress(len(numbers), "published") as done, transaction.atomic():
            for number in numbers:
                perform(number, "publish", acting("qin"))
                done()
        deliver(len(numbers))
        disputed = Evaluation.objects.get(external_id=script.EVALUATION)
        play.evaluation = disputed.number
        mark = disputed.rubric.pass_mark
        note(f"{script.EVALUATION} is {play.evaluation}: ann has {disputed.score}, the pass mark 合格线 is {mark}")


def password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


def make_secret(file: Path) -> None:
    """What unlocks demo signing keys: random, readable by the owner only."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_urlsafe(32))
