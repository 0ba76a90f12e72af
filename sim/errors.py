"""Exceptions and warnings a user can meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LISTED = 200
"""Faults that a message lists."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a file: where, what and the cure.

    Example
    -------
    >>> print(Fault("baseline.toml", "restrictions.x.cut", "is 1.4", "give a share from 0 to 1"))
    baseline.toml: restrictions.x.cut is 1.4; give a share from 0 to 1
    """

    file: str
    """Name of the file (or `--set` for an override)."""
    key: str
    """Dotted key, or row and column of a table; empty for the file as a whole."""
    problem: str
    """What is wrong, worded to follow the key."""
    cure: str
    """What to write instead."""

    def __str__(self) -> str:
        """Return file, key, problem and cure in one line, in which control characters cannot hide or forge anything."""
        place = f"{self.file}: {self.key}" if self.key else self.file
        line = f"{place} {self.problem}; {self.cure}"
        return line if line.isprintable() else "".join(map(_printable, line))


def _printable(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape", "backslashreplace").decode("ascii")


class OreflowError(Exception):
    """Base of every error that oreflow raises on purpose."""


class ScenarioError(OreflowError):
    """A scenario, or a table it stands on, has faults; all of them are listed."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep the faults, in the order given and without repetition."""
        self.faults: tuple[Fault, ...] = tuple(dict.fromkeys(faults))
        # The tuple is the only argument, so that the error survives a trip between processes.
        super().__init__(self.faults)

    def __str__(self) -> str:
        """Return one line for each fault, and how many are left out of a great many."""
        lines = [str(fault) for fault in self.faults[:LISTED]]
        left = len(self.faults) - len(lines)
        return "\n".join([*lines, f"and {left:,} more faults of the kind"] if left else lines)


class ResultError(OreflowError):
    """A result file cannot be read, or does not hold what is asked of it."""


class MetricError(OreflowError):
    """A metric expression cannot be read, or asks for what is not there; all its faults are listed."""

    def __init__(self, text: str, faults: Iterable[str]) -> None:
        """Keep the expression and its faults, in the order given and without repetition."""
        self.text = text
        self.faults: tuple[str, ...] = tuple(dict.fromkeys(faults))
        super().__init__(self.text, self.faults)

    def __str__(self) -> str:
        """Return one line for each fault."""
        return "\n".join(f"metric '{self.text}': {fault}" for fault in self.faults)


class ClusterError(OreflowError):
    """A cluster cannot be used, or was lost."""


class MissingExtra(OreflowError):
    """A library of an optional extra is not installed."""


class QuickLookWarning(UserWarning):
    """The settings are good for a quick look only; do not quote the numbers."""


class ProgressWarning(UserWarning):
    """Progress of an ensemble cannot be kept, or what was kept is damaged; the results are not at stake."""
