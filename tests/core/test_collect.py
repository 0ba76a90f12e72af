"""Counting against NumPy: bins, moments and extremes to the last digit, sums and means over members."""

from __future__ import annotations

from itertools import pairwise

import numba
import numpy as np
import pytest

from sim.core import bins, collect
from sim.core.mathx import log

MONTHS, ENTITIES, LANES = 35, 7, 16
LOW, PER_UNIT, BINS = -3.0, 100.0, 801
NONE = np.empty((0, 0, 0, 0), dtype=np.float32)


@numba.njit(error_model="numpy", fastmath={"contract"})
def bins_by_logarithm(values, low, per_unit, last):
    """Bins from the logarithm of every value."""
    found = np.empty(values.size, np.int32)
    for i in range(values.size):
        found[i] = bins.bin_of(log(values[i]), low, per_unit, last)
    return found


def bits_of(value: float) -> int:
    return int(np.float32(value).view(np.int32))


def bins_of(bits: np.ndarray) -> np.ndarray:
    """Bins of positive floats given by their bits."""
    scale = bins.of_scale(True, LOW, PER_UNIT, BINS)
    return bins_by_logarithm(bits.astype(np.int32).view(np.float32), scale.low, scale.per_unit, scale.last)


def test_bin_of__a_logarithm_is_the_nearest_bin_and_what_is_outside_falls_in_the_first_or_last() -> None:
    compiled = not numba.config.DISABLE_JIT
    everywhere = np.arange(bits_of(1e-30), bits_of(1e30), 997 if compiled else 400_009)
    exact = (np.log(everywhere.astype(np.int32).view(np.float32).astype(float)) - LOW) * PER_UNIT
    found, nearest = bins_of(everywhere), np.clip(np.round(exact), 0, BINS - 1)
    # At an edge, the last digits of a logarithm in single precision decide.
    at_edge = np.abs(exact - np.floor(exact) - 0.5) < 1e-3
    np.testing.assert_array_equal(found[~at_edge], nearest[~at_edge])
    assert np.all(np.abs(found - nearest) <= 1)
    assert bins_of(np.array([bits_of(0.0), bits_of(1e-38), bits_of(3e38), bits_of(np.inf)])).tolist() == [
        0,
        0,
        800,
        800,
    ]


@pytest.mark.long
def test_bin_of__the_logarithm_never_falls_as_a_value_rises() -> None:
    for begin in range(bits_of(0.04), bits_of(150.0), 2**22):
        assert np.all(np.diff(bins_of(np.arange(begin, begin + 2**22))) >= 0)


def recorded(runs: int, seed: int = 0, top: float = 3.0) -> np.ndarray:
    """Values of shape (block, month, entity, lane); those of a run that does not count are absurd."""
    blocks = -(-runs // LANES)
    values = np.random.default_rng(seed).uniform(0.0, top, (blocks * LANES, MONTHS, ENTITIES)).astype(np.float32)
    values[runs:] = 1e6
    return np.ascontiguousarray(values.reshape(blocks, LANES, MONTHS, ENTITIES).transpose(0, 2, 3, 1))


def members(rows: list[list[int]], weights: list[list[float]], factor: float = 1.0) -> collect.Members:
    return collect.Members(
        np.cumsum([0, *(len(row) for row in rows)]).astype(np.int32),
        np.array([m for row in rows for m in row], dtype=np.int32),
        np.array([w for row in weights for w in row], dtype=np.float32),
        np.full((MONTHS, len(rows)), factor, dtype=np.float32),
        False,
    )


def tally(rows: int, count: int) -> collect.Tally:
    integers = (np.zeros((rows, MONTHS), dtype=np.int64) for _ in range(2))
    extremes = (np.full((rows, MONTHS), sign * np.inf, dtype=np.float32) for sign in (1, -1))
    return collect.Tally(np.zeros(collect.shape(rows, MONTHS, count), dtype=np.int32), *integers, *extremes)


def binned(found: collect.Tally, count: int) -> np.ndarray:
    """Counts of shape (row, month, bin), looked up one by one; beyond the last bin there are none."""
    places = [divmod(place, collect.GROUP) for place in range(count)]
    months = [divmod(month, collect.GROUP) for month in range(MONTHS)]
    of_month = [np.stack([found.counts[:, m, b, n, k] for b, k in places], axis=-1) for m, n in months]
    counts = np.stack(of_month, axis=1)
    assert counts.sum() == found.counts.sum()
    return counts


def counted(
    source: np.ndarray, rows: collect.Members, scale: bins.Bins, runs: int, volume: np.ndarray = NONE
) -> tuple[collect.Tally, np.ndarray, np.ndarray]:
    count = rows.start.size - 1
    found = tally(count, int(scale.last) + 1)
    peak, above = (np.zeros((count, source.shape[0] * LANES), dtype=np.float32) for _ in range(2))
    threshold = np.float32(2.0)
    # In two calls: the months of the second are recorded in an array of their own.
    for begin, end in ((0, 1), (1, MONTHS)):
        part, by = np.ascontiguousarray(source[:, begin:end]), np.ascontiguousarray(volume[:, begin:end])
        collect.count(part, by, rows, scale, threshold, 0, begin, end, begin, runs, found, peak, above)
    return found, peak[:, :runs], above[:, :runs]


def by_row(source: np.ndarray, runs: int) -> np.ndarray:
    """Shape (entity, month, run)."""
    return np.moveaxis(source, 0, -2).reshape(MONTHS, ENTITIES, -1)[..., :runs].swapaxes(0, 1)


EACH = members([[m] for m in range(ENTITIES)], [[1.0]] * ENTITIES)


@pytest.mark.parametrize("runs", [1, 5, 16, 33])
@pytest.mark.parametrize("top", [0.9, 3.0, 170.0, 400.0])
def test_count__equals_numpy_to_the_last_digit(runs: int, top: float) -> None:
    source = recorded(runs, top=top)
    even = bins.of_scale(False, 0.0, 10.0, 31)
    found, peak, above = counted(source, EACH, even, runs)
    values = by_row(source, runs)
    expected = np.clip((values * 10.0 + 0.5), 0, 30).astype(int)
    np.testing.assert_array_equal(binned(found, 31), (expected[..., None] == np.arange(31)).sum(axis=2))
    held = np.minimum(values, np.float32(148.0)).astype(float)
    # Rounding in double precision meets that in single precision but for squares, whose product is rounded once more.
    np.testing.assert_array_equal(found.sums, np.floor(np.float32(held * 2**20 + 0.5)).astype(np.int64).sum(axis=2))
    np.testing.assert_allclose(found.squares, (held**2 * 2**16).sum(axis=2), rtol=2e-7, atol=runs)
    np.testing.assert_array_equal(found.least, values.min(axis=2))
    np.testing.assert_array_equal(found.most, values.max(axis=2))
    np.testing.assert_array_equal(peak, values.max(axis=1))
    np.testing.assert_array_equal(above, (values > 2.0).sum(axis=1))


def test_count__sums_the_same_in_32_bits_as_in_halves() -> None:
    source = recorded(16, top=3.0)
    even = bins.of_scale(False, 0.0, 10.0, 31)
    narrow, _, _ = counted(source, EACH, even, 16)
    raised = np.concatenate([source, source])
    raised[1, ..., 0] = 147.0  # one large value, and all sums are made of halves
    wide, _, _ = counted(raised, EACH, even, 17)
    np.testing.assert_array_equal(wide.sums - narrow.sums, 147 * 2**20)
    np.testing.assert_array_equal(wide.squares - narrow.squares, 147**2 * 2**16)


def test_count__keeps_the_order_of_negative_and_absent_values() -> None:
    source = recorded(16)
    source[0, 0, 0, :4] = -1e-3, -1e-9, -0.0, 0.0
    source[0, 1, 0, :] = -np.linspace(1.0, 2.0, LANES)
    found, _, _ = counted(source, EACH, bins.of_scale(True, LOW, PER_UNIT, BINS), 16)
    assert found.least[0, 0] == np.float32(-1e-3) and found.least[0, 1] == -2.0 and found.most[0, 1] == -1.0
    assert binned(found, BINS)[0, 1, 0] == 16


def test_count__logarithmic_bins_are_those_of_the_logarithm() -> None:
    source = recorded(33, top=200.0)
    source[0, 0, 0, 0] = 0.0
    scale = bins.of_scale(True, LOW, PER_UNIT, BINS)
    found, _, _ = counted(source, EACH, scale, 33)
    flat = np.ascontiguousarray(by_row(source, 33)).ravel()
    places = bins_by_logarithm(flat, scale.low, scale.per_unit, scale.last).reshape(ENTITIES, MONTHS, 33)
    expected = np.stack([[np.bincount(month, minlength=BINS) for month in row] for row in places])
    np.testing.assert_array_equal(binned(found, BINS), expected)


@pytest.mark.parametrize("sizes", [(1, 2, 3, 1), (7,), (4, 3), (5, 2)])
def test_count__rows_are_weighted_sums_of_their_members(sizes: tuple[int, ...]) -> None:
    bounds = np.cumsum([0, *sizes])
    rows = [list(range(begin, end)) for begin, end in pairwise(bounds.tolist())]
    weights = [[0.1 * (m + 1) for m in row] for row in rows]
    source = recorded(20)
    _, peak, _ = counted(source, members(rows, weights, factor=0.5), bins.of_scale(False, 0.0, 10.0, 31), 20)
    values = by_row(source, 20).astype(float)
    for found, row, weight in zip(peak, rows, weights, strict=True):
        expected = 0.5 * np.tensordot(weight, values[row], axes=1)
        np.testing.assert_allclose(found, expected.max(axis=0), rtol=1e-6)


def test_count__with_a_volume_takes_means_and_one_where_nothing_moved() -> None:
    price, volume = recorded(16), recorded(16, seed=1)
    volume[:, :, :2, 0] = 0.0
    rows = members([[0, 1], [2, 3, 4]], [[1.0] * 2, [1.0] * 3])
    found, _, _ = counted(price, rows, bins.of_scale(False, 0.0, 10.0, 31), 16, volume)
    p, v = by_row(price, 16).astype(float), by_row(volume, 16).astype(float)
    for row, who in enumerate(([0, 1], [2, 3, 4])):
        moved = v[who].sum(axis=0)
        mean = np.where(moved > 0, (p[who] * v[who]).sum(axis=0) / np.where(moved > 0, moved, 1.0), 1.0)
        np.testing.assert_allclose(found.least[row], mean.min(axis=1), rtol=1e-6)
        np.testing.assert_allclose(found.most[row], mean.max(axis=1), rtol=1e-6)
    assert np.all(binned(found, 31)[0, :, 10] >= 1)


def test_lay_out__gives_rows_as_counted() -> None:
    source = recorded(32)
    rows = members([[0], [1, 2, 3]], [[1.0], [0.2, 0.3, 0.5]])
    out = np.empty((MONTHS, 2, 32), dtype=np.float32)
    collect.lay_out(source, NONE, rows, 0, 1, out)
    collect.lay_out(source, NONE, rows, 1, MONTHS, out)
    found, _, _ = counted(source, rows, bins.of_scale(False, 0.0, 10.0, 31), 32)
    np.testing.assert_array_equal(out.max(axis=2).T, found.most)
    np.testing.assert_array_equal(out[:, 0], by_row(source, 32)[0])
