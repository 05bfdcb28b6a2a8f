"""What a case type itself says of its cases: the members of its presenting.py, found by name like its flow."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def presented(case: Any, name: str, sight: Any) -> Any:
    """What that function of the type says of the case; None where it has none."""
    show: Callable[..., Any] | None = _member(type(case).__module__.rsplit(".", 1)[0], name)
    return show(case, sight) if show else None


def confidential(case: Any) -> Mapping[str, tuple[str, ...]]:
    """Actions whose texts only the actor, those who look over closed cases and these parts of the case read."""
    return _member(type(case).__module__.rsplit(".", 1)[0], "CONFIDENTIAL") or {}


@cache
def _member(package: str, name: str) -> Any:
    if find_spec(f"{package}.presenting") is None:
        return None
    return getattr(import_module(f"{package}.presenting"), name, None)
