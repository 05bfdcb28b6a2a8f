"""Opening a root case: permission first, then a known key, then the data; and the version that a step leaves."""

import pytest

from casework.domain.errors import InvalidInput, NotPermitted
from casework.domain.perform import open_case, perform
from casework.models import Case, Family
from tests.conftest import acting
from tests.factories import evaluation, scorecard

CARD = {
    "external_id": "EV-O-1", "rubric": "ten-item", "rubric_version": 1, "interaction_id": "CALL-O-1",
    "channel": "phone",
    "started_at": "2026-10-20T10:00:00+08:00", "duration_s": 300, "agent_no": "A1001", "inspector_no": "Q202",
    "scored_at": "2026-10-22T10:00:00+08:00", "scores": scorecard({"QC4": "0"}),
}  # fmt: skip
TYPE = "evaluations.Evaluation"


def test_open_root_and_its_first_steps_tell_the_version_they_left(db, time):
    opened = open_case(TYPE, acting("qin"), CARD)
    family = Case.objects.get(number=opened.number).family_id
    assert opened.version == Family.objects.get(pk=family).version == 1
    published = perform(opened.number, "publish", acting("qin"), version=opened.version)
    assert published.version == Family.objects.get(pk=family).version == 2
    assert perform(opened.number, "read", acting("ann"), version=published.version).version == 3


def test_open_root_twice_with_one_key_gives_the_first_result(db, time):
    first = open_case(TYPE, acting("qin"), CARD, key="k")
    again = open_case(TYPE, acting("qin"), CARD, key="k")
    assert (again.number, again.repeated) == (first.number, True)
    with pytest.raises(InvalidInput) as refusal:
        open_case(TYPE, acting("qin"), {**CARD, "duration_s": 301}, key="k")
    assert refusal.value.reason == "key_reused"


@pytest.mark.parametrize("data", [{}, CARD, {**CARD, "agent_no": "nobody"}])
def test_open_root_without_the_role_learns_nothing_of_the_data(db, time, data):
    evaluation(external_id="EV-O-1")
    with pytest.raises(NotPermitted):
        open_case(TYPE, acting("ann"), data)
