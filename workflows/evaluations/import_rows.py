"""Reads a file of evaluations, one line per criterion, and puts each evaluation together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils.translation import gettext_lazy as _

from casework.canonical import canonical_digest
from casework.imports.cells import read_count, read_identifier, read_text, read_time
from casework.imports.problems import Problem, errors
from casework.imports.tables import Row, Table, column_problems
from workflows.evaluations.import_checks import (
    Call,
    KnownPerson,
    already_scored,
    changed_without_correction,
    not_in_force,
    people_problems,
)
from workflows.evaluations.rubric import Rubric
from workflows.evaluations.scoring import Entry, check_value, clean_value, explain

# The same on every line of an evaluation ...
HEAD = (
    "rubric", "rubric_version", "interaction_id", "channel", "started_at", "duration_s", "customer_ref",
    "agent_no", "agent_name", "team", "inspector_no", "inspector_name", "scored_at",
)  # fmt: skip
# ... and one line of these per criterion.
PER_CRITERION = ("criterion", "score", "not_applicable", "critical_failed", "at_seconds", "comment")
COLUMNS = ("evaluation_id", *HEAD, *PER_CRITERION)

# As strict as the columns of the database, which SQLite would not enforce.
WORDS_AT_MOST = 100
FLAGS = {"1": True, "0": False, "": None}
COLUMN_OF = {
    "unknown_criterion": "criterion",
    "not_applicable_not_allowed": "not_applicable",
    "critical_needs_failed_flag": "critical_failed",
    "failed_on_normal": "critical_failed",
    "failed_with_not_applicable": "critical_failed",
}  # every other problem of a value lies in the score


@dataclass(frozen=True)
class EvaluationRecord:
    """One evaluation, checked: times in UTC, duration in seconds, every criterion of the rubric scored.

    `content_digest` is the same whenever the same evaluation is imported again, in whatever encoding or order
    of lines; names are not part of it, as people are known by number. `lines` are the lines of the file.
    """

    external_id: str
    rubric_code: str
    rubric_version: int
    interaction_id: str
    channel: str
    started_at: datetime
    duration_s: int
    customer_ref: str
    agent_no: str
    inspector_no: str
    scored_at: datetime
    team: str
    scorecard: dict[str, Entry]
    content_digest: str
    lines: tuple[int, ...]


@dataclass(frozen=True)
class EvaluationsFile:
    """The evaluations that may be imported, in file order; those already there; and what is wrong or odd.

    An evaluation with an error is in neither list: its id is the `subject` of the problem. An error without a
    subject concerns the whole file.
    """

    records: list[EvaluationRecord]
    problems: list[Problem]
    unchanged: list[str]


def parse_evaluations(
    table: Table,
    rubrics: Iterable[Rubric],
    people: Mapping[str, KnownPerson],
    existing: Mapping[str, str],
    existing_calls: Mapping[Call, str],
    *,
    zone: tzinfo,
) -> EvaluationsFile:
    """The evaluations of the file, each complete and right, or with its problems by line and column.

    `existing` gives the content digest of every external id imported before. The same content again is
    `unchanged` and not held against people and dates anew, as they may have moved on since; other content is
    an error. `existing_calls` gives the external id under which a call was scored. `zone` decides on which
    day a call took place, and so which version of the rubric was in force.
    """
    problems = [*table.problems, *column_problems(table, COLUMNS)]
    if errors(problems):
        return EvaluationsFile([], problems, [])
    loaded = {(rubric.code, rubric.version): rubric for rubric in rubrics}
    scored = dict(existing_calls)
    records: list[EvaluationRecord] = []
    unchanged: list[str] = []
    for external_id, rows in _by_evaluation(table, problems).items():
        head, found = rows[0], list[Problem]()
        record = _read_evaluation(external_id, rows, loaded, found)
        if record and existing.get(external_id) == record.content_digest:
            unchanged.append(external_id)
            continue
        found += people_problems(head, people)
        if record and external_id in existing:
            found.append(changed_without_correction(head))
        elif record:
            rubric = loaded[record.rubric_code, record.rubric_version]
            call = (record.interaction_id, record.agent_no, record.rubric_code)
            found += not_in_force(head, loaded.values(), rubric, record.started_at, zone)
            found += already_scored(head, call, external_id, scored)
        problems += (problem.about(external_id) for problem in found)
        if record and not errors(found):
            records.append(record)
    return EvaluationsFile(records, problems, unchanged)


def _by_evaluation(table: Table, problems: list[Problem]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in table.rows:
        if external_id := row.value("evaluation_id"):
            found.setdefault(external_id, []).append(row)
        else:
            message = _("Expected the id of an evaluation, but the cell is empty. Fill it in.")
            problems.append(Problem.at(row.line, "evaluation_id", "value_missing", message))
    return found


def _read_evaluation(
    external_id: str, rows: list[Row], rubrics: Mapping[tuple[str, int], Rubric], problems: list[Problem]
) -> EvaluationRecord | None:
    """The evaluation, if its lines agree and each cell is right by itself and by the rubric."""
    head = rows[0]
    read_identifier(head, "evaluation_id", problems)
    for row in rows:
        problems += row.problems
    problems += _disagreements(rows)
    rubric = _rubric(head, rubrics, problems)
    interaction_id = read_identifier(head, "interaction_id", problems)
    channel = read_text(head, "channel", problems, at_most=WORDS_AT_MOST)
    started_at, scored_at = read_time(head, "started_at", problems), read_time(head, "scored_at", problems)
    duration = read_count(head, "duration_s", problems)
    customer = read_text(head, "customer_ref", problems, at_most=WORDS_AT_MOST, required=False)
    team = read_text(head, "team", problems, at_most=WORDS_AT_MOST, required=False)
    if started_at and scored_at and scored_at < started_at:
        message = _("Expected the scoring after the call began, but it is before. Correct one of the times.")
        problems.append(Problem.at(head.line, "scored_at", "scored_before_call", message))
    scorecard = _scorecard(rows, rubric, duration, problems) if rubric else {}
    if errors(problems) or not (rubric and started_at and scored_at):
        return None
    content: dict[str, Any] = {
        "external_id": external_id,
        "rubric_code": rubric.code,
        "rubric_version": rubric.version,
        "interaction_id": interaction_id,
        "channel": channel,
        "started_at": started_at.astimezone(UTC),
        "duration_s": duration,
        "customer_ref": customer,
        "agent_no": head.value("agent_no"),
        "inspector_no": head.value("inspector_no"),
        "scored_at": scored_at.astimezone(UTC),
        "team": team,
        "scorecard": scorecard,
    }
    lines = tuple(row.line for row in rows)
    return EvaluationRecord(**content, content_digest=_digest(content), lines=lines)


def _digest(content: Mapping[str, Any]) -> str:
    times = {key: content[key].isoformat(timespec="microseconds") for key in ("started_at", "scored_at")}
    return canonical_digest({**content, **times})


def _disagreements(rows: list[Row]) -> list[Problem]:
    first = rows[0]
    message = _("Expected the same “{column}” as on line {line}, but it is another. Make them agree.")
    return [
        Problem.at(row.line, column, "inconsistent_rows", message, column=column, line=first.line)
        for row in rows[1:]
        for column in HEAD
        if row.text(column) != first.text(column) and row.value(column) != first.value(column)
    ]


def _rubric(head: Row, rubrics: Mapping[tuple[str, int], Rubric], problems: list[Problem]) -> Rubric | None:
    code, version = head.value("rubric"), read_count(head, "rubric_version", problems)
    if version is None or (code, version) in rubrics:
        return rubrics.get((code, version or 0))
    message = _("Expected a rubric on file, but “{code}” version {version} is none. Load it or correct the line.")
    problems.append(Problem.at(head.line, "rubric", "unknown_rubric", message, code=code, version=version))
    return None


def _scorecard(rows: list[Row], rubric: Rubric, duration: int | None, problems: list[Problem]) -> dict[str, Entry]:
    """The entries in the rubric's order; incomplete if any problem was found."""
    entries: dict[str, Entry] = {}
    lines: dict[str, int] = {}
    for row in rows:
        code = row.value("criterion")
        if code in lines:
            message = _("Expected each criterion once, but “{code}” is on line {line} too. Remove one.")
            again = Problem.at(row.line, "criterion", "duplicate_row", message, code=code, line=lines[code])
            problems.append(again)
            continue
        lines[code] = row.line
        if entry := _entry(row, rubric, code, duration, problems):
            entries[code] = entry
    if missing := [code for code in rubric.criteria if code not in lines]:
        message = _("Expected a line for every criterion, but there is none for {codes}. Add it.")
        codes = ", ".join(missing)
        problems.append(Problem.at(rows[0].line, "criterion", "criterion_missing", message, codes=codes))
    return {code: entries[code] for code in rubric.criteria if code in entries}


def _entry(row: Row, rubric: Rubric, code: str, duration: int | None, problems: list[Problem]) -> Entry | None:
    before = len(problems)
    value = {
        "score": row.value("score") or None,
        "na": bool(_flag(row, "not_applicable", problems)),
        "failed": _flag(row, "critical_failed", problems),
    }
    if len(problems) == before:
        problems += (
            Problem(row.line, COLUMN_OF.get(wrong, "score"), wrong, explain(rubric, code, wrong))
            for wrong in check_value(rubric, code, value)
        )
    at = read_count(row, "at_seconds", problems) if row.value("at_seconds") else None
    if at is not None and duration is not None and at > duration:
        message = _("Expected a second of the recording, which lasts {duration} s, but it is {at}. Correct it.")
        late = Problem.at(row.line, "at_seconds", "beyond_recording", message, duration=duration, at=at)
        problems.append(late)
    if len(problems) > before:
        return None
    comment = _with_plain_line_ends(row.text("comment"))
    return {**clean_value(value), "at": at, "comment": comment}  # type: ignore[return-value]


def _flag(row: Row, column: str, problems: list[Problem]) -> bool | None:
    text = row.value(column)
    if text not in FLAGS:
        message = _("Expected 1, 0 or nothing, but it is “{text}”. Correct it.")
        problems.append(Problem.at(row.line, column, "not_a_flag", message, text=text))
    return FLAGS.get(text)


def _with_plain_line_ends(text: str) -> str:
    # A file saved again with other line ends holds the same evaluations.
    return text.replace("\r\n", "\n").replace("\r", "\n")
