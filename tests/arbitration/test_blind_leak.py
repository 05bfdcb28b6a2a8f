"""What an arbitrator can learn before the reveal: at every door, from every byte, and from what an answer took.

Two things hold. No answer says a secret. And answers do not depend on secrets: in worlds that differ in nothing else
they are the same, length and order among it, after the same statements to the database, which stand in for time."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from casework.domain import now
from casework.domain.perform import perform
from tests.arbitration.doors import Answer, Knocker
from tests.arbitration.questions import Places, places_of
from tests.arbitration.worlds import (
    EAST,
    LOOKED_AT,
    NORTH,
    OWN_SCORES,
    SOUTHERN,
    WORLDS,
    Numbers,
    World,
    beside,
    laden_with,
    play,
    secrets_of,
    undone,
)
from tests.conftest import Time, acting
from tests.factories import deliver_all
from tests.seen import sweep

# Drawn anew whenever something is done: keys, also in cursors and of imports, and salted digests of one's own words.
RANDOM = re.compile(r'"\d{17,19}"|"[0-9a-f]{64}"|(?<="next": ")\w+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
# (stage, what they are besides): (language, what is asked). The more of it, the longer it takes: each kind of question
# is asked where its answer might depend on the world, and least where one sits alone.
Looks = dict[tuple[str, str], tuple[str, tuple[str, ...]]]
IN_THE_NORTH: Looks = {
    ("seated", "plain"): ("en", ("reads", "acts", "acts_beside", "commands", "notices")),
    ("seated", "laden"): ("en", ("reads", "acts", "notices")),
    ("seated", "importer"): ("en", ("tries",)),
    ("seated", "over P-EC"): ("zh-hans", ("reads",)),
    ("warned", "plain"): ("en", ("reads", "notices")),
    ("submitted", "plain"): ("zh-hans", ("reads", "notices")),
    ("replaced", "laden"): ("en", ("reads", "notices")),
}
IN_THE_SOUTH = IN_THE_NORTH | {("seated", "plain"): ("en", ("reads", "acts", "commands", "notices"))}
ALONE: Looks = {
    ("seated", "plain"): ("en", ("reads", "acts", "notices")),
    ("seated", "importer"): ("en", ("tries",)),
    ("warned", "plain"): ("en", ("reads", "notices")),
    ("submitted", "plain"): ("zh-hans", ("reads", "notices")),
}
LOOKS = {NORTH: IN_THE_NORTH, SOUTHERN: IN_THE_SOUTH, EAST: ALONE}
# Whoever recused themselves is out of it: their posts show them what they show, and the next one is drawn.
LEAVING = re.compile(r"recuse on ARB, as usual$")


def submitted(number: str) -> None:
    perform(number, "score_blind", acting(LOOKED_AT), OWN_SCORES)


def replaced(number: str) -> None:
    """Another has scored, and a third has made room for a fourth."""
    first, second = beside(number)
    perform(number, "score_blind", acting(first), OWN_SCORES)
    perform(number, "recuse", acting(second), {"category": "other"})
    assert second not in beside(number) and len(beside(number)) == 2


def warned(number: str) -> None:
    """More than half of the time to score is over, and so is the time for challenges."""
    Time().set("2026-11-05 15:00")
    sweep()
    deliver_all()


@dataclass(frozen=True)
class Seen:
    """All answers that LOOKED_AT got, and what was not to be in them."""

    answers: dict[str, Answer]
    secret: re.Pattern[str]
    places: Places


@pytest.fixture(scope="module")
def seen(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> dict[Any, Seen]:
    """Every world, looked at in every stage; each begins where all began."""
    folder, token = tmp_path_factory.mktemp("doors"), now._fixed.set(None)
    found: dict[Any, Seen] = {}
    with django_db_blocker.unblock():
        for world in WORLDS:
            with undone():
                found |= looked(world, play(world, Time()), folder)
    now._fixed.reset(token)
    return found


def looked(world: World, numbers: Numbers, folder: Path) -> dict[Any, Seen]:
    found, number = {}, numbers.arbitration

    def look(stage: str) -> None:
        for (begun, hand), (language, kinds) in LOOKS[world].items():
            if begun == stage:
                with undone():
                    laden_with(hand)
                    knocker = Knocker(LOOKED_AT, places_of(numbers), folder, language)
                    for kind in kinds:
                        getattr(knocker, kind)()
                    found[world.name, stage, hand] = Seen(knocker.answers, secrets_of(world, numbers), knocker.places)

    look("seated")
    with undone():
        warned(number)
        look("warned")
    Time()
    submitted(number)
    look("submitted")
    if world.panel > 1:
        replaced(number)
        look("replaced")
    return found


every_look = pytest.mark.parametrize("stage, hand", IN_THE_NORTH, ids=[" ".join(look) for look in IN_THE_NORTH])


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
@every_look
def test_answers_when_blind_hold_no_secret(seen, world: World, stage: str, hand: str):
    look = seen_in(seen, world, stage, hand)
    assert look.answers and look.secret.search(f"“{world.words('claim')}”")
    found = {key: told for key, answer in look.answers.items() if (told := secrets_told(answer, look.secret))}
    found = {key: told for key, told in found.items() if hand == "plain" or not LEAVING.search(key)}
    assert not found, readable(found)


def seen_in(seen: dict[Any, Seen], world: World, stage: str, hand: str) -> Seen:
    if (world.name, stage, hand) not in seen:
        pytest.skip("where one sits alone there is less to look at")
    return seen[world.name, stage, hand]


def secrets_told(answer: Answer, secret: re.Pattern[str]) -> list[str]:
    """Those that the question did not hold already."""
    return sorted({word for word in secret.findall(answer.text) if word not in answer.asked})


@pytest.mark.parametrize("world", [SOUTHERN, EAST], ids=lambda world: world.name)
@every_look
def test_answers_when_blind_are_the_same_in_every_world(seen, world: World, stage: str, hand: str):
    here, there = seen_in(seen, NORTH, stage, hand), seen_in(seen, world, stage, hand)
    asked = here.answers.keys() & there.answers.keys()
    assert len(asked) >= 0.9 * len(there.answers), "the same is asked everywhere"
    found = {key: told for key in asked if (told := distinguished(key, here.answers[key], there.answers[key], hand))}
    assert not found, readable(found)


def distinguished(key: str, one: Answer, other: Answer, hand: str = "plain") -> dict[str, Any]:
    """By what the answers can be told from one another: status, text and headers, length, statements."""
    told: dict[str, Any] = {
        "status": (one.status, other.status), "length": (len(one.text), len(other.text)),
        "text": (RANDOM.sub("*", one.text), RANDOM.sub("*", other.text)),
        "statements": (one.statements, other.statements),
    }  # fmt: skip
    if LEAVING.search(key):
        told = {"text": told["text"]} if hand == "plain" else {}
    return {name: pair for name, pair in told.items() if pair[0] != pair[1]}


@pytest.mark.parametrize("hand", ["plain", "laden"])
def test_linked_cases_when_blind_answer_as_if_they_did_not_exist(seen, hand: str):
    look, places = seen["north", "seated", hand], seen["north", "seated", hand].places
    pairs = [("EVL", "no EVL"), ("DSP", "no DSP"), ("ruling", "no ruling")]
    found = {}
    for key in look.answers:
        for there, nowhere in pairs:
            missing = re.sub(rf"\b{there}\b", nowhere, key)
            if missing == key or missing not in look.answers or f"no {there}" in key:
                continue
            real, none = look.answers[key], without(look.answers[missing], places, nowhere, there)
            told = distinguished(key, real, none)
            if there == "ruling":
                told.pop("statements", None)  # the case of a document is asked for first; nobody guesses an id
            if told:
                found[key] = told
    assert not found, readable(found)


def without(answer: Answer, places: Places, nowhere: str, there: str) -> Answer:
    """The answer as it would be if the question had named what there is."""
    path = {name: value for known in places.path.values() for name, value in known.items()}
    body = answer.body.replace(path[nowhere].encode(), path[there].encode())
    return Answer(answer.status, answer.headers, body, answer.statements)


@pytest.mark.parametrize("hand", ["plain", "laden"])
def test_lists_when_blind_count_only_what_they_show(seen, hand: str):
    for key, answer in seen["north", "seated", hand].answers.items():
        shown = json.loads(answer.body) if key.startswith(("GET /cases?", "GET /inbox")) else {}
        if "count" in shown:
            assert shown["count"] == len(shown["tasks"]), key
        if "next" in shown and "limit=1" not in key:
            assert shown["next"] is None, key


def readable(found: dict[str, Any]) -> str:
    """The first of them, with the place where they begin to differ."""
    lines = [f"{len(found)} answers"]
    for key, told in sorted(found.items())[:20]:
        if isinstance(told, dict) and "text" in told:
            one, other = told["text"]
            at = next(
                (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(map(len, told["text"]))
            )
            told = f"…{one[max(0, at - 60) : at + 60]}… or …{other[max(0, at - 60) : at + 60]}…"
        lines.append(f"{key}: {str(told)[:600]}")
    return "\n".join(lines)
