"""Law, flow, policy and wording agree, for every registered case type; a new type is held to it unasked."""

from dataclasses import replace
from typing import Any

import pytest

from casework.domain.action import Act, ClockSpec
from casework.domain.law import Law, laws
from casework.domain.policy import current_policy
from casework.domain.policy_check import load_checked
from casework.domain.policy_types import Text
from casework.flow.case_flow import law_edges
from casework.flow.projection import nodes
from tests.laws import agreement

every_type = pytest.mark.parametrize("law", laws().values(), ids=laws().keys())


def test_laws_when_loaded_are_those_of_every_case_type_folder(settings):
    assert {law.model.__module__.rsplit(".", 1)[0] for law in laws().values()} == set(settings.CASE_TYPES)
    assert len({law.prefix for law in laws().values()}) == len(laws())


@every_type
def test_action_when_declared_is_bound_named_and_told_of(law: Law):
    assert list(agreement.action_problems(law, current_policy())) == []


@every_type
def test_clock_when_declared_breaches_into_what_is_allowed_where_it_runs(law: Law):
    assert list(agreement.clock_problems(law, current_policy())) == []


@every_type
def test_task_when_declared_asks_for_what_its_people_may_do(law: Law):
    assert list(agreement.flow_problems(law, current_policy())) == []


@every_type
def test_state_when_declared_is_reached_ends_and_is_waited_in(law: Law):
    assert list(agreement.state_problems(law)) == []


@every_type
def test_words_when_needed_stand_in_policy(law: Law):
    assert list(agreement.wording_problems(law, current_policy())) == []


@every_type
def test_flow_when_drawn_has_only_edges_of_the_law(law: Law):
    lawful = {(source, target, name) for source, target, name in law_edges(law.model)}
    for node in nodes(law.model):
        for edge in node._outgoing():
            assert any((source, target, edge._label) in lawful for source in node.states for target in edge.dst.states)


def test_policy_when_checked_agrees_with_every_law():
    assert load_checked().digest == current_policy().digest


def test_texts_when_loaded_stand_in_both_languages_with_the_same_placeholders():
    def found(value: Any, path: str):
        if isinstance(value, Text):
            yield path, value
        elif isinstance(value, dict):
            for key, item in value.items():
                yield from found(item, f"{path}.{key}")
        elif hasattr(type(value), "model_fields"):
            for name in type(value).model_fields:
                yield from found(getattr(value, name), f"{path}.{name}")

    texts = dict(found(current_policy(), "policy"))
    assert len(texts) > 100
    for path, text in texts.items():
        assert text.zh.strip() and text.en.strip(), path
        assert not any("\u4e00" <= sign <= "\u9fff" for sign in text.en), path
        used = text.placeholders()
        assert used["zh"] == used["en"], path


@every_type
def test_notice_when_sent_may_be_filled_with_what_it_speaks_of(law: Law):
    """Every value that the words of a notice ask for is there: the type's own, or those of the clock it names."""
    rules = current_policy().case_type(law.app)
    own = {"number"} | agreement.value_names(law)
    for kind, clock in agreement.notice_calls(law):
        given = own | ({"clock", "limit", "until"} if clock else set())
        assert clock == "" or clock == "any" or clock in law.clocks, (kind, clock)
        notice = rules.notices[kind]
        for text in (notice.title, notice.body):
            assert text.placeholders()["zh"] <= given, kind
            text.fill(**dict.fromkeys(given, "x"))


@every_type
def test_transition_when_called_outside_perform_is_refused(law: Law):
    for name, spec in law.actions.items():
        for state in spec.sources if "*" not in spec.sources else law.states:
            case = law.model(state=state)
            act = Act(spec, None, case, None, None, None, None)
            with pytest.raises(RuntimeError, match="called directly"):
                getattr(case, name)(act)
            assert case.state == state


@every_type
def test_state_when_assigned_is_refused(law: Law):
    case = law.model(state=law.states[0])
    with pytest.raises(AttributeError):
        case.state = law.states[-1]


# What these checks are worth: each fault put into a law is found.


def _with(law: Law, name: str, **values: Any) -> Law:
    return replace(law, actions={**law.actions, name: replace(law.actions[name], **values)})


FAULTS = {
    "unbound": (agreement.action_problems, lambda law: _with(law, "forward", role=None), "bound to no role"),
    "system_decides": (agreement.action_problems, lambda law: _with(law, "bypass", decides=True), "decides"),
    "unknown_role": (agreement.action_problems, lambda law: _with(law, "rule", role="judge"), "unknown role"),
    "undecided_role": (agreement.action_problems, lambda law: _with(law, "rule", role="trainer"), "does not"),
    "no_label": (agreement.action_problems, lambda law: _with(law, "rule", label=""), "no label"),
    "no_participle": (agreement.action_problems, lambda law: _with(law, "rule", event="rules"), "participle"),
    "same_event": (agreement.action_problems, lambda law: _with(law, "rule", event="filed"), "like another"),
    "no_form": (agreement.action_problems, lambda law: _with(law, "rule", form=object), "no form"),
    "untold": (
        agreement.action_problems,
        lambda law: replace(law, actions={**law.actions, "x": law.actions["rule"]}),
        "timeline",
    ),
    "no_breach": (
        agreement.clock_problems,
        lambda law: replace(law, clocks={**law.clocks, "screen": ClockSpec("screen", ("screening",), "nothing")}),
        "unknown action nothing",
    ),
    "deciding_breach": (
        agreement.clock_problems,
        lambda law: replace(law, clocks={**law.clocks, "screen": ClockSpec("screen", ("screening",), "rule")}),
        "not callable by clock",
    ),
    "breach_elsewhere": (
        agreement.clock_problems,
        lambda law: replace(law, clocks={**law.clocks, "screen": ClockSpec("screen", ("ruled",), "bypass")}),
        "runs in ruled",
    ),
    "task_of_nothing": (
        agreement.flow_problems,
        lambda law: replace(law, actions={n: s for n, s in law.actions.items() if n != "forward"}),
        "unknown action forward",
    ),
    "task_elsewhere": (agreement.flow_problems, lambda law: _with(law, "rule", sources=("ruled",)), "not allowed"),
    "task_of_system": (agreement.flow_problems, lambda law: _with(law, "rule", role="SYSTEM"), "SYSTEM's rule"),
    "task_of_others": (agreement.flow_problems, lambda law: _with(law, "accept", relation="inspector"), "asks agent"),
    "unreached": (
        agreement.state_problems,
        lambda law: _with(law, "withdraw", targets=("final",)),
        "withdrawn is never",
    ),
    "endless": (agreement.state_problems, lambda law: _endless(law), "ruled never ends"),
}  # fmt: skip


def _endless(law: Law) -> Law:
    for name in ("accept", "finalise", "appeal"):
        law = _with(law, name, targets=(None,))
    return law


@pytest.mark.parametrize("fault", FAULTS)
def test_checks_when_a_law_is_broken_say_so(fault: str):
    check, broken, words = FAULTS[fault]
    law = broken(laws()["disputes.ScoreDispute"])
    found = list(check(law) if check is agreement.state_problems else check(law, current_policy()))
    assert any(words in problem for problem in found), found
