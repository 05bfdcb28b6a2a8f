"""What the backlog of the demo is made of: 52 disputes and 8 arbitrations, each case with its way day by day, and what
people say in them."""

from typing import NamedTuple

SEED = 2026
DAYS = 14  # working days that the backlog reaches back, and when its evaluations were imported
LONGEST_CALL = 170  # seconds, where a call needs a (synthetic) recording
KEPT = ("EV-202610-0011", "EV-202610-0035", "EV-202610-0053")  # the reader's own to work with

# Who may be drawn, day by day, counted in working days before the last one: everybody else is off the rota, so that
# the lot, which nobody can foresee, has nothing to choose and the same people sit in each run.
REVIEWER_ON_ROTA = ("qin", "qiu", "ian2")  # day 3 is qin's, day 1 qiu's, day 2 ian2's, and so on
SOLE_ON_ROTA = ("gu", "shi", "tang")  # on odd days
PANEL_ON_ROTA = ("abe", "bai", "cui")  # on even days
OFF_THE_ROTA = "off the rota 非轮值"
LEADERS = {"T-EC1": "lee", "T-EC2": "luo", "T-SC1": "liang"}


class Way(NamedTuple):
    """`days` has the acts of each working day, "/" between the days, "-" for a day without any; the last of them is
    `ends` working days before the last one. Then the dispute, and its arbitration, rest in these states."""

    ends: int
    days: str
    dispute: str
    arbitration: str = ""

    def acts(self) -> list[tuple[int, int, str]]:
        """(days before the last working day, place within the day, act)."""
        days = self.days.split("/")
        first = self.ends + len(days) - 1
        return [(first - n, slot, act) for n, day in enumerate(days) for slot, act in enumerate(day.split())]

    def day_of(self, *acts: str) -> int | None:
        """The day of the first of these acts that the way has."""
        return next((day for day, _slot, act in self.acts() if act in acts), None)


FILED = "publish read file"
FORWARDED = f"{FILED} / state forward"
RULED = f"{FORWARDED} / rule sign"
APPEALED = f"{RULED} / open appeal"
LATE = "publish read / - / - / file"

WAYS = (
    Way(0, FILED, "screening"),
    Way(0, FILED, "screening"),
    Way(0, FILED, "screening"),
    Way(0, FILED, "screening"),
    Way(0, f"{FILED} state", "screening"),
    Way(0, f"{FILED} question", "screening"),
    Way(0, "publish read / file", "screening"),
    Way(0, "publish read / file", "screening"),
    Way(0, "publish read / file state", "screening"),
    Way(0, "publish / file", "screening"),
    Way(0, "publish receipt / file", "screening"),
    Way(0, f"{FILED} / return", "returned"),
    Way(0, f"{FILED} / return", "returned"),
    Way(0, f"{FILED} / state return", "returned"),
    Way(1, f"{FILED} return", "returned"),
    Way(1, f"{FILED} / return", "returned"),
    Way(1, FORWARDED, "reviewing"),
    Way(1, FORWARDED, "reviewing"),
    Way(1, FORWARDED, "reviewing"),
    Way(1, f"{FILED} / forward", "reviewing"),
    Way(1, f"{FILED} / bypass", "reviewing"),
    Way(1, f"{FILED} / bypass", "reviewing"),
    Way(1, f"{FILED} / return insist", "reviewing"),
    Way(0, f"{FORWARDED} / rule", "signing"),
    Way(0, RULED, "ruled"),
    Way(1, f"{RULED} / -", "ruled"),
    Way(1, f"{RULED} / leave", "ruled"),
    Way(0, LATE, "inadmissible"),
    Way(0, f"{FORWARDED} / dismiss sign / open", "inadmissible"),
    Way(0, f"{LATE} / open ask", "reinstating"),
    Way(3, f"{LATE} / open ask", "reinstating"),
    Way(3, f"{RULED} / open", "final"),
    Way(4, f"{FILED} concede / forward / rule sign / open accept", "final"),
    Way(5, f"{FORWARDED} / annul sign / open accept", "final"),
    Way(2, f"{FILED} / withdraw", "withdrawn"),
    Way(6, f"{FILED} / withdraw", "withdrawn"),
    Way(4, f"{FILED} / return / withdraw", "withdrawn"),
    Way(3, f"{FORWARDED} / withdraw", "withdrawn"),
    Way(3, f"{FILED} / return", "lapsed"),
    Way(5, f"{FILED} / return", "lapsed"),
    Way(7, f"{FILED} / return", "lapsed"),
    Way(8, f"{FILED} / state return", "lapsed"),
    Way(2, f"{LATE} / open ask / refuse", "dismissed"),
    Way(3, f"{LATE} / open", "dismissed"),
    Way(1, APPEALED, "appealed", "scoring"),
    Way(1, f"{APPEALED} / score_but_one", "appealed", "scoring"),
    Way(0, f"{APPEALED} / waive score / vote_one", "appealed", "voting"),
    Way(0, f"{APPEALED} / waive score / vote endorse_one", "appealed", "signing"),
    Way(0, f"{APPEALED} / waive score vote endorse", "final", "awarded"),
    Way(2, f"{APPEALED} / waive score / vote endorse / take", "final", "final"),
    Way(2, f"{APPEALED} / waive score / vote endorse / take / - / ask_reopening", "final", "reopening"),
    Way(2, f"{APPEALED} / abandon", "final", "withdrawn"),
)
UNSEEN = "ask_reopening"  # played after the last sweep: its limit has run out, and no worker has seen it yet

GROUNDS = {
    "fact_wrong": "评语与录音不符，扣分所依据的情节没有发生，请求复听该段录音后重新认定。",
    "rule_misread": "评分标准只要求说明一次，我已在通话中说明；重复要求不在标准之内，请求改正。",
    "rule_not_applicable": "该客户主动要求尽快结束通话，此项标准不适用于本次服务，不应扣分。",
    "evidence_overlooked": "评分时遗漏了通话后半段的内容，我在其中已经补充说明，请求一并评价。",
}
STATEMENTS = (
    "复听后维持原评分：该情节清楚可闻，坐席当时未作说明，符合扣分标准。",
    "评分依据为录音原文，坐席所述情节出现在扣分点之后，不影响本项评分。",
    "对标准的理解与近期校准会一致，同类通话均按此扣分，本次没有例外理由。",
)
RULINGS = {
    "maintain": "复听录音，评语所述情节属实；坐席所述理由不能免除该项义务，维持原判。",
    "accept": "复听录音，坐席所述属实，原评语与录音不符，按其主张改判。",
    "other": "情节属实，但持续时间短，且坐席随后已作弥补，扣分应当酌减。",
    "inadmissible": "坐席对该项没有说明可供审查的理由，不予受理。",
}
APPEAL = "裁定没有评价通话后半段的弥补情况，对情节轻重的认定过重，请求仲裁组复听后重新认定。"
VOTES = (
    "复听全程，坐席的处理符合标准，原扣分没有录音依据，应当按其主张认定。",
    "情节存在但影响有限，坐席事后已经弥补，扣分应当减轻，不宜全额扣除。",
    "裁定对事实的认定与录音一致，扣分幅度与情节相当，没有改动的理由。",
)
QUESTION = "评语中的扣分时间点与我听到的不一致，请说明具体是哪一句。"
CONCESSION = "复听后确认评分有误，同意坐席的主张。"
RETURN = "理由过于笼统，请写明对应的录音时间以及你认为正确的分值。"
ANNULMENT = "评分人未经校准即使用新版标准评分，程序违反规定，整份评分应予撤销。"
EXCUSE = {"cause": "sickness", "reasons": "异议期内因病就医，有就诊记录，无法登录系统提出申诉，请求恢复期限。"}
NOT_REINSTATED = "所附记录与异议期不重合，不足以说明逾期有正当理由，不予恢复。"
REOPENING = {
    "cause": "procedural_fault",
    "reasons": "仲裁员表决时未能播放录音的最后一分钟，程序存在瑕疵，请求重新仲裁。",
}
RECEIPT = "本人在人力资源部当面签收评分单，签收单已归档。"
LEAVE_REASON = "年休假"
