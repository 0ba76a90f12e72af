"""The size of a stockpile: a case worked by hand on two regions, and what its table must hold to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import ScenarioError
from sim.questions.stockpiles import MONTHS, alone, columns
from sim.scenario import Scenario

TINY = Path(__file__).parents[1] / "scenario" / "data" / "tiny.toml"
ALL = (
    'restrictions.halt={ kind="ban", by="A", onset={ at="2025-03" }, duration="permanent", '
    'products=["oxide", "magnet"], cut=1 }'
)
TERMS = (
    'policies.store={ kind="stockpile", regions=["B"], days={ magnet=30 }, buy_below=0.1, relief_above=1.0, '
    "release_share=5.0, loss_per_year=0.0 }"
)
"""Nothing is lost and nothing is bought: a size is worked out by hand then."""
ASKED = "P(loss > 1 t) <= 0"


@pytest.fixture(scope="module")
def halted() -> Scenario:
    """For a year and a half B gets neither magnets nor the oxide for its own."""
    return sim.load(TINY, overrides=["time.years=1.5", "restrictions.strike=false", "growth=false", ALL, TERMS])


@pytest.fixture(scope="module")
def found(halted: Scenario) -> xr.Dataset:
    return sim.size_stockpile(halted, sector_class="essential", region="B", risk=ASKED, runs=3)


def test_need__follows_the_recipes_of_the_region(found: xr.Dataset) -> None:
    # 25 t of magnets a year; B presses some itself of 0.4 t oxide each, and only what it would press is counted whole.
    magnets, oxide = (float(found.need.sel(product=name)) for name in ("magnet", "oxide"))
    assert oxide == pytest.approx(0.4 * magnets)
    assert found.attrs["annual_demand"] == pytest.approx(magnets)


def test_magnets_alone__have_to_be_what_is_lost_without_them(found: xr.Dataset) -> None:
    # What is released is used, tonne for tonne, whatever the market does meanwhile: so the least size follows by hand.
    mixes = found.isel(mix=alone(found, "magnet"))
    lost, tonnes = float(mixes.mean_loss[0]), mixes.tonnes.sel(form="magnet").values
    assert lost > 5.0
    assert mixes.mean_loss.values == pytest.approx(np.maximum(lost - tonnes, 0.0), abs=1e-3)
    assert (mixes.risk.values == (lost - tonnes > 1.0)).all()


def test_oxide_alone__helps_no_further_than_presses_reach(found: xr.Dataset) -> None:
    mixes = found.isel(mix=alone(found, "separation"))
    spared = mixes.mean_loss.values[0] - mixes.mean_loss.values
    # A magnet takes 0.4 t of oxide, and where that is dear makers learn to do with a fifth less.
    made = mixes.tonnes.sel(form="separation").values / 0.4 / 0.8
    assert np.all(spared <= made + 1e-6) and np.all(np.diff(spared) > -1e-6)
    # Twenty tonnes a year is what B can press, from the ban on; the last of it is in use a month or so after.
    assert spared[-1] < 20.0 * 16 / 12


def test_cheapest__is_the_cheapest_of_all_mixes_that_meet_the_risk(found: xr.Dataset) -> None:
    best, meets = found.attrs["cheapest"], found.risk.values <= 0.0
    assert meets[best]
    assert found.outlay.values[best] == found.outlay.values[meets].min()
    months = found.months.values
    for mix in np.flatnonzero(meets):
        assert not (np.all(months[mix] <= months[best]) and np.any(months[mix] < months[best]))


def test_table__is_monotone_has_all_mixes_and_exact_intervals(found: xr.Dataset) -> None:
    for form in found.form.values:
        row = found.isel(mix=alone(found, form))
        assert row.months.sel(form=form).values.tolist() == list(MONTHS)
        assert np.all(np.diff(row.risk_monotone) <= 0.0)
    assert np.all(found.risk_low <= found.risk) and np.all(found.risk <= found.risk_high)
    # None of three runs: the exact interval reaches up to 1 - 0.025 ** (1 / 3).
    assert float(found.risk_high[found.attrs["cheapest"]]) == pytest.approx(1 - 0.025 ** (1 / 3))
    table = columns(found)
    assert {len(column) for column in table.values()} == {found.sizes["mix"]} and table["cheapest"].sum() == 1


def test_without_any__a_trial_equals_a_run_of_the_scenario(halted: Scenario, found: xr.Dataset) -> None:
    runs = sim.run(halted.without("store"), runs=3)["runs"].sel(region="B", sector="motors")
    lost = float((runs.rationed_tonnes + runs.destroyed_tonnes).mean())
    assert float(found.mean_loss[alone(found, "magnet")[0]]) == pytest.approx(lost, rel=1e-6)
    assert float(found.public_cost[alone(found, "magnet")[0]]) == 0.0


def test_sizing__is_refused_where_no_size_meets_the_risk(halted: Scenario) -> None:
    with pytest.raises(ScenarioError, match=r"24 months of separation do not reach: they leave 1\.000"):
        sim.size_stockpile(
            halted, sector_class="essential", region="B", risk="P(loss > 0 t) <= 0", forms=["separation"], runs=2
        )


def test_sizing__names_all_faults_at_once(halted: Scenario) -> None:
    with pytest.raises(ScenarioError) as caught:
        sim.size_stockpile(halted, sector_class="esential", region="C", risk="P(los > 1 t) <= 0.1", forms=["magnets"])
    assert [str(fault) for fault in caught.value.faults] == [
        "--risk: the measure is 'los'; did you mean loss?",
        "--class is 'esential'; did you mean essential?",
        "--region is 'C'; give one of A, B",
        "--form is 'magnets'; did you mean magnet?",
    ]
