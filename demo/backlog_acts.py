"""What somebody does in a case of the backlog, by the words of its way; everything goes through perform()."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from casework.domain import staff
from casework.domain.directory import today
from casework.domain.perform import open_case, perform
from casework.domain.reading import read_family
from casework.models import Account, Case, Party
from demo import backlog_script as script
from demo.backlog_script import Way
from demo.play import Play, acting, login_of
from demo.script import REVIEWERS
from workflows.arbitration.models import Arbitration
from workflows.arbitration.panels import SEATS, listed
from workflows.evaluations.rubric import decimal_text
from workflows.evaluations.scoring import clean_value

LEAVE = timedelta(days=9)
Deed = Callable[["Play", "Item"], None]


@dataclass
class Item:
    """One dispute of the backlog, with its evaluation before it and perhaps an arbitration after it."""

    way: Way
    evaluation: str
    card: dict[str, Any]  # the scorecard
    claims: dict[str, str]  # criterion: the points of it, which are claimed
    step: Decimal
    agent: str
    inspector: str
    leader: str
    chance: Random
    interaction: str
    dispute: str = ""
    arbitration: str = ""

    def between(self, code: str) -> str:
        """Half-way from the score to what is claimed, on the rubric's step, at least one step up."""
        had, claimed = Decimal(self.card[code]["score"]), Decimal(self.claims[code])
        steps = max(1, (claimed - had) / 2 // self.step)
        return decimal_text(min(claimed, had + steps * self.step))


def do(act: str, play: Play, item: Item) -> None:
    """What the way's word says was done."""
    ACTS[act](play, item)


def by(login: str | None, action: str, on: str = "dispute", data: dict[str, Any] | None = None) -> Deed:
    """That person, or else the agent, does it to the item's evaluation, dispute or arbitration."""

    def act(_play: Play, item: Item) -> None:
        perform(getattr(item, on), action, acting(login or item.agent), data)

    return act


by_agent = partial(by, None)


def nothing(_play: Play, _item: Item) -> None:
    """A day on which clocks alone do something."""


# The dispute


def file(_play: Play, item: Item) -> None:
    grounds = sorted(script.GROUNDS)
    claims = []
    for code, claimed in item.claims.items():
        ground, at = item.chance.choice(grounds), item.card[code]["at"]
        told = {"ground": ground, "reasons": script.GROUNDS[ground], "seconds": [] if at is None else [at]}
        claims.append({"criterion": code, "claimed": claimed, **told})
    opened = open_case("disputes.ScoreDispute", acting(item.agent), {"criteria": claims}, subject=item.evaluation)
    item.dispute = opened.number


def state(_play: Play, item: Item) -> None:
    said = [{"criterion": code, "text": item.chance.choice(script.STATEMENTS)} for code in item.claims]
    perform(item.dispute, "give_statement", acting(item.inspector), {"criteria": said})


def concede(_play: Play, item: Item) -> None:
    said = [{"criterion": code, "text": script.CONCESSION, "concede": True} for code in item.claims]
    perform(item.dispute, "give_statement", acting(item.inspector), {"criteria": said})


def forward(_play: Play, item: Item) -> None:
    perform(item.dispute, "forward", acting(item.leader))


def give_back(_play: Play, item: Item) -> None:
    perform(item.dispute, "return_to_agent", acting(item.leader), {"reasons": script.RETURN})


def rule(_play: Play, item: Item) -> None:
    if item.way.day_of("appeal") is not None:
        decide(item, ["maintain"])
    elif item.way.day_of("concede") is not None:
        decide(item, ["accept"])
    else:
        decide(item, ["maintain", "accept", "other"])


def annul(_play: Play, item: Item) -> None:
    decide(item, ["accept"], annul=script.ANNULMENT)


def dismiss(_play: Play, item: Item) -> None:
    decide(item, ["inadmissible"])


def decide(item: Item, among: list[str], **more: str) -> None:
    criteria = []
    for code in item.claims:
        decision = item.chance.choice(among)
        value = {"value": item.between(code)} if decision == "other" else {}
        ground = {"ground": "no_reasons"} if decision == "inadmissible" else {}
        told = {"decision": decision, "reasons": script.RULINGS[decision]}
        criteria.append({"criterion": code, **told, **value, **ground})
    perform(item.dispute, "rule", acting(reviewer(item)), {"criteria": criteria, **more})


def sign(play: Play, item: Item) -> None:
    play.sign(item.dispute, reviewer(item))


def reviewer(item: Item) -> str:
    """The login, of a person's two the one that reviews, of whoever sits."""
    no = Party.objects.values_list("person__no", flat=True).get(case__number=item.dispute, role="reviewer", until=None)
    logins = Account.objects.filter(person__no=no, username__in=REVIEWERS)
    return logins.values_list("username", flat=True).get()


def go_on_leave(_play: Play, item: Item) -> None:
    """Nothing is deemed served on the agent until they are back."""
    person = Account.objects.select_related("person").get(username=item.agent).person
    staff.record_leave(person, today(), today() + LEAVE, acting("hua"), script.LEAVE_REASON)


# The arbitration


def appeal(_play: Play, item: Item) -> None:
    given = [{"criterion": code, "reasons": script.APPEAL} for code in item.claims]
    perform(item.dispute, "appeal", acting(item.agent), {"criteria": given})
    item.arbitration = Case.objects.get(type="arbitration.Arbitration", subject__number=item.dispute).number


def waive(_play: Play, item: Item) -> None:
    for login in (item.agent, item.inspector):
        perform(item.arbitration, "waive_challenge", acting(login))


def panel(item: Item) -> list[str]:
    """Logins, seat by seat."""
    seated = Party.objects.filter(case__number=item.arbitration, role__in=SEATS, until=None).order_by("role")
    return [login_of(no) for no in seated.values_list("person__no", flat=True)]


def opinions(item: Item, code: str) -> list[Any]:
    """What the first, second and third arbitrator think of a criterion: on what is disputed they differ, on a check
    criterion they agree with the inspector."""
    had = clean_value(item.card[code])
    return [item.claims[code], item.between(code), had] if code in item.claims else [had] * len(SEATS)


def opinion(item: Item, code: str, place: int) -> Any:
    """Whoever sits alone takes the middle."""
    return opinions(item, code)[place if len(panel(item)) > 1 else 1]


def score(_play: Play, item: Item) -> None:
    score_some(item, panel(item))


def score_but_one(_play: Play, item: Item) -> None:
    score_some(item, panel(item)[:-1])


def score_some(item: Item, arbitrators: list[str]) -> None:
    arbitration = Arbitration.objects.get(number=item.arbitration)
    codes = listed(arbitration, read_family(item.arbitration))
    for place, login in enumerate(arbitrators):
        scores = [{"criterion": code, "value": opinion(item, code, place)} for code in codes]
        perform(item.arbitration, "score_blind", acting(login), {"criteria": scores})


def vote(_play: Play, item: Item) -> None:
    vote_some(item, panel(item))


def vote_one(_play: Play, item: Item) -> None:
    vote_some(item, panel(item)[:1])


def vote_some(item: Item, arbitrators: list[str]) -> None:
    for place, login in enumerate(arbitrators):
        ballot = [
            {"criterion": code, "value": opinion(item, code, place), "reasons": script.VOTES[place]}
            for code in item.claims
        ]
        perform(item.arbitration, "vote", acting(login), {"criteria": ballot})


def endorse(play: Play, item: Item) -> None:
    for login in panel(item):
        play.sign(item.arbitration, login)


def endorse_one(play: Play, item: Item) -> None:
    play.sign(item.arbitration, panel(item)[0])


ACTS: dict[str, Deed] = {
    "-": nothing,
    "bypass": nothing,
    "publish": by("qin", "publish", "evaluation"),
    "read": by_agent("read", "evaluation"),
    "receipt": by("hua", "record_receipt", "evaluation", {"proof": script.RECEIPT}),
    "question": by_agent("question", "evaluation", {"text": script.QUESTION}),
    "file": file,
    "state": state,
    "concede": concede,
    "forward": forward,
    "return": give_back,
    "insist": by_agent("insist"),
    "withdraw": by_agent("withdraw"),
    "rule": rule,
    "annul": annul,
    "dismiss": dismiss,
    "sign": sign,
    "open": by_agent("read"),
    "accept": by_agent("accept"),
    "leave": go_on_leave,
    "ask": by_agent("ask_reinstatement", data=script.EXCUSE),
    "refuse": by("qin", "refuse_reinstatement", data={"reasons": script.NOT_REINSTATED}),
    "appeal": appeal,
    "waive": waive,
    "score": score,
    "score_but_one": score_but_one,
    "vote": vote,
    "vote_one": vote_one,
    "endorse": endorse,
    "endorse_one": endorse_one,
    "take": by_agent("read", "arbitration"),
    "abandon": by_agent("withdraw", "arbitration"),
    "ask_reopening": by_agent("ask_reopening", "arbitration", script.REOPENING),
}
