"""Operations are counted as they are done."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks import operations
from benchmarks.operations import Tally, counting_number


def test_counting_number__counts_each_operation_once_and_keeps_single_precision() -> None:
    tally = Tally()
    number = counting_number(tally)
    x, y = number(3.0), np.float32(0.1)
    found = (x * y + x) / (y - x)
    assert found == (np.float32(3) * y + np.float32(3)) / (y - np.float32(3)) and isinstance(found, np.float32)
    assert tally.done == {"add": 1, "subtract": 1, "multiply": 1, "divide": 1, "least or most": 0}
    x += y
    assert isinstance(x, number) and tally.done["add"] == 2
    assert x > y and tally.total == 5


def test_counting_number__gives_its_bits_and_takes_them_back() -> None:
    number = counting_number(Tally())
    bits = number(1.0).view(np.int32)
    assert bits == 0x3F800000
    doubled = (bits + np.int32(1 << 23)).view(np.float32)
    assert doubled == 2.0 and isinstance(doubled, number)


@pytest.mark.long
def test_measure__a_single_run_of_a_few_periods_agrees_with_one_counted_side_by_side() -> None:
    """The path without shocks is the same for all runs, so is what they do."""
    one, two = (operations.measure("still", lanes=lanes, periods=(6,)) for lanes in (1, 2))
    assert one["operations_per_entity_step"] == two["operations_per_entity_step"]
    assert 20 < one["operations_per_entity_step"] < 500


def test_kept_counts__add_up_and_name_what_they_hold_for() -> None:
    kept = json.loads(operations.KEPT.read_text())
    assert {"still", "baseline", "everything"} <= set(kept)
    for found in kept.values():
        parts = [found[f"{kind.replace(' ', '_')}_per_entity_step"] for kind in (*operations.COUNTED, "least or most")]
        assert sum(parts) == pytest.approx(found["operations_per_entity_step"], abs=0.05)
        assert len(found["chain_hash"]) == len(found["sources"]) == 16
