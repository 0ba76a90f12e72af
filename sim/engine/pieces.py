"""Arrays of runs that came in pieces: as one where that is asked for, and piece by piece where they are laid out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Joined(Mapping[str, NDArray[Any]]):
    """Arrays of several parts, each joined when it is asked for: all at once would take as much memory again."""

    def __init__(self, parts: Sequence[Mapping[str, NDArray[Any]]]) -> None:
        """Take the arrays of parts, in the order of their runs; runs are last."""
        self._parts = parts

    def __getitem__(self, name: str) -> NDArray[Any]:
        """An array over the runs of all parts."""
        return np.concatenate(self.pieces(name), axis=-1)

    def __contains__(self, name: object) -> bool:
        """Whether there is such an array."""
        return name in self._parts[0]

    def __iter__(self) -> Iterator[str]:
        """Names of the arrays."""
        return iter(self._parts[0])

    def __len__(self) -> int:
        """Number of arrays."""
        return len(self._parts[0])

    def pieces(self, name: str) -> list[NDArray[Any]]:
        """An array part by part."""
        return [part[name] for part in self._parts]


def pieces(found: Mapping[str, NDArray[Any]], name: str) -> list[NDArray[Any]]:
    """An array in the pieces that it came in.

    Example
    -------
    >>> parts = Joined([{"tonnes": np.zeros((3, 4))}, {"tonnes": np.ones((3, 2))}])
    >>> parts["tonnes"].shape, len(pieces(parts, "tonnes")), len(pieces({"tonnes": parts["tonnes"]}, "tonnes"))
    ((3, 6), 2, 1)
    """
    return found.pieces(name) if isinstance(found, Joined) else [found[name]]
