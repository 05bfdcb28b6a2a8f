"""What the people of the demo say: the dispute of EV-202610-0011, its statement, ruling, appeal and votes."""

EVALUATION = "EV-202610-0011"
CALLS = {"CALL-88010": [(1, 26)], "CALL-88034": [], "CALL-88052": [(100, 125)]}  # interaction -> its silences

CLAIMS = {
    "criteria": [
        {
            "criterion": "QC4",
            "claimed": "10",
            "ground": "evidence_overlooked",
            "seconds": [54],
            "reasons": "评语称“未致歉”，但录音第54秒我已向客户致歉：“非常抱歉，让您久等了。”语音平稳，不应扣分。",
        },
        {
            "criterion": "QA5",
            "claimed": "10",
            "ground": "fact_wrong",
            "seconds": [1, 26],
            "reasons": "第1秒起的静音是在等待系统调出客户资料；资料调出后我立即逐项核对，并回应了客户的问题。",
        },
    ]
}
STATEMENT = {
    "criteria": [
        {
            "criterion": "QC4",
            "text": "复听后确认第54秒确有致歉，评分时遗漏；但致歉时语速明显偏快，客户要求重复，仍应扣分。",
        },
        {
            "criterion": "QA5",
            "text": "静音持续25秒，期间没有任何说明，客户询问“喂，听得到吗”。超过20秒须向客户说明原因。",
        },
    ]
}
RULING = {
    "criteria": [
        {
            "criterion": "QC4",
            "decision": "other",
            "value": "6",
            "reasons": "第54秒确有致歉，原评语“未致歉”与录音不符；但致歉时语速偏快，客户要求重复一次，扣4分。",
        },
        {
            "criterion": "QA5",
            "decision": "maintain",
            "reasons": "录音第1秒至第26秒静音，未向客户说明原因。等待系统不免除说明义务，维持原判。",
        },
    ]
}

APPEAL = {
    "criteria": [
        {
            "criterion": "QC4",
            "reasons": "裁定认定第54秒确有致歉，却仍扣4分。语速偏快仅此一句，重复后沟通顺畅，扣分过重，请求复听。",
        },
        {
            "criterion": "QA5",
            "reasons": "静音时系统正在调取客户资料，第26秒起我已逐项回应。裁定未评价其后的沟通，请求重新认定。",
        },
    ]
}

# Who sits is drawn by lot, so a panel speaks by seat: the first, second and third arbitrator. Blind, any criterion
# may be on the list, since the check criteria are drawn as well.
BLIND = {
    "QC1": ("10", "10", "10"),
    "QC2": ("9", "9.5", "9"),
    "QC3": ("10", "10", "9.5"),
    "QC4": ("8", "8.5", "6"),
    "QA1": ("10", "10", "10"),
    "QA2": ("10", "9.5", "10"),
    "QA3": ("10", "10", "10"),
    "QA4": ("10", "10", "9"),
    "QA5": ("5", "7.5", "6"),
    "QA6": ("10", "10", "10"),
}
VOTES = {
    "QC4": (
        ("8", "第54秒确有致歉，语气平稳，用语得当。语速偏快致客户请其重复，仅此一处，影响有限，扣2分。"),
        ("8", "复听全程，除致歉一句外语速适中、吐字清楚。裁定扣4分，与单次偏快的程度不相称，扣2分即可。"),
        ("6", "致歉是全通电话最要紧的一句，客户未听清而请其重复，可见影响实际发生。裁定扣4分恰当。"),
    ),
    "QA5": (
        (
            "5",
            "静音25秒，未作任何说明，客户追问后仍未即时回应，沟通已经中断。超过20秒须说明原因，原判适当。",
        ),
        (
            "7",
            "静音系等待系统调出资料，仅超时5秒；恢复通话后逐项核对，并回应了客户的全部问题，扣3分即可。",
        ),
        ("6.5", "未说明静音原因确属不当；但为时仅超规则5秒，其后的核对与回应已弥补大半，扣3.5分为宜。"),
    ),
}
AWARDED = {"QC4": "8", "QA5": "6.5"}  # the median of each

# The named users of the demo, in the order of the work; everybody else of people.csv has no password.
CAST = {
    "agents 坐席": ("ann", "bo", "chen"),
    "team leaders 班组长": ("lee", "luo", "liang"),
    "inspectors 质检员": ("ivy", "ian", "feng"),
    "QA leads 质检班长": ("qin", "qiu", "ian2"),
    "arbitrators 仲裁员": ("abe", "bai", "cui", "gu", "shi"),
    "management 管理": ("sun", "fang", "fei", "dai"),
    "staff 职能": ("hua", "tang", "tou", "aud"),
    "superuser 超级用户": ("root",),
}
REVIEWERS = ("qin", "qiu", "ian2")  # who may hold the reviewer's seat
ARBITRATORS = ("abe", "bai", "cui", "gu", "shi", "luo", "liang", "tang")  # who may sit on a panel
SIGNERS = REVIEWERS + ARBITRATORS  # so each gets a signing key
TRY_TO_RULE = {
    "ian": "scored the call",
    "ian2": "is ian's second account, with a deciding role",
    "lee": "leads ann's team",
    "qiu": "is a QA lead who stands in for lee",
    "ann": "is the agent herself",
    "root": "is the superuser",
}
TRY_TO_ARBITRATE = {
    "qin": "ruled on the dispute",
    "ian": "scored the call",
    "lee": "leads ann's team",
    "ann": "is the agent herself",
    "fang": "is the director",
    "root": "is the superuser",
}
