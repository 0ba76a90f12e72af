"""Counts and exact moments of a variable over runs, and the statistics read off them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core import collect

FIXED = 2**20
"""Fixed-point units for one in sums: prices up to 148 squared, over ten million runs, stay within 64 bits."""


@dataclass(frozen=True)
class Scale:
    """Bins of a variable."""

    logarithmic: bool
    low: float
    per_unit: float
    bins: int

    def centres(self) -> NDArray[np.float64]:
        """Value at the centre of each bin."""
        centres = self.low + np.arange(self.bins) / self.per_unit
        return np.asarray(np.exp(centres) if self.logarithmic else centres)


MULTIPLE = Scale(logarithmic=True, low=-3.0, per_unit=100.0, bins=801)
"""Multiples of the reference from 1/20 to 148 in steps of 1 %, one bin centred on the reference."""
SHARE = Scale(logarithmic=False, low=0.0, per_unit=200.0, bins=201)
"""Shares from 0 to 1 in steps of half a point, one bin centred on 0."""


class Histogram:
    """Counts and moments of one variable; adding chunks in any order gives the same digits."""

    def __init__(self, scale: Scale, rows: int, months: int) -> None:
        """Begin with no runs."""
        self.scale = scale
        self.runs = 0
        self.counts = np.zeros((months, rows, scale.bins), dtype=np.int32)
        self.sums = np.zeros((months, rows), dtype=np.int64)
        self.squares = np.zeros((months, rows), dtype=np.int64)
        self.least = np.full((months, rows), np.inf, dtype=np.float32)
        self.most = np.full((months, rows), -np.inf, dtype=np.float32)

    def add(self, values: NDArray[np.float32], runs: int, begin: int, end: int) -> None:
        """Count months `begin` to `end` of a chunk; `runs` is to be added to `self.runs` once a chunk."""
        scale = self.scale
        collect.count(
            values,
            runs,
            scale.logarithmic,
            np.float32(scale.low),
            np.float32(scale.per_unit),
            np.float32(FIXED),
            begin,
            end,
            self.counts,
            self.sums,
            self.squares,
            self.least,
            self.most,
        )

    def quantiles(self, shares: tuple[float, ...]) -> NDArray[np.float64]:
        """Quantiles to the nearest bin centre, held within the exact extremes; shape (share, month, row)."""
        below = np.cumsum(self.counts, axis=2)
        centres = self.scale.centres()
        found = np.empty((len(shares), *self.sums.shape))
        for index, share in enumerate(shares):
            rank = int(np.floor(share * (self.runs - 1)))
            found[index] = centres[np.argmax(below > rank, axis=2)]
        return np.clip(found, self.least, self.most)

    def statistics(self) -> dict[str, Any]:
        """Mean, standard deviation over runs and exact extremes, each of shape (month, row)."""
        mean = self.sums / FIXED / self.runs
        variance = self.squares / FIXED / self.runs - mean**2
        # Fixed-point rounding leaves a variance of about a unit where all runs agree.
        spread = np.sqrt(np.where(self.most > self.least, np.maximum(variance, 0.0), 0.0))
        if self.runs > 1:
            spread *= np.sqrt(self.runs / (self.runs - 1))
        return {"mean": np.clip(mean, self.least, self.most), "sd": spread, "minimum": self.least, "maximum": self.most}
