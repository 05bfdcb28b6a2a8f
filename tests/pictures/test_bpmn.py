"""BPMN: the flows are the law's edges, the file is valid, and bpmn-js in a real browser opens it without a warning."""

import hashlib
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import translation
from lxml import etree

from casework.domain.law import Law, laws
from casework.flow.projection import nodes
from casework.pictures.bpmn import bpmn_of
from casework.pictures.path import path_of
from tests.conftest import acting
from tests.factories import dispute
from tests.pictures.drawn import BPMN, DC, VENDOR, edges_in_bpmn, edges_of

BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
every_type = pytest.mark.parametrize("law", laws().values(), ids=laws().keys())
either_language = pytest.mark.parametrize("language", ["en", "zh-hans"])
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
VIEWER = "bpmn-viewer-18.31.1.min.js"
PAGE = """<!doctype html><meta charset="utf-8"><body><pre id="told"></pre>
<script src="%(viewer)s"></script><script>
(async () => {
  const told = {};
  for (const [name, xml] of Object.entries(%(files)s)) {
    const home = document.body.appendChild(document.createElement("div"));
    home.style = "width: 1200px; height: 900px";
    const viewer = new BpmnJS({container: home});
    try {
      const {warnings} = await viewer.importXML(xml);
      const shown = viewer.get("elementRegistry").filter(() => true).map(element => element.id);
      told[name] = {warnings: warnings.map(w => w.message || String(w)), shown};
    } catch (error) {
      told[name] = {warnings: [String(error)], shown: []};
    }
  }
  document.getElementById("told").textContent = JSON.stringify(told);
})();
</script>"""


def ids(text: str, *tags: str) -> list[str]:
    return [e.attrib["id"] for tag in tags for e in ET.fromstring(text).iter(BPMN + tag)]


@every_type
@either_language
def test_bpmn_when_walked_has_the_edges_of_the_law(law: Law, language: str, db):
    with translation.override(language):
        assert edges_in_bpmn(bpmn_of(law)) == edges_of(law)


@every_type
def test_bpmn_when_written_has_every_human_task_and_every_clock(law: Law, db):
    text = bpmn_of(law)
    tasks = {f"task.{state}.{node.name}" for node in nodes(law.model) for state in node.states}
    assert {id for id in ids(text, "userTask") if id.startswith("task.")} == tasks
    clocks = {f"timer.{state}.{clock.name}" for clock in law.clocks.values() for state in clock.states}
    timers = {e.attrib["id"]: e.attrib for e in ET.fromstring(text).iter(f"{BPMN}boundaryEvent")}
    assert {id for id in timers if id.startswith("timer.")} == clocks
    leaving = {(source, action) for source, target, action in edges_of(law) if source != target}
    for clock in law.clocks.values():
        for state in clock.states:
            interrupts = timers[f"timer.{state}.{clock.name}"]["cancelActivity"] == "true"
            assert interrupts is ((state, clock.breach) in leaving), (state, clock.name)


@every_type
def test_bpmn_when_written_is_valid_and_draws_every_element_once(law: Law, db):
    text = bpmn_of(law)
    schema = etree.XMLSchema(etree.parse(VENDOR / "BPMN20.xsd"))
    schema.assertValid(etree.fromstring(text.encode()))
    root = ET.fromstring(text)
    process, plane = root.find(f"{BPMN}process"), root.find(f".//{BPMNDI}BPMNPlane")
    assert process is not None and plane is not None
    drawn = sorted(e.attrib["bpmnElement"] for e in plane)
    flow_elements = {BPMN + tag for tag in (
        "adHocSubProcess", "task", "userTask", "serviceTask", "startEvent", "endEvent", "boundaryEvent",
        "exclusiveGateway", "sequenceFlow",
    )}  # fmt: skip
    assert drawn == sorted(e.attrib["id"] for e in process.iter() if e.tag in flow_elements)


@every_type
def test_bpmn_when_drawn_has_tasks_inside_their_state_and_timers_on_its_border(law: Law, db):
    root = ET.fromstring(bpmn_of(law))
    bounds = {
        e.attrib["bpmnElement"]: [float(e[0].attrib[name]) for name in ("x", "y", "width", "height")]
        for e in root.iter(f"{BPMNDI}BPMNShape") if e[0].tag == f"{DC}Bounds"
    }  # fmt: skip
    for rest in root.iter(f"{BPMN}adHocSubProcess"):
        x, y, width, height = bounds[rest.attrib["id"]]
        for inner in rest:
            if inner.attrib.get("id") in bounds:
                left, top, wide, high = bounds[inner.attrib["id"]]
                assert x < left and y < top and left + wide < x + width and top + high < y + height
    for event in root.iter(f"{BPMN}boundaryEvent"):
        x, y, width, height = bounds[event.attrib["attachedToRef"]]
        left, top, wide, high = bounds[event.attrib["id"]]
        middle = top + high / 2
        assert x <= left + wide / 2 <= x + width and min(abs(middle - y), abs(middle - y - height)) <= 1


@every_type
def test_bpmn_when_drawn_has_flows_that_touch_what_they_join(law: Law, db):
    root = ET.fromstring(bpmn_of(law))
    kinds = {
        e.attrib["id"]: e.tag.removeprefix(BPMN) for e in root.iter() if e.tag.startswith(BPMN) and "id" in e.attrib
    }
    flows = {e.attrib["id"]: e.attrib for e in root.iter(f"{BPMN}sequenceFlow")}
    shapes = {
        e.attrib["bpmnElement"]: [float(e[0].attrib[name]) for name in ("x", "y", "width", "height")]
        for e in root.iter(f"{BPMNDI}BPMNShape")
    }
    for edge in root.iter(f"{BPMNDI}BPMNEdge"):
        flow, points = flows[edge.attrib["bpmnElement"]], [p for p in edge if p.tag.endswith("waypoint")]
        for end, point in ((flow["sourceRef"], points[0]), (flow["targetRef"], points[-1])):
            x, y, width, height = shapes[end]
            aside, away = abs(float(point.attrib["x"]) - x - width / 2), abs(float(point.attrib["y"]) - y - height / 2)
            match kinds[end]:
                case "exclusiveGateway":
                    off = aside + away - width / 2
                case "startEvent" | "endEvent" | "boundaryEvent":
                    off = (aside**2 + away**2) ** 0.5 - width / 2
                case _:
                    off = max(away - height / 2, aside - width / 2)
            assert abs(off) <= 2, flow


def test_bpmn_of_a_case_colours_where_it_is_and_what_it_took(db, time):
    number = dispute(upto="forwarded")
    law = laws()["disputes.ScoreDispute"]
    text = bpmn_of(law, path_of(law, number, acting("ann")))
    coloured = {
        e.attrib["bpmnElement"] for e in ET.fromstring(text).iter() if any("border-color" in name for name in e.attrib)
    }
    assert {"state.screening", "state.reviewing", "state.screening.forward.reviewing"} <= coloured
    assert not {"state.final", "state.screening.withdraw.withdrawn"} & coloured
    filled = [e for e in ET.fromstring(text).iter() if any("background-color" in name for name in e.attrib)]
    assert [e.attrib["bpmnElement"] for e in filled] == ["state.reviewing"]


def test_vendored_viewer_is_the_published_one():
    for line in (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split()
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def opened_by_bpmn_js(files: dict[str, str], folder: Path) -> Any:
    """{name: {"warnings", "shown"}} as bpmn-js says in a browser without a window."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    assert browser, "no Chromium here; run scripts/install-system tests"
    page = folder / "page.html"
    values = {"viewer": (VENDOR / VIEWER).as_uri(), "files": json.dumps(files).replace("</", "<\\/")}
    page.write_text(PAGE % values, encoding="utf-8")
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--virtual-time-budget=60000"]
    done = subprocess.run(
        [browser, *words, f"--user-data-dir={folder / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    told = re.search(r'<pre id="told">(.*?)</pre>', done.stdout, re.DOTALL)
    assert told and told[1], done.stderr[-2000:]
    return json.loads(unescape(told[1]))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="a picture is the same text on either engine")
def test_bpmn_when_opened_by_bpmn_js_gives_no_warning(db, time, tmp_path):
    """Of every type, in both languages, and of a case. What bpmn-js warns of it also says: see the last one."""
    files = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            files |= {f"{label} {language}": bpmn_of(law) for label, law in laws().items()}
    number, law = dispute(upto="forwarded"), laws()["disputes.ScoreDispute"]
    files["case"] = bpmn_of(law, path_of(law, number, acting("ann")))
    broken = files["case"].replace('sourceRef="state.signing"', 'sourceRef="state.nowhere"')
    told = opened_by_bpmn_js({**files, "broken": broken}, tmp_path)
    assert told.pop("broken")["warnings"], "a broken file is noticed"
    assert set(told) == set(files)
    for name, seen in told.items():
        assert seen["warnings"] == [], name
        drawn = {e.attrib["bpmnElement"] for e in ET.fromstring(files[name]).iter() if "bpmnElement" in e.attrib}
        assert drawn <= set(seen["shown"]), name
