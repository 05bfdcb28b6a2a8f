"""Score sheets: a chapter of the evaluation's law. Whoever the score is about or works with it has it on paper."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.canonical import canonical_digest
from casework.domain.action import Act, action
from casework.domain.attesting import asked_for
from casework.domain.errors import NotAllowedNow
from casework.domain.ledger import plain
from workflows.evaluations.scoring import clean_value
from workflows.evaluations.states import PUBLISHED


def is_not_on_the_last_sheet(act: Act) -> None:
    """A second sheet that says the same is refused, also while the first is being drawn."""
    if act.case.score_sheet == canonical_digest(standing(act)):
        words = _(
            "Expected a score that changed since its last score sheet, but that sheet tells of it as it stands; "
            "it is among the documents, or will be in a moment"
        )
        raise NotAllowedNow(words, code="already_asked")


class ScoreSheets:
    """The score as it stands, on request."""

    @action(
        source=PUBLISHED, relation="agent|inspector", role="team_leader|qa_lead|supervisor|hr",
        event="score_sheet_requested", label=gettext_lazy("request the score sheet"), when=[is_not_on_the_last_sheet],
    )  # fmt: skip
    def request_score_sheet(self, act: Act) -> list:
        """Nothing moves. The event says what the sheet is drawn from, which comes when it is ready."""
        stands = standing(act)
        act.note |= stands
        self.score_sheet = canonical_digest(stands)
        return [asked_for(self, "score_sheet")]


def standing(act: Act) -> dict[str, Any]:
    """The score as it stands at that moment, and how long it may be disputed: whatever a later act may change."""
    case, clock = act.case, act.family.clock(act.case, "objection")
    is_open = case.served_at is not None and not case.window_closed and clock is not None
    return {
        "standing": str(case.state), "score": plain(case.score), "band": case.band, "passed": case.passed,
        "values": {
            code: value for code, entry in case.current.items()
            if (value := clean_value(entry)) != clean_value(case.original[code])
        },
        "published": {"at": plain(case.published_at), "times": case.publication},
        "served": {"at": plain(case.served_at), "how": case.served_how},
        "window": {
            "until": plain(clock.due_at), "provisional": clock.provisional, "paused": clock.state == clock.State.PAUSED,
        } if is_open else None,
        "open": case.open_criteria, "recording": case.recording_state,
    }  # fmt: skip
