"""What a look at the ledger found."""

from dataclasses import dataclass, field

AWAY = "away"  # something outside was not to be had, which says nothing of the ledger
BESIDE = frozenset(("row", "state", "parties", "clock"))  # the case is not as its entries tell; they and documents are


@dataclass(frozen=True)
class Problem:
    """The first thing wrong in a stream, or in the log: `seq` 0 means the stream as a whole."""

    stream: str
    seq: int
    check: str
    message: str


@dataclass
class Verdict:
    """`placed`, `waiting` and `checkpoints`: events that have their place in the log, that wait for one, and what the
    log has signed; of a look at one case, its own events."""

    checked: int = 0
    streams: int = 0
    placed: int = 0
    waiting: int = 0
    checkpoints: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Everything was looked at, and whole."""
        return not self.problems

    @property
    def entries_are_whole(self) -> bool:
        return all(problem.check in BESIDE for problem in self.problems)

    @property
    def broken(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.check != AWAY]
