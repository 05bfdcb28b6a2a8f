"""The policy loader and the default pack: what is wrong has a file and a line, what is right one digest."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from casework.domain.policy_files import (
    Law,
    LawOfType,
    Policy,
    PolicyError,
    from_content,
    load,
    schema_text,
)
from casework.domain.policy_types import Text

POLICIES = Path(__file__).parents[2] / "policies"
DEFAULT = POLICIES / "default"
WHOLE = "    within: 20 workdays"  # stands in disputes.yaml once


@pytest.fixture(scope="module")
def policy():
    return load(DEFAULT)


@pytest.fixture
def folder(tmp_path):
    return Path(shutil.copytree(DEFAULT, tmp_path / "pack"))


def edit(folder, file, old, new):
    """Replaces the first `old` and returns the line where it stood."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return text.count("\n", 0, text.index(old)) + 1


def problems(folder, law=None):
    with pytest.raises(PolicyError) as caught:
        load(folder, law=law)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    assert all(problem.message and problem.next_step for problem in caught.value.problems)
    return caught.value.problems


def only(folder, law=None):
    (problem,) = problems(folder, law)
    return problem


# --- the default pack ---


def test_load_default_pack_has_the_limits_of_the_decisions(policy):
    def limits(label):
        return {name: rule.within for name, rule in policy.case_type(label).clocks.items()}

    decided = {
        "evaluations": {
            "deemed_service": "1 workday",
            "objection": "2 workdays",
            "answer": "1 workday",
            "correction_approval": "1 workday",
        },
        "disputes": {
            "screen": "1 workday",
            "returned": "2 workdays",
            "statement": "1 workday",
            "review": "2 workdays",
            "naming": "2 workdays",
            "challenge": "1 workday",
            "challenge_ruling": "1 workday",
            "sign": "1 workday",
            "appeal_window": "2 workdays",
            "reinstatement": "2 workdays",
            "reinstating": "2 workdays",
            "deemed_service": "1 workday",
            "whole": "20 workdays",
        },
        "arbitration": {
            **dict.fromkeys(("score_1", "score_2", "score_3"), "3 workdays"),
            **dict.fromkeys(("vote_1", "vote_2", "vote_3"), "2 workdays"),
            "seating": "2 workdays",
            "challenge": "1 workday",
            "challenge_ruling": "1 workday",
            "sign": "1 workday",
            "deemed_service": "1 workday",
            "reopening": "2 workdays",
        },
    }
    assert {label: limits(label) for label in decided} == decided
    objection = policy.case_type("evaluations").clocks["objection"]
    assert (objection.source, objection.minimum_left) == ("handbook S-02", "1 workday")
    assert len(policy.case_type("disputes").clocks["returned"].warn_at) == 2
    assert policy.case_type("disputes").value("no_worse_off") is True
    assert policy.case_type("evaluations").value("leave_defers_service_at_most") == "10 workdays"


def test_load_default_pack_has_the_roles_of_the_decisions(policy):
    assert {code: role.sees for code, role in policy.roles.items()} == {
        "agent": "own",
        "team_leader": "unit",
        "inspector": "own",
        "qa_lead": "unit",
        "arbitrator": "none",
        "duty_manager": "unit",
        "department_handler": "none",
        "complaint_handler": "own",
        "project_manager": "unit",
        "supervisor": "unit",
        "director": "unit",
        "hr": "all",
        "trainer": "none",
        "auditor": "all",
    }
    roles = policy.roles.items()
    assert {code for code, role in roles if role.sees_restricted} == {"qa_lead", "director", "auditor"}
    assert {code for code, role in roles if role.leads} == {"team_leader"}
    assert not policy.roles["auditor"].decides and not policy.roles["inspector"].decides


def test_load_default_pack_names_calendars_that_exist(policy):
    for name, file in policy.organisation.calendars.items():
        assert name in yaml.safe_load((POLICIES / "calendars" / file).read_text(encoding="utf-8"))


def test_case_type_unknown_to_the_policy_is_named(policy):
    with pytest.raises(KeyError, match=r"weather\.yaml.*disputes, evaluations"):
        policy.case_type("weather")


def test_limit_in_words_speaks_both_languages(policy):
    assert policy.limit_in_words("2 workdays") == {"zh": "2个工作日", "en": "2 working days"}
    assert policy.limit_in_words("1 workday") == {"zh": "1个工作日", "en": "1 working day"}


def test_rubrics_are_one_a_file_and_worth_a_hundred_points():
    for path in (POLICIES / "rubrics").glob("*.yaml"):
        (rubric,) = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert rubric["code"] == path.stem
        criteria = [criterion for category in rubric["categories"] for criterion in category["criteria"]]
        assert sum(criterion["points"] for criterion in criteria) == 100


def test_schema_file_is_what_the_code_says():
    written = (POLICIES / "schema.json").read_text(encoding="utf-8")
    assert written == schema_text(), "run: python -m casework.domain.policy_files policies/schema.json"


# --- content and digest ---


def test_content_through_json_gives_the_same_policy_and_digest(policy):
    again = Policy.from_content(json.loads(json.dumps(policy.content)))
    assert (again, again.digest) == (policy, policy.digest)
    assert len(policy.digest) == 64


def test_digest_ignores_comments_and_order_and_sees_every_value(policy, folder):
    path = folder / "disputes.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=True), encoding="utf-8")
    assert load(folder).digest == policy.digest
    edit(folder, "disputes.yaml", "within: 20 workdays", "within: 21 workdays")
    assert load(folder).digest != policy.digest


def test_digest_is_the_same_for_composed_and_decomposed_text(folder):
    edit(folder, "organisation.yaml", "Example Contact Centre", "Caf\u00e9 Centre")
    composed = load(folder).digest
    edit(folder, "organisation.yaml", "Caf\u00e9", "Cafe\u0301")
    assert load(folder).digest == composed


def test_content_is_a_copy_that_cannot_change_the_policy(policy):
    digest = policy.digest
    policy.content["roles"].clear()
    given = policy.content
    again = Policy.from_content(given)
    given["roles"].clear()
    assert policy.digest == again.digest == digest


def test_from_content_of_a_broken_version_says_where(policy):
    content = policy.content
    content["case_types"]["disputes"]["clocks"]["screen"]["within"] = "soon"
    with pytest.raises(PolicyError) as caught:
        from_content(content)
    assert str(caught.value).startswith("stored policy: case_types.disputes.clocks.screen.within: ")


# --- bad values, each with its line ---


@pytest.mark.parametrize(
    ("file", "old", "new", "path", "said"),
    [
        ("disputes.yaml", WHOLE, "    within: 20 wd", "clocks.whole.within", "2 workdays"),
        ("disputes.yaml", WHOLE, "    within: 0 workdays", "clocks.whole.within", "0"),
        ("disputes.yaml", WHOLE, "    within: 1 workdays", "clocks.whole.within", "'1 workday'"),
        ("disputes.yaml", WHOLE, "    within: 20", "clocks.whole.within", "a text, found 20"),
        ("disputes.yaml", WHOLE, "    withn: 20 workdays", "clocks.whole.withn", "unknown key"),
        ("disputes.yaml", "  whole:  ", "  Whole:  ", "clocks.Whole", "expected a code in lower case"),
        ("disputes.yaml", "warn_at: [1 workday before]", "warn_at: [0%]",
         "clocks.reinstatement.warn_at[0]", "'50%'"),
        ("disputes.yaml", "warn_at: [1 workday before]", "warn_at: [2 workdays before]",
         "clocks.reinstatement.warn_at[0]", "not inside"),
        ("disputes.yaml", "warn_at: [1 workday before]", "warn_at: [5%, 5%]",
         "clocks.reinstatement.warn_at[1]", "twice"),
        ("disputes.yaml", "tell_at: {90%: [director]}", "tell_at: {90%: [king]}",
         "clocks.whole.tell_at.90%", "no role 'king'"),
        ("disputes.yaml", "tell_at: {90%: [director]}", "tell_at: {90%: [arbitrator]}",
         "clocks.whole.tell_at.90%", "no role 'arbitrator' that sees cases"),
        ("disputes.yaml", "tell_at: {90%: [director]}", "tell_at: {30 workdays before: [director]}",
         "clocks.whole.tell_at.30 workdays before", "not inside"),
        ("disputes.yaml", "at: 5 workdays after", "at: 20 workdays before",
         "clocks.whole.rungs.again.at", "not inside"),
        ("disputes.yaml", "at: 5 workdays after", "at: later", "clocks.whole.rungs.again.at", "'1 workday after'"),
        ("disputes.yaml", "{by: 2 workdays, at_most: 1}", "{by: 2 workdays, at_most: 0}",
         "clocks.review.extension.at_most", "greater than"),
        ("disputes.yaml", "      urgent: {within: 1 workday,", "      critical: {within: 1 workday,",
         "clocks.review.urgency.critical", "no words for critical"),
        ("disputes.yaml", "      urgent: {within: 1 workday,", "      normal: {within: 1 workday,",
         "clocks.review.urgency.normal", "is the usual limit"),
        ("disputes.yaml", ", at_least: 4 hours", "",
         "clocks.review.urgency.urgent.at_least", "missing"),
        ("disputes.yaml", "warn_at: [1 workday before, 2 hours before]",
         "urgency: {urgent: {within: 1 workday, at_least: 1 hour, source: designed}}\n    warn_at: [1 workday before]",
         "clocks.returned.urgency.urgent", "'1 workday before' is not inside '1 workday'"),
        ("disputes.yaml", "warn_at: [1 workday before]", "calendar: moon",
         "clocks.reinstatement.calendar", "no calendar 'moon'"),
        ("disputes.yaml", "    source: designed", "    source: rumour", "clocks.screen.source", "'designed'"),
        ("disputes.yaml", "no_worse_off: {value: true, ", "no_worse_off: {value: {a: b}, ",
         "parameters.no_worse_off.value", "whole number"),
        ("disputes.yaml", "no_worse_off: {value: true, source: designed}", "no_worse_off: {value: true}",
         "parameters.no_worse_off.source", "missing"),
        ("disputes.yaml", "late: {zh: 逾期提出, en: Late}", "late: {zh: 逾期提出}",
         "labels.inadmissibility.late.en", "missing"),
        ("disputes.yaml", "en: Late}", "en: ' '}", "labels.inadmissibility.late.en", "at least 1 character"),
        ("roles.yaml", "sees: own", "sees: everything", "agent.sees", "'everything'"),
        ("roles.yaml", "leads: true", "leads: 1", "team_leader.leads", "boolean"),
        ("organisation.yaml", "Asia/Shanghai", "Asia/Atlantis", "time_zone", "expected a time zone"),
        ("organisation.yaml", "Asia/Shanghai", "../../etc/passwd", "time_zone", "expected a time zone"),
        ("organisation.yaml", "  hours: {", "  decades: {", "limits.decades", "unknown key"),
        ("organisation.yaml", "{n} business hours", "{m} business hours", "limits.hours.en", "{m}"),
        ("organisation.yaml", "version: 1", "version: 0", "edition.version", "greater than or equal to 1"),
        ("organisation.yaml", "2026-08-20", "2026-08-32", "edition.published_on", "date"),
    ],
)  # fmt: skip
def test_load_with_a_bad_value_names_file_line_and_path(folder, file, old, new, path, said):
    line = edit(folder, file, old, new)
    found = {problem.path: problem for problem in problems(folder)}
    assert path in found
    problem = found[path]
    assert (problem.file, problem.line) == (file, line)
    assert said in problem.message
    assert str(problem).startswith(f"{file}:{line}: {path}: ")


def test_load_names_every_problem_at_once_in_file_order(folder):
    edit(folder, "roles.yaml", "sees: own", "sees: everything")
    edit(folder, "disputes.yaml", "within: 20 workdays", "within: never")
    edit(folder, "disputes.yaml", "within: 1 workday", "within: soon")
    assert [problem.path for problem in problems(folder)] == [
        "clocks.screen.within",
        "clocks.whole.within",
        "agent.sees",
    ]


# --- YAML that could be read in two ways, or not at all ---


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("parameters:", "parameters: [", "not YAML"),
        ("parameters:", "\tparameters:", "not YAML"),
        ("parameters:", "clocks:", "stands in line"),
        ("  grounds:", "  no:", "the key 'no' is not read as text"),
        ("value: true", "value: 2.5", "more than one way"),
        ("value: true", "value: 020000", "more than one way"),
        ("value: true", "value: 20_000", "more than one way"),
        ("value: true", "value: 99999999999999999999", "more than one way"),
        ("value: true", "value: yes", "more than one way"),
        ("value: true", "value: !!python/object/apply:os.system [id]", "uses the tag"),
        ("value: true", "value: !secret x", "uses the tag"),
        ("value: true", 'value: "\\ud800"', ""),
        ("value: true", "value: &a true", "uses the anchor 'a'"),
        ("value: true", "value: &a [*a]", "uses the anchor 'a'"),
        ("value: true", "value: " + "[" * 90 + "]" * 90, "nested deeper"),
        ("value: true", "value: a\0b", r"holds the character '\x00'"),
    ],
)
def test_load_with_doubtful_yaml_names_the_line(folder, old, new, said):
    line = edit(folder, "disputes.yaml", old, new)
    problem = next(problem for problem in problems(folder) if said in problem.message)
    assert problem.file == "disputes.yaml"
    assert line <= problem.line <= line + 2  # an open bracket is noticed where the next thing does not fit


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", "is empty"),
        (b"# nothing\n", "is empty"),
        (b"a: 1\n\xff\xfe", "is not UTF-8"),
        (b"a" * 1_000_001, "larger"),
        (b"- a\n", "valid dictionary"),
        (b"--- a\n--- b\n", "not YAML"),
    ],
)
def test_load_of_a_file_that_is_no_policy_says_so(folder, written, said):
    (folder / "roles.yaml").write_bytes(written)
    assert said in only(folder).message


def test_load_with_a_byte_order_mark_and_crlf_is_the_same_policy(policy, folder):
    path = folder / "disputes.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(folder).digest == policy.digest


def test_load_without_folder_or_needed_file_says_what_to_add(tmp_path, folder):
    assert "no such folder" in only(tmp_path / "nowhere").message
    (folder / "roles.yaml").unlink()
    assert str(only(folder)) == "roles.yaml: missing; add it to the folder pack"
    (folder / "penalties.yml").write_text("clocks: {}", encoding="utf-8")
    (folder / "my-type.yaml").write_text("clocks: {}", encoding="utf-8")
    assert {problem.file for problem in problems(folder)} == {"roles.yaml", "penalties.yml", "my-type.yaml"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_load_of_a_damaged_file_is_a_policy_or_a_policy_error(tmp_path, data):
    folder = tmp_path / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("organisation.yaml", "roles.yaml"):
        shutil.copy(DEFAULT / name, folder)
    text = (DEFAULT / "roles.yaml").read_text(encoding="utf-8")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    junk = data.draw(st.text(st.sampled_from("{}[]:,&*!|>'\"%@`-#? \n\t\0a1é\u2028"), max_size=6))
    (folder / "roles.yaml").write_text(text[:start] + junk + text[end:], encoding="utf-8")
    try:
        assert isinstance(load(folder), Policy)
    except PolicyError as error:
        assert error.problems


# --- same_as ---


def test_same_as_takes_over_limit_and_warnings_but_not_label_or_source(folder):
    whole = "    within: 1 workday\n    warn_at: [50%, 90%]"
    edit(folder, "evaluations.yaml", whole, "    same_as: objection")
    clocks = load(folder).case_type("evaluations").clocks
    assert clocks["answer"].within == "2 workdays"
    assert clocks["answer"].warn_at == clocks["objection"].warn_at
    assert (clocks["answer"].source, clocks["answer"].label.en) == ("designed", "Answer to a question")


@pytest.mark.parametrize(
    ("references", "said"),
    [
        ({"screen": "screen"}, {"screen": "screen -> screen"}),
        ({"screen": "review", "review": "screen"},
         {"screen": "review -> screen -> review", "review": "screen -> review -> screen"}),
        ({"screen": "review", "review": "sign", "sign": "review"},
         {"review": "sign -> review -> sign", "sign": "review -> sign -> review"}),
        ({"screen": "moon"}, {"screen": "no clock 'moon' in this file"}),
    ],
)  # fmt: skip
def test_same_as_in_a_circle_or_to_nowhere_is_refused_at_its_line(folder, references, said):
    path = folder / "disputes.yaml"
    lines, clock, where = path.read_text(encoding="utf-8").split("\n"), "", {}
    for number, line in enumerate(lines):
        if line.startswith("  ") and line[2] != " ":
            clock = line.split(":")[0].strip()
        elif line.startswith("    within:") and clock in references:
            lines[number] = f"    same_as: {references[clock]}"
            where[clock] = number + 1
    path.write_text("\n".join(lines), encoding="utf-8")
    found = problems(folder)
    assert {problem.path: problem.line for problem in found} == {f"clocks.{name}.same_as": where[name] for name in said}
    for problem in found:
        assert problem.message.removeprefix("refers to itself: ") == said[problem.path.split(".")[1]]


def test_same_as_without_a_source_of_its_own_is_refused(folder):
    whole = "    within: 1 workday\n    warn_at: [50%, 90%]\n    source: designed"
    edit(folder, "evaluations.yaml", whole, "    same_as: objection")
    assert only(folder).path == "clocks.answer.source"


def test_same_as_beside_within_is_refused(folder):
    line = edit(folder, "disputes.yaml", "    within: 20", "    same_as: screen\n    within: 20")
    problem = only(folder)
    assert (problem.path, problem.line) == ("clocks.whole.same_as", line)


# --- texts ---


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{number} has lapsed", "{numbr} has lapsed", "unknown placeholder {numbr}"),
        ("{number} has lapsed", "It has lapsed", "{number} stands in one language only"),
        ("{number} has lapsed", "{number.__class__} has lapsed", "bare placeholder"),
        ("{number} has lapsed", "{number!r} has lapsed", "bare placeholder"),
        ("{number} has lapsed", "{number:>9} has lapsed", "bare placeholder"),
        ("{number} has lapsed", "{} has lapsed", "bare placeholder"),
        ("{number} has lapsed", "{number has lapsed", "'}'"),
        ("en: Filed by the agent}", "en: 'Filed by {number}'}", "unknown placeholder {number}"),
    ],
)
def test_load_with_a_text_that_cannot_be_filled_names_its_line(folder, old, new, said):
    line = edit(folder, "disputes.yaml", old, new)
    found = [problem for problem in problems(folder) if said in problem.message]
    assert found and found[0].line == line


def test_fill_puts_values_in_as_they_are_and_names_a_missing_one():
    text = Text(zh="于{until}前，{limit}内", en="by {until}, within {limit}")
    limit = {"zh": "1个工作日", "en": "1 working day"}
    assert text.fill(until="{limit} <b>", limit=limit) == {
        "zh": "于{limit} <b>前，1个工作日内",
        "en": "by {limit} <b>, within 1 working day",
    }
    with pytest.raises(ValueError, match="expected a value for 'limit'"):
        text.fill(until="now")


# --- the law ---


class Numbers(BaseModel, extra="forbid", strict=True):
    leave_defers_service_at_most: str
    no_worse_off: bool
    refile_once: bool
    evidence_largest_mib: int
    evidence_files: int
    evidence_megapixels: int
    evidence_kinds: list[str]


def law_that_fits(policy, **changes):
    types = {
        label: LawOfType(
            clocks=dict.fromkeys(
                [*kind.clocks, *(f"{name}.{rung}" for name, rule in kind.clocks.items() for rung in rule.rungs)],
                "somewhere",
            ),
            actions=dict.fromkeys(kind.timeline, False),
            texts_needed=set(kind.texts) | {f"notices.{name}" for name in kind.notices},
        )
        for label, kind in policy.case_types.items()
    }
    for label, parts in changes.items():
        types[label] = LawOfType(**{**vars(types[label]), **parts})
    return Law(types)


def test_load_against_a_law_that_fits_is_the_same_policy(policy):
    law = law_that_fits(policy, disputes={"parameters": Numbers})
    assert load(DEFAULT, law=law).digest == policy.digest


def test_load_against_a_law_names_what_either_side_lacks(policy, folder):
    disputes = policy.case_type("disputes")
    clocks = dict.fromkeys(disputes.clocks.keys() - {"whole"} | {"nap"}, "somewhere")
    actions = dict.fromkeys(disputes.timeline.keys() - {"accept"} | {"dance"}, False)
    needed = {"ruling_title", "song_title", "notices.returned.title"}
    needed |= {"labels.grounds.fact_wrong", "labels.grounds.mood"}
    changes = {"clocks": clocks, "actions": actions, "texts_needed": needed}
    law = law_that_fits(policy, disputes=changes)
    found = {problem.path: problem for problem in problems(folder, law)}
    assert set(found) == {
        "clocks.whole", "clocks.nap", "timeline.accept", "timeline.dance",
        "texts.song_title", "labels.grounds.mood",
    }  # fmt: skip
    lines = (folder / "disputes.yaml").read_text(encoding="utf-8").split("\n")
    assert lines[found["clocks.whole"].line - 1].startswith("  whole:")
    assert lines[found["clocks.nap"].line - 1] == "clocks:"
    assert lines[found["labels.grounds.mood"].line - 1] == "  grounds:"


def test_load_against_a_law_without_the_type_or_the_file_says_so(policy, folder):
    types = dict(law_that_fits(policy).types)
    types["penalties"] = types.pop("evaluations")
    found = [(problem.file, problem.message) for problem in problems(folder, Law(types))]
    assert found == [
        ("evaluations.yaml", "no case type 'evaluations'"),
        ("penalties.yaml", "missing, the law has this case type"),
    ]


def test_load_with_a_parameter_the_law_does_not_know_or_of_another_type(policy, folder):
    law = law_that_fits(policy, disputes={"parameters": Numbers})
    line = edit(folder, "disputes.yaml", "no_worse_off: {value: true", "no_worse_off: {value: long")
    edit(folder, "disputes.yaml", "  refile_once:", "  refile_twice:")
    found = {problem.path: problem for problem in problems(folder, law)}
    assert found["parameters.no_worse_off"].line == line
    assert found["parameters.refile_twice"].message == "unknown key"
    assert found["parameters.refile_once"].message == "missing"


def test_load_with_a_placeholder_that_the_law_will_not_fill(policy, folder):
    law = law_that_fits(policy, disputes={"texts_needed": {"remedy_appeal": {"limit"}}})
    found = problems(folder, law)
    assert {problem.path for problem in found} == {"texts.remedy_appeal.zh", "texts.remedy_appeal.en"}
    assert all("{until}" in problem.message for problem in found)
