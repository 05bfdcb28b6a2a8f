"""Faults that real code gets wrong, each planted in the product by name: `GONGDUAN_PLANT=name pytest tests/…`.

A plant replaces or wraps one thing of the product, wherever it was imported to, before any test is. It names the test
that finds it and a piece of what that test then says."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

PRODUCT = ("casework", "workflows")
PARTS = ("plants_of_record", "plants_of_judgement", "plants_of_time")


@dataclass(frozen=True)
class Plant:
    """A fault, the test that finds it, and what that test says."""

    sow: Callable[[], None]
    found_by: str
    said: str

    @property
    def judges(self) -> bool:
        """Whether the fault lies in who may, who is barred or what is decided."""
        return self.sow.__module__.endswith("plants_of_judgement")


_plants: dict[str, Plant] = {}


def plants() -> dict[str, Plant]:
    """Every plant by its name."""
    for part in PARTS:
        import_module(f"tests.faults.{part}")
    return _plants


def plant(name: str) -> None:
    """This process runs a product with that fault."""
    if name not in plants():
        raise LookupError(f"Expected a plant, but {name!r} is none; the plants are {', '.join(_plants)}")
    _plants[name].sow()


def planted(found_by: str, said: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Registers what it decorates under its own name."""

    def register(sow: Callable[[], None]) -> Callable[[], None]:
        _plants[sow.__name__] = Plant(sow, found_by, said)
        return sow

    return register


def put(original: Any, fault: Any) -> None:
    """`fault` stands wherever the product says `original`."""
    places = [
        (module, name)
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").split(".")[0] in PRODUCT
        for name, value in vars(module).items()
        if value is original
    ]
    assert places, f"the product has no {original} any more"
    for module, name in places:
        setattr(module, name, fault)


def drop_guard(label: str, action: str, guard: str) -> None:
    """The law of that action asks the guard no more."""
    from casework.domain.law import laws

    spec = laws()[label].actions[action]
    kept = tuple(asked for asked in spec.when if asked.__name__ != guard)
    assert len(kept) == len(spec.when) - 1, f"{action} does not ask {guard} any more"
    object.__setattr__(spec, "when", kept)


def drop_bars(*codes: str) -> None:
    """Nobody is barred for these reasons."""
    from casework.domain import authority

    asked = authority.bars_in

    def bars_in(*args: Any, **kwargs: Any) -> dict[int, list[Any]]:
        left = {p: [bar for bar in bars if bar.code not in codes] for p, bars in asked(*args, **kwargs).items()}
        return {p: bars for p, bars in left.items() if bars}

    put(asked, bars_in)
