"""Labels: every declared variable is there with its dimensions, unit and meaning, and no other."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import sim
from sim import variables
from sim.chain import build
from sim.engine import labels
from sim.engine.pieces import Joined, pieces
from sim.scenario import Scenario, parse

GROUPS = {
    "distribution": (variables.DISTRIBUTION, ("quantile", "time")),
    "runs": (variables.RUNS, ()),
    "years": (variables.YEARS, ()),
    "shocks": (variables.SHOCKS, ()),
    "traces": (variables.TRACES, ()),
}


def always(declared: tuple[variables.Variable, ...]) -> list[variables.Variable]:
    """Those that every scenario has."""
    return [variable for variable in declared if not variable.optional]


@pytest.mark.parametrize("group", GROUPS)
def test_labels__hold_every_declared_variable_with_its_dimensions_unit_and_meaning(
    ensemble: xr.DataTree, group: str
) -> None:
    declared, before = GROUPS[group]
    for variable in always(declared):
        found = ensemble[group][variable.name]
        assert found.dims == (*before, *variable.dims), variable.name
        assert found.attrs["units"] == variable.units
        assert found.attrs["long_name"] == variable.meaning
        assert found.dtype == variable.dtype
        assert np.isfinite(found.values).any()


def test_labels__declare_every_variable_once_and_hold_no_other(ensemble: xr.DataTree) -> None:
    for group, (declared, _) in GROUPS.items():
        assert len({variable.name for variable in declared}) == len(declared)
        names = [variable.name for variable in always(declared)]
        extra = {f"{name}_{statistic}" for name in names for statistic in variables.STATISTICS}
        allowed = {"distribution": extra, "shocks": {"kind"}}.get(group, set())
        assert set(ensemble[group].data_vars) == set(names) | allowed


def test_labels__give_every_statistic_beside_its_quantiles(ensemble: xr.DataTree) -> None:
    found = ensemble["distribution"]
    np.testing.assert_array_equal(found["quantile"].values, variables.QUANTILES)
    for variable in always(variables.DISTRIBUTION):
        levels = found[variable.name]
        low, high = found[f"{variable.name}_minimum"], found[f"{variable.name}_maximum"]
        for statistic in variables.STATISTICS:
            beside = found[f"{variable.name}_{statistic}"]
            assert beside.dims == levels.dims[1:] and beside.attrs["units"] == variable.units
            assert beside.attrs["long_name"].lower().startswith(f"{statistic} over runs")
            assert np.array_equal(np.isnan(beside), np.isnan(levels.isel(quantile=0)))
        exists = low.notnull()
        assert bool(((levels >= low) & (levels <= high)).where(exists, True).all())
        assert bool((levels.diff("quantile") >= 0.0).where(exists, True).all())
        mean = found[f"{variable.name}_mean"]
        assert bool(((mean >= low) & (mean <= high)).where(exists, True).all())


def test_labels__name_months_regions_and_products(ensemble: xr.DataTree, scenario: Scenario) -> None:
    found = ensemble["distribution"]
    months = np.datetime64("2025-01", "M") + np.arange(24)
    np.testing.assert_array_equal(found.time.values.astype("datetime64[M]"), months)
    assert list(found.region.values) == [*(row.region for row in scenario.tables.regions), "world"]
    assert list(found["product"].values) == [row.product for row in scenario.tables.products]
    assert list(ensemble["shocks"].restriction.values) == list(scenario.restrictions)
    np.testing.assert_array_equal(ensemble["runs"].run.values, np.arange(128))


def test_labels__leave_out_what_does_not_exist(ensemble: xr.DataTree, scenario: Scenario) -> None:
    price = ensemble["distribution"].price_mean.isel(time=0)
    markets = set(build(scenario).markets)
    for product in price["product"].values:
        for region in price.region.values[:-1]:
            exists = (str(product), str(region)) in markets
            assert bool(np.isfinite(price.sel(product=product, region=region))) == exists


def test_labels__show_shocks_as_drawn(ensemble: xr.DataTree, scenario: Scenario) -> None:
    found = ensemble["shocks"]
    kinds = {name: str(found.kind.sel(restriction=name).item()) for name in scenario.restrictions}
    assert kinds == {name: row.kind for name, row in scenario.restrictions.items()}
    happens = found.onset.notnull()
    for name in ("announced", "end", "duration", "level", "severity"):
        np.testing.assert_array_equal(found[name].notnull(), happens)
    assert bool((found.onset.where(happens, 0.0) < 24.0).all())
    assert bool((found.announced <= found.onset).where(happens, True).all())
    assert 0.3 < float(happens.isel(event=0).mean()) < 0.9


def test_labels__show_regimes_hazards_and_how_events_end(ensemble: xr.DataTree, scenario: Scenario) -> None:
    found = ensemble["shocks"]
    assert list(found.regime.values) == ["CN"] and found.in_conflict.dims == ("regime", "time", "run")
    assert bool((found.in_conflict.isel(time=0) == 1).all())  # the baseline begins in conflict
    share = found.in_conflict.mean("time")
    assert float(abs(share - found.conflict_share).max()) < 0.1
    happens = found.onset.notnull()
    np.testing.assert_array_equal(found.ending >= 0, happens)
    np.testing.assert_array_equal(found.resumed >= 0, happens)
    np.testing.assert_array_equal(found.end == np.inf, found.ending == 0)
    assert bool((found.hazard.sel(restriction="my_separation_outage") == 0.5).all())
    drawn = found.conflict_hazard.sel(restriction="cn_export_quota")
    assert float(drawn.std()) > 0.1 and float(drawn.min()) >= 0.0


def test_labels__have_neither_hazard_nor_regime_for_dates() -> None:
    found = sim.run(sim.load("controls_2025").replace("time.years=0.5"), runs=2)["shocks"]
    assert bool(found.hazard.isnull().all()) and found.sizes["regime"] == 0


def test_labels__show_permanent_restrictions_as_lasting_for_ever() -> None:
    found = sim.run(sim.load("controls_2025").replace("time.years=0.5"), runs=2)["shocks"]
    assert np.all(np.isinf(found.duration.sel(restriction="heavy_oxides", event=0)))
    assert np.all(np.isfinite(found.duration.sel(restriction="magnets_std", event=0)))
    np.testing.assert_allclose(found.onset.sel(restriction="magnets_hc", event=0), 3.0 + 14 / 30, rtol=1e-6)


def test_labels__start_in_the_month_of_the_scenario() -> None:
    data = json.loads(sim.load("still").text)
    data["time"] = {"start": "2030-11", "years": 0.5}
    found = sim.run(parse(data), runs=1)["distribution"].time.values.astype("datetime64[M]")
    np.testing.assert_array_equal(found, np.datetime64("2030-11", "M") + np.arange(6))


PLAN = (("dy", "CN"), ("dy", "EU"), ("nd", "EU"))
COORDS = {"product": ["nd", "dy"], "region": ["CN", "EU", "world"]}


@pytest.mark.parametrize("between", [(), (4,)])
def test_rows_in_pieces__are_laid_out_by_label_run_after_run(between: tuple[int, ...]) -> None:
    sizes = (5, 1, 3)
    whole = np.arange(3 * max(between, default=1) * sum(sizes), dtype=np.float32).reshape(3, *between, sum(sizes))
    parts = Joined([{"peak": piece} for piece in np.split(whole, np.cumsum(sizes)[:-1], axis=-1)])

    grid = labels.spread_runs(pieces(parts, "peak"), PLAN, "product", COORDS)

    assert grid.shape == (9, 2, 3, *between)
    for row, (product, region) in enumerate(PLAN):
        at, place = COORDS["product"].index(product), COORDS["region"].index(region)
        np.testing.assert_array_equal(grid[:, at, place], np.moveaxis(whole[row], -1, 0))
    assert np.isnan(grid[:, 0, 0]).all() and np.isnan(grid[:, :, 2]).all()
    np.testing.assert_array_equal(labels.spread_runs([whole], PLAN, "product", COORDS), grid)
    np.testing.assert_array_equal(parts["peak"], whole)
