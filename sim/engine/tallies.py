"""What a collector has counted as plain arrays, and the counts of several collectors together.

Counts and sums are integers and extremes are exact, so collectors may be merged in any order.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.collector import Collector
from sim.engine.histograms import Histogram

Arrays = dict[str, NDArray[Any]]
FIELDS = ("sums", "squares", "least", "most")


def packed(collector: Collector, pool: Executor) -> Arrays:
    """All tallies of a collector, counts compressed: most bins are empty (436 MB to 25 MB on the bundled chain)."""

    def compressed(histogram: Histogram) -> NDArray[np.uint8]:
        """Counts of one variable."""
        return np.frombuffer(zlib.compress(histogram.counts.view(np.uint8).data, 1), dtype=np.uint8)

    arrays: Arrays = {}
    for (name, histogram), counts in zip(
        collector.found.items(), pool.map(compressed, collector.found.values()), strict=True
    ):
        arrays |= {f"{name}.runs": np.array(histogram.runs), f"{name}.by_bin": counts}
        arrays |= {f"{name}.{field}": getattr(histogram, field) for field in FIELDS}
    return arrays


def merge(collector: Collector, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Add packed tallies of other runs to a collector; it is changed only if all of them can be read.

    Raises
    ------
    KeyError, ValueError: They are not the tallies of such a collector.
    """
    counts = {name: _counts(arrays[f"{name}.by_bin"], histogram) for name, histogram in collector.found.items()}
    given = {name: {field: arrays[f"{name}.{field}"] for field in FIELDS} for name in collector.found}
    for name, histogram in collector.found.items():
        for field, array in given[name].items():
            if array.shape != getattr(histogram, field).shape:
                raise ValueError(f"{name}.{field} is of another shape")
    for name, histogram in collector.found.items():
        histogram.runs += int(arrays[f"{name}.runs"])
        # Only where there is something: the rest need not take memory.
        filled = np.flatnonzero(counts[name])
        histogram.counts.reshape(-1)[filled] += counts[name][filled]
        histogram.sums += given[name]["sums"]
        histogram.squares += given[name]["squares"]
        np.minimum(histogram.least, given[name]["least"], out=histogram.least)
        np.maximum(histogram.most, given[name]["most"], out=histogram.most)


def _counts(data: NDArray[np.uint8], histogram: Histogram) -> NDArray[np.int32]:
    try:
        counts = np.frombuffer(zlib.decompress(data.tobytes()), dtype=histogram.counts.dtype)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if counts.size != histogram.counts.size:
        raise ValueError("they are counts of other rows, months or bins")
    return counts
