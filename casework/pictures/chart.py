"""What a state chart shows and where: states, what they wait for, choices, and the lines between them.

An action that leaves the state as it is stands inside it, or once above all where every state has it; one that leads
from several states to several others goes through a choice."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from casework.domain.law import Law
from casework.pictures.arrange import Box, Line, arrange
from casework.pictures.edges import ANY, Edge, choices, comes_after, edges_of, everywhere
from casework.pictures.path import Path
from casework.pictures.words import action_name, clock_name, owed_in, state_name, width_of, wrapped

TITLE, TEXT = 15, 12
LINE_HEIGHT = 16
PADDING = 10
WIDEST = 300
WIDEST_LABEL = 170
START = "start"


@dataclass
class Words:
    """One line of text: `kind` is title, here, owed, by, stays, choice or action; `edge` is the one it stands for."""

    text: str
    kind: str
    edge: Edge | None = None

    @property
    def width(self) -> float:
        return width_of(self.text, TITLE * 1.1 if self.kind == "title" else TEXT)


@dataclass
class Figure:
    """A box with what stands in it. `kind`: start, state, choice."""

    box: Box
    kind: str
    state: str = ""
    words: list[Words] = field(default_factory=list)
    action: str = ""


@dataclass
class Arrow:
    """A line with the actions that go along it; it goes `both` ways where a choice is entered and left."""

    line: Line
    words: list[Words]
    edges: list[Edge]
    both: bool = False
    by_system: bool = False


@dataclass
class Chart:
    law: Law
    path: Path | None
    figures: list[Figure]
    arrows: list[Arrow]
    everywhere: list[Words]
    width: float = 0
    height: float = 0


def chart_of(law: Law, path: Path | None = None) -> Chart:
    """The chart of a case type, arranged; with a path, its steps are numbered."""
    edges = edges_of(law)
    chosen, everywhere_done = choices(law), everywhere(law)
    apart = {edge for edge in edges if edge.action in everywhere_done and not (path and path.numbers(edge))}
    plain = [edge for edge in edges if edge.action not in chosen and edge not in apart]
    chart = Chart(law, path, _figures(law, path, plain, chosen), [], _everywhere(law, everywhere_done))
    chart.arrows = _arrows(law, path, plain) + [a for action in chosen.values() for a in _through(law, action)]
    size = arrange([figure.box for figure in chart.figures], [arrow.line for arrow in chart.arrows])
    chart.width, chart.height = size
    return chart


def _everywhere(law: Law, actions: list[str]) -> list[Words]:
    if not actions:
        return []
    lines = [Words(f"↻ {_action_words(law, action, [], None)}", "stays", Edge(ANY, ANY, action)) for action in actions]
    return [Words(_("In every state:"), "by"), *lines]


def _figures(law: Law, path: Path | None, plain: list[Edge], chosen: dict[str, list[Edge]]) -> list[Figure]:
    found = [Figure(Box(START, 18, 18), "start")]
    for state in law.states:
        found.append(_state(law, state, path, [edge for edge in plain if edge.stays and edge.source == state]))
        for action, edges in chosen.items():
            if state == comes_after(law, edges):
                found.append(_choice(law, action, path, edges))
    return found


def _state(law: Law, state: str, path: Path | None, staying: list[Edge]) -> Figure:
    words = [Words(line, "title") for line in wrapped(state_name(law, state), TITLE, WIDEST)]
    if path and path.current == state:
        words.append(Words(_("%(case)s is here") % {"case": path.number}, "here"))
    for owing in owed_in(law, state):
        words += [Words(line, "owed") for line in wrapped(f"▸ {owing.label}", TEXT, WIDEST)]
        by = _(", ").join(owing.who) + (f" · {_(', ').join(owing.clocks)}" if owing.clocks else "")
        words += [Words(line, "by") for line in wrapped(by, TEXT, WIDEST)]
    for edge in staying:
        text = "↻ " + _action_words(law, edge.action, [edge], path)
        words += [Words(line, "stays", edge) for line in wrapped(text, TEXT, WIDEST)]
    box = Box(state, max(word.width for word in words) + 2 * PADDING + 4, len(words) * LINE_HEIGHT + 2 * PADDING)
    return Figure(box, "state", state, words)


def _choice(law: Law, action: str, path: Path | None, edges: list[Edge]) -> Figure:
    lines = wrapped(_action_words(law, action, edges, path), TEXT, 110)
    width = max(width_of(line, TEXT) for line in lines) + 46
    words = [Words(line, "choice") for line in lines]
    return Figure(Box(action, width, len(lines) * LINE_HEIGHT + 26), "choice", words=words, action=action)


def _arrows(law: Law, path: Path | None, edges: list[Edge]) -> list[Arrow]:
    """One for each pair of states and kind of actor: people, or the system."""
    pairs: dict[tuple[str, str, bool], list[Edge]] = defaultdict(list)
    for edge in edges:
        if not edge.stays:
            pairs[edge.source, edge.target, law.actions[edge.action].is_system].append(edge)
    found = []
    for (source, target, by_system), same in pairs.items():
        words = [
            Words(text, "action", edge) for edge in same
            for text in wrapped(_action_words(law, edge.action, [edge], path), TEXT, WIDEST_LABEL)
        ]  # fmt: skip
        name = f"{source}>{target}>{by_system}"
        width, height = max(word.width for word in words), len(words) * LINE_HEIGHT
        found.append(Arrow(Line(name, source or START, target, width, height), words, same, by_system=by_system))
    return found


def _through(law: Law, edges: list[Edge]) -> list[Arrow]:
    action = edges[0].action
    sources, targets = {edge.source for edge in edges}, {edge.target for edge in edges}
    found = []
    for state in law.states:
        if state in sources | targets:
            from_state = state in sources
            line = Line(f"{action}:{state}", *((state, action) if from_state else (action, state)))
            touching = [edge for edge in edges if state in (edge.source, edge.target)]
            both = state in sources & targets
            found.append(Arrow(line, [], touching, both=both, by_system=law.actions[action].is_system))
    return found


def _action_words(law: Law, action: str, edges: list[Edge], path: Path | None) -> str:
    """The action, the clocks that do it, and under which numbers the case took it."""
    words = action_name(law, action)
    clocks = dict.fromkeys(clock_name(law, clock.name) for clock in law.clocks.values() if clock.breach == action)
    if clocks:
        words = _("%(action)s (time over: %(clocks)s)") % {"action": words, "clocks": _(", ").join(clocks)}
    numbers = [number for edge in edges for number in path.numbers(edge)] if path else []
    return words + (f" [{', '.join(map(str, sorted(numbers)))}]" if numbers else "")


def title_of(chart: Chart) -> str:
    words = _("%(type)s: states and actions") if not chart.path else _("%(type)s: the way of %(case)s")
    return words % {"type": chart.law.model.title, "case": chart.path.number if chart.path else ""}


def told(chart: Chart) -> str:
    """The picture in words, for whoever does not see it."""
    if chart.path is None:
        return _("Boxes are states with what they wait for, lines are actions.")
    steps = [
        _("%(number)d %(action)s: %(state)s")
        % {"number": seq, "action": _named(chart.law, edge.action), "state": state_name(chart.law, edge.target)}
        for seq, edge in chart.path.steps
    ]
    return _("; ").join([*steps, _("now: %(state)s") % {"state": state_name(chart.law, chart.path.current)}])


def _named(law: Law, action: str) -> str:
    return action_name(law, action) if action in law.actions else action


def goes_along(arrow: Arrow, path: Path | None) -> bool:
    return bool(path) and any(path.numbers(edge) for edge in arrow.edges)
