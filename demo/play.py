"""The main job's first half, step by step, every change through the services that all doors call."""

import os
import secrets
import tempfile
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from casework import store
from casework.commands import progress, table_of
from casework.documents.pki import make_pki
from casework.documents.render import warm_up
from casework.documents.verify import verdict
from casework.domain import staff
from casework.domain.actor import Actor, actor_for
from casework.domain.deliveries import deliver_due
from casework.domain.directory import today
from casework.domain.document_check import check_document
from casework.domain.errors import Refusal
from casework.domain.now import now
from casework.domain.perform import open_case, perform
from casework.domain.policy import current_policy
from casework.domain.signing import enrol
from casework.domain.verification import verify_ledger
from casework.domain.wording import bar_text, spoken
from casework.imports.problems import errors
from casework.management.commands.import_people import read
from casework.management.commands.verify_document import MARKS
from casework.models import Account, Case, Clock, Delivery, Document, Installation
from demo import script, sound
from demo.home import RULING, start_afresh
from demo.stage import Stage
from workflows.evaluations.importing import import_recording, open_evaluations, read_evaluations
from workflows.evaluations.models import Evaluation
from workflows.evaluations.rubrics import register_rubrics

DATA = Path(__file__).resolve().parent / "data"
DEPUTY_FROM = date(2026, 11, 1)  # qiu stands in for lee from then on, by people.csv
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no letters that look like others


class DemoFailed(Exception):
    """Something came out otherwise than the demo shows."""


class Play:
    """One run; what a step learns and a later one needs stands in its attributes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.passwords: dict[str, str] = {}
        self.evaluation = self.dispute = ""
        self.ruling: Path = settings.HOME / RULING

    def run(self) -> None:
        if today() < DEPUTY_FROM:
            raise DemoFailed(
                f"Expected a date from {DEPUTY_FROM} on, as the demo's data is, but the clock says {today()}"
            )
        self.prepare()
        self.people()
        self.accounts()
        self.evaluations()
        self.recordings()
        self.publish()
        self.file_dispute()
        self.hear()
        self.forward()
        self.refusals()
        self.rule()
        self.sign()
        self.open_ruling()
        self.verify()

    # The organisation

    def prepare(self) -> None:
        with self.stage.step(
            "(setup)", "a fresh database, marked as a demo 演示库; keys and seal of the company 公章"
        ) as note:
            start_afresh()
            call_command("migrate", verbosity=0)
            Installation.objects.create(demo=True, created_at=now())
            name = current_policy().organisation.name
            make_pki(settings.PKI_FOLDER, {"zh": name.zh, "en": name.en}, True)
            make_secret(settings.PKI_FOLDER / "demo.secret")
            warm_up()
            note(f"in {shown(settings.HOME)}")

    def people(self) -> None:
        with self.stage.step(named("root"), "imports units and people 组织与人员") as note:
            self.passwords["root"] = password()
            Account.objects.create_superuser("root", password=self.passwords["root"])
            units, people, _encodings = read(str(DATA / "units.csv"), str(DATA / "people.csv"))
            expect(not errors([*units.problems, *people.problems]), "people.csv has errors")
            made = staff.store_people(units.units, people, acting("root"))
            note("{units} units, {persons} persons, {accounts} accounts, {grants} grants 授权".format(**made))

    def accounts(self) -> None:
        logins = [login for part in script.CAST.values() for login in part if login != "root"]
        with self.stage.step(
            "(setup)", "random passwords for the cast, signing keys 电子签名 for who may rule"
        ) as note:
            for login in logins:
                self.passwords[login] = password()
                account = Account.objects.select_related("person").get(username=login)
                account.set_password(self.passwords[login])
                account.save(update_fields=["password"])
                if login in script.SIGNERS:
                    enrol(account, "password", self.passwords[login])
            note(f"{len(logins)} passwords (listed at the end), {len(script.SIGNERS)} signing keys")

    # The evaluations

    def evaluations(self) -> None:
        with self.stage.step(named("qin"), "imports a month of evaluations 质检评分, as drafts 草稿") as note:
            rubrics = register_rubrics()
            found = read_evaluations(table_of(str(DATA / "evaluations-2026-10.csv")))
            expect(not errors(found.problems), "the evaluations have errors")
            with progress(len(found.records), "imported") as done:
                numbers = open_evaluations(found.records, acting("qin"), progress=done)
            note(f"{len(numbers)} evaluations, {numbers[0]} to {numbers[-1]}, under {len(rubrics)} rubrics 评分表")

    def recordings(self) -> None:
        with self.stage.step(named("ivy"), "brings the recordings 录音 of three calls (synthetic)") as note:
            with tempfile.TemporaryDirectory() as folder:
                for interaction, silences in script.CALLS.items():
                    file = Path(folder) / f"{interaction}.wav"
                    length = Evaluation.objects.get(interaction_id=interaction).duration_s
                    file.write_bytes(sound.call(length, silences))
                    expect(import_recording(file, acting("ivy")) == "new", f"{file.name} was known")
            note(", ".join(script.CALLS) + ", hashed on receipt")

    def publish(self) -> None:
        with self.stage.step(named("qin"), "publishes all of them 发布; every agent is told") as note:
            numbers = list(
                Case.objects.filter(type="evaluations.Evaluation").order_by("id").values_list("number", flat=True)
            )
            with progress(len(numbers), "published") as done, transaction.atomic():
                for number in numbers:
                    perform(number, "publish", acting("qin"))
                    done()
            deliver(len(numbers))
            disputed = Evaluation.objects.get(external_id=script.EVALUATION)
            self.evaluation = disputed.number
            mark = disputed.rubric.pass_mark
            note(f"{script.EVALUATION} is {self.evaluation}: ann has {disputed.score}, the pass mark 合格线 is {mark}")

    # The dispute

    def file_dispute(self) -> None:
        with self.stage.step(
            named("ann"), "opens her evaluation, which serves it 送达: the objection window 异议期 runs"
        ) as note:
            perform(self.evaluation, "read", acting("ann"))
            note(f"until {due(self.evaluation, 'objection')}")
        with self.stage.step(
            named("ann"), "disputes QC4 语音语速 (0 of 10) and QA5 双向沟通 (5 of 10) 提起申诉"
        ) as note:
            opened = open_case("disputes.ScoreDispute", acting("ann"), script.CLAIMS, subject=self.evaluation)
            self.dispute = opened.number
            deliver()
            note(f"{self.dispute}; the score is provisional 待定; the recording is {self.score().recording_state}")

    def hear(self) -> None:
        with self.stage.step(named("ian"), "the inspector states their view on both 质检员陈述"):
            perform(self.dispute, "give_statement", acting("ian"), script.STATEMENT)

    def forward(self) -> None:
        with self.stage.step(
            named("lee"), "the team leader forwards it to QA 班组长核转; a reviewer 复核人 is chosen"
        ) as note:
            entry = perform(self.dispute, "forward", acting("lee")).entry
            deliver()
            choice = entry["choices"][0]
            note(f"chosen: {whose(choice['chosen'])} out of {len(choice['pool'])} free QA lead(s); barred 回避 are")
            for no, bars in choice["barred"].items():
                note(f"  {whose(no)}: {'; '.join(spoken(bar_text(bar)) for bar in bars)}")
            expect(choice["chosen"] == person_no("qin"), "somebody else than qin was chosen")

    def refusals(self) -> None:
        with self.stage.step(
            "(everyone)", "who may not decide tries to claim 领取, rule 裁定 and sign 签署: each is refused"
        ) as note:
            for login, part in script.TRY_TO_DECIDE.items():
                note(f"{login} {part}: {self.refused(login)}")

    def refused(self, login: str) -> str:
        """Why; all three deciding actions are refused alike."""
        sign = {"document_sha256": "0" * 64, "credential": ""}
        reasons = [refusal_of(self.dispute, action, login, data)
                   for action, data in (("claim", None), ("rule", script.RULING), ("sign", sign))]  # fmt: skip
        expect(all(reasons), f"{login} was not refused")
        return reasons[0]

    def rule(self) -> None:
        with self.stage.step(
            named("qin"), "takes the review up and rules 裁定: QC4 6 instead of 0, QA5 maintained 维持"
        ) as note:
            perform(self.dispute, "claim", acting("qin"))
            perform(self.dispute, "rule", acting("qin"), script.RULING)
            deliver()
            note(f"draft drawn: SHA-256 {self.document('drafted').file_sha256}")

    def sign(self) -> None:
        with self.stage.step(
            named("qin"), "reads the draft and signs it with their own key, unlocked by their password 签署"
        ):
            data = {"document_sha256": self.document("drafted").file_sha256, "credential": self.passwords["qin"]}
            perform(self.dispute, "sign", acting("qin"), data)
        with self.stage.step(
            "(company)", "seals the ruling 用章; issued 出具, it binds, and the score moves with it"
        ) as note:
            deliver()
            moved = self.score()
            expect((moved.state, str(moved.score)) == ("adjusted", "90.00"), f"the score is {moved.score}")
            expect(moved.passed, "the score does not pass")
            note(f"{self.evaluation}: {moved.original_score} -> {moved.score}, which passes 合格")

    def open_ruling(self) -> None:
        with self.stage.step(
            named("ann"), "opens the ruling 裁定书, which serves it 送达; the time for arbitration 仲裁 runs"
        ) as note:
            perform(self.dispute, "read", acting("ann"))
            deliver()
            note(f"until {due(self.dispute, 'appeal_window')}")

    def verify(self) -> None:
        file = self.ruling
        with self.stage.step("(anyone)", "verifies the document 验真") as note:
            file.write_bytes(store.get(settings.DOCUMENT_FOLDER, self.document("issued").file_sha256))
            checks = check_document(file.read_bytes())
            for check in checks:
                note(f"{MARKS[check.ok]:<7} {check.code:<18} {check.message}")
            expect(verdict(checks) is True, "the ruling does not verify")
            note(f"genuine: {shown(file)}")
        with self.stage.step("(anyone)", "verifies the ledger 校验台账") as note:
            found = verify_ledger()
            expect(found.ok, f"the ledger is broken: {found.problems[:1]}")
            note(f"whole: {found.checked} entries in {found.streams} chains")

    def document(self, state: str) -> Document:
        return Document.objects.get(case__number=self.dispute, state=state)

    def score(self) -> Evaluation:
        return Evaluation.objects.get(number=self.evaluation)


def acting(login: str) -> Actor:
    """The demo acts as its people without their tokens, and every event says so."""
    account = Account.objects.select_related("person").get(username=login)
    return actor_for(account, door="command", authenticated="demo", impersonated=True)


def refusal_of(number: str, action: str, login: str, data: dict[str, Any] | None) -> str:
    try:
        perform(number, action, acting(login), data)
    except Refusal as refusal:
        return str(refusal)
    return ""


def deliver(at_most: int = 100) -> None:
    """Everything that follows from what was done is done too; DemoFailed if anything could not be."""
    with transaction.atomic():
        while deliver_due(at_most):
            pass
    if failed := Delivery.objects.exclude(problem="").first():
        raise DemoFailed(f"Delivery {failed.kind} failed: {failed.problem}")


def due(number: str, clock: str) -> str:
    """When a clock ends, in the organisation's time."""
    moment = Clock.objects.filter(case__number=number, name=clock).latest("generation").due_at
    return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).strftime("%A %Y-%m-%d %H:%M")


def named(login: str) -> str:
    """Login and name, as soon as there is one."""
    person = Account.objects.filter(username=login).values_list("person__name", flat=True).first()
    return f"{login} {person}" if person else login


def shown(path: Path) -> str:
    """The path as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def whose(no: str) -> str:
    """Login and number of a person."""
    return "/".join(Account.objects.filter(person__no=no).order_by("id").values_list("username", flat=True)) + f" {no}"


def person_no(login: str) -> str:
    return Account.objects.values_list("person__no", flat=True).get(username=login)


def expect(holds: object, otherwise: str) -> None:
    if not holds:
        raise DemoFailed(f"The demo did not come out as it should: {otherwise}")


def password() -> str:
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(3))


def make_secret(file: Path) -> None:
    """What unlocks demo signing keys: random, readable by the owner only."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_urlsafe(32))
