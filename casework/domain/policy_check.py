"""The policy held against the law of every case type: what check_policies and the system check ask."""

from pathlib import Path

from django.conf import settings

from casework.domain import policy_files
from casework.domain.law import filled_in, laws
from casework.domain.policy_content import Policy


def load_checked(folder: Path | None = None) -> Policy:
    """The policy in the folder; PolicyError names file and line of everything that is wrong or that the law does
    not know."""
    types = {
        law.app: policy_files.LawOfType(
            clocks={name: ", ".join(spec.states) for name, spec in law.clocks.items()},
            actions={name: spec.callable_by_clock for name, spec in law.actions.items()},
            texts_needed=getattr(law.model, "texts_needed", frozenset()),
        )
        for law in laws().values()
    }
    return policy_files.load(folder or settings.POLICY_FOLDER, law=policy_files.Law(types=types), fills_in=filled_in())
