"""What the pictures say, read back from them: the edges of the law as SVG and BPMN show them."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from casework.domain.law import Law
from casework.flow.case_flow import law_edges

SVG = "{http://www.w3.org/2000/svg}"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
GONGDUAN = "{urn:gongduan:law}"
VENDOR = Path(__file__).with_name("vendor")
Edges = set[tuple[str, str, str]]


def edges_of(law: Law) -> Edges:
    """(source, target, action) as the law has them, with what it says in short written out."""
    return {
        (each, each if target is None else target, action)
        for source, target, action in law_edges(law.model)
        for each in (law.states if source == "*" else [source])
    }


def edges_in_svg(text: str) -> Edges:
    """Every action says where it leads; a choice stands for every way through it, and `*` for every state."""
    root = ET.fromstring(text)
    states = [g.attrib["data-state"] for g in root.iter(f"{SVG}g") if "data-state" in g.attrib]
    found = {
        (e.attrib["data-source"], e.attrib["data-target"], e.attrib["data-action"])
        for e in root.iter(f"{SVG}text") if "data-source" in e.attrib
    }  # fmt: skip
    anywhere = {action for source, _target, action in found if source == "*"}
    found = {edge for edge in found if edge[0] != "*"} | {(s, s, action) for s in states for action in anywhere}
    for choice in root.iter(f"{SVG}g"):
        if "data-sources" in choice.attrib:
            sources, targets = (choice.attrib[name].split() for name in ("data-sources", "data-targets"))
            found |= {(source, target, choice.attrib["data-action"]) for source in sources for target in targets}
    return found


def edges_in_bpmn(text: str) -> Edges:
    """Every walk from a state, over gateways and what the system does, to the next state; and what stays inside."""
    root = ET.fromstring(text)
    process = root.find(f"{BPMN}process")
    assert process is not None
    kinds = {e.attrib["id"]: e.tag.removeprefix(BPMN) for e in process.iter() if "id" in e.attrib}
    hosts = {e.attrib["id"]: e.attrib["attachedToRef"] for e in process.iter(f"{BPMN}boundaryEvent")}
    flows = [
        (e.attrib["sourceRef"], e.attrib["targetRef"], e.attrib.get(f"{GONGDUAN}action", ""))
        for e in process.iter(f"{BPMN}sequenceFlow")
    ]
    found = {
        (e.attrib["state"], e.attrib["state"], action)
        for e in process.iter(f"{GONGDUAN}stays") for action in e.attrib["actions"].split()
    }  # fmt: skip

    def walk(at: str, action: str) -> Iterator[tuple[str, str]]:
        for source, target, named in flows:
            if source == at:
                assert not (action and named), "one action to a walk"
                if target.startswith("state."):
                    yield target.removeprefix("state."), action or named
                else:
                    yield from walk(target, action or named)

    for id, kind in kinds.items():
        begins = hosts.get(id, id)
        if kind == "startEvent":
            found |= {("", target, action) for target, action in walk(id, "")}
        elif begins.startswith("state."):
            found |= {(begins.removeprefix("state."), target, action) for target, action in walk(id, "")}
    return found
