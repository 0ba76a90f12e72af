"""Values by run a portion at a time: whole chunks of a file, and nothing of what was read is kept but what is asked."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.results import portions
from sim.results.quantiles import over_runs
from sim.variables import RUN


def test_columns__are_copies_of_the_chosen_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    values = xr.DataArray(np.arange(60.0).reshape(10, 3, 2), {"a": ["x", "y", "z"], "b": ["p", "q"]}, (RUN, "a", "b"))
    monkeypatch.setattr(portions, "PORTION", 100)
    places = [{"a": "z", "b": "p"}, {"a": "x", "b": "q"}]
    found = portions.columns(values, places)
    for place, column in zip(places, found, strict=True):
        assert column.tolist() == values.sel(place).values.tolist() and column.base is None
    assert portions.columns(values, []) == []


def test_portions__end_where_chunks_of_a_file_do() -> None:
    values = xr.DataArray(np.zeros((100, 4)), dims=(RUN, "a"))
    values.encoding["preferred_chunks"] = {RUN: 16}
    assert [part.sizes[RUN] for part in portions.portions(values, 32 * 20)] == [16] * 6 + [4]
    assert [part.sizes[RUN] for part in portions.portions(values, 32 * 40)] == [32, 32, 32, 4]
    assert next(part.sizes[RUN] for part in portions.portions(values, 1)) == 16


def test_over_runs__keeps_nothing_but_the_quantile(monkeypatch: pytest.MonkeyPatch) -> None:
    values = xr.DataArray(np.arange(60.0).reshape(10, 3, 2), dims=(RUN, "a", "b"))
    whole = over_runs(values, 0.5)
    assert whole.values.base is None and whole.values.tolist() == values.values[4].tolist()
    monkeypatch.setattr("sim.results.quantiles.AT_ONCE", 2 * 10 * 2 * 8)
    assert over_runs(values, 0.5).identical(whole)
