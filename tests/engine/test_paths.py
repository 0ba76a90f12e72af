"""Paths of chosen rows, and ensembles that go on: the same bits as in one call."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import ResultError, ScenarioError

FOLLOW = ["price[dy_oxide, EU]", "shortage[magnet_hc, world]", "stopped[defence, US]", "stage_price[metal, EU]"]
YEAR = ["time.years=1"]


@pytest.fixture(scope="module")
def whole() -> xr.DataTree:
    return sim.run(sim.load("baseline", overrides=YEAR), runs=30, seed=2, follow=FOLLOW, traces=30, open_ended=True)


def test_follow__keeps_what_traces_keep(whole: xr.DataTree) -> None:
    for name, place in (
        ("price", {"product": "dy_oxide", "region": "EU"}),
        ("shortage", {"product": "magnet_hc", "region": "world"}),
    ):
        kept, traced = (whole[group].to_dataset()[name].sel(place) for group in ("paths", "traces"))
        np.testing.assert_array_equal(kept, traced)


def test_follow__has_the_peaks_of_runs(whole: xr.DataTree) -> None:
    for path, peak, place in (
        ("price", "peak_price", {"product": "dy_oxide", "region": "EU"}),
        ("stopped", "worst_stopped", {"sector": "defence", "region": "US"}),
        ("stage_price", "peak_stage_price", {"stage": "metal", "region": "EU"}),
    ):
        highest = whole["paths"].to_dataset()[path].sel(place).max("time")
        np.testing.assert_array_equal(highest, whole["runs"].to_dataset()[peak].sel(place))


def test_follow__lists_all_rows_that_do_not_exist() -> None:
    wanted = ["prise[dy_oxide, EU]", "price[dy_oxid, EU]", "price(dy)", "shortage[magnet_hc, AU]", "price[ore, ZZ]"]
    with pytest.raises(ScenarioError) as caught:
        sim.run(sim.load("still", overrides=YEAR), runs=1, follow=wanted)
    text = str(caught.value)
    assert "did you mean price?" in text and "did you mean dy_oxide?" in text and "write such as" in text
    assert len(text.splitlines()) == len(wanted)


def test_onto__goes_on_to_the_same_bits_also_from_a_file(whole: xr.DataTree, tmp_path) -> None:  # type: ignore[no-untyped-def]
    scenario = sim.load("baseline", overrides=YEAR)
    begun = sim.run(scenario, runs=11, seed=2, follow=FOLLOW, open_ended=True)
    sim.save(begun, tmp_path / "a.nc")
    gone_on = sim.run(
        scenario, runs=30, follow=FOLLOW, traces=30, open_ended=True, onto=sim.open_results(tmp_path / "a.nc")
    )
    assert gone_on.identical(whole)


def test_onto__of_another_ensemble_says_what_differs(whole: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="of another scenario, another seed; its ensemble"):
        sim.run(sim.load("still", overrides=YEAR), runs=31, seed=3, follow=FOLLOW, onto=whole)


def test_onto__without_counts_cannot_go_on(whole: xr.DataTree) -> None:
    bare = xr.DataTree.from_dict({name: node.to_dataset() for name, node in whole.children.items() if name != "counts"})
    bare.attrs = whole.attrs
    with pytest.raises(ResultError, match="holds no counts"):
        sim.run(sim.load("baseline", overrides=YEAR), runs=31, follow=FOLLOW, onto=bare)


def test_onto__that_follows_other_rows_is_refused(whole: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="follow the same rows"):
        sim.run(sim.load("baseline", overrides=YEAR), runs=31, follow=["inventory[dy_oxide, EU]"], onto=whole)
