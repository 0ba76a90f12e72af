"""The benchmark of collection runs and names what it measured."""

from __future__ import annotations

from benchmarks.collect import measure


def test_measure__counts_rows_and_compares_with_the_core() -> None:
    found = measure("still", runs=128, repeats=1, overrides=("time.years=1",))
    assert found["rows"] > 1000 and found["months"] == 12 and found["runs"] == 128
    assert 0.01 < found["ns_per_value_and_thread"] < 10_000
    assert found["counting_seconds"] > 0.0 and found["per_run_seconds"] > 0.0
    assert 0.0 < found["share_of_core"] < 100.0
