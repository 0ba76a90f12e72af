"""One modest ensemble of the bundled chain that several tests look at, and comparison of results bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.scenario import Scenario

SEED = 3


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """Two years of random restrictions, made frequent so that most runs are struck."""
    base = sim.load("baseline")
    often = [
        f"restrictions.{name}.onset.hazard_per_year=0.5" for name in base.restrictions if name != "cn_production_quota"
    ]
    return base.replace("time.years=2", *often)


@pytest.fixture(scope="session")
def ensemble(scenario: Scenario) -> xr.DataTree:
    """128 runs, three of them traced."""
    return sim.run(scenario, runs=128, seed=SEED, threads=2, traces=3)


def differing(one: xr.DataTree, other: xr.DataTree, *groups: str) -> list[str]:
    """Variables of the groups that are not equal bit for bit, missing values included, or that one of them lacks."""
    found = []
    for group in groups:
        found += [f"{group} {name}" for name in set(one[group].data_vars) ^ set(other[group].data_vars)]
        for name in set(one[group].data_vars) & set(other[group].data_vars):
            first, second = one[group][name], other[group][name]
            numeric = first.dtype.kind == "f"
            if first.dims != second.dims or not np.array_equal(first.values, second.values, equal_nan=numeric):
                found.append(f"{group} {name}")
    return found


@pytest.fixture(scope="session", name="differing")
def _differing() -> object:
    return differing
