"""Hand-made results with known values of every run; see `tests/results/conftest.py`."""

from __future__ import annotations

import numpy as np
import xarray as xr

from sim.variables import MONTH, PRODUCT, REGION, RUN
from tests.results.conftest import _coords, blank

RUNS = 40


def put(results: xr.DataTree, group: str, name: str, values: object, **place: object) -> None:
    array = results[group].to_dataset()[name].copy()
    array.loc[place] = values
    results[group][name] = array


def results() -> xr.DataTree:
    """Forty runs: run k loses k million USD in Europe and ore there is short by k points for k // 10 months."""
    made = blank(RUNS)
    made.attrs["first_run"] = 0
    count = np.arange(RUNS, dtype=float)
    put(made, "runs", "lost_output", count, sector="cars", region="EU")
    put(made, "runs", "lost_output", 1.0, sector="cars", region="CN")
    put(made, "runs", "lost_output", 1e6, sector="cars", region="world")
    put(made, "runs", "worst_shortage", count / 100.0, product="ore", region="EU")
    put(made, "runs", "worst_shortage", np.nan, product="ore", region="CN")
    months = _coords((MONTH,), RUNS)[MONTH]
    path = np.where(np.arange(6)[None, :] < (count // 10)[:, None], count[:, None] / 100.0, 0.0)
    made["paths"] = xr.Dataset(
        {"shortage": ((RUN, MONTH, PRODUCT, REGION), path[:, :, None, None].astype(np.float32))},
        coords={RUN: np.arange(RUNS), MONTH: months, PRODUCT: ["ore"], REGION: ["EU"]},
    )
    survive = np.where(count < 10, count, np.nan)
    put(made, "runs", "time_to_survive", survive, sector="cars", region="EU")

    return made
