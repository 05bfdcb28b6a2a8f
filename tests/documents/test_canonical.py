"""The canonical form: one value, one row of bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.canonical import canonical, canonical_digest, parse_canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_canonical_sorts_keys_by_utf16_code_units() -> None:
    # RFC 8785, section 3.2.3: a sort by code points would put the emoji last.
    value = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    # U+FB33 is excluded from NFC composition, so it is written as its two parts.
    assert list(json.loads(canonical(value)).values()) == [2, 4, 6, 7, 3, 1, 5]


def test_canonical_writes_text_in_nfc_without_escapes_it_does_not_need() -> None:
    assert canonical({"e\u0301": '喆\u001f\n"/'}) == '{"é":"喆\\u001f\\n\\"/"}'.encode()


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {1: 2}, {"a": {"b": 0.5}}, object(), {1, 2}])
def test_canonical_refuses_types_that_have_no_single_form(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@pytest.mark.parametrize("value", ["\ud800", 2**53, -(2**53), {"e\u0301": 1, "é": 2}])
def test_canonical_refuses_values_that_readers_disagree_on(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)


def test_canonical_refuses_bottomless_nesting_in_words() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(ValueError, match="nested"):
        canonical(value)


@given(VALUES)
def test_canonical_bytes_read_back_to_the_same_bytes(value: object) -> None:
    data = canonical(value)
    assert canonical(parse_canonical(data)) == data


@given(VALUES, st.booleans(), st.booleans())
def test_parse_canonical_takes_what_canonical_writes_and_nothing_else(value: object, spaced: bool, plain: bool) -> None:
    """However JSON is written: only the one form is read."""
    separators = (", ", ": ") if spaced else (",", ":")
    data = json.dumps(value, ensure_ascii=plain, separators=separators).encode("utf-8", "surrogatepass")
    try:
        is_it = canonical(value) == data
    except (TypeError, ValueError):
        is_it = False
    try:
        assert canonical(parse_canonical(data)) == data and is_it
    except ValueError:
        assert not is_it


@given(st.dictionaries(TEXT, st.integers(0, 9), min_size=2, max_size=6))
def test_canonical_ignores_the_order_of_keys(value: dict[str, int]) -> None:
    try:
        digest = canonical_digest(value)
    except ValueError:
        return  # two keys equal after NFC
    assert canonical_digest(dict(reversed(value.items()))) == digest


@pytest.mark.parametrize(
    "data",
    [
        *(b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1,"a":1}', b'"e\xcc\x81"', b"1.0", b"\xff", b"", b"[" * 100_000),
        *(
            b"1e3",
            b"-0",
            b"NaN",
            b"Infinity",
            b"01",
            b"9007199254740993",
            b'"\\ud800"',
            b'"\\u4e2d"',
            b"[1,]",
            b'{"a":1.5}',
        ),
        *(
            '{"\ue000":1,"\U00010000":2}'.encode(),
            '{"中":1,"a":2}'.encode(),
            '["e\u0301"]'.encode(),
            b"[true,1] ",
            b'{"a":1.5}',
        ),
    ],
)
def test_parse_canonical_refuses_any_other_form(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_canonical(data)
