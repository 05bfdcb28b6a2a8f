"""The case's own chain of the ledger: entries as they are stored, and the clear texts that may be read."""

import json
from typing import Any

from casework.domain.actor import Actor
from casework.domain.adding import FILE_NAME
from casework.domain.law import law_of
from casework.domain.ledger import last_events, stream_of
from casework.models import CaseEvent
from casework.queries.presenting import confidential
from casework.queries.sight import Sight, opened, unissued

MOST = 1000
CHECKED = {"state", "sha256"}  # what a check of a file finds


def events_of(number: str, actor: Actor, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """Events after sequence `after`, oldest first, at most `limit` (1000)."""
    return shown_events(*opened(number, actor), after, limit)


def shown_events(sight: Sight, case: Any, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """The same of a family that was looked at."""
    return sight.masked(event_entries(case, sight, after, limit))


def event_entries(case: Any, sight: Sight, after: int = 0, limit: int = MOST) -> list[dict[str, Any]]:
    """{"entry", "digest", "texts", "masked", "withheld"}. Without either mark the entry is the one that was hashed, and
    each text proves its commitment with its salt. `withheld`: the data of a decision that is not issued, or sealed."""
    if sight.blind:
        return []
    rows = list(last_events(case, after).select_related("texts")[: max(1, min(limit, MOST))])
    return _entries(rows, case, sight)


def newest_events(
    sight: Sight, case: Any, kind: str = "", before: int = 0, limit: int = 100
) -> tuple[list[dict[str, Any]], bool]:
    """(entries, newest first, of a kind if asked, below sequence `before`; whether there are older ones). The kinds are
    `decisions`, `evidence` (what the parties brought forward, and checks of files) and `system`."""
    if sight.blind:
        return [], False
    rows = CaseEvent.objects.filter(stream=stream_of(case)).order_by("-seq").select_related("texts")
    if before:
        rows = rows.filter(seq__lt=before)
    if kind == "system":
        rows = rows.filter(actor=None)
    elif kind:
        rows = rows.filter(action__in=actions_of(law_of(case), kind))
    found = list(rows[: limit + 1])
    entries = _entries(found[:limit][::-1], case, sight)[::-1]
    return sight.masked(entries), len(found) > limit


def actions_of(law: Any, kind: str) -> list[str]:
    """The actions of that kind, by the law of the type."""
    if kind == "decisions":
        return [spec.name for spec in law.actions.values() if spec.decides or spec.after == "signed"]
    return [
        spec.name for spec in law.actions.values()
        if spec.form.model_fields and not spec.decides and (spec.relation or set(spec.form.model_fields) == CHECKED)
    ]  # fmt: skip


def _entries(rows: list[CaseEvent], case: Any, sight: Sight) -> list[dict[str, Any]]:
    closed = set() if sight.reads_drafts(case) else _unissued_seqs(case, rows)
    closed |= {row.seq for row in rows if sight.is_sealed(case, row.action) and row.actor_id != sight.person_id}
    return [_shown(row, sight, row.seq in closed, _is_secret(row, case, sight)) for row in rows]


def _shown(row: CaseEvent, sight: Sight, withheld: bool, secret: bool) -> dict[str, Any]:
    entry = json.loads(row.entry)
    texts = row.texts.texts if hasattr(row, "texts") else []
    if withheld:
        entry["data"], texts = None, []
    elif secret:
        texts = []
    elif sight.hidden:
        texts = [text for text in texts if text["path"] != f"data.{FILE_NAME}"]  # what they call a file may name them
    if row.actor_id in sight.hidden:
        entry.pop("account", None)  # a login is a name too
    return {
        "seq": row.seq, "digest": row.digest, "entry": entry, "texts": texts, "masked": bool(sight.hidden),
        "withheld": withheld,
    }  # fmt: skip


def _is_secret(row: CaseEvent, case: Any, sight: Sight) -> bool:
    """Whether the texts are confidential and not for this person."""
    readers = confidential(case).get(row.action)
    if readers is None or row.actor_id == sight.person_id:
        return False
    return not (sight.parts(case) & set(readers) or sight.looks_over(case))


def _unissued_seqs(case: Any, rows: list[CaseEvent]) -> set[int]:
    """Decisions that were never issued: still being signed, or taken back before. One that leads straight to the
    signatures is taken back by whatever leads away from them; a sealed one, of which several are gathered, only
    when whoever made it loses the seat."""
    states, deciding = unissued(case.type)
    drafts = [row.seq for row in rows if row.action in deciding]
    if not drafts:
        return set()
    found: set[int] = set()
    pending: list[tuple[int, str, str]] = []
    issuing = {spec.name for spec in law_of(case).actions.values() if spec.after == "signed"}
    for row in last_events(case, drafts[0] - 1).only("seq", "action", "entry"):
        entry = json.loads(row.entry)
        if row.action in deciding:
            pending.append((row.seq, row.action, entry["actor"]))
        elif row.action in issuing:
            pending = []
        else:
            left = {change["person"] for change in entry.get("parties", ()) if change["change"] == "left"}
            back = entry["to"] not in states
            gone = [p for p in pending if (p[2] in left if p[1] in type(case).sealed else back)]
            found |= {seq for seq, _action, _actor in gone}
            pending = [p for p in pending if p not in gone]
    return found | {seq for seq, _action, _actor in pending}
