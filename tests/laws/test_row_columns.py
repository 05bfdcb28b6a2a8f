"""What the digests of rows of cases and clocks rest on: a changed default, or other decimal places, would have rows
differ that nobody has written."""

import os
from pathlib import Path

from casework.domain.law import laws
from casework.domain.row_digest import CLOCK_LEFT_OUT, LEFT_OUT
from casework.models import Clock

KEPT = Path(__file__).with_name("row_columns.txt")


def test_columns_of_rows_are_written_as_they_were() -> None:
    """A new column may come, if its default is what old rows have. Known ones stay as they are."""
    held = [(label, law.model, LEFT_OUT) for label, law in sorted(laws().items())]
    lines = []
    for label, model, left_out in [*held, ("casework.Clock", Clock, CLOCK_LEFT_OUT)]:
        for field in model._meta.concrete_fields:
            if field.attname not in left_out:
                places = getattr(field, "decimal_places", "")
                words = (label, field.attname, type(field).__name__, str(places), repr(field.get_default()))
                lines.append(" ".join(words).replace("  ", " "))
    if os.environ.get("GONGDUAN_WRITE_TABLE"):
        KEPT.write_text("\n".join(lines) + "\n")
    known = KEPT.read_text().splitlines()
    assert [line for line in known if line not in lines] == [], "a migration has to write entries for these"
    assert lines == known, "run once with GONGDUAN_WRITE_TABLE=1"
