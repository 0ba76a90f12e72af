"""Counts survive packing, add up when merged, and what is no packed count of a variable is refused."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.engine import tallies
from sim.engine.collector import Collector
from sim.engine.ensemble import Ensemble

TINY = Path(__file__).parents[1] / "scenario" / "data" / "tiny.toml"


def collector(*ranges: range, years: float = 2.0) -> Collector:
    """What is counted of some runs."""
    ensemble = Ensemble(sim.load(TINY, overrides=[f"time.years={years}"]), seed=3)
    with ThreadPoolExecutor(2) as pool:
        for _ in ensemble.simulate(ranges, pool):
            pass
    return ensemble.collector


def packed(counted: Collector) -> tallies.Arrays:
    with ThreadPoolExecutor(2) as pool:
        return tallies.packed(counted, pool)


def test_merge__of_two_ranges_is_the_count_of_both() -> None:
    both, first = collector(range(60)), collector(range(25))
    tallies.merge(first, packed(collector(range(25, 60))))
    for name, histogram in both.found.items():
        assert histogram.runs == first.found[name].runs == 60
        for field in ("counts", *tallies.FIELDS):
            np.testing.assert_array_equal(
                getattr(first.found[name], field), getattr(histogram, field), f"{name} {field}"
            )


def test_packed__takes_little_room_where_most_bins_are_empty() -> None:
    counted = collector(range(60))
    for name, histogram in counted.found.items():
        assert packed(counted)[f"{name}.by_bin"].nbytes < histogram.counts.nbytes / 10


@pytest.mark.parametrize("damage", ["none", "short", "other horizon", "not compressed", "as they lie in memory"])
def test_merge__refuses_what_are_no_counts_of_its_variables_and_changes_nothing(damage: str) -> None:
    counted = collector(range(8))
    arrays, before = packed(counted), counted.found["price"].counts.copy()
    counts = arrays["price.by_bin"]
    given = {
        "short": lambda: counts[: counts.size // 2],
        "not compressed": lambda: np.frombuffer(zlib.decompress(counts.tobytes()), dtype=np.uint8),
        "as they lie in memory": lambda: np.frombuffer(zlib.compress(before.tobytes()), dtype=np.uint8),
        "other horizon": lambda: packed(collector(range(8), years=3.0))["price.by_bin"],
        "none": lambda: np.empty(0, dtype=np.uint8),
    }
    with pytest.raises(ValueError, match=r"counts|decompress"):
        tallies.merge(counted, arrays | {"price.by_bin": given[damage]()})
    np.testing.assert_array_equal(counted.found["price"].counts, before)
    assert counted.found["price"].runs == 8
