"""The benchmark of the core runs and names what it measured."""

from __future__ import annotations

from benchmarks.core import measure


def test_measure__counts_active_entities_and_names_the_chain() -> None:
    found = measure("still", blocks=1)
    assert found["entities"]["markets"] > 150 and found["entities"]["routes"] > 350
    assert 0.1 < found["ns_per_entity_step"] < 1000
    assert found["runs_per_second"] > 1
    assert len(found["chain_hash"]) == 16
    assert measure("still", blocks=1)["chain_hash"] == found["chain_hash"]
