"""Losses and money by calendar year as a table; figures by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.results.quantiles import Spread
from sim.results.summary import summarise
from sim.results.tables import tables
from sim.results.years import years
from sim.variables import PER_RUN


def with_years(results: xr.DataTree) -> xr.DataTree:
    """Four runs that lose 1, 2, 3 and 10 million USD in Europe in 2026, and exports of CN worth 5 a year in one."""
    run, labels = np.arange(4), {"sector": ["cars"], "region": ["CN", "EU"], "year": [2025, 2026]}
    lost = np.zeros((4, 1, 2, 2), dtype=np.float32)
    lost[:, 0, 1, 1] = [1.0, 2.0, 3.0, 10.0]
    lost[:, 0, 0] = np.nan
    exports = np.zeros((4, 2, 2), dtype=np.float32)
    exports[0, 0] = 20.0
    dims = ("run", *labels)
    entries = {
        "lost_output_by_year": (dims, lost),
        "lost_value_added_by_year": (dims, lost / 2),
        "lost_exports": (("run", "region", "year"), exports),
    }
    results["years"] = xr.DataTree(xr.Dataset(entries, coords={"run": run, **labels}))
    return results


def test_years__are_means_over_runs_of_all_sectors_and_name_regions_that_lose(results: xr.DataTree) -> None:
    assert years(results) == ()
    first, second = years(with_years(results))
    assert (first.year, first.mean_output, first.value_added, first.net_cost) == (2025, 0.0, 0.0, None)
    assert (second.mean_output, second.value_added, second.output) == (4.0, 2.0, Spread(1.0, 2.0, 10.0))
    assert first.exports == second.exports == {"CN": 5.0}


def test_years__show_public_cost_less_receipts_where_there_are_policies(results: xr.DataTree) -> None:
    money = xr.DataArray(np.ones((4, 2, 2)) * [3.0, 4.0], dims=("run", "instrument", "year"))
    coords = {"run": np.arange(4), "instrument": ["a", "b"], "year": [2025, 2026]}
    data = xr.Dataset({"public_cost": money, "public_receipts": money / 4}, coords=coords)
    with_years(results)["policies"] = xr.DataTree(data)
    assert [row.net_cost for row in years(results)] == pytest.approx([4.5, 6.0])


def test_tables__hold_a_line_a_year_and_a_column_for_each_region_that_restricts(results: xr.DataTree) -> None:
    (found,) = [table for table in tables(summarise(with_years(results))) if "calendar year" in table.title]
    assert found.columns[-1] == ">exports CN lost" and len(found.columns) == 5
    assert found.rows == (("2025", "0", "0", "0", "5"), ("2026", "4", "10", "2", "5"))


def test_years__are_left_out_where_not_all_were_kept(results: xr.DataTree) -> None:
    with_years(results).attrs[PER_RUN] = "lost_output,lost_exports"
    assert years(results) == ()
