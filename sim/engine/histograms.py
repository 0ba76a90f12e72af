"""Counts and exact moments of a variable over runs, and the statistics read off them."""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core import bins, collect

Floats = NDArray[np.float32]


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


@lru_cache(maxsize=16)
def _bins(scale: Scale) -> bins.Bins:
    return bins.of_scale(scale.logarithmic, scale.low, scale.per_unit, scale.bins)


def _untouched(*shape: int) -> NDArray[np.int32]:
    """Zeros that take memory only where they are written to, 4 kB at a time, and none where they are read.

    NumPy asks for pages of 2 MB, of which a single count takes a whole one: 415 MB of counts on the bundled chain, of
    which 130 MB hold any after 3,000 runs. Of memory that processes share, pages that are only read take room too.
    """
    size = math.prod(shape)
    own = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_ANONYMOUS") else {}
    memory = mmap.mmap(-1, max(4 * size, 1), **own)
    if hasattr(mmap, "MADV_NOHUGEPAGE"):
        memory.madvise(mmap.MADV_NOHUGEPAGE)
    return np.frombuffer(memory, dtype=np.int32, count=size).reshape(shape)


NO_VOLUME = np.empty((0, 0, 0, 0), dtype=np.float32)
"""Where rows are sums and not means weighted by a volume."""


class Histogram:
    """Counts and moments of one variable; adding chunks in any order gives the same digits."""

    def __init__(self, scale: Scale, rows: int, months: int, blocks: tuple[int, int], threshold: float | None) -> None:
        """Begin with no runs.

        Parameters
        ----------
        blocks: Blocks of a chunk and lanes of a block.
        threshold: Value above which a month counts in `above`; none where no run is followed.
        """
        self.scale = scale
        self.threshold = threshold or 0.0
        self.runs = 0
        self.counts = _untouched(*collect.shape(rows, months, scale.bins))
        """Runs in each bin, laid out as `collect.shape` says."""
        self.sums = np.zeros((rows, months), dtype=np.int64)
        self.squares = np.zeros((rows, months), dtype=np.int64)
        self.least = np.full((rows, months), np.inf, dtype=np.float32)
        self.most = np.full((rows, months), -np.inf, dtype=np.float32)
        followed = rows if threshold is not None else 0
        self.peak = np.zeros((followed, *blocks), dtype=np.float32)
        """Largest value over months so far of each run of the chunk, shape (row, block, lane)."""
        self.above = np.zeros((followed, *blocks), dtype=np.float32)
        """Months above the threshold so far of each run of the chunk."""

    def begin(self) -> None:
        """Begin a chunk: no month of its runs is counted."""
        self.peak[...] = 0.0
        self.above[...] = 0.0

    def add(
        self,
        source: Floats,
        members: collect.Members,
        first: int,
        runs: int,
        begin: int,
        end: int,
        *,
        shift: int = 0,
        volume: Floats = NO_VOLUME,
    ) -> None:
        """Count months `begin` to `end` of members whose rows begin at `first`; `finish` ends a chunk.

        Other rows may be counted at the same time.

        Parameters
        ----------
        source: Shape (block, month, entity, lane); only the first `runs` runs count.
        shift: First month of the horizon that `source` holds.
        volume: What means over members are weighted by; sums are meant where there is none.
        """
        tally = collect.Tally(self.counts, self.sums, self.squares, self.least, self.most)
        size = self.peak.shape[1] * self.peak.shape[2]
        threshold = np.float32(self.threshold)
        peak, above = (found.reshape(len(found), size) for found in (self.peak, self.above))
        scale = _bins(self.scale)
        collect.count(source, volume, members, scale, threshold, first, begin, end, shift, runs, tally, peak, above)

    def finish(self, runs: int) -> None:
        """End a chunk of `runs` runs of which every month has been counted."""
        self.runs += runs

    def quantiles(self, shares: tuple[float, ...]) -> NDArray[np.float64]:
        """Quantiles to the nearest bin centre, held within the exact extremes; shape (share, row, month)."""
        ranks = np.floor(np.array(shares) * (self.runs - 1)).astype(np.int64)
        found = np.empty((len(shares), *self.sums.shape))
        rows, scale = self.counts.shape[0], _bins(self.scale)
        collect.read_quantiles(self.counts, self.least, scale, ranks, self.scale.centres(), 0, rows, found)
        return np.clip(found, self.least, self.most)

    def statistics(self) -> dict[str, Any]:
        """Mean, standard deviation over runs and exact extremes, each of shape (row, month)."""
        mean = self.sums / float(collect.FIXED) / self.runs
        variance = self.squares / float(collect.FIXED_SQUARE) / self.runs - mean**2
        # Fixed-point rounding leaves a variance of about a unit where all runs agree.
        spread = np.sqrt(np.where(self.most > self.least, np.maximum(variance, 0.0), 0.0))
        if self.runs > 1:
            spread *= np.sqrt(self.runs / (self.runs - 1))
        return {"mean": np.clip(mean, self.least, self.most), "sd": spread, "minimum": self.least, "maximum": self.most}
