"""XML piece by piece, by expat: no DTD, hence no entities; no deeper and no longer than tables are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, NamedTuple
from xml.parsers import expat

from casework.imports.xlsx.refused import Refused

DEEPEST = 50
LONGEST_TEXT = 32_767  # what a cell can hold
PIECE = 64 * 1024
NO_MEMORY = 1

Attributes = dict[str, str]


class On(NamedTuple):
    """What is done where an element begins and where it ends; text is given to `end` of those that ask for `text`."""

    start: Callable[[Attributes], object] | None = None
    end: Callable[[str], object] | None = None
    text: bool = False


class _Node:
    """An element that somebody asked for, or whose descendants somebody did."""

    __slots__ = ("start", "end", "text", "children")

    def __init__(self) -> None:
        self.start, self.end, self.text = On()
        self.children: dict[str, _Node] = {}


IGNORED = _Node()


def walk(stream: IO[bytes], asked: Mapping[str, On]) -> None:
    """Every element at these paths was handed over, in order, and the stream is well-formed. A path is made of local
    names from the root, whatever the namespace: `sst/si/t`."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    open_nodes = [_tree(asked)]
    text: list[str] = []
    room = 0

    def start(name: str, attributes: Attributes) -> None:
        nonlocal room
        children = open_nodes[-1].children
        node = (children.get(name) or _known(children, name)) if children else IGNORED
        open_nodes.append(node)
        if len(open_nodes) > DEEPEST:
            raise Refused("damaged_workbook")
        room = LONGEST_TEXT + 1 if node.text else 0
        if node.start:
            node.start(attributes)

    def end(_name: str) -> None:
        nonlocal room
        if (node := open_nodes.pop()).end:
            node.end("".join(text))
        if text:
            text.clear()
        room = 0

    def characters(piece: str) -> None:
        nonlocal room
        if room:
            text.append(piece[:room])
            room = max(0, room - len(piece))

    def doctype(*_declared: object) -> None:
        raise Refused("damaged_workbook")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = characters, doctype
    try:
        while piece := stream.read(PIECE):
            parser.Parse(piece)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        if error.code == NO_MEMORY:
            raise MemoryError from None
        raise Refused("damaged_workbook") from None


def attributes_at(stream: IO[bytes], *paths: str, at_most: int = 100_000) -> dict[str, list[Attributes]]:
    """For each path the attributes of its elements by their local names, in order."""
    found: dict[str, list[Attributes]] = {path: [] for path in paths}

    def keep(path: str) -> Callable[[Attributes], None]:
        def kept(attributes: Attributes) -> None:
            if len(found[path]) >= at_most:
                raise Refused("damaged_workbook")
            found[path].append({_local(name): value for name, value in attributes.items()})

        return kept

    walk(stream, {path: On(start=keep(path)) for path in paths})
    return found


def has_true(attributes: Attributes, name: str) -> bool:
    return attributes.get(name) in ("1", "true")


def _tree(asked: Mapping[str, On]) -> _Node:
    root = _Node()
    for path, on in asked.items():
        node = root
        for name in path.split("/"):
            node = node.children.setdefault(name, _Node())
        node.start, node.end, node.text = on
    return root


def _known(children: dict[str, _Node], name: str) -> _Node:
    """The node of a name with its namespace, found faster the next time."""
    node = children.get(_local(name))
    if node is None:
        return IGNORED
    children[name] = node
    return node


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
