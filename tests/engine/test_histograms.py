"""Histograms: quantiles, exact extremes and moments against NumPy, in any order of chunks."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sim.core.collect import Members
from sim.engine.histograms import MULTIPLE, SHARE, Histogram, Scale
from sim.variables import QUANTILES

MONTHS, ROWS, LANES = 3, 4, 64
DEAR = 2.0


def alone(rows: tuple[int, ...] = tuple(range(ROWS)), *, missing: bool = False) -> Members:
    """Rows that are one entity each, measured against one."""
    start, ones = np.arange(len(rows) + 1, dtype=np.int32), np.ones((MONTHS, len(rows)), dtype=np.float32)
    return Members(start, np.array(rows, dtype=np.int32), ones[0], ones.copy(), missing)


def binned(histogram: Histogram) -> np.ndarray:
    """Counts of shape (row, month, bin)."""
    months = histogram.counts.swapaxes(2, 3).reshape(ROWS, -1, histogram.counts.shape[2] * 16)
    return months[:, :MONTHS, : histogram.scale.bins]


def filled(scale: Scale, *chunks: np.ndarray, missing: bool = False) -> Histogram:
    """Histogram of chunks of shape (row, month, run), each laid out in blocks whose padding is absurd."""
    blocks = max(-(-values.shape[2] // LANES) for values in chunks)
    histogram = Histogram(scale, ROWS, MONTHS, (blocks, LANES), DEAR)
    for values in chunks:
        add(histogram, values, alone(missing=missing))
    return histogram


def add(histogram: Histogram, values: np.ndarray, members: Members, months: tuple[int, ...] = (0, MONTHS)) -> None:
    """Add runs of shape (row, month, run) to a histogram, months in the parts given."""
    runs = values.shape[2]
    blocks = histogram.peak.shape[1]
    source = np.full((blocks * LANES, *values.shape[:2]), 97.0, dtype=np.float32)
    source[:runs] = np.moveaxis(values, 2, 0)
    source = np.ascontiguousarray(source.reshape(blocks, LANES, *values.shape[:2]).transpose(0, 3, 2, 1))
    histogram.begin()
    for begin, end in pairwise(months):
        histogram.add(source, members, 0, runs, begin, end)
    histogram.finish(runs)


def prices(runs: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(0.2, 0.7, (ROWS, MONTHS, runs)).astype(np.float32)


def shares(runs: int, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).beta(0.5, 3.0, (ROWS, MONTHS, runs)).astype(np.float32)
    values[..., ::4] = 0.0
    return values


@pytest.mark.parametrize("runs", [1, 2, 7, 100, 1001])
def test_quantiles__of_multiples_lie_within_half_a_bin_of_the_exact_ones(runs: int) -> None:
    values = prices(runs)
    found = filled(MULTIPLE, values).quantiles(QUANTILES)
    exact = np.quantile(values.astype(float), QUANTILES, axis=2, method="lower")
    assert np.abs(np.log(found / exact)).max() < 0.5 / 100 * (1 + 1e-3)
    assert np.all(np.diff(found, axis=0) >= 0.0)


@pytest.mark.parametrize("runs", [1, 2, 7, 100, 1001])
def test_quantiles__of_shares_lie_within_half_a_bin_of_the_exact_ones(runs: int) -> None:
    values = shares(runs)
    found = filled(SHARE, values).quantiles(QUANTILES)
    exact = np.quantile(values.astype(float), QUANTILES, axis=2, method="lower")
    assert np.abs(found - exact).max() < 0.5 / 200 * (1 + 1e-3)
    assert np.all(found[exact == 0.0] == 0.0)


def test_quantiles__are_exact_where_all_runs_agree() -> None:
    for scale, value in ((MULTIPLE, 1.0), (MULTIPLE, 3.21), (SHARE, 0.0), (SHARE, 0.123)):
        values = np.full((ROWS, MONTHS, 9), value, dtype=np.float32)
        found = filled(scale, values)
        np.testing.assert_array_equal(found.quantiles(QUANTILES), np.float32(value))
        assert np.all(found.statistics()["sd"] == 0.0)
        np.testing.assert_array_equal(found.statistics()["mean"], np.float32(value))


@pytest.mark.parametrize(("scale", "draw"), [(MULTIPLE, prices), (SHARE, shares)])
def test_statistics__are_those_of_numpy(scale: Scale, draw: object) -> None:
    values = draw(999)  # type: ignore[operator]
    found = filled(scale, values).statistics()
    exact = values.astype(float)
    # In every run values are cut to 2^-20 and squares to 2^-16: a variance is right to about 2^-16.
    np.testing.assert_allclose(found["mean"], exact.mean(axis=2), atol=2.0**-20, rtol=0)
    np.testing.assert_allclose(found["sd"] ** 2, exact.var(axis=2, ddof=1), atol=2.0**-16, rtol=2e-6)
    np.testing.assert_array_equal(found["minimum"], values.min(axis=2))
    np.testing.assert_array_equal(found["maximum"], values.max(axis=2))


def test_statistics__resolve_a_spread_of_one_percent() -> None:
    values = (1.0 + 0.01 * np.random.default_rng(1).standard_normal((ROWS, MONTHS, 500))).astype(np.float32)
    found = filled(MULTIPLE, values).statistics()
    np.testing.assert_allclose(found["sd"], values.astype(float).std(axis=2, ddof=1), rtol=0.02)


def test_statistics__count_multiples_beyond_the_bins_as_the_last_bin_and_keep_extremes() -> None:
    values = np.ones((ROWS, MONTHS, 4), dtype=np.float32)
    values[..., 0], values[..., 1] = 1e-3, 400.0
    found = filled(MULTIPLE, values)
    assert np.all(binned(found)[..., 0] == 1) and np.all(binned(found)[..., -1] == 1)
    assert np.all(found.least == np.float32(1e-3)) and np.all(found.most == 400.0)
    moments = found.statistics()
    np.testing.assert_allclose(moments["mean"], 150.001 / 4, rtol=1e-6)
    np.testing.assert_allclose(moments["sd"], np.std([1e-3, 148.0, 1.0, 1.0], ddof=1), rtol=1e-5)


def test_add__in_any_order_and_cut_gives_the_same_digits() -> None:
    values = prices(300)
    whole = filled(MULTIPLE, values)
    a, b, c = values[..., :50], values[..., 50:51], values[..., 51:]
    for order in ([a, b, c], [c, a, b], [b, c, a]):
        parts = filled(MULTIPLE, *order)
        for name in ("counts", "sums", "squares", "least", "most"):
            np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    shuffled = values[..., np.random.default_rng(2).permutation(300)]
    np.testing.assert_array_equal(filled(MULTIPLE, shuffled).sums, whole.sums)


def test_add__in_parts_equals_add_at_once_and_leaves_padding_out() -> None:
    values = prices(100)
    parted = Histogram(MULTIPLE, ROWS, MONTHS, (2, LANES), DEAR)
    add(parted, values, alone(), months=(0, 1, MONTHS))
    whole = filled(MULTIPLE, values)
    np.testing.assert_array_equal(parted.counts, whole.counts)
    np.testing.assert_array_equal(parted.most, values.max(axis=2))
    np.testing.assert_array_equal(parted.peak.reshape(ROWS, -1)[:, :100], values.max(axis=1))
    np.testing.assert_array_equal(parted.above.reshape(ROWS, -1)[:, :100], (values > DEAR).sum(axis=1))
    assert np.all(binned(whole).sum(axis=2) == 100)


def test_add__measures_members_against_their_reference() -> None:
    values = prices(50)
    members = alone((2, 0, 3, 1))
    members.factor[...] = 0.5
    members.factor[1, 0] = 2.0  # first member, which is entity 2, in the second month
    histogram = Histogram(MULTIPLE, ROWS, MONTHS, (1, LANES), DEAR)
    add(histogram, values, members)
    expected = 0.5 * values[[2, 0, 3, 1]]
    expected[0, 1] *= 4.0
    np.testing.assert_array_equal(histogram.most, expected.max(axis=2))
    np.testing.assert_array_equal(histogram.least, expected.min(axis=2))
    np.testing.assert_array_equal(histogram.peak[:, 0, :50], expected.max(axis=1))
    np.testing.assert_array_equal(histogram.above[:, 0, :50], (expected > DEAR).sum(axis=1))


def test_add__measures_what_is_missing_within_none_and_all() -> None:
    got = np.tile(np.array([0.0, 0.25, 1.0, 1.5], dtype=np.float32), (ROWS, MONTHS, 1))
    histogram = filled(SHARE, got, missing=True)
    np.testing.assert_array_equal(histogram.peak[0, 0, :4], [1.0, 0.75, 0.0, 0.0])
    np.testing.assert_allclose(histogram.statistics()["mean"], 1.75 / 4)
    assert np.all(binned(histogram)[..., 0] == 2) and np.all(binned(histogram)[..., 150] == 1)


def test_add__keeps_per_run_values_of_the_last_chunk_only() -> None:
    first, second = 3.0 * prices(64, seed=1), prices(64, seed=2)
    found = filled(MULTIPLE, first, second)
    np.testing.assert_array_equal(found.peak[:, 0], second.max(axis=1))
    assert found.runs == 128


def test_scale__has_a_bin_centred_on_the_reference() -> None:
    assert np.abs(MULTIPLE.centres() - 1.0).min() < 1e-12 and SHARE.centres()[0] == 0.0
    assert MULTIPLE.centres()[0] < 0.05 and MULTIPLE.centres()[-1] > 140.0
    assert SHARE.centres()[-1] == pytest.approx(1.0)
    assert np.allclose(np.diff(np.log(MULTIPLE.centres())), 0.01) and np.allclose(np.diff(SHARE.centres()), 0.005)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is told by Linux")
def test_counts__that_are_read_but_never_made_take_no_memory() -> None:
    def held() -> int:
        """Kilobytes of this process."""
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon", "RssShmem")))

    histogram = Histogram(MULTIPLE, 1000, 12, (1, LANES), None)
    size, before = histogram.counts.nbytes // 1024, held()
    assert not histogram.counts.any()
    assert held() - before < size // 10
