from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.errors import ResultError
from sim.results import remade


def test_reference__is_that_of_the_scenario() -> None:
    scenario = sim.load("still", overrides=["time.years=1", "ensemble.chain_draw=3"])
    results = sim.run(scenario, runs=1)
    made, again = sim.chain.build(scenario), remade.reference(results)
    assert [route.flow for route in again.routes] == [route.flow for route in made.routes]


def test_scenario__of_tables_that_changed_or_are_gone_is_refused(tmp_path: Path) -> None:
    results = sim.run(sim.load("still", overrides=["time.years=1"]), runs=1)
    results.attrs["tables_digest"] = "f" * 64
    with pytest.raises(ResultError, match="have changed since the result was made"):
        remade.scenario(results)
    results.attrs["scenario"] = results.attrs["scenario"].replace("rare_earths_2024", "no_such_chain")
    with pytest.raises(ResultError, match="'no_such_chain' of the result cannot be read again"):
        remade.scenario(results, folder=tmp_path)
