"""Monthly records to counts and exact moments: integers, so that no order of threads or chunks changes a digit."""

from __future__ import annotations

import numpy as np

from sim.core.jit import entry, kernel
from sim.core.mathx import HALF, ZERO, clip, log
from sim.core.state import Floats, Ints


@kernel
def bin_of(value, low, per_unit, bins):
    """Bin of a value: bin centres lie at `low + i / per_unit`; what is outside falls in the first or last bin."""
    return np.int32(clip((value - low) * per_unit + HALF, ZERO, bins))


@entry
def count(values: Floats, runs, logarithmic, low, per_unit, scale, begin, end, counts: Ints, sums, squares, least, most):
    """Count the values of months `begin` to `end` into their histograms and moments.

    Parameters
    ----------
    values: Shape (month, row, run).
    runs: Runs that count; the rest of the last block is padding.
    logarithmic: Whether bins are even in the logarithm.
    low, per_unit: Centre of the first bin and bins for a unit of the value (or of its logarithm).
    scale: Fixed-point units for one, for the sums.
    counts: Shape (month, row, bin), added to.
    sums, squares: Sums of values and of squares in fixed point, int64, shape (month, row), added to.
    least, most: Extremes, shape (month, row), updated.
    """
    last = np.float32(counts.shape[2] - 1)
    bins = np.empty(values.shape[2], np.int32)
    for month in range(begin, end):
        for row in range(values.shape[1]):
            if logarithmic:
                for run in range(runs):
                    bins[run] = bin_of(log(values[month, row, run]), low, per_unit, last)
            else:
                for run in range(runs):
                    bins[run] = bin_of(values[month, row, run], low, per_unit, last)
            total = np.int64(0)
            square = np.int64(0)
            smallest, largest = least[month, row], most[month, row]
            for run in range(runs):
                value = values[month, row, run]
                total += np.int64(value * scale)
                square += np.int64(value * value * scale)
                smallest = min(smallest, value)
                largest = max(largest, value)
            for run in range(runs):
                counts[month, row, bins[run]] += 1
            sums[month, row] += total
            squares[month, row] += square
            least[month, row] = smallest
            most[month, row] = largest


@entry
def combine(start: Ints, member: Ints, weight: Floats, source: Floats, begin, end, out: Floats):
    """Weighted sums over members, `out[row] = sum of weight * source[member]`, for months `begin` to `end`.

    Parameters
    ----------
    start: First member of each row, shape (row + 1,).
    source: Shape (month, entity, run).
    out: Shape (month, row, run), overwritten.
    """
    for month in range(begin, end):
        for row in range(out.shape[1]):
            m, w = member[start[row]], weight[start[row]]
            for run in range(out.shape[2]):
                out[month, row, run] = w * source[month, m, run]
            for index in range(start[row] + 1, start[row + 1]):
                m, w = member[index], weight[index]
                for run in range(out.shape[2]):
                    out[month, row, run] += w * source[month, m, run]
