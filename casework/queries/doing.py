"""One action as one person meets it: what it takes, what its form shows, what refuses it now, and what came of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from casework.domain import drafts, ledger
from casework.domain.action import ActionSpec
from casework.domain.actor import Actor
from casework.domain.case_rules import rules_of
from casework.domain.decide import action_of
from casework.domain.errors import OutOfScope, Refusal, Stale, UnknownAction
from casework.domain.extending import Extension, extensible
from casework.domain.law import Law, law_by_number, law_of, laws
from casework.domain.openings import unborn
from casework.domain.perform import token_of
from casework.domain.policy import pinned_policy
from casework.domain.policy_content import CaseTypePolicy
from casework.domain.recorder import Recorder
from casework.domain.step import Step
from casework.domain.urgency import Urgency, urgencies
from casework.domain.wording import bracketed, due_text, spoken
from casework.models import CaseEvent
from casework.queries.actions import asked
from casework.queries.blind import VERSION, blind_clocks, blind_head, blind_tasks
from casework.queries.case_page import case_head
from casework.queries.events import shown_events
from casework.queries.owed import clock_entries, task_entries
from casework.queries.papers import evidence_in, papers
from casework.queries.presenting import presented
from casework.queries.sight import Sight, look_at, nothing_there, opened


@dataclass(frozen=True)
class Doing:
    """An action of the case with that number, or the opening of another case on it, by the actor."""

    actor: Actor
    sight: Sight
    case: Any
    spec: ActionSpec
    target: Any
    step: Step

    @property
    def law(self) -> Law:
        return law_of(self.target)

    @property
    def rules(self) -> CaseTypePolicy:
        return rules_of(self.target, self.step.book)

    @property
    def version(self) -> int | None:
        """What perform() is told was seen; an opening asks for none."""
        if self.spec.opening:
            return None
        return VERSION if self.sight.blind else self.sight.family.version

    @property
    def seen(self) -> int:
        """The last event of the case that the person can have seen."""
        return 0 if self.sight.blind else self.case.seq

    @cached_property
    def head(self) -> dict[str, Any]:
        """The case it is done on, with its clocks that run."""
        blind = self.sight.blind
        head = blind_head(self.case) if blind else case_head(self.case, self.sight.book)
        clocks = blind_clocks(self.case, self.sight) if blind else clock_entries(self.case, self.sight)
        running = [clock for clock in clocks if clock["time_left_s"] is not None and not clock["rung_of"]]
        return self.sight.masked({**head, "running": running})

    @cached_property
    def refused(self) -> Refusal | None:
        """Why the person cannot do it now, as far as that can be said without data."""
        try:
            self.refuse()
        except Refusal as refusal:
            return refusal
        return None

    @cached_property
    def rows(self) -> list[dict[str, Any]] | None:
        """What the type says that the form asks about, an entry for each row; None where there are no rows. Whoever
        cannot do it is shown none: which there are tells of what has been decided."""
        return [] if self.refused else self.rows_known

    @cached_property
    def rows_known(self) -> list[dict[str, Any]] | None:
        """The same for reading what was sent; nothing of it is shown."""
        return self.sight.masked(presented(self.target, "rows", self.sight, self.spec.name))

    @cached_property
    def choices(self) -> dict[str, list[dict[str, Any]]]:
        """{field: the people whom it may name}, where the type says so; the deadlines that may be extended,
        the urgencies that the case may be given."""
        if self.sight.blind or self.refused:
            return {}
        if self.spec.form is Extension:
            return {"clock": self._deadlines()}
        if self.spec.form is Urgency:
            return {"urgency": self._urgencies()}
        found = presented(self.target, "choices", self.sight, self.spec.name) or {}
        return {name: [p for p in people if p["no"]] for name, people in found.items()}

    def _deadlines(self) -> list[dict[str, Any]]:
        """Those that may be extended, each with when it is due and by how much."""
        policy, rules, found = pinned_policy(self.case.policy_id), self.rules, []
        for clock in extensible(self.case, self.sight.family, rules):
            rule, due = rules.clock(clock.name), due_text(clock.due_at, clock.provisional)
            values = {
                "what": spoken(rule.label), "due": due if isinstance(due, str) else spoken(due),
                "by": spoken(policy.limit_in_words(rule.extension.by)),
            }  # fmt: skip
            found.append({"no": clock.name, "label": _("%(what)s, due %(due)s: extend by %(by)s") % values})
        return found

    def _urgencies(self) -> list[dict[str, Any]]:
        """The others, each with the limit that what runs now would have."""
        policy, rules, found = pinned_policy(self.case.policy_id), self.rules, []
        running = {clock["name"] for clock in self.head["running"]}
        limits = {name: rule for name, rule in rules.clocks.items() if name in running and rule.urgency}
        for code in urgencies(rules):
            values = [
                _("%(what)s within %(limit)s")
                % {"what": spoken(rule.label), "limit": spoken(policy.limit_in_words(rule.within_at(code)))}
                for rule in limits.values()
            ]
            label = spoken(rules.label("urgencies", code))
            found.append({"no": code, "label": f"{label}{bracketed(_(', ').join(values))}" if values else label})
        return [choice for choice in found if choice["no"] != self.case.urgency]

    @cached_property
    def recordings(self) -> list[dict[str, Any]]:
        """What can be heard of the case while its form is filled in."""
        return [item for item in evidence_in(self.sight, self.case) if item["kind"] == "recording"]

    @cached_property
    def draft(self) -> dict[str, Any] | None:
        """The draft that waits for signatures, if the person may read it."""
        waiting = drafts.draft_of(self.case, self.sight.family)
        found = next((p for p in papers(self.case, self.sight) if waiting and p["id"] == str(waiting.pk)), None)
        if found is None:
            return None
        title = self.rules.texts.get(f"{found['kind']}_title")
        return {**found, "title": spoken(title) if title else found["kind"]}

    def refuse(self, data: Mapping[str, Any] | None = None) -> None:
        """Raises what perform() would refuse it with now; without data, as far as that can be said without."""
        asked(self.spec, self.actor, self.target, self.sight, self.step, data)

    def refuse_stale(self, version: int | None) -> None:
        """Raises Stale where the case has moved on since the person saw it."""
        if version is not None and self.version is not None and version != self.version:
            raise Stale(
                _("Expected the case as you saw it, but it has moved on since; look at what changed, then decide")
            )

    def since(self, seq: int) -> list[dict[str, Any]]:
        """What has happened on the case after that event, newest first, as the person may see it."""
        return list(reversed(told(shown_events(self.sight, self.case, seq), self.case, self.sight)))


def doing(number: str, actor: Actor, action: str = "", opens: str = "") -> Doing:
    """The action, or with `opens` the opening of a case of that type on this one; the person thereby reads the case.
    OutOfScope and UnknownAction like perform()."""
    sight, case = opened(number, actor)
    step = Step(family=sight.family, book=sight.book, recorder=Recorder(), at=sight.at)
    if not opens:
        spec = action_of(law_of(case), action, opening=False)
        return Doing(actor, sight, case, spec, case, step)
    law = laws().get(opens)
    spec = next((s for s in law.openings.values() if s.subject == case.type), None) if law else None
    if law is None or spec is None:
        raise UnknownAction(
            _("Expected a type of case that is opened on %(case)s, but '%(type)s' is none; look at the case again")
            % {"case": number, "type": opens[:60]}
        )
    return Doing(actor, sight, case, spec, unborn(law, case, step), step)


def recorded_under(key: str, actor: Actor, number: str, opens: str = "") -> tuple[str, int] | None:
    """(case number, event) that the person's act under that key left, if there was one; also where the act itself took
    the case out of their sight."""
    token = token_of(actor, f"{opens} {number}" if opens else number, key)
    found = ledger.entry_with_key(token) if token else None
    if found is None:
        return None
    entry = json.loads(found["entry"])
    return entry["stream"].removeprefix("case:"), int(entry["id"])


def done(number: str, event: int, actor: Actor) -> dict[str, Any]:
    """What the person's own act left: the event, where the case stands now, and who owes what. Whoever no longer sees
    the case by this very act is told of the act alone; whoever sits blind, of nobody else."""
    stream = f"case:{number}"
    row = CaseEvent.objects.filter(pk=event, stream=stream, actor_id=actor.person_id).select_related("texts").first()
    if row is None or actor.person_id is None:
        raise nothing_there()
    entry, law = json.loads(row.entry), law_by_number(number)
    spec = law.actions.get(row.action)
    known = {
        "number": number, "type_label": str(law.model.title), "label": str(spec.label) if spec else row.action,
        "app": law.app, "received_at": entry["received_at"], "digest": None, "case": None,
        "owed": [], "impersonated": bool(entry.get("impersonated")), "form": spec.form if spec else None,
        "data": _with_texts(entry["data"], row.texts.texts if hasattr(row, "texts") else []),
    }  # fmt: skip
    try:
        sight, case = look_at(number, actor.person_id, actor.received_at)
    except OutOfScope:
        return known
    if sight.blind:
        return known | {"case": blind_head(case), "owed": blind_tasks(case, sight)}
    owed = [
        {**task, "case": other.number}
        for other in sight.family.cases if sight.sees(other) for task in task_entries(other, sight)
    ]  # fmt: skip
    more = {"case": case_head(case, sight.book), "owed": owed, "seq": row.seq, "digest": row.digest}
    return sight.masked(known | more)


def _with_texts(data: Any, texts: list[dict[str, str]]) -> Any:
    """The entry's data with the clear texts where it only commits to them."""
    for text in texts:
        *way, last = text["path"].split(".")[1:]
        place = data
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = text["text"]
    return data


def told(events: list[dict[str, Any]], case: Any, sight: Sight) -> list[dict[str, Any]]:
    """Events in the policy's words: {"label", "who", "at"}."""
    rules = rules_of(case, sight.book)
    return [
        {
            "label": spoken(rules.timeline[entry["action"]]) if entry["action"] in rules.timeline else entry["event"],
            "who": _named(entry["actor"], sight), "at": entry["received_at"],
        }
        for entry in (event["entry"] for event in events)
    ]  # fmt: skip


def _named(actor: str, sight: Sight) -> str:
    """The name behind a staff number; where names are hidden, the words that stand there already."""
    person = sight.book.person_no(actor)
    return person.name if person else _("The system") if actor == "SYSTEM" else actor
