"""Where tests of arbitrations begin and end: a ruling that was issued, played once for all tests of a module, and a
matter that is over."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import transaction

from casework.domain import now
from casework.domain.perform import perform
from casework.domain.verification import verify_ledger
from casework.models import Document
from tests.conftest import Time, acting, forget
from tests.factories import arbitration, dispute
from tests.seen import case, parties, person, running, tasks
from tests.stories.test_documents import genuine
from workflows.evaluations.scoring import total


@pytest.fixture(scope="module")
def issued_ruling(django_db_setup, django_db_blocker) -> Iterator[str]:
    """Made on Tuesday 2026-11-03 at 10:00. Only for tests that have the database by way of `ruled`."""
    with django_db_blocker.unblock(), transaction.atomic():
        token = now._fixed.set(None)
        Time()
        forget()
        number = dispute(upto="issued")
        now._fixed.reset(token)
        yield number
        transaction.set_rollback(True)


@pytest.fixture
def ruled(issued_ruling, db, time) -> str:
    """ann's dispute: QC4 from 0 to 6, QA5 maintained at 5, she claims 10 for either; 84.00 became 90.00."""
    return issued_ruling


@pytest.fixture(scope="module")
def awarded_once(issued_ruling) -> str:
    """Of that ruling, for modules that have no `ruled`, which would no longer be as it was."""
    token = now._fixed.set(None)
    Time()
    forget()
    number = arbitration(issued_ruling, upto="awarded")
    perform(number, "read", acting("ann"))
    now._fixed.reset(token)
    return number


@pytest.fixture
def opened(ruled) -> str:
    """ann appealed; three arbitrators sit, blind."""
    return arbitration(ruled)


def login_of(no: str) -> str:
    """The person's own account."""
    return person(no).accounts.order_by("id")[0].username


def seated(number: str) -> dict[str, str]:
    """Who sits: {seat: staff number}."""
    return {role: no for role, no in sorted(parties(number)) if role.startswith("arbitrator_")}


def below(number: str) -> tuple[str, str]:
    """The dispute and the evaluation that an arbitration is about."""
    paper = case(case(number).subject.number)
    return paper.number, paper.subject.number


def is_over(number: str, *, outcome: str, score: str, standing: str) -> None:
    """The arbitration and all below it are final: nothing runs, nothing is owed, files and chains verify."""
    paper, evaluation = below(number)
    assert (case(number).state, case(number).outcome) == ("final", outcome)
    assert (case(paper).state, case(evaluation).state) == ("final", "final")
    scored = case(evaluation)
    assert (str(scored.score), scored.outcome, scored.is_provisional) == (score, standing, False)
    assert scored.score == total(scored.rubric, scored.current).score
    assert scored.original_score == total(scored.rubric, scored.original).score, "the original is never lost"
    for each in (number, paper, evaluation):
        assert (running(each), tasks(each)) == (set(), set()), each
    for document in Document.objects.filter(case__family=scored.family_id, state="issued"):
        genuine(document, settings.PKI_FOLDER)
    assert verify_ledger().problems == []
