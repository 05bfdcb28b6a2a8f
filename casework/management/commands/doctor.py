"""What keeps this installation from working, or soon will."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from cryptography import x509
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import CHECK_FAILED, DoorCommand
from casework.documents.errors import DocumentError
from casework.documents.holder import key_holder
from casework.documents.pki import load_pki, load_root
from casework.documents.render import warm_up
from casework.domain.calendar import CalendarError
from casework.domain.checkpoints import LogBroken, fewer_than_signed, remembered_checkpoint
from casework.domain.deliveries import APART
from casework.domain.directory import today
from casework.domain.hours import calendar_named, calendar_specs, published_through
from casework.domain.log_keys import log_keys
from casework.domain.log_tree import size_of_log
from casework.domain.now import now
from casework.domain.policy_check import load_checked, load_placed
from casework.domain.policy_files import PolicyError
from casework.domain.stuck import every_stuck_clock, every_stuck_delivery
from casework.domain.witnesses import ALARMS, witnesses
from casework.management import storage_findings
from casework.management.findings import Finding, error, ok, warning
from casework.management.seating import unseatable
from casework.models import Delivery, Installation, SigningKey, Witness
from casework.models.delivery import STAMP
from casework.queries import waiting

HORIZON = timedelta(days=60)
OVERDUE_AT_MOST = timedelta(minutes=5)
NAMED = 20
FONTS = ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf")


class Command(DoorCommand):
    help = gettext_lazy("Looks for what is missing, stuck or about to run out: 1 for an error, 0 with warnings only.")
    requires_system_checks = []

    def do(self, **_options: Any) -> None:
        findings = []
        for finding in examine():
            findings.append(finding)
            self.stdout.write(f"{finding.level:<7}  {finding.topic:<9}  {finding.message}")
        if any(finding.level == "error" for finding in findings):
            raise SystemExit(CHECK_FAILED)


def examine() -> Iterator[Finding]:
    yield fonts()
    yield pages()
    yield policy()
    database_is = database()
    yield database_is
    if database_is.level == "error":
        return
    yield from places()
    yield from keys()
    yield from storage_findings.files()
    yield from calendars()
    yield from seats()
    yield from work()
    yield from ledger()
    yield from stamps()
    yield broker()


def fonts() -> Finding:
    """The vendored font and the drawing process with it."""
    folder = settings.BASE_DIR / "casework" / "documents" / "fonts"
    if missing := [name for name in FONTS if not (folder / name).is_file()]:
        return error("fonts", _("%(names)s missing; install the package anew") % {"names": ", ".join(missing)})
    try:
        warm_up()
    except DocumentError as problem:
        return error("fonts", _("documents cannot be drawn: %(problem)s") % {"problem": problem})
    return ok("fonts", _("documents can be drawn"))


def pages() -> Finding:
    """The styles and scripts of the pages, which name them by their content."""
    try:
        staticfiles_storage.url("casework/app.css")
    except ValueError:
        return warning("pages", _("they cannot be shown: their styles are not collected; run collectstatic"))
    return ok("pages", _("they can be shown"))


def policy() -> Finding:
    try:
        return ok("policy", load_checked().digest)
    except PolicyError as problem:
        words = _("%(first)s; run check_policies for all %(count)d")
        return error("policy", words % {"first": problem.problems[0], "count": len(problem.problems)})


def places() -> Iterator[Finding]:
    """Units that regulation packs and sites name; what else is wrong with the policy was said before."""
    try:
        load_checked()
        load_placed()
    except PolicyError as problem:
        if any(path.startswith(("packs", "sites")) for path in (found.path for found in problem.problems)):
            yield error("policy", str(problem.problems[0]))


def database() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as problem:
        return error(
            "database", _("it does not answer (%(problem)s); check GONGDUAN_DATABASE_URL") % {"problem": problem}
        )
    if waiting:
        return error("database", _("%(count)d migrations are missing; run migrate") % {"count": len(waiting)})
    return ok("database", connection.vendor)


def keys() -> Iterator[Finding]:
    """The PKI is whole, of the database's kind, opens, and lasts; with a signing worker nobody else has its keys."""
    try:
        root = load_root(settings.PKI_FOLDER)
        seal = key_holder(settings.PKI_FOLDER).seal(now()).certificate
        pki = None if settings.KEY_HOLDER else load_pki(settings.PKI_FOLDER)
    except (DocumentError, OSError) as problem:
        yield error("pki", str(problem))
        return
    if root.demo != Installation.objects.filter(demo=True).exists():
        yield error("pki", _("its keys are of the other kind (demo or not); put the right ones there"))
    ends = min(x509.load_pem_x509_certificate(root.pem.encode()).not_valid_after_utc, seal.not_valid_after_utc)
    if ends - now() < HORIZON:
        yield warning("pki", _("its certificates end on %(day)s; renew them") % {"day": ends.date()})
    if pki and pki.seal_uri:
        yield ok("seal", _("its key is in a token, which answers"))
    if settings.KEY_HOLDER:
        yield from left_behind()
        yield ok("pki", _("the signing worker at %(where)s answers") % {"where": settings.KEY_HOLDER})
    yield ok("pki", _("certificates until %(day)s") % {"day": ends.date()})


def left_behind() -> Iterator[Finding]:
    """Keys that the signing worker should have to itself."""
    if files := sorted(file.name for file in settings.PKI_FOLDER.glob("*.key.pem")):
        words = _("%(folder)s has %(files)s, which only the signing worker should read; take them away")
        yield warning("pki", words % {"folder": settings.PKI_FOLDER, "files": ", ".join(files)})
    if count := SigningKey.objects.exclude(private_key="").count():
        words = _("%(count)d signing keys are in the database; give them to the signing worker (hand_over_keys)")
        yield warning("pki", words % {"count": count})


def calendars() -> Iterator[Finding]:
    """Beyond the last notice every deadline is provisional."""
    try:
        settled = {name: published_through(name) for name in calendar_specs()}
        for name in settled:
            calendar_named(name)
    except CalendarError as problem:
        yield error("calendar", str(problem))
        return
    for name, day in settled.items():
        if day is None:
            continue
        words = _("%(name)s is published through %(day)s") % {"name": name, "day": day}
        if day - today() < HORIZON:
            words += _("; import the next notice (import_calendar), or later deadlines stay provisional")
            yield warning("calendar", words)
        else:
            yield ok("calendar", words)


def seats() -> Iterator[Finding]:
    """Units whose people could find no one to decide for them."""
    found = unseatable()
    for lack in found:
        words = _("%(unit)s: %(free)d of %(needed)d %(role)s are free to decide; grant the role to others")
        values = {"unit": lack.unit, "free": lack.free, "needed": lack.needed, "role": lack.role}
        yield warning("seats", words % values)
    if not found:
        yield ok("seats", _("every unit could seat a reviewer, a panel of 3 and another 3"))


def _stuck(topic: str, count: int, first: Iterable[str]) -> Iterator[Finding]:
    """The first of them by name; how many there are, and what lets them go, where they are more."""
    for message in first:
        yield warning(topic, message)
    if count > NAMED:
        words = _("%(count)d are stuck; see them all with stuck, mend the cause, then retry_stuck --all")
        yield warning(topic, words % {"count": count})


def work() -> Iterator[Finding]:
    """What the worker could not do, and how long the oldest work waits."""
    failing = every_stuck_delivery().exclude(kind__in=APART)
    yield from _stuck(
        "outbox", failing.count(), (
            _("delivery %(id)s (%(kind)s) keeps failing: %(problem)s")
            % {"id": delivery.pk, "kind": delivery.kind, "problem": delivery.problem[:200]}
            for delivery in failing[:NAMED]
        ),
    )  # fmt: skip
    yield from _stuck(
        "clocks", every_stuck_clock().count(), (
            _("%(name)s of %(case)s keeps failing: %(problem)s")
            % {"name": clock.name, "case": clock.case.number, "problem": clock.problem[:200]}
            for clock in every_stuck_clock()[:NAMED]
        ),
    )  # fmt: skip
    overdue = waiting.overdue_clocks().longest
    if overdue > OVERDUE_AT_MOST:
        minutes = int(overdue.total_seconds() // 60)
        yield warning(
            "worker", _("a clock has been due for %(n)d minutes; is `manage.py work` running?") % {"n": minutes}
        )
    else:
        yield ok("worker", _("no clock is waiting"))


def ledger() -> Iterator[Finding]:
    """The log goes on from what it signed, is signed in time, and is watched from outside."""
    try:
        remembered, size = remembered_checkpoint(), size_of_log()
        if remembered and remembered.size > size:
            yield error("ledger", fewer_than_signed(remembered.size, size))
            return
        names = [who.name for who, _url in witnesses()]
    except LogBroken as problem:
        yield error("ledger", str(problem))
        return
    for row in Witness.objects.filter(name__in=names).exclude(problem="").order_by("name"):
        told = error if row.problem in ALARMS else warning
        words = {"witness": row.name, "problem": row.get_problem_display(), "detail": row.detail}
        yield told("ledger", (_("witness %(witness)s: %(problem)s %(detail)s") % words).strip())
    if earlier := next((one.who for one in log_keys().earlier if one.still_signs), None):
        words = _("the log's earlier key %(key)s still signs; run retire_log_key once everybody knows the new one")
        yield warning("ledger", words % {"key": earlier})
    yield from storage_findings.archive()
    unsealed = waiting.unsealed_events()
    if unsealed.longest > OVERDUE_AT_MOST:
        minutes = int(unsealed.longest.total_seconds() // 60)
        words = _("an entry has waited %(n)d minutes to be sealed; is `manage.py work` running?")
        yield warning("ledger", words % {"n": minutes})
        return
    values = {"size": remembered.size if remembered else 0, "witnesses": ", ".join(names) or _("no witness")}
    yield ok("ledger", _("%(size)d entries signed; watched by: %(witnesses)s") % values)


def stamps() -> Iterator[Finding]:
    """Issued documents get their time stamps."""
    wait = Delivery.objects.filter(kind=STAMP)
    count, failed = wait.count(), wait.exclude(problem="").order_by("-attempts").first()
    if failed:
        words = _("%(n)d documents wait for a time stamp: %(problem)s")
        yield warning("stamps", words % {"n": count, "problem": failed.problem[:200]})
    elif settings.TSA:
        yield ok("stamps", _("%(n)d documents wait for a time stamp") % {"n": count})


def broker() -> Finding:
    """A broker that is away makes nothing wait longer than the workers' polling."""
    if not settings.CELERY["broker_url"]:
        return ok("broker", _("none is configured; workers poll"))
    from casework.broker import broker_problem
    from casework.config.celery import app

    if problem := broker_problem(app):
        words = _("it does not answer (%(problem)s), workers poll meanwhile; start it or check GONGDUAN_BROKER_URL")
        return warning("broker", words % {"problem": problem})
    return ok("broker", _("it answers"))
