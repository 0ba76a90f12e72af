from __future__ import annotations

import pytest
import xarray as xr

from sim.errors import ResultError
from sim.results.lookup import chosen, origin, restriction_title, scenario_data, variable


def test_origin__reads_the_attributes(results: xr.DataTree) -> None:
    found = origin(results)
    assert (found.scenario, found.seed, found.runs, found.start, found.years) == ("hand", 1, 4, "2025-01", 0.5)
    assert str(found) == "oreflow 0, scenario hand, 4 runs, seed 1"


def test_restriction_title__falls_back_on_the_name(results: xr.DataTree) -> None:
    assert restriction_title(results, "ban") == "A ban"
    assert restriction_title(results, "other_one") == "other one"


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_scenario_data__of_damaged_text_is_an_error(results: xr.DataTree, text: str) -> None:
    results.attrs["scenario"] = text
    with pytest.raises(ResultError, match="damaged"):
        scenario_data(results)


def test_variable__that_is_not_there_is_an_error(results: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="no group /traces"):
        variable(results, "traces", "price")
    with pytest.raises(ResultError, match="did you mean peak_price"):
        variable(results, "runs", "peak_prize")


def test_chosen__finds_a_name_in_other_case() -> None:
    with pytest.raises(ResultError, match="did you mean EU"):
        chosen("eu", ["CN", "EU"], "region")
