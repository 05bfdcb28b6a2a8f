"""The main job's first half, whole."""

from casework.models import Case
from tests.factories import dispute
from workflows.evaluations.models import Evaluation


def test_issue_ruling_when_all_act_in_time_moves_the_score(db, time):
    number = dispute(upto="issued")
    case = Case.objects.get(number=number)
    assert case.state == "ruled"
    evaluation = Evaluation.objects.get(pk=case.subject_id)
    assert (str(evaluation.score), evaluation.state) == ("90.00", "adjusted")
