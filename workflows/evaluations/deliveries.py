"""After the commit: whether the recording of a disputed evaluation can still be heard as it was received."""

from casework import store
from casework.domain.actor import system
from casework.domain.deliveries import handles
from casework.domain.perform import perform
from casework.models import Delivery
from workflows.evaluations.importing import check_recording as check
from workflows.evaluations.models import Evaluation, Recording


@handles("check_recording")
def check_recording(delivery: Delivery) -> None:
    """The evaluation knows its recording's state: intact, missing or altered."""
    evaluation = Evaluation.objects.get(pk=delivery.case_id)
    recording = Recording.objects.filter(interaction_id=evaluation.interaction_id).first()
    try:
        check(evaluation.interaction_id)
        state = "intact"
    except store.FileProblem as problem:
        state = problem.code
    found = {"state": state, "sha256": recording.sha256 if recording else ""}
    perform(evaluation.number, "note_recording", system(), found, key=f"recording:{delivery.pk}:{state}")
