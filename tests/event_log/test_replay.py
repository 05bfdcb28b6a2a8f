"""pm4py, which knows nothing of us, reads the logs and finds every case to be what the law allows, and a case from
which an event is missing not to be."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from casework.domain.law import laws
from casework.event_log.export import FORMATS, export_log
from casework.flow.case_flow import law_edges
from casework.models import Case, CaseEvent
from tests.conftest import acting

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="a log is the same text on either engine")
REPLAY = Path(__file__).with_name("replay.py")
# An action of each type without which what follows is against its law.
LOST = {"disputes": "sign", "evaluations": "mark_provisional", "arbitration": "issue"}


def as_nets() -> dict[str, list[list[str]]]:
    """The edges of every law, with what it says in short written out."""
    return {
        label: [
            [each, target or each, f"{law.app}.{action}"]
            for source, target, action in law_edges(law.model)
            for each in (law.states if source == "*" else [source])
        ]
        for label, law in laws().items()
    }


def without(log: Path, app: str) -> Path:
    """The same log, one event lost."""
    text, action = log.read_text(encoding="utf-8"), f"{app}.{LOST[app]}"
    if log.suffix == ".xes":
        event = rf'  <event>\n(?:(?!</event>).)*"{action}"(?:(?!</event>).)*</event>\n'
        left, count = re.subn(event, "", text, count=1, flags=re.DOTALL)
    else:
        left, count = re.subn(rf'\n{{"id": "[^"]+", "type": "{action}", "time".*\n', "\n", text, count=1)
    assert count == 1, action
    broken = log.with_name(f"without-{app}{log.suffix}")
    broken.write_text(left, encoding="utf-8")
    return broken


def replayed(logs: dict[str, tuple[str, list[str]]]) -> Any:
    asked = json.dumps({"laws": as_nets(), "logs": logs})
    done = subprocess.run([sys.executable, str(REPLAY)], input=asked, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_logs_when_read_by_pm4py_replay_on_the_law(played, tmp_path):
    files = {"xes": tmp_path / "log.xes", "ocel2": tmp_path / "log.json"}
    for format in FORMATS:
        with files[format].open("w+b") as out:
            export_log(out, format, acting("aud"))
    types = {label: law for label, law in laws().items() if law.app in LOST}
    assert set(types) == set(Case.objects.values_list("type", flat=True)), "say in LOST what to take from a new type"
    logs = {name: (str(file), list(types)) for name, file in files.items()}
    for name, file in files.items():
        logs |= {f"{name} {law.app}": (str(without(file, law.app)), [label]) for label, law in types.items()}
    found = replayed(logs)
    for name in files:
        for label, law in types.items():
            cases = Case.objects.filter(type=label)
            wanted = (cases.count(), CaseEvent.objects.filter(case__in=cases).count())
            seen, lost = found[name][label], found[f"{name} {law.app}"][label]
            assert (seen["cases"], seen["events"]) == wanted and wanted[0] > 1, (name, label)
            assert (seen["replay"], seen["alignment"]) == (1, 1), (name, label, seen)
            assert lost["events"] == wanted[1] - 1 and lost["alignment"] < 1 and lost["replay"] < 1, (name, label, lost)
