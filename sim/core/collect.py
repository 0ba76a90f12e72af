"""Monthly records to counts and exact moments: integers, so that no order of threads or chunks changes a digit."""

from __future__ import annotations

import numpy as np

from sim.core.jit import entry, kernel
from sim.core.mathx import ZERO, clip, log
from sim.core.state import Floats, Ints


@kernel
def bin_of(value, low, per_unit, bins):
    """Bin of a value: bin centres lie at `low + i / per_unit`; what is outside falls in the first or last bin."""
    return np.int32(clip((value - low) * per_unit + np.float32(0.5), ZERO, bins))


@entry
def count(values: Floats, runs, logarithmic, low, per_unit, scale, begin, end, counts: Ints, sums, squares, least, most):
    """Count the values of rows `begin` to `end` into their histograms and moments.

    Parameters
    ----------
    values: Shape (row, month, run).
    runs: Runs that count; the rest of the last block is padding.
    logarithmic: Whether bins are even in the logarithm.
    low, per_unit: Centre of the first bin and bins for a unit of the value (or of its logarithm).
    scale: Fixed-point units for one, for the sums.
    counts: Shape (row, month, bin), added to.
    sums, squares: Sums of values and of squares in fixed point, int64, shape (row, month), added to.
    least, most: Extremes, shape (row, month), updated.
    """
    last = np.float32(counts.shape[2] - 1)
    bins = np.empty(values.shape[2], np.int32)
    for row in range(begin, end):
        for month in range(values.shape[1]):
            if logarithmic:
                for run in range(runs):
                    bins[run] = bin_of(log(values[row, month, run]), low, per_unit, last)
            else:
                for run in range(runs):
                    bins[run] = bin_of(values[row, month, run], low, per_unit, last)
            total = np.int64(0)
            square = np.int64(0)
            smallest, largest = least[row, month], most[row, month]
            for run in range(runs):
                value = values[row, month, run]
                fixed = np.int64(value * scale)
                total += fixed
                square += np.int64(value * value * scale)
                smallest = min(smallest, value)
                largest = max(largest, value)
            for run in range(runs):
                counts[row, month, bins[run]] += 1
            sums[row, month] += total
            squares[row, month] += square
            least[row, month] = smallest
            most[row, month] = largest


@entry
def combine(start: Ints, member: Ints, weight: Floats, source: Floats, begin, end, out: Floats):
    """Weighted sums over members: `out[row] = sum of weight * source[member]`, for rows `begin` to `end`.

    Parameters
    ----------
    start: First member of each row, shape (row + 1,).
    source: Shape (entity, month, run).
    out: Shape (row, month, run), overwritten.
    """
    for row in range(begin, end):
        for month in range(out.shape[1]):
            for run in range(out.shape[2]):
                out[row, month, run] = ZERO
            for index in range(start[row], start[row + 1]):
                m, w = member[index], weight[index]
                for run in range(out.shape[2]):
                    out[row, month, run] += w * source[m, month, run]
