"""docs/new-case-type.md makes a case type, and changes nothing that was there."""

import re

import pytest
from django.db import connection

from tests.new_case_type.copies import ROOT, Copy, blocks

GUIDE = ROOT / "docs" / "new-case-type.md"
OWN = re.compile(r"(workflows|templates|tests)/(rewards|gifts)/.+|policies/default/(rewards|gifts)\.yaml"
                 r"|tests/laws/permissions/rewards\.md")  # fmt: skip


@pytest.mark.skipif(connection.vendor != "sqlite", reason="it is about files; see the docstring")
def test_guide_when_followed_makes_a_type_that_keeps_the_laws_and_edits_nothing(tmp_path):
    """Once, on SQLite: what is tried here is whether the files of the guide fit the engine. The statements by which the
    new type reads and writes are the recorder's, which other tests hold on both engines.

    Beside it stands a skeleton nobody touched, under the names that startcasetype chooses by itself."""
    copy = Copy(tmp_path)
    printed = copy.run(".venv/bin/python manage.py startcasetype gifts")
    assert "workflows/gifts/migrations/0001_initial.py" in printed
    for block in blocks(GUIDE):
        if block.file:
            assert OWN.fullmatch(block.file), f"{block.file} is none of the new type's files"
            copy.write(block)
        else:
            # In the guide's own run of the tests: a second one would cost as much again.
            both = block.text.replace("tests/rewards tests/laws -k rewards", f"tests/rewards tests/gifts {LAWS}")
            printed = copy.run(both)
    found = re.search(r"^(\d+) passed, \d+ deselected in", printed, re.MULTILINE)
    assert found and int(found[1]) > 70, printed

    new, changed = copy.changed()
    assert changed == set()
    assert [name for name in sorted(new) if not OWN.fullmatch(name)] == []
    for block in blocks(GUIDE):
        if block.file:
            assert (tmp_path / block.file).read_text(encoding="utf-8") == block.text, "the tools changed it"
    copy.run(".venv/bin/python manage.py makemigrations --check --dry-run")
    copy.run(f".venv/bin/ruff check {FOLDERS} && .venv/bin/ruff format --check {FOLDERS}")


FOLDERS = "workflows/rewards workflows/gifts tests/rewards tests/gifts"
LAWS = "tests/laws -k 'rewards or (gifts and not permissions)'"
