"""Monthly records to counts and exact moments: integers, so that no order of threads or chunks changes a digit."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.core.bins import Bins, bin_of
from sim.core.jit import allocating_entry, entry, kernel
from sim.core.mathx import HALF, ONE, ZERO, clip, log
from sim.core.prefetch import fetch_to_read, fetch_to_write
from sim.core.state import Floats, Ints

FIXED = np.float32(2**20)
"""Fixed-point units for one in sums: a price multiple of 148 stays within 32 bits, ten million runs within 64."""
FIXED_SQUARE = np.float32(2**16)
"""The same in sums of squares."""
MOST = np.float32(148.0)
"""Values above count as this in means and standard deviations, as they do in the last bin; extremes stay exact."""
MOST_RUNS = 2**15
"""Runs that may be counted in one go: halves of 16 bits are then summed in 32."""
PACK = 4
"""Rows counted side by side: one increment after the other meets another counter and need not wait for a store."""

GROUP = 16
"""Neighbouring bins, and months, that are counted together: the bins of a month share a line of the cache, the months
of a group of bins follow each other, and bins far from all values lie in memory that is never touched."""

_ONCE = np.int32(1)
_IN_LINE = 16
"""Numbers of single precision in a line of the cache."""
_GROUP_BITS, _IN_GROUP = np.uint32(4), np.uint32(GROUP - 1)
_LEAP = np.uint32(GROUP * (GROUP - 1))
_SIGN, _MAGNITUDE = np.int32(31), np.int32(0x7FFFFFFF)
_HALF_WORD, _LOW_HALF = np.int32(16), np.int32(0xFFFF)
# Sums of fixed-point numbers that cannot pass 2**31: a little below 2**31 / FIXED and 2**31 / FIXED_SQUARE.
_NARROW, _NARROW_SQUARE = np.float32(2000.0), np.float32(32000.0)


class Members(NamedTuple):
    """Rows as weighted sums of recorded entities, and what turns them into multiples or shares of a reference."""

    start: Ints  # first member of each row, shape (row + 1,); no row is empty
    member: Ints
    weight: Floats
    factor: Floats  # one over the reference, shape (month, row)
    missing: Any  # whether the share missing to the reference is meant


class Tally(NamedTuple):
    """What is counted of a variable; all of it is added to or updated."""

    counts: Ints  # of the shape that `shape` says
    sums: Any  # fixed point, int64, shape (row, month)
    squares: Any
    least: Floats  # extremes, shape (row, month)
    most: Floats


# Kernels take arrays and not tuples of them, and cut no slices: each would be counted as a reference, with an atomic
# operation, for every row and month. Together that took a tenth of the time.
@kernel
def combine(source: Floats, begin, end, member: Ints, weight: Floats, month, blocks, out: Floats):
    """Weighted sum over the members of a row, `begin` to `end`, for the runs of all blocks."""
    lanes = source.shape[3]
    for block in range(blocks):
        at = block * lanes
        m, w = member[begin], weight[begin]
        for lane in range(lanes):
            out[at + lane] = w * source[block, month, m, lane]
        for index in range(begin + 1, end):
            m, w = member[index], weight[index]
            for lane in range(lanes):
                out[at + lane] += w * source[block, month, m, lane]


@kernel
def average(price: Floats, volume: Floats, begin, end, member: Ints, month, blocks, moved: Floats, out: Floats):
    """Volume-weighted mean price over the members of a row, `begin` to `end`; 1 where nothing moved."""
    lanes = price.shape[3]
    for block in range(blocks):
        at = block * lanes
        for lane in range(lanes):
            out[at + lane] = ZERO
            moved[lane] = ZERO
        for index in range(begin, end):
            m = member[index]
            for lane in range(lanes):
                tonnes = volume[block, month, m, lane]
                out[at + lane] += price[block, month, m, lane] * tonnes
                moved[lane] += tonnes
        for lane in range(lanes):
            out[at + lane] = out[at + lane] / moved[lane] if moved[lane] > ZERO else ONE


@kernel
def ask_for_recorded(source: Floats, begin, end, member: Ints, month, blocks):
    """Ask for what is recorded of the members of a row in a month."""
    for block in range(blocks):
        for index in range(begin, end):
            for first in range(0, source.shape[3], _IN_LINE):
                fetch_to_read(source, (block, month, member[index], first))


@kernel
def relate(values: Floats, reciprocal, missing):
    """Recorded values to multiples of their reference, or to the share missing to it."""
    if missing:
        for i in range(values.size):
            values[i] = clip(ONE - values[i] * reciprocal, ZERO, ONE)
    else:
        for i in range(values.size):
            values[i] = values[i] * reciprocal


@kernel
def raise_to(values: Floats, row, peak: Floats):
    """Raise the peak of every run in a row."""
    for i in range(values.size):
        # Adding nothing keeps this from becoming a masked store, which takes many times as long on some processors.
        peak[row, i] = max(peak[row, i], values[i]) + ZERO


@kernel
def count_above(values: Floats, threshold, row, above: Floats):
    """Count the month for every run of a row that is above the threshold."""
    for i in range(values.size):
        above[row, i] += ONE if values[i] > threshold else ZERO


@kernel
def ordered(bits):
    """Bits of a float as an integer of the same order, and back: integer extremes are compared eight at a time."""
    return np.int32(bits ^ np.int32(np.int32(bits >> _SIGN) & _MAGNITUDE))


@kernel
def extremes(bits: Ints, runs):
    """Least and largest of values given by their bits."""
    least, most = ordered(bits[0]), ordered(bits[0])
    for i in range(runs):
        least = min(least, ordered(bits[i]))
        most = max(most, ordered(bits[i]))
    return np.int32(ordered(least)).view(np.float32), np.int32(ordered(most)).view(np.float32)


@kernel
def narrow_sums(values: Floats, runs):
    """Sums of values and of squares in fixed point, where they fit into 32 bits."""
    total, squares = np.int32(0), np.int32(0)
    for i in range(runs):
        total = np.int32(total + np.int32(values[i] * FIXED + HALF))
        squares = np.int32(squares + np.int32(values[i] * values[i] * FIXED_SQUARE + HALF))
    return np.int64(total), np.int64(squares)


@kernel
def wide_sums(values: Floats, runs):
    """The same where they do not: numbers of 32 bits are summed in halves, each of which fits."""
    low, high, square_low, square_high = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    for i in range(runs):
        held = min(values[i], MOST)
        one, square = np.int32(held * FIXED + HALF), np.int32(held * held * FIXED_SQUARE + HALF)
        low = np.int32(low + np.int32(one & _LOW_HALF))
        high = np.int32(high + np.int32(one >> _HALF_WORD))
        square_low = np.int32(square_low + np.int32(square & _LOW_HALF))
        square_high = np.int32(square_high + np.int32(square >> _HALF_WORD))
    return np.int64(low) + (np.int64(high) << 16), np.int64(square_low) + (np.int64(square_high) << 16)


def shape(rows: int, months: int, bins: int) -> tuple[int, ...]:
    """Shape of counts: (row, group of months, group of bins, month in its group, bin in its group).

    Example
    -------
    >>> shape(3, 120, 801)
    (3, 8, 51, 16, 16)
    """
    return rows, -(-months // GROUP), -(-bins // GROUP), GROUP, GROUP


@kernel
def after(place):
    """Counters from bin 0 of a month to bin `place` of it: the other months of a group of bins lie between groups."""
    group = np.uint32(np.uint32(place) >> _GROUP_BITS)
    return np.uint32(np.uint32(place) + np.uint32(group * _LEAP))


@kernel
def ask_for(counters: Ints, first, lowest, highest):
    """Ask for the counters of bins `lowest` to `highest` of the month whose bin 0 is counter `first`."""
    for group in range(lowest >> _GROUP_BITS, (highest >> _GROUP_BITS) + 1):
        fetch_to_write(counters, (first + np.uint64(group * GROUP * GROUP),))


# An entry to be compiled alone: within `count` its loops would run out of registers.
@entry
def add(places: Ints, first, per_row, packed, runs, counters: Ints):
    """Count the runs of `packed` rows, `per_row` counters apart.

    Parameters
    ----------
    places: Counters from that of bin 0, shape (row, run).
    first: Counter of bin 0 of the month of the first row.
    counters: All counters in one row.
    """
    one, two, three = first + per_row, first + per_row + per_row, first + per_row + per_row + per_row
    if packed == PACK:
        for i in range(runs):
            counters[first + np.uint64(places[0, i])] += _ONCE
            counters[one + np.uint64(places[1, i])] += _ONCE
            counters[two + np.uint64(places[2, i])] += _ONCE
            counters[three + np.uint64(places[3, i])] += _ONCE
    else:
        for within in range(packed):
            for i in range(runs):
                counters[first + np.uint64(places[within, i])] += _ONCE
            first += per_row


@allocating_entry
def count(
    source: Floats,
    volume: Floats,
    members: Members,
    scale: Bins,
    threshold,
    first,
    begin,
    end,
    shift,
    runs,
    tally: Tally,
    peak: Floats,
    above: Floats,
):
    """Count rows in months `begin` to `end` into histograms, moments and per-run extremes.

    Parameters
    ----------
    source: Recorded values, shape (block, month, entity, lane).
    volume: What means of them are weighted by, of the same shape; without blocks where sums are meant.
    shift: First month of the horizon that `source` holds.
    threshold: Value above which a month counts in `above`.
    first: Row of the tally that the first of these is.
    runs: Runs that count, `MOST_RUNS` at most: the rest of the last block is padding.
    peak, above: Largest value over months and months above the threshold so far, shape (row, run and padding); both
        without rows where nobody asks.
    """
    start, member, weight, factor, missing = members
    logarithmic, low, per_unit, last = scale
    counts, sums, squares, least, most = tally
    counters, per_row = counts.reshape(counts.size), np.uint64(counts[0].size)
    lanes, rows = source.shape[3], start.size - 1
    blocks = (runs + lanes - 1) // lanes
    size = blocks * lanes
    values, moved = np.empty(size, np.float32), np.empty(lanes, np.float32)
    places = np.empty((PACK, size), np.uint32)
    bits = values.view(np.int32)
    narrow = min(MOST, _NARROW / np.float32(runs), np.float32(np.sqrt(_NARROW_SQUARE / np.float32(runs))))
    per_run, weighted = peak.shape[0] > 0, volume.shape[0] > 0
    for pack in range(first, first + rows, PACK):
        packed = min(PACK, first + rows - pack)
        for month in range(begin, end):
            months_before = month // GROUP * counts.shape[2] * GROUP + month % GROUP
            here = np.uint64(pack) * per_row + np.uint64(GROUP * months_before)
            for within in range(packed):
                at = pack + within
                row = at - first
                if month + 1 < end:
                    ask_for_recorded(source, start[row], start[row + 1], member, month + 1 - shift, blocks)
                if weighted:
                    average(source, volume, start[row], start[row + 1], member, month - shift, blocks, moved, values)
                else:
                    combine(source, start[row], start[row + 1], member, weight, month - shift, blocks, values)
                relate(values, factor[month, row], missing)
                if per_run:
                    raise_to(values, at, peak)
                    count_above(values, threshold, at, above)
                smallest, largest = extremes(bits, runs)
                if largest < narrow:
                    total, square = narrow_sums(values, runs)
                else:
                    total, square = wide_sums(values, runs)
                sums[at, month] += total
                squares[at, month] += square
                least[at, month] = min(least[at, month], smallest)
                most[at, month] = max(most[at, month], largest)
                lowest, highest = (log(smallest), log(largest)) if logarithmic else (smallest, largest)
                lowest, highest = bin_of(lowest, low, per_unit, last), bin_of(highest, low, per_unit, last)
                ask_for(counters, here + np.uint64(within) * per_row, lowest, highest)
                if logarithmic:
                    for i in range(size):
                        places[within, i] = after(bin_of(log(values[i]), low, per_unit, last))
                else:
                    for i in range(size):
                        places[within, i] = after(bin_of(values[i], low, per_unit, last))
            add(places, here, per_row, packed, runs, counters)


@allocating_entry
def lay_out(source: Floats, volume: Floats, members: Members, begin, end, out: Floats):
    """Recorded values of rows for months `begin` to `end`, shape (month, row, run and padding), overwritten."""
    start, member, weight, _, _ = members
    lanes = source.shape[3]
    blocks, moved = out.shape[2] // lanes, np.empty(lanes, np.float32)
    for month in range(begin, end):
        for row in range(start.size - 1):
            values = out[month, row]
            if volume.shape[0] > 0:
                average(source, volume, start[row], start[row + 1], member, month, blocks, moved, values)
            else:
                combine(source, start[row], start[row + 1], member, weight, month, blocks, values)


@entry
def follow(
    source: Floats,
    need: Floats,
    threshold,
    stopped: Floats,
    per_tonne: Floats,
    begin,
    end,
    shift,
    months,
    tonnes: Floats,
    still: Floats,
    opening: Floats,
    closing: Floats,
):
    """What rows `begin` to `end` lack, how long they stand still, and the first and last month that lacks some share.

    Parameters
    ----------
    source: Recorded tonnes, shape (block, month, row, lane).
    need: Tonnes needed, shape (month of the horizon, row).
    threshold: Share of the need that is bearable to lack.
    stopped: Tonnes that lines which stand still would take in, of the shape of `source`.
    per_tonne: Months for each of them, shape (month of the horizon, row).
    shift, months: First month of the horizon that `source` holds, and how many of its months belong to the horizon.
    tonnes, still: Sums of what is lacking and of months of standstill so far, shape (row, block, lane).
    opening, closing: First and last such month so far; -1 where there is none.
    """
    blocks, lanes = source.shape[0], source.shape[3]
    for block in range(blocks):
        for row in range(begin, end):
            for month in range(months):
                wanted, share, now = need[shift + month, row], per_tonne[shift + month, row], np.float32(shift + month)
                bearable = threshold * wanted
                for lane in range(lanes):
                    lacking = max(wanted - source[block, month, row, lane], ZERO)
                    short = lacking > bearable
                    tonnes[row, block, lane] += lacking
                    still[row, block, lane] += share * stopped[block, month, row, lane]
                    first = opening[row, block, lane]
                    opening[row, block, lane] = now if short and first < ZERO else first
                    closing[row, block, lane] = now if short else closing[row, block, lane]


@allocating_entry
def read_quantiles(counts: Ints, least: Floats, scale: Bins, ranks, centres, begin, end, out):
    """Centre of the bin that holds each rank, for rows `begin` to `end`.

    Parameters
    ----------
    counts: Of the shape that `shape` says.
    least: Least value counted, shape (row, month): bins below its own are empty.
    ranks: Ranks from 0, ascending, shape (rank,).
    centres: Value of each bin.
    out: Shape (rank, row, month), overwritten.
    """
    logarithmic, low, per_unit, last = scale
    months = least.shape[1]
    below, reached = np.empty(GROUP, np.int64), np.empty(GROUP, np.int64)
    for row in range(begin, end):
        for start in range(0, months, GROUP):
            together = min(GROUP, months - start)
            # The bin of the least value, or one before it: alone and eight at a time it may be rounded to either side.
            value = least[row, start : start + together].min()
            lowest = bin_of(log(value) if logarithmic else value, low, per_unit, last)
            group = max(lowest - 1, 0) >> _GROUP_BITS
            below[:], reached[:], left = 0, 0, together
            # Group of bins by group of bins, as they lie in memory, for all of these months.
            while left > 0 and group < counts.shape[2]:
                for month in range(together):
                    index = reached[month]
                    if index == ranks.size:
                        continue
                    for place in range(GROUP):
                        below[month] += counts[row, start // GROUP, group, month, place]
                        while index < ranks.size and below[month] > ranks[index]:
                            out[index, row, start + month] = centres[group * GROUP + place]
                            index += 1
                    reached[month] = index
                    left -= index == ranks.size
                group += 1
