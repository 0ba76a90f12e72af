"""Monthly records to counts and exact moments: integers, so that no order of threads or chunks changes a digit."""

from __future__ import annotations

import numpy as np

from sim.core.jit import entry, kernel
from sim.core.mathx import HALF, ONE, ZERO, clip, log
from sim.core.state import Floats, Ints

FIXED = np.float32(2**20)
"""Fixed-point units for one in sums: a price multiple of 148 stays within 32 bits, ten million runs within 64."""
FIXED_SQUARE = np.float32(2**16)
"""The same in sums of squares."""
MOST = np.float32(148.0)
"""Values above count as this in means and standard deviations, as they do in the last bin; extremes stay exact."""


@kernel
def bin_of(value, low, per_unit, last):
    """Bin of a value: bin centres lie at `low + i / per_unit`; what is outside falls in the first or last bin."""
    return np.int32(clip((value - low) * per_unit + HALF, ZERO, last))


@entry
def count(
    source: Floats,
    members: Ints,
    factor: Floats,
    missing,
    logarithmic,
    low,
    per_unit,
    threshold,
    first,
    begin,
    end,
    runs,
    counts: Ints,
    sums,
    squares,
    least,
    most,
    peak: Floats,
    above: Floats,
):
    """Count the values of members `begin` to `end` into rows of histograms, moments and per-run extremes.

    Parameters
    ----------
    source: Recorded values, shape (block, month, entity, lane).
    members: Entity of each member.
    factor: What turns a recorded value into a multiple of its reference, shape (month, member).
    missing: Whether the share missing to that reference is meant, rather than the multiple.
    logarithmic: Whether bins are even in the logarithm.
    low, per_unit: Centre of the first bin and bins for a unit of the value (or of its logarithm).
    threshold: Value above which a month counts in `above`.
    first: Row of member 0; rows of other members follow.
    runs: Runs that count: the rest of the last block is padding.
    counts: Shape (row, month, bin), added to.
    sums, squares: Sums in fixed point, int64, shape (row, month), added to.
    least, most: Extremes, shape (row, month), updated.
    peak, above: Largest value over months and months above the threshold, shape (row, block, lane), overwritten; both
        without rows where nobody asks.
    """
    blocks, months, _, lanes = source.shape
    last = np.float32(counts.shape[2] - 1)
    bins, values = np.empty(lanes, np.int32), np.empty(lanes, np.float32)
    per_run = peak.shape[0] > 0
    if per_run:
        peak[first + begin : first + end] = ZERO
        above[first + begin : first + end] = ZERO
    for month in range(months):
        for member in range(begin, end):
            row, entity, reciprocal = first + member, members[member], factor[month, member]
            total, square = np.int64(0), np.int64(0)
            smallest, largest = least[row, month], most[row, month]
            for block in range(blocks):
                used = min(lanes, runs - block * lanes)
                if missing:
                    for lane in range(lanes):
                        values[lane] = clip(ONE - source[block, month, entity, lane] * reciprocal, ZERO, ONE)
                else:
                    for lane in range(lanes):
                        values[lane] = source[block, month, entity, lane] * reciprocal
                if logarithmic:
                    for lane in range(lanes):
                        bins[lane] = bin_of(log(values[lane]), low, per_unit, last)
                else:
                    for lane in range(lanes):
                        bins[lane] = bin_of(values[lane], low, per_unit, last)
                if per_run:
                    for lane in range(lanes):
                        peak[row, block, lane] = max(peak[row, block, lane], values[lane])
                        above[row, block, lane] += ONE if values[lane] > threshold else ZERO
                for lane in range(used):
                    held = min(values[lane], MOST)
                    total += np.int64(np.int32(held * FIXED + HALF))
                    square += np.int64(np.int32(held * held * FIXED_SQUARE + HALF))
                for lane in range(used):
                    smallest = min(smallest, values[lane])
                    largest = max(largest, values[lane])
                    counts[row, month, bins[lane]] += 1
            sums[row, month] += total
            squares[row, month] += square
            least[row, month] = smallest
            most[row, month] = largest


@entry
def combine(start: Ints, member: Ints, weight: Floats, source: Floats, begin, end, out: Floats):
    """Weighted sums over members, `out[row] = sum of weight * source[member]`, for months `begin` to `end`.

    Parameters
    ----------
    start: First member of each row, shape (row + 1,); no row is empty.
    source: Shape (block, month, entity, lane).
    out: Shape (block, month, row, lane), overwritten.
    """
    blocks, _, rows, lanes = out.shape
    for block in range(blocks):
        for month in range(begin, end):
            for row in range(rows):
                for lane in range(lanes):
                    out[block, month, row, lane] = ZERO
                for index in range(start[row], start[row + 1]):
                    m, w = member[index], weight[index]
                    for lane in range(lanes):
                        out[block, month, row, lane] += w * source[block, month, m, lane]


@entry
def average(start: Ints, member: Ints, price: Floats, volume: Floats, begin, end, out: Floats):
    """Volume-weighted mean price over members, 1 where nothing moved; shapes as in `combine`."""
    blocks, _, rows, lanes = out.shape
    moved = np.empty(lanes, np.float32)
    for block in range(blocks):
        for month in range(begin, end):
            for row in range(rows):
                for lane in range(lanes):
                    out[block, month, row, lane] = ZERO
                    moved[lane] = ZERO
                for index in range(start[row], start[row + 1]):
                    m = member[index]
                    for lane in range(lanes):
                        tonnes = volume[block, month, m, lane]
                        out[block, month, row, lane] += price[block, month, m, lane] * tonnes
                        moved[lane] += tonnes
                for lane in range(lanes):
                    paid = out[block, month, row, lane]
                    out[block, month, row, lane] = paid / moved[lane] if moved[lane] > ZERO else ONE


@entry
def spells(source: Floats, need: Floats, threshold, begin, end, tonnes: Floats, opening: Floats, closing: Floats):
    """What rows `begin` to `end` lack against a need, and the first and last month that lacks more than a share of it.

    Parameters
    ----------
    source: Recorded tonnes, shape (block, month, row, lane).
    need: Tonnes needed, shape (month, row).
    tonnes: Sum of what is lacking, shape (row, block, lane), overwritten, as are the others.
    opening, closing: First and last such month; -1 where there is none.
    """
    blocks, months, _, lanes = source.shape
    for block in range(blocks):
        for row in range(begin, end):
            for lane in range(lanes):
                tonnes[row, block, lane] = ZERO
                opening[row, block, lane] = -ONE
                closing[row, block, lane] = -ONE
            for month in range(months):
                wanted, now = need[month, row], np.float32(month)
                bearable = threshold * wanted
                for lane in range(lanes):
                    lacking = max(wanted - source[block, month, row, lane], ZERO)
                    short = lacking > bearable
                    tonnes[row, block, lane] += lacking
                    first = opening[row, block, lane]
                    opening[row, block, lane] = now if short and first < ZERO else first
                    closing[row, block, lane] = now if short else closing[row, block, lane]


@entry
def read_quantiles(counts: Ints, ranks, centres, begin, end, out):
    """Centre of the bin that holds each rank, for rows `begin` to `end`.

    Parameters
    ----------
    counts: Shape (row, month, bin).
    ranks: Ranks from 0, ascending, shape (rank,).
    centres: Value of each bin.
    out: Shape (rank, row, month), overwritten.
    """
    for row in range(begin, end):
        for month in range(counts.shape[1]):
            below, place = np.int64(counts[row, month, 0]), 0
            for index in range(ranks.size):
                while below <= ranks[index]:
                    place += 1
                    below += counts[row, month, place]
                out[index, row, month] = centres[place]
