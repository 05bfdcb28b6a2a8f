"""What a case type itself says of its cases: the members of its presenting.py, found by name like its flow."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def presented(case: Any, name: str, sight: Any, *more: Any) -> Any:
    """What that function of the type says of the case; None where it has none."""
    show: Callable[..., Any] | None = _member(_package(case), "presenting", name)
    return show(case, sight, *more) if show else None


def paged(case: Any, name: str, sight: Any) -> Any:
    """The same of its page.py: what only the case page needs, in words, names hidden where they are to be."""
    show: Callable[..., Any] | None = _member(_package(case), "page", name)
    return sight.masked(show(case, sight)) if show else None


def confidential(case: Any) -> Mapping[str, tuple[str, ...]]:
    """Actions whose texts only the actor, those who look over closed cases and these parts of the case read."""
    return _member(_package(case), "presenting", "CONFIDENTIAL") or {}


def _package(case: Any) -> str:
    return type(case).__module__.rsplit(".", 1)[0]


@cache
def _member(package: str, module: str, name: str) -> Any:
    if find_spec(f"{package}.{module}") is None:
        return None
    return getattr(import_module(f"{package}.{module}"), name, None)
