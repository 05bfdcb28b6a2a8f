"""One way to write data as bytes, so that the same data always has the same digest.

The form is the subset of RFC 8785 (JSON Canonicalization Scheme) that needs no number formatting: objects
with keys sorted by UTF-16 code units, no white space, text in Unicode NFC as UTF-8, whole numbers only.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any
from unicodedata import is_normalized, normalize

from pydantic_core import to_json

LARGEST_INTEGER = 2**53 - 1  # beyond it other readers of JSON round, and the digest would depend on the reader


def canonical(value: Any) -> bytes:
    """The canonical bytes of `value`, made of dict, list, tuple, str, int, bool and None.

    Raises TypeError for any other type (floats above all: write decimals as text) and ValueError for what
    cannot be written the same way everywhere: a lone surrogate, an integer beyond 2**53-1, two keys equal
    after NFC, data nested too deeply.
    """
    try:
        text = json.dumps(_checked(value), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8")
    except RecursionError:
        raise ValueError("Expected data nested a few levels deep, but it is nested too deeply to write.") from None
    except UnicodeEncodeError as problem:
        raise ValueError(f"Expected text, but it has a lone surrogate: {problem.object!a:.80}") from None


def canonical_digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def parse_canonical(data: bytes) -> Any:
    """The value whose canonical bytes are exactly `data`. Raises ValueError when `data` is anything else."""
    try:
        text = data.decode("utf-8")
        value = _reader.decode(text)
        same = _is_plainly_canonical(text, data, value) or canonical(value) == data
    except (ValueError, TypeError, RecursionError) as problem:
        raise ValueError(f"Expected canonical JSON, but it could not be read: {problem}") from None
    if not same:
        raise ValueError("Expected canonical JSON, but it is written in another form.")
    return value


def _is_plainly_canonical(text: str, data: bytes, value: Any) -> bool:
    """What can be said quickly, and of nearly all there is: the library writes the value as the same bytes, its keys
    stand in order, and all of it is in NFC. False leaves it open."""
    with suppress(ValueError):
        return to_json(value) == data and _is_in_order(value) and (data.isascii() or is_normalized("NFC", text))
    return False


def _is_in_order(value: Any) -> bool:
    """Whether the keys of all objects in it are sorted; False for keys beyond ASCII, which may have another order."""
    if type(value) is dict:
        keys = list(value)
        if keys != sorted(keys) or not "".join(keys).isascii():
            return False
        value = value.values()
    elif type(value) is not list:
        return True
    return all(_is_in_order(item) for item in value if type(item) is not str)


def _whole(digits: str) -> int:
    number = int(digits)
    if abs(number) > LARGEST_INTEGER:
        raise ValueError(f"Expected an integer up to 2**53-1, but got one of {number.bit_length()} bits.")
    return number


def _refused(number: str) -> Any:
    raise ValueError(f"Expected whole numbers, but got {number[:20]}.")


_reader = json.JSONDecoder(parse_int=_whole, parse_float=_refused, parse_constant=_refused)


def _checked(value: Any) -> Any:
    if isinstance(value, str):
        return _nfc(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError(f"Expected an integer up to 2**53-1, but got one of {value.bit_length()} bits.")
        return int(value)
    if isinstance(value, dict):
        return _checked_object(value)
    if isinstance(value, list | tuple):
        return [_checked(item) for item in value]
    raise TypeError(f"Expected text, whole numbers, lists and objects, but got {type(value).__name__}.")


def _checked_object(value: dict[Any, Any]) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(f"Expected text as a key, but got {type(key).__name__}.")
        name = _nfc(key)
        if name in checked:
            raise ValueError(f"Expected each key once, but {name!a} stands twice.")
        checked[name] = _checked(item)
    if all(key.isascii() for key in checked):
        return dict(sorted(checked.items()))
    return dict(sorted(checked.items(), key=lambda entry: entry[0].encode("utf-16-be")))


def _nfc(text: str) -> str:
    return text if text.isascii() or is_normalized("NFC", text) else normalize("NFC", text)
