"""Capacity and projects in the results: what they add up to, that they are saved, and that a run stays the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim import variables
from sim.chain import build
from sim.scenario import Scenario

SEED = 5
BOTH = ("capacity.answers=true", "capacity.projects=true")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Three years of random restrictions with capacity that answers and projects."""
    return sim.load("baseline", overrides=["time.years=3", *BOTH])


@pytest.fixture(scope="module")
def results(scenario: Scenario) -> xr.DataTree:
    return sim.run(scenario, runs=130, seed=SEED, threads=2)


def test_run__has_no_capacity_group_where_capacity_is_fixed() -> None:
    found = sim.run(sim.load("still", overrides=["time.years=1"]), runs=2)
    assert "capacity" not in found.children


def test_run__ends_with_the_capacity_of_the_reference_where_nothing_happens() -> None:
    scenario = sim.load("still", overrides=["time.years=1", "capacity.answers=true"])
    capacity = sim.run(scenario, runs=2)["capacity"].final_capacity
    tonnes = {("magnet", "EU"): 0.0, ("magnet", "world"): 0.0}
    for row in build(scenario).processes:
        if scenario.tables.stage(row.recipe_name) == "magnet":
            tonnes["magnet", "world"] += row.capacity
            tonnes["magnet", "EU"] += row.capacity * (row.region == "EU")
    for (stage, region), expected in tonnes.items():
        np.testing.assert_allclose(capacity.sel(stage=stage, region=region), expected, rtol=1e-6)


def test_capacity__holds_every_declared_variable(results: xr.DataTree) -> None:
    for variable in variables.CAPACITY:
        found = results["capacity"][variable.name]
        assert found.dims == variable.dims
        assert (found.attrs["units"], found.attrs["long_name"]) == (variable.units, variable.meaning)
        assert found.dtype == variable.dtype and np.isfinite(found.values).any()


def test_projects__start_no_earlier_than_announced(scenario: Scenario, results: xr.DataTree) -> None:
    starts = results["capacity"].project_start
    announced: dict[str, float] = {}
    for row in scenario.tables.projects:
        months = scenario.time.months_to(row.start)
        announced[row.project] = min(months, announced.get(row.project, np.inf))
    assert list(starts.project.values) == list(announced)
    earliest = xr.DataArray(list(announced.values()), dims="project", coords={"project": list(announced)})
    assert bool(((starts >= earliest - 0.01) | starts.isnull()).all())
    # One that stands still has a chance of one in thirty to start, one that makes something has started.
    assert float(starts.sel(project="Songwe Hill").notnull().mean()) < 0.1
    assert bool((starts.sel(project="Mountain Pass Stage II") == earliest.sel(project="Mountain Pass Stage II")).all())


def test_run__is_the_same_in_any_range_and_number_of_threads(scenario: Scenario, results: xr.DataTree) -> None:
    part = sim.run(scenario, runs=3, first=127, seed=SEED, threads=1)
    for group in ("runs", "capacity"):
        for name, values in part[group].data_vars.items():
            whole = results[group][name].isel(run=slice(127, 130))
            np.testing.assert_array_equal(values.values, whole.values, err_msg=str(name))


@pytest.mark.parametrize("overrides", [BOTH, BOTH[:1]])
def test_capacity__is_saved_and_read_back(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    found = sim.run(sim.load("still", overrides=["time.years=1", *overrides]), runs=2)
    path = sim.save(found, tmp_path / "still.nc")
    read = sim.open_results(path)["capacity"]
    for name, values in found["capacity"].data_vars.items():
        np.testing.assert_array_equal(read[name].values, values.values)
