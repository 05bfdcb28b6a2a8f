"""A process as BPMN 2.0 XML with its diagram, as bpmn-js and other tools open it."""

import xml.etree.ElementTree as ET

from casework.domain.law import Law
from casework.pictures.bpmn_diagram import Diagram, diagram_of
from casework.pictures.path import Path
from casework.pictures.process import Element, Process, process_of

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DI = "http://www.omg.org/spec/DD/20100524/DI"
COLOR = "http://www.omg.org/spec/BPMN/non-normative/color/1.0"
GONGDUAN = "urn:gongduan:law"  # which actions a flow or an activity stands for
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PREFIXES = {"bpmn": BPMN, "bpmndi": BPMNDI, "dc": DC, "di": DI, "color": COLOR, "gongduan": GONGDUAN, "xsi": XSI}
VISITED = {f"{{{COLOR}}}border-color": "#0b6bcb"}
CURRENT = VISITED | {f"{{{COLOR}}}background-color": "#dcebfb"}


def bpmn_of(law: Law, path: Path | None = None) -> str:
    """The process of a case type with its diagram; a case's path is coloured in."""
    for prefix, uri in PREFIXES.items():
        ET.register_namespace(prefix, uri)
    process, root = process_of(law), ET.Element(f"{{{BPMN}}}definitions", {"targetNamespace": GONGDUAN})
    written = _sub(root, "process", id=f"process.{law.app}", name=str(law.model.title), isExecutable="false")
    homes = {"": written}
    for element in process.elements:
        homes[element.id] = _element(homes[element.inside], process, element)
    for flow in process.flows:
        line = _sub(written, "sequenceFlow", id=flow.id, sourceRef=flow.source, targetRef=flow.target)
        if flow.name:
            line.set("name", flow.name)
        if flow.edges:
            line.set(f"{{{GONGDUAN}}}action", flow.edges[0].action)
    _diagram(root, process, diagram_of(process), path)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _element(home: ET.Element, process: Process, element: Element) -> ET.Element:
    named = {"name": element.name} if element.name else {}
    event = element.kind in ("timer", "message")
    found = _sub(home, "boundaryEvent" if event else element.kind, id=element.id, **named)
    if element.acts:
        extension = _sub(found, "extensionElements")
        acts = " ".join(edge.action for edge in element.acts)
        ET.SubElement(extension, f"{{{GONGDUAN}}}stays", {"state": element.acts[0].source, "actions": acts})
    for flow in process.flows:
        if flow.target == element.id:
            _sub(found, "incoming").text = flow.id
    for flow in process.flows:
        if flow.source == element.id:
            _sub(found, "outgoing").text = flow.id
    if event:
        found.set("attachedToRef", element.on_border_of)
        found.set("cancelActivity", str(element.interrupts).lower())
        _sub(found, f"{element.kind}EventDefinition", id=f"{element.id}.definition")
    if element.who:
        owner = _sub(found, "potentialOwner", id=f"{element.id}.who", name=element.who)
        assigned = _sub(owner, "resourceAssignmentExpression")
        _sub(assigned, "formalExpression").text = element.who
    return found


def _diagram(root: ET.Element, process: Process, diagram: Diagram, path: Path | None) -> None:
    top = ET.SubElement(root, f"{{{BPMNDI}}}BPMNDiagram", {"id": "diagram"})
    plane = ET.SubElement(top, f"{{{BPMNDI}}}BPMNPlane", {"id": "plane", "bpmnElement": f"process.{process.law.app}"})
    for element in process.elements:
        bounds = diagram.shapes[element.id]
        extra = {"isExpanded": "true"} if element.kind == "adHocSubProcess" else {}
        extra |= {"isMarkerVisible": "true"} if element.kind == "exclusiveGateway" else {}
        extra |= _colour(element, path)
        shape = ET.SubElement(plane, f"{{{BPMNDI}}}BPMNShape", {"id": f"shape.{element.id}", "bpmnElement": element.id,
                                                                **extra})  # fmt: skip
        _bounds(shape, bounds)
        if element.id in diagram.labels:
            _bounds(ET.SubElement(shape, f"{{{BPMNDI}}}BPMNLabel"), diagram.labels[element.id])
    for flow in process.flows:
        taken = VISITED if path and any(path.numbers(edge) for edge in flow.edges) else {}
        shown = {"id": f"line.{flow.id}", "bpmnElement": flow.id, **taken}
        line = ET.SubElement(plane, f"{{{BPMNDI}}}BPMNEdge", shown)
        for x, y in diagram.lines[flow.id]:
            ET.SubElement(line, f"{{{DI}}}waypoint", {"x": f"{x:.0f}", "y": f"{y:.0f}"})
        if flow.id in diagram.labels:
            _bounds(ET.SubElement(line, f"{{{BPMNDI}}}BPMNLabel"), diagram.labels[flow.id])


def _colour(element: Element, path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    if element.id == f"state.{path.current}":
        return CURRENT
    been = element.id in {f"state.{state}" for state in path.visited}
    return VISITED if been or any(path.numbers(edge) for edge in element.acts) else {}


def _bounds(home: ET.Element, bounds: tuple[float, float, float, float]) -> None:
    names = ("x", "y", "width", "height")
    ET.SubElement(home, f"{{{DC}}}Bounds", {name: f"{at:.0f}" for name, at in zip(names, bounds, strict=True)})


def _sub(home: ET.Element, tag: str, **attributes: str) -> ET.Element:
    return ET.SubElement(home, f"{{{BPMN}}}{tag}", attributes)
