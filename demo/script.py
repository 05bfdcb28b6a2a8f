"""What the people of the demo say: the dispute of EV-202610-0011, its statement and its ruling."""

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
SIGNERS = ("qin", "qiu", "ian2")  # who may hold the reviewer's seat, and so gets a signing key
TRY_TO_DECIDE = {
    "ian": "scored the call",
    "ian2": "is ian's second account, with a deciding role",
    "lee": "leads ann's team",
    "qiu": "is a QA lead who stands in for lee",
    "ann": "is the agent herself",
    "root": "is the superuser",
}
