"""Faults in who may, who is barred, and what is decided."""

from dataclasses import replace
from decimal import ROUND_HALF_UP
from types import SimpleNamespace
from typing import Any

from tests.faults.planted import drop_bars, drop_guard, planted, put

# Who may


@planted(
    "tests/casework/test_scope.py::test_scope_when_a_stranger_uses_a_known_key_learns_nothing",
    "casework.domain.errors.NotPermitted",
)
def stranger_sees() -> None:
    from casework.domain import scope

    put(scope.sees, lambda *args: True)


@planted(
    "tests/casework/test_scope.py::test_scope_when_a_case_is_closed_off_hides_it_from_its_own_team_leader",
    "not in",
)
def closed_off_case_shown() -> None:
    """Whoever looks over a unit sees its restricted cases too."""
    from casework.domain import scope

    reached = scope._reach

    def _reach(*args: Any) -> tuple[bool, set[int], set[int]]:
        everything, open_units, closed_units = reached(*args)
        return everything, set(), open_units | closed_units

    put(reached, _reach)


@planted(
    "tests/casework/test_authority.py::test_perform_when_a_grant_ends_refuses_from_that_second_on[0-False]",
    "DID NOT RAISE",
)
def end_of_a_grant_ignored() -> None:
    from casework.domain.directory import GrantView

    GrantView.holds_at = lambda self, moment: self.starts_at is None or self.starts_at <= moment


@planted(
    "tests/casework/test_authority.py::test_perform_when_a_grant_was_revoked_refuses_the_very_next_request",
    "DID NOT RAISE",
)
def revoked_grant_remembered() -> None:
    """The directory in memory is used whatever the stamp says."""
    from casework.domain import directory as module

    read = module.directory
    put(read, lambda version=None: module._held.get("directory") or read(version))


@planted(
    "tests/casework/test_authority.py::test_bars_when_a_dispute_is_open_name_everybody_concerned", "KeyError: 'Q202'"
)
def scorer_not_barred() -> None:
    drop_bars("scored")


@planted("tests/casework/test_authority.py::test_bar_when_somebody_leads_the_unit_only_now", "KeyError: 'M401'")
def leader_not_barred() -> None:
    drop_bars("leads_unit")


@planted("tests/casework/test_authority.py::test_bar_when_a_deputys_grant_was_revoked_stays", "'deputy_of_barred' in {")
def deputy_not_barred() -> None:
    drop_bars("deputy_of_barred")


@planted(
    "tests/casework/test_authority.py::test_bar_when_somebody_approved_a_correction_decides_no_dispute",
    "KeyError: 'M401'",
)
def decider_before_not_barred() -> None:
    drop_bars("decided_before")


@planted(
    "tests/casework/test_authority.py::test_perform_when_a_second_account_acts_is_the_same_person",
    "'seat_taken' == 'barred'",
)
def bars_of_another_account_forgotten() -> None:
    """Parties are known by account: who comes by a second one is somebody else."""
    from casework.domain import perform
    from casework.models import Account

    asked = perform.may

    def may(spec: Any, actor: Any, case: Any, parties: Any, family: Any, book: Any) -> Any:
        first = Account.objects.filter(person_id=actor.person_id).order_by("id").first()
        if first is None or first.pk == actor.account_id:
            return asked(spec, actor, case, parties, family, book)
        return asked(replace(spec, decides=False), actor, case, parties, family, book)

    put(asked, may)


@planted(
    "tests/casework/test_authority.py::test_perform_when_a_persons_account_is_superuser_changes_nothing",
    "'seat_taken' == 'barred'",
)
def superuser_may_decide() -> None:
    from casework.domain import authority
    from casework.models import Account

    asked = authority.barred

    def barred(person_id: int, *args: Any) -> list[Any]:
        above_all = Account.objects.filter(person_id=person_id, is_superuser=True).exists()
        return [] if above_all else asked(person_id, *args)

    put(asked, barred)


@planted(
    "tests/casework/test_authority.py::test_perform_when_a_machine_decides_refuses_and_lets_it_do_the_rest",
    "DID NOT RAISE",
)
def machine_may_decide() -> None:
    from casework.domain import authority

    asked = authority.may
    put(asked, lambda spec, actor, *rest: asked(spec, replace(actor, is_machine=False), *rest))


# Rulings


@planted("tests/disputes/test_reviewing.py::test_rule_below_a_correction_is_refused", "nothing was refused")
def ruling_without_its_guard() -> None:
    drop_guard("disputes.ScoreDispute", "rule", "is_valid_ruling")


@planted(
    "tests/disputes/test_reviewing.py::test_rule_not_applicable_that_lowers_the_total_is_refused",
    "nothing was refused",
)
def worse_off_not_asked() -> None:
    from workflows.disputes import guards

    guards.no_worse = lambda rubric, before, after: []


@planted("tests/disputes/test_hearing.py::test_rule_before_the_inspector_was_heard_is_refused", "nothing was refused")
def other_side_not_heard() -> None:
    drop_guard("disputes.ScoreDispute", "rule", "is_heard")


@planted(
    "tests/disputes/test_deciding.py::test_sign_refused_leaves_everything_and_accepted_moves_the_score_with_the_seal",
    "Expected NotPermitted, but nothing was refused",
)
def any_credential_signs() -> None:
    """Keys are not locked by what their owner knows."""
    from casework.domain import signing
    from casework.models import Account

    def unlocked(actor: Any, credential: str) -> Any:
        account = Account.objects.get(pk=actor.account_id)
        return signing.enrol(account, signing.Credential.PASSWORD, "known to all"), "known to all"

    signing._unlockable = unlocked


@planted(
    "tests/disputes/test_deciding.py::test_sign_refused_leaves_everything_and_accepted_moves_the_score_with_the_seal",
    "Expected InvalidInput, but nothing was refused",
)
def unread_draft_signed() -> None:
    drop_guard("disputes.ScoreDispute", "sign", "has_read_the_draft")


# Panels


@planted("tests/arbitration/test_votes.py::test_vote_on_numbers_comes_to_the_median", "'score': '7'")
def mean_for_median() -> None:
    from workflows.arbitration import votes

    votes._median = lambda numbers, step: (sum(numbers) / len(numbers) / step).quantize(1, ROUND_HALF_UP) * step


@planted("tests/arbitration/test_votes.py::test_award_is_never_below_the_best_value_before", "'score': '3'")
def award_without_a_floor() -> None:
    from workflows.arbitration import votes

    put(votes.awarded, lambda rubric, original, current, results: dict(results))


@planted(
    "tests/arbitration/test_seating.py::test_recusal_after_the_reveal_sends_the_seat_back_and_leaves_the_others_votes",
    "Expected NotAllowedNow, but nothing was refused",
)
def vote_cast_again() -> None:
    drop_guard("arbitration.Arbitration", "vote", "has_not_voted")


@planted(
    "tests/casework/test_scope.py::test_scope_of_a_panel_is_one_case_while_blind_and_the_whole_family_after",
    "'DSP-2026-",
)
def seat_not_blind() -> None:
    from casework.domain import seats

    row = seats.Party
    seats.Party = lambda **values: row(**{**values, "blind": False})


@planted(
    "tests/arbitration/test_challenges.py::test_challenge_rejected_leaves_the_panel_and_lets_it_go_on",
    "an open challenge holds the reveal",
)
def reveal_does_not_wait_for_challenges() -> None:
    from workflows.arbitration import panels

    panels.challenging = SimpleNamespace(is_open=lambda case: False)
