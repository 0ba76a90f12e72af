"""Hand-made results with known answers: one stage, one product, one sector, two regions, four runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from sim import variables
from sim.variables import MONTH, PRODUCT, QUANTILE, REGIME, REGION, RESTRICTION, RUN, SECTOR, SLOT, STAGE

MONTHS = 6
REGIONS = ["CN", "EU", "world"]
LABELS = {
    PRODUCT: ["ore", "metal"],
    SECTOR: ["cars"],
    STAGE: ["mining"],
    REGION: REGIONS,
    RESTRICTION: ["ban", "quota"],
    REGIME: ["CN"],
}


def _coords(dims: tuple[str, ...], runs: int) -> dict[str, object]:
    months = np.datetime64("2025-01", "M") + np.arange(MONTHS)
    made = {
        RUN: np.arange(runs),
        SLOT: np.arange(2),
        MONTH: months.astype("datetime64[ns]"),
        QUANTILE: list(variables.QUANTILES),
    }
    return {dim: LABELS.get(dim, made.get(dim)) for dim in dims}


def _array(dims: tuple[str, ...], fill: float, runs: int) -> xr.DataArray:
    coords = _coords(dims, runs)
    shape = [len(coords[dim]) for dim in dims]  # type: ignore[arg-type]
    return xr.DataArray(np.full(shape, fill, dtype=np.float32), coords=coords, dims=dims)


def blank(runs: int = 4) -> xr.DataTree:
    """Results in which nothing happens."""
    level = {
        "price": 1.0,
        "transacted_price": 1.0,
        "inventory": 1.0,
        "flow": 1.0,
        "stage_price": 1.0,
        "peak_price": 1.0,
        "peak_stage_price": 1.0,
    }
    absent = {
        "announced",
        "onset",
        "end",
        "duration",
        "hazard",
        "conflict_hazard",
        "level",
        "severity",
        "time_to_survive",
        "time_to_recover",
    }
    groups: dict[str, xr.Dataset] = {}
    for name, declared, before in (
        ("distribution", variables.DISTRIBUTION, (QUANTILE, MONTH)),
        ("runs", variables.RUNS, ()),
        ("shocks", variables.SHOCKS, ()),
    ):
        groups[name] = xr.Dataset(
            {
                item.name: _array(
                    (*before, *item.dims), np.nan if item.name in absent else level.get(item.name, 0.0), runs
                )
                for item in declared
            }
        )
    groups["shocks"]["kind"] = ((RESTRICTION,), np.array(["ban", "export_quota"], dtype=object))
    results = xr.DataTree.from_dict(groups)
    scenario = {
        "time": {"start": "2025-01", "years": 0.5, "periods_per_year": 24},
        "restrictions": {"ban": {"title": "A ban"}, "quota": {}},
    }
    results.attrs = {
        "title": "By hand",
        "scenario": json.dumps(scenario),
        "scenario_file": "hand.toml",
        "seed": 1,
        "runs": runs,
        "oreflow_version": "0",
    }
    return results


@pytest.fixture
def results() -> xr.DataTree:
    return blank()
