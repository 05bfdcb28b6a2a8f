"""How the work goes, for Prometheus: counts and seconds, no names and no numbers of cases.

Read from the database when asked, so every process of the site gives the same answer (ADR 0023)."""

import ipaddress
from collections.abc import Iterable, Iterator
from secrets import compare_digest
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from casework import __version__
from casework.api.problems import problem
from casework.domain.directory import today
from casework.domain.hours import calendar_specs, published_through
from casework.domain.lags import BOUNDS, CLOCK, DELIVERY, lags
from casework.domain.policy import current_digest
from casework.queries import waiting

FORMAT = "text/plain; version=0.0.4; charset=utf-8"
PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")  # a proxy stands on this machine too

Sample = tuple[str, dict[str, Any], float]  # what follows the name, labels, value


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """200 with the metrics in Prometheus' text format; 401 or 403 in words for whoever may not read them."""
    response = _refusal(request) or _answer()
    response["Cache-Control"] = "no-store"
    return response


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "").encode()
        if compare_digest(sent, f"Bearer {settings.METRICS_TOKEN}".encode()):
            return None
        words = _("Expected the token of GONGDUAN_METRICS_TOKEN, but it is another or none; send it as a bearer token")
        return problem(401, "not_authenticated", words)
    if _is_from_here(request):
        return None
    words = _(
        "Expected a program on the site's own machine, but the request comes from elsewhere; set "
        "GONGDUAN_METRICS_TOKEN and send it as a bearer token"
    )
    return problem(403, "not_permitted", words)


def _is_from_here(request: HttpRequest) -> bool:
    """Behind a proxy everybody would seem to be."""
    if settings.PROXIES or any(name in request.headers for name in PASSED_ON):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _answer() -> HttpResponse:
    try:
        return HttpResponse("".join(_families()), content_type=FORMAT)
    except DatabaseError:
        return problem(503, "no_database", _("Expected an answer from the database, but there is none; start it"))


def _families() -> Iterator[str]:
    yield _family("info", "gauge", "Version of the product and digest of the policy in force.",
                  [("", {"version": __version__, "policy": current_digest()}, 1)])  # fmt: skip
    yield _gauge("clocks_running", "Clocks that run.", waiting.running_clocks())
    yield _gauge("clocks_provisional", "Running clocks due on days that no notice has settled.",
                 waiting.provisional_clocks())  # fmt: skip
    yield from _waiting("clocks_overdue", "Clocks that should have fired.", waiting.overdue_clocks())
    yield from _waiting("clocks_failing", "Overdue clocks that could not act when tried.", waiting.failing_clocks())
    yield from _waiting("reminders_late", "Reminders that should have been told.", waiting.late_reminders())
    yield from _waiting("deliveries_waiting", "Deliveries that should be done now.", waiting.waiting_deliveries())
    yield from _waiting("deliveries_failing", "Deliveries tried three times or more.", waiting.failing_deliveries())
    yield from _waiting("documents_unstamped", "Issued documents that wait for a time stamp.",
                        waiting.unstamped_documents())  # fmt: skip
    yield from _waiting("events_unsealed", "Entries of the ledger under no checkpoint yet.", waiting.unsealed_events())
    yield _gauge("witnesses_alarmed", "Witnesses that have seen what the log no longer holds.",
                 waiting.alarmed_witnesses())  # fmt: skip
    yield _histogram(
        "clock_lag_seconds", "From when a clock was due until it fired, a minute of which is grace.", CLOCK
    )
    yield _histogram("delivery_lag_seconds", "From when a delivery was made until it was done.", DELIVERY)
    yield _family("calendar_published_days", "gauge", "Days until the end of what notices have settled.",
                  [("", {"calendar": name}, days) for name, days in _published()])  # fmt: skip


def _published() -> Iterator[tuple[str, int]]:
    for name in calendar_specs():
        if through := published_through(name):
            yield name, (through - today()).days


def _gauge(name: str, told: str, value: float) -> str:
    return _family(name, "gauge", told, [("", {}, value)])


def _waiting(name: str, told: str, found: waiting.Waiting) -> Iterator[str]:
    """The count, which goes no further than MOST, and the age of the first."""
    yield _gauge(name, f"{told} Counted to {waiting.MOST}.", found.count)
    oldest = "How long the first of them has waited; 0 when there is none."
    yield _gauge(f"{name}_oldest_seconds", oldest, found.longest.total_seconds())


def _histogram(name: str, told: str, kind: str) -> str:
    found = lags(kind)
    samples: list[Sample] = [("_bucket", {"le": bound}, times) for bound, times in zip(BOUNDS, found.upto, strict=True)]
    samples += [("_bucket", {"le": "+Inf"}, found.times), ("_sum", {}, found.seconds), ("_count", {}, found.times)]
    return _family(name, "histogram", told, samples)


def _family(name: str, kind: str, told: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP gongduan_{name} {told}", f"# TYPE gongduan_{name} {kind}"]
    lines += [f"gongduan_{name}{end}{_labels(labels)} {value:.17g}" for end, labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, Any]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items()) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
