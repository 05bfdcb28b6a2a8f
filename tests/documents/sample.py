"""The ruling and the decision of inadmissibility that the document tests draw: the demo's case, in full."""

from __future__ import annotations

import copy
from typing import Any

from casework.documents.snapshot import with_verify_url


def both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def frame(kind: str, number: str, document: str, title: dict[str, str]) -> dict[str, Any]:
    """What rulings and decisions of inadmissibility have in common."""
    return {
        "format": 1,
        "kind": kind,
        "id": document,
        "number": number,
        "demo": True,
        "organisation": both("公断示范客服中心", "Gongduan Model Contact Centre"),
        "title": title,
        "issued_note": both(
            "本文书于全部签名及单位用章完成时出具，自出具时起生效。",
            "This document is issued, and binds, when every signature and the organisation's seal are on it.",
        ),
        "case": {"number": number, "unit": "华东一组", "filed_at": "2026-11-17T02:12:09.120000Z"},
        "evaluation": {
            "number": "EVL-2026-000011",
            "external_id": "EV-202610-0011",
            "interaction": "CALL-88010",
            "channel": "phone",
            "started_at": "2026-10-27T09:50:00+08:00",
            "duration_s": 212,
            "recording": {
                "sha256": "3b0c6ad6d8a2b1f1c9a1f7f4f0f6f4f7c8d9e0a1b2c3d4e5f60718293a4b5c6d",
                "state": "intact",
            },
        },
        "rubric": {
            "code": "ten-item",
            "version": 1,
            "name": both("十项服务质量标准", "Ten-item service quality standard"),
            "published_on": "2026-08-20",
            "in_force_from": "2026-09-01",
            "proof": both("全员公示七日并签收", "Posted to all staff for seven days and receipted"),
            "pass_mark": 85,
        },
        "policy": {
            "digest": "9f2c44a8be3d81b7f0a6c5d4e3f2a1b09f2c44a8be3d81b7f0a6c5d4e3f2a1b0",
            "version": "default-2026.11",
            "published_on": "2026-11-02",
        },
        "parties": [
            {"role": both("申诉人", "Disputing agent"), "name": "王喆堃", "no": "A1001", "unit": "华东一组"},
            {
                "role": both("评分质检员", "Inspector who scored"),
                "name": "白航",
                "no": "Q202",
                "unit": "质检组",
            },
        ],
        "labour_arbitration": both(
            "本文书是公司内部的处理结果，不影响当事人依法申请劳动人事争议仲裁的权利。",
            "A decision inside the company. It does not limit the person's right to labour arbitration.",
        ),
        "ledger": {
            "stream": "case:7315",
            "seq": 14,
            "digest": "5d1f0a9c77e24b3688c1d2e3f4a5b6c7d8e9f00112233445566778899aabbccd",
        },
    }


def deadlines() -> list[dict[str, Any]]:
    """One that stood still and was kept, one that passed, one that is open."""
    return [
        {
            "label": both("异议期", "Objection window"),
            "limit": both("2个工作日", "2 working days"),
            "started": "2026-11-13T03:05:41Z",
            "due": "2026-11-18T02:30:00Z",
            "provisional": False,
            "pauses": [{"from": "2026-11-16T02:00:00Z", "to": "2026-11-16T09:30:00Z"}],
            "ended": "2026-11-17T02:12:09Z",
            "state": "kept",
        },
        {
            "label": both("质检员陈述", "Inspector's statement"),
            "limit": both("1个工作日", "1 working day"),
            "started": "2026-11-17T02:12:09Z",
            "due": "2026-11-18T10:00:00Z",
            "provisional": False,
            "pauses": [],
            "ended": "2026-11-18T10:01:00Z",
            "state": "passed",
        },
        {
            "label": both("复核", "Review"),
            "limit": both("2个工作日", "2 working days"),
            "started": "2026-11-18T02:01:30Z",
            "due": "2027-01-04T10:00:00Z",
            "provisional": True,
            "pauses": [],
            "state": "running",
        },
    ]


def ruling() -> dict[str, Any]:
    """ann's dispute: QC4 0 → claim 10 → ruled 6; QA5 5 → claim 10 → maintained; 84.00 → 90.00."""
    snapshot = frame(
        "ruling",
        "DSP-2026-000001",
        "0198c1f2-7d3a-7c40-9b5e-2f6a1c3d4e5f",
        both("质检申诉裁定书", "Ruling on a score dispute"),
    )
    snapshot |= {
        "criteria": [
            {
                "code": "QC4",
                "name": both("语音语速", "Voice and speed"),
                "points": "10",
                "kind": "normal",
                "original": {"shown": "0"},
                "claimed": {"shown": "10"},
                "ruled": {"shown": "6"},
                "original_comment": "未致歉",
                "at_seconds": 54,
                "ground": both("事实认定有误", "The facts were found wrongly"),
                "claim_reasons": "第54秒客户反映等待过久，我随即说“抱歉让您久等了”，录音可以听到。"
                "评语“未致歉”与录音不符，"
                "且致歉不属于本项“语音语速”的评分内容。",
                "statement": {"text": "重听后确认第57秒有致歉，但语速明显偏快，客户请其重复一次，故仍应扣分。"},
                "conceded": False,
                "admissible": True,
                "outcome": both("改判", "Adjusted"),
                "reasons": "经听录音：第57秒坐席有致歉语，原评语“未致歉”与事实不符，不能据以将本项扣为0分。\n"
                "第61秒至第78秒语速偏快，客户要求重复一次，依十项标准“语音语速”应扣4分。改判为6分。",
            },
            {
                "code": "QA5",
                "name": both("双向沟通", "Two-way communication"),
                "points": "10",
                "kind": "normal",
                "original": {"shown": "5"},
                "claimed": {"shown": "10"},
                "ruled": {"shown": "5"},
                "original_comment": "静音超过20秒未说明",
                "at_seconds": 1,
                "ground": both("证据被忽略", "Evidence was overlooked"),
                "claim_reasons": "静音期间我在系统中查询订单，系统当时响应慢。",
                "statement": {"silent": True},
                "conceded": False,
                "admissible": True,
                "outcome": both("维持", "Maintained"),
                "reasons": "录音第1秒至第23秒静音，坐席事前事后均未向客户说明。"
                "系统慢可以解释静音，不能免除告知义务。维持5分。",
            },
        ],
        "totals": {
            "original": {"score": "84.00", "band": "[80,85)", "passed": False},
            "claimed": {"score": "99.00", "band": "[95,100]", "passed": True},
            "ruled": {"score": "90.00", "band": "[90,95)", "passed": True},
        },
        "outcome": both("部分改判", "Adjusted in part"),
        "deciders": [
            {
                "field": "reviewer",
                "seat": both("复核人", "Reviewer"),
                "name": "秦明",
                "no": "M401",
                "choice": {
                    "pool": 3,
                    "lot": "c7a1f06e52d94b38",
                    "text": both(
                        "从3名合格者中按在办件数最少者选定，同数者抽签。",
                        "Chosen among 3 eligible persons: the least loaded, ties by lot.",
                    ),
                },
            }
        ],
        "barred": [
            {
                "name": "白航",
                "no": "Q202",
                "reasons": [{"code": "scored", "text": both("作出原评分", "scored the interaction")}],
            },
            {
                "name": "李彧",
                "no": "L301",
                "reasons": [{"code": "leads", "text": both("申诉人所在班组的班组长", "leads the agent's unit")}],
            },
            {
                "name": "邱玥",
                "no": "M402",
                "reasons": [
                    {"code": "deputy", "text": both("在班组长缺席期间代理其职", "stood in for the leader")},
                    {"code": "published", "text": both("发布该评分", "published the evaluation")},
                ],
            },
        ],
        "remedy": {
            "text": both("不服本裁定的，可提请仲裁。", "Whoever does not accept this ruling may ask for arbitration."),
        },
        "deadlines": deadlines(),
        "timeline": [
            {"at": at, "what": both(zh, en), "who": both(who_zh, who_en), "digest": digest}
            for at, zh, en, who_zh, who_en, digest in (
                (
                    "2026-11-13T01:30:00Z",
                    "评分发布",
                    "Evaluation published",
                    "邱玥 M402",
                    "邱玥 M402",
                    "1f0a9c77e24b3688",
                ),
                (
                    "2026-11-13T03:05:41Z",
                    "送达（本人打开）",
                    "Served (opened by the agent)",
                    "王喆堃 A1001",
                    "王喆堃 A1001",
                    "2a0a9c77e24b3699",
                ),
                (
                    "2026-11-17T02:12:09Z",
                    "提起申诉",
                    "Dispute filed",
                    "王喆堃 A1001",
                    "王喆堃 A1001",
                    "3b0a9c77e24b36aa",
                ),
                (
                    "2026-11-17T06:40:00Z",
                    "质检员就QC4陈述",
                    "Inspector's statement on QC4",
                    "白航 Q202",
                    "白航 Q202",
                    "4c0a9c77e24b36bb",
                ),
                (
                    "2026-11-18T02:01:30Z",
                    "班组长转交复核",
                    "Forwarded to review",
                    "李彧 L301",
                    "李彧 L301",
                    "5d0a9c77e24b36cc",
                ),
                (
                    "2026-11-18T10:00:00Z",
                    "质检员陈述期满",
                    "Time for the statement ran out",
                    "系统（时限）",
                    "SYSTEM (clock)",
                    "6e0a9c77e24b36dd",
                ),
                (
                    "2026-11-20T07:22:18Z",
                    "裁定拟就",
                    "Ruling drafted",
                    "秦明 M401",
                    "秦明 M401",
                    "7f0a9c77e24b36ee",
                ),
            )
        ],
    }
    return with_verify_url(snapshot, f"http://127.0.0.1:8000/v/{snapshot['id']}")


def inadmissibility() -> dict[str, Any]:
    """A dispute filed late: nobody decides, only the organisation seals."""
    snapshot = frame(
        "inadmissibility",
        "DSP-2026-000002",
        "0198c1f2-8e4b-7a11-8c6f-3a7b2d4e5f60",
        both("质检申诉不予受理决定书", "Decision of inadmissibility"),
    )
    snapshot |= {
        "criteria": [
            {
                "code": "QC4",
                "name": both("语音语速", "Voice and speed"),
                "ground_of_inadmissibility": both("逾期提出", "Filed late"),
                "reasons": "异议期于2026-11-16 18:00 +08:00届满，本项于2026-11-17 10:12 +08:00收到。",
            }
        ],
        "outcome": both("不予受理", "Inadmissible"),
        "deciders": [],
        "barred": [],
        "remedy": {
            "text": both(
                "有正当理由（休假、病假、系统故障、未送达）的，可向质检班长申请恢复受理。",
                "With good cause (leave, sickness, outage, no service) a QA lead may reinstate it, if asked",
            ),
        },
        "timeline": [
            {
                "at": "2026-11-16T10:00:00Z",
                "what": both("异议期届满", "Objection window closed"),
                "who": both("系统（时限）", "SYSTEM (clock)"),
                "digest": "1f0a9c77e24b3688",
            },
            {
                "at": "2026-11-17T02:12:09Z",
                "what": both("收到申诉", "Dispute received"),
                "who": both("王喆堃 A1001", "王喆堃 A1001"),
                "digest": "2a0a9c77e24b3699",
            },
        ],
    }
    return with_verify_url(snapshot, f"http://127.0.0.1:8000/v/{snapshot['id']}")


def large_ruling(criteria: int = 36, letters: int = 0) -> dict[str, Any]:
    """A ruling over many criteria; with `letters`, the first one's reasons are that long."""
    snapshot = ruling()
    first = snapshot["criteria"][0]
    snapshot["criteria"] = [{**copy.deepcopy(first), "code": f"C{number:02}"} for number in range(1, criteria + 1)]
    if letters:
        sentence = "经听录音并对照评分标准逐句核对，坐席在该时段的表述与评语所述不一致。"
        snapshot["criteria"][0]["reasons"] = (sentence * (letters // len(sentence) + 1))[:letters]
    snapshot.pop("verify_url")
    return with_verify_url(snapshot, f"http://127.0.0.1:8000/v/{snapshot['id']}")
