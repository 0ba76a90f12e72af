from __future__ import annotations

import pytest
import xarray as xr

import sim


@pytest.fixture(scope="session")
def results() -> xr.DataTree:
    """The controls of 2025, one year, 8 runs of which 2 are traced."""
    return sim.run(sim.load("controls_2025", overrides=["time.years=1"]), runs=8, traces=2)
