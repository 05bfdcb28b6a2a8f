"""Every word the product says stands in the Chinese catalogue, translated, with its placeholders, and compiled."""

import ast
import gettext
import re
import struct
from collections.abc import Container, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from django.utils import translation
from django.utils.translation.template import templatize

from casework.domain.decide import check_now
from casework.domain.directory import Directory
from casework.domain.errors import NotAllowedNow
from casework.domain.law import law_named
from tests.laws.declared import ROOT, product_files, tree

WHERE = Path("locale") / "zh_Hans" / "LC_MESSAGES" / "django.po"
# The engine's, which serves every folder that has none of its own, and those of case types.
CATALOGUES = {
    folder.name: folder / WHERE
    for folder in (ROOT / "casework", *sorted((ROOT / "workflows").iterdir()))
    if (folder / WHERE).exists()
}
every_catalogue = pytest.mark.parametrize("name", CATALOGUES)
CALLS, PLURAL_CALLS = ("_", "gettext", "gettext_lazy"), ("ngettext", "ngettext_lazy")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# What templatize makes of a template: calls of gettext with constants, among placeholders for everything else.
IN_TEMPLATES = re.compile(r"""(?:gettext|_)\(u?((?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))""")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Of a template's own, that is neither an attribute nor part of a text to be translated.
TRANSLATED_BLOCK = re.compile(r"{% blocktranslate\b.*?{% endblocktranslate %}", re.DOTALL)
ATTRIBUTE = re.compile(r"""[\w:-]+=("[^"]*"|'[^']*')""")
PUNCTUATION = re.compile(r"[%}]}\s*(?:</\w+>)?[.,;:!?)]|[(]\s*{[{%]")
HALF_WIDTH_AFTER_CHINESE = re.compile(r"[\u4e00-\u9fff][,;:!?()]")
REFRESH = "run `make messages`, translate what is new and run it again"


@cache
def entries(name: str) -> list[tuple[set[str], str, str]]:
    """(flags, msgid, msgstr) of the catalogue, without its header and what is obsolete; of what has a plural, that."""
    found = []
    for block in CATALOGUES[name].read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith(("#~", "# "))]
        flags = {flag.strip() for line in lines if line.startswith("#,") for flag in line[2:].split(",")}
        text: dict[str, str] = {}
        for line in lines:
            if line.startswith("msg"):
                name, line = line.split(" ", 1)
                name = name.removesuffix("[0]")  # Chinese has one form for every number
                assert name in ("msgid", "msgid_plural", "msgstr"), f"{name} is not read here"
                text[name] = ""
            if line.startswith('"'):
                text[name] += ast.literal_eval(line)
        if text.get("msgid"):
            found.append((flags, text["msgid"], text["msgstr"]))
    return found


def named(nodes: Iterable[ast.AST], names: Container[str]) -> Iterator[ast.Call]:
    """The calls of these functions among the nodes."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def said(name: str) -> set[str]:
    """Every text that the sources of that catalogue hand to gettext; the templates' stand in the engine's."""
    files = [file for file in product_files() if catalogue_of(file) == name]
    in_code = {
        call.args[0].value for file in files for call in named(ast.walk(tree(file)), CALLS + PLURAL_CALLS)
        if call.args and isinstance(call.args[0], ast.Constant)
    }  # fmt: skip
    return in_code | (in_templates() if name == "casework" else set())


@cache
def in_templates() -> set[str]:
    sources = (templatize(file.read_text(encoding="utf-8"), origin=str(file)) for file in TEMPLATES)
    return {ast.literal_eval(text) for source in sources for text in IN_TEMPLATES.findall(source)}


def catalogue_of(file: Path) -> str:
    kind = file.relative_to(ROOT).parts[:2]
    return kind[1] if kind[0] == "workflows" and kind[1] in CATALOGUES else "casework"


def test_texts_are_constants_that_can_be_collected() -> None:
    odd = [
        f"{file}:{call.lineno}" for file in product_files() for call in named(ast.walk(tree(file)), CALLS)
        if len(call.args) != 1 or not isinstance(getattr(call.args[0], "value", None), str)
    ]  # fmt: skip
    odd += [
        f"{file}:{call.lineno}" for file in product_files() for call in named(ast.walk(tree(file)), PLURAL_CALLS)
        if len(call.args) != 3 or not all(isinstance(getattr(a, "value", None), str) for a in call.args[:2])
    ]  # fmt: skip
    assert not odd, "fill values in after translating: _('… %(x)s') % {…}"


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: all but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (*child.decorator_list, child.args):
                yield part
                yield from at_import(part)
        elif not isinstance(child, ast.Lambda):
            yield child
            yield from at_import(child)


def test_nothing_is_translated_before_the_reader_is_known() -> None:
    frozen = []
    for file in product_files():
        imports = [a for n in ast.walk(tree(file)) if isinstance(n, ast.ImportFrom) for a in n.names]
        eager = {alias.asname or alias.name for alias in imports if alias.name == "gettext"}
        frozen += [f"{file}:{call.lineno}" for call in named(at_import(tree(file)), eager)]
    assert not frozen, "use gettext_lazy here, or everybody reads the language of whoever started the process"


@every_catalogue
def test_catalogue_has_what_the_sources_say_and_nothing_else(name: str) -> None:
    known = {msgid for _flags, msgid, _msgstr in entries(name)}
    assert len(said("casework")) > 400 and len(in_templates()) > 200, "the sources were not read"
    assert sorted(said(name) - known) == [], REFRESH
    assert sorted(known - said(name)) == [], REFRESH


@every_catalogue
def test_everything_is_translated_and_nothing_is_guessed(name: str) -> None:
    assert [msgid for _flags, msgid, msgstr in entries(name) if not msgstr] == []
    assert [msgid for flags, msgid, _msgstr in entries(name) if "fuzzy" in flags] == []


@every_catalogue
def test_translations_when_several_catalogues_have_one_are_the_same(name: str) -> None:
    """They are merged for the whole installation: of two translations one would be lost."""
    first: dict[str, str] = {}
    for other in CATALOGUES:
        first = {msgid: msgstr for _flags, msgid, msgstr in entries(other)} | first
    assert [msgid for _flags, msgid, msgstr in entries(name) if first[msgid] != msgstr] == [], "say it in other words"


@every_catalogue
def test_translations_are_chinese(name: str) -> None:
    """Save for what is punctuation and placeholders only."""
    assert [
        msgid for _flags, msgid, msgstr in entries(name)
        if re.search(r"[A-Za-z]", PLACEHOLDER.sub("", msgid)) and not CHINESE.search(msgstr)
    ] == []  # fmt: skip
    assert [msgstr for _flags, _msgid, msgstr in entries(name) if HALF_WIDTH_AFTER_CHINESE.search(msgstr)] == []


def test_templates_set_no_punctuation_of_their_own() -> None:
    """It is the language's: the filters `colon`, `bracketed` and `listed` have it. Documents are written in both."""
    pages = [file for file in TEMPLATES if file.parent.name != "documents" and "unfold" not in file.parts]
    glued = {}
    for file in pages:
        left = ATTRIBUTE.sub("", TRANSLATED_BLOCK.sub("", file.read_text(encoding="utf-8")))
        if found := PUNCTUATION.search(left):
            glued[file.name] = left[max(0, found.start() - 40) : found.end() + 20]
    assert len(pages) > 40 and not glued


@every_catalogue
def test_placeholders_are_the_same_and_can_be_filled(name: str) -> None:
    for _flags, msgid, msgstr in entries(name):
        places = PLACEHOLDER.findall(msgid)
        assert sorted(PLACEHOLDER.findall(msgstr)) == sorted(places), msgid
        unnamed = [place for place in places if place in ("%s", "%d")]
        assert len(unnamed) < 2, f"name the places, so that Chinese may order them otherwise: {msgid}"
        if by_name := dict.fromkeys(re.findall(r"%\((\w+)\)", msgid), 1):
            assert msgstr % by_name, msgid
        elif unnamed:
            assert msgstr % 1, msgid
        if braced := dict.fromkeys(re.findall(r"\{(\w+)\}", msgid), 1):
            assert msgstr.format(**braced), msgid


@every_catalogue
def test_compiled_catalogue_is_the_written_one(name: str) -> None:
    compiled = CATALOGUES[name].with_suffix(".mo")
    with compiled.open("rb") as file:
        loaded = gettext.GNUTranslations(file)
    written = entries(name)
    assert [msgid for _flags, msgid, msgstr in written if loaded.gettext(msgid) != msgstr] == [], REFRESH
    (count,) = struct.unpack("<I", compiled.read_bytes()[8:12])
    assert count == len(written) + 1, REFRESH  # its header is an entry too


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-hans", "案件SD-2026-000042当前为“终局”，不能撤回申诉；请重新查看案件"),
        ("en", "Expected to withdraw on case SD-2026-000042, but it is 'final'; look at the case again"),
    ],
)
def test_refusal_is_said_in_the_readers_language(language: str, words: str) -> None:
    law = law_named("disputes.ScoreDispute")
    case = law.model(number="SD-2026-000042", state="final")
    with translation.override(language), pytest.raises(NotAllowedNow) as refusal:
        check_now(law.actions["withdraw"], case, Directory(0, {}, {}, ()))
    assert str(refusal.value) == words
