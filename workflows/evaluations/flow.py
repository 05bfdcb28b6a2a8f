"""Who works while an evaluation rests."""

from django.utils.translation import gettext_lazy as _

from casework.flow.case_flow import CaseFlow, HumanTask
from workflows.evaluations.models import Evaluation

S = Evaluation.State


class EvaluationFlow(CaseFlow):
    """Evaluation"""

    process_class = Evaluation

    publish = HumanTask(states=(S.DRAFT,), actions=("publish",), role="qa_lead", label=_("Publish the evaluation"))
    read = HumanTask(
        states=(S.STANDING, S.PROVISIONAL), actions=("read",), relation="agent", clock="deemed_service",
        label=_("Open your evaluation"), unless=lambda case, family: case.served_at is not None,
    )  # fmt: skip
    respond = HumanTask(
        states=(S.STANDING,), actions=("acknowledge", "question"), relation="agent", clock="objection",
        label=_("Acknowledge, ask or dispute"),
        unless=lambda case, family: case.served_at is None or case.reading != case.Reading.SERVED,
    )  # fmt: skip
    answer = HumanTask(
        states=(S.STANDING, S.PROVISIONAL, *Evaluation.RULED), actions=("answer",), relation="inspector",
        clock="answer", label=_("Answer the agent's question"),
        unless=lambda case, family: case.reading != case.Reading.QUESTIONED,
    )  # fmt: skip
    approve_correction = HumanTask(
        states=(S.STANDING, S.FINAL), actions=("approve_correction", "refuse_correction"), role="qa_lead",
        clock="correction_approval", label=_("Approve or refuse a correction"),
        unless=lambda case, family: case.pending_correction is None,
    )  # fmt: skip
