"""Faults in what is written, proven and told."""

from types import SimpleNamespace
from typing import Any

from tests.faults.planted import planted, put

# Writing


@planted(
    "tests/casework/test_recorder.py::test_guard_when_the_version_moved_on_writes_nothing[statements]", "DID NOT RAISE"
)
def version_not_compared() -> None:
    """The last writer wins: the version is raised, whatever it was when the family was read."""
    from casework.domain.recorder import Recorder

    sent = Recorder.send

    def send(self: Recorder, form: str | None = None) -> None:
        for row, name in self._guards:
            setattr(row, name, type(row).objects.values_list(name, flat=True).get(pk=row.pk))
        sent(self, form)

    Recorder.send = send


@planted(
    "tests/casework/test_deliveries.py::test_delivery_when_done_is_deleted_and_its_notice_stands_once_each",
    "assert 0 == 1",
)
def delivery_not_written() -> None:
    from casework.domain.step import Step

    Step.deliver = lambda self, case, kind, payload: None


@planted(
    "tests/disputes/test_filing.py::test_withdraw_restores_the_score_and_may_be_filed_once_more", "== (set(), set(),"
)
def closed_case_keeps_tasks() -> None:
    from casework.flow import projection

    projected = projection.project

    def project(case: Any, *rest: Any) -> int:
        return 0 if case.closed_at else projected(case, *rest)

    put(projected, project)


# The ledger


@planted(
    "tests/casework/test_verification.py::test_verify_ledger_when_untouched_is_whole",
    "the entry does not name the one before it",
)
def predecessor_not_named() -> None:
    from casework.domain import ledger

    written = ledger.canonical
    ledger.canonical = lambda entry: written({**entry, "previous": ledger.START})


@planted(
    "tests/casework/test_ledger.py::test_entry_when_somebody_wrote_text_commits_to_it_without_holding_it", "not in"
)
def text_stands_in_the_clear() -> None:
    """It is committed to beside the entry, and the entry holds it all the same."""
    from casework.domain import ledger

    committed = ledger.commit

    def commit(value: Any, texts: list[dict[str, str]], path: str = "data") -> Any:
        found = committed(value, texts, path)
        return str(value) if isinstance(value, ledger.FreeText) else found

    put(committed, commit)


@planted(
    "tests/casework/test_authority.py::test_refusal_when_permission_was_the_reason_stands_in_the_access_stream",
    "CaseEvent matching query does not exist",
)
def refusal_not_remembered() -> None:
    from casework.domain import perform

    perform._remember = lambda *args: None


@planted("tests/casework/test_verification.py::test_change_state_past_perform_is_found", "== 'state'")
def row_not_verified() -> None:
    from casework.domain import verification

    verification._left_as = lambda *about: None


@planted("tests/casework/test_verification.py::test_change_clear_text_is_found", "== 'text'")
def clear_text_not_verified() -> None:
    from casework.domain import verification

    verification._another_text = lambda texts, entry: ""


@planted("tests/documents/test_verify.py::test_verify_appended_bytes_are_found", "covers_whole_file")
def bytes_after_the_signature_overlooked() -> None:
    from casework.documents import verify

    verify._covers_whole_file = lambda facts: verify.Check("covers_whole_file", True, "")


# Keys and versions


@planted(
    "tests/bad_input/test_keys_and_versions.py::test_known_key_gives_the_first_result_and_changes_nothing",
    "Expected no statement yet",
)
def known_key_ignored() -> None:
    from casework.domain import perform

    read = perform.read_family
    perform.read_family = lambda number, *, key=None: read(number)


@planted(
    "tests/bad_input/test_keys_and_versions.py::test_known_key_with_another_body_or_action_is_refused",
    "nothing was refused",
)
def body_of_known_key_not_compared() -> None:
    from casework.domain import perform

    put(perform.body_of, lambda action, data: "")


@planted(
    "tests/bad_input/test_keys_and_versions.py::test_known_key_after_losing_the_grant_is_refused",
    "nothing was refused",
)
def known_key_before_permission() -> None:
    from casework.domain import authority

    asked = authority.may

    def may(spec: Any, actor: Any, case: Any, parties: Any, family: Any, book: Any) -> Any:
        return (None, "") if family.repeat else asked(spec, actor, case, parties, family, book)

    put(asked, may)


@planted(
    "tests/bad_input/test_keys_and_versions.py::test_key_of_a_refused_request_is_free_for_the_next",
    "the key was spent",
)
def refusal_uses_up_the_key() -> None:
    from casework.domain import perform as module
    from casework.domain.errors import InvalidInput, Refusal

    performed, spent = module.perform, set()

    def perform(case: str, action: str, actor: Any, data: Any = None, key: Any = None, version: Any = None) -> Any:
        if key and (actor.no, case, key) in spent:
            raise InvalidInput("the key was spent")
        try:
            return performed(case, action, actor, data, key, version)
        except Refusal:
            spent.add((actor.no, case, key))
            raise

    put(performed, perform)


@planted(
    "tests/bad_input/test_keys_and_versions.py::test_stale_version_is_refused_and_the_present_one_accepted",
    "nothing was refused",
)
def stale_version_taken() -> None:
    from casework.domain import perform as module

    performed = module.perform

    def perform(case: str, action: str, actor: Any, data: Any = None, key: Any = None, version: Any = None) -> Any:
        return performed(case, action, actor, data, key)

    put(performed, perform)


# After the commit


@planted("tests/casework/test_deliveries.py::test_notify_when_run_twice_leaves_one_notice", "assert 3 == 1")
def notice_told_twice() -> None:
    """A notice is known by the run that told it, not by its delivery."""
    from casework.domain import deliveries
    from casework.keys import new_key

    told = deliveries._handlers["notify"]

    def notify(row: Any) -> None:
        told(SimpleNamespace(pk=new_key(), case_id=row.case_id, payload=row.payload))

    deliveries._handlers["notify"] = notify


@planted(
    "tests/casework/test_deliveries.py::test_delivery_when_a_handler_fails_waits_longer_and_does_not_block",
    "ZeroDivisionError",
)
def poison_blocks_the_others() -> None:
    from casework.domain import deliveries

    def attempt(delivery: Any) -> bool:
        deliveries._handlers[delivery.kind](delivery)
        delivery.delete()
        return True

    deliveries._attempt = attempt


# The log


@planted("tests/casework/test_sealing.py::test_publish_when_the_folder_remembers_more_than_there_is_refuses", "DID NOT")
def what_was_signed_is_forgotten() -> None:
    """The database alone says what was signed."""
    from casework.domain import checkpoints

    checkpoints.remembered_checkpoint = lambda: None


@planted(
    "tests/casework/test_log_check.py::test_edit_with_chain_and_tiles_anew_is_found_by_the_checkpoint",
    "== ['checkpoint']",
)
def checkpoints_not_compared() -> None:
    from casework.domain import log_check

    log_check._claims = lambda: iter(())


@planted("tests/transparency/test_tree.py::test_inclusion_when_told_of_another_place_is_refused", "DID NOT RAISE")
def index_beyond_the_size_taken() -> None:
    from casework.transparency import tree

    checked = tree.check_inclusion
    put(checked, lambda leaf, index, size, proof, root: checked(leaf, index % max(size, 1), size or 1, proof, root))


@planted(
    "tests/transparency/test_witness.py::test_checkpoint_of_a_log_whose_tail_is_gone_is_refused_with_an_alarm", "700"
)
def smaller_tree_cosigned() -> None:
    """The witness forgets what it has seen."""
    from casework.transparency.witness import Witness

    Witness.seen = lambda self, log: None
