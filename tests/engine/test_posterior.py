"""Runs over a posterior: each group is simulated with its own parameters, whatever the range, chunk or threads."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.engine.follow import follow
from sim.questions.verify import verify
from sim.scenario import Scenario
from sim.scenario.episodes import episodes

SETS = ({"price_response": 0.3}, {"price_response": 0.5, "threat_response": 8.0}, {"speculation": 5.0})
RUNS = 70


def scenario(*overrides: str) -> Scenario:
    """Cobalt of 2025: three products, so that a run takes next to nothing."""
    return sim.load(episodes()["cobalt_2025"] / "scenario.toml", overrides=["time.years=1", *overrides])


def over(sets: tuple[dict[str, float], ...]) -> str:
    rows = ", ".join("{" + ", ".join(f"{name}={value}" for name, value in each.items()) + "}" for each in sets)
    return f'posterior={{source="by hand", sets=[{rows}]}}'


@pytest.fixture(scope="module")
def spread() -> xr.DataTree:
    return sim.run(scenario(over(SETS)), runs=RUNS, seed=1, traces=2)


def unequal(one: xr.Dataset, other: xr.Dataset) -> list[str]:
    """Names of variables whose figures differ."""
    return [
        str(name) for name in one.data_vars if not np.array_equal(one[name].values, other[name].values, equal_nan=True)
    ]


@pytest.mark.parametrize("group", range(len(SETS)))
def test_run__simulates_each_group_with_its_own_parameters(spread: xr.DataTree, group: int) -> None:
    point = sim.run(scenario(*(f"parameters.{name}={value}" for name, value in SETS[group].items())), runs=RUNS, seed=1)
    runs = [run for run in range(RUNS) if run // 16 % len(SETS) == group]
    found, alone = (tree["runs"].peak_price.isel(run=runs).values for tree in (spread, point))
    # Blocks are smaller than those of an ensemble at one point, so that the last bit may differ.
    np.testing.assert_allclose(found, alone, rtol=1e-5)
    others = spread["runs"].peak_price.drop_isel(run=runs).values
    assert not np.isclose(others[:, 0] if others.ndim > 1 else others[0], alone.reshape(len(runs), -1)[0, 0]).all()


def test_run__says_which_parameters_each_run_took(spread: xr.DataTree) -> None:
    taken = spread["parameters"].value
    assert taken.sel(parameter="price_response").values[[0, 16, 32, 48]] == pytest.approx([0.3, 0.5, 0.41, 0.3])
    assert taken.sizes == {"parameter": 3, "run": RUNS}


def test_run__gives_the_same_bits_in_any_range_and_with_any_threads(spread: xr.DataTree) -> None:
    part = sim.run(scenario(over(SETS)), runs=30, seed=1, first=10, threads=1)
    assert unequal(part["runs"].to_dataset(), spread["runs"].to_dataset().isel(run=slice(10, 40))) == []


def test_verify__finds_the_bits_again(spread: xr.DataTree) -> None:
    assert verify(spread, choice=1).holds and verify(spread, share=1.0).holds


def test_follow__takes_the_parameters_of_the_run(spread: xr.DataTree) -> None:
    path = follow(scenario(over(SETS)), run=17, seed=1)
    alone = follow(scenario("parameters.price_response=0.5", "parameters.threat_response=8"), run=17, seed=1)
    np.testing.assert_array_equal(path.price, alone.price)


def test_stockpiles__are_not_sized_over_a_posterior() -> None:
    from sim.chain import build
    from sim.engine.bench import Bench

    with pytest.raises(sim.errors.ScenarioError, match="posterior is not followed here"):
        Bench(build(scenario(over(SETS))), runs=16, seed=1)
