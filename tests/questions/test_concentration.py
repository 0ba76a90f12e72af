from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.errors import ScenarioError
from sim.questions.concentration import dependence


def tree(base: xr.Dataset) -> xr.DataTree:
    found = xr.DataTree.from_dict({"reference": base})
    found.attrs = {"title": "By hand"}
    return found


def test_dependence__of_two_regions_by_hand(base: xr.Dataset) -> None:
    answer = dependence(tree(base), region="EU")
    magnet = answer["stages"].to_dataset().sel(stage="magnet", year=2025)
    assert float(magnet.import_penetration) == pytest.approx(0.8)
    assert float(magnet.supply_hhi) == pytest.approx(0.8**2 + 0.2**2)
    assert float(magnet.chinese_supply) == pytest.approx(0.8)
    assert float(magnet.chinese_content) == pytest.approx(0.8)
    assert str(magnet.largest_supplier.values) == "CN"
    # 80 t a month at 60 USD/kg.
    assert float(magnet.largest_loss) == pytest.approx(80 * 12 * 60 / 1e3)
    makers = answer["makers"].to_dataset().sel(stage="magnet", year=2025)
    assert float(makers.production_share.sel(region="CN")) == pytest.approx(300 / 320)
    assert float(makers.production_hhi) == pytest.approx((300 / 320) ** 2 + (20 / 320) ** 2)


def test_dependence__holds_benchmarks_against_consumption(base: xr.Dataset) -> None:
    targets = dependence(tree(base), region="EU")["targets"].to_dataset().sel(year=2026)
    # Uses of 100 t a month hold 32 % of the elements counted; of 20 t made at home a quarter is of scrap.
    assert float(targets.consumption) == pytest.approx(1200 * 0.32)
    values = dict(zip(targets.target.values, targets.value.values, strict=True))
    assert values["recycling"] == pytest.approx(0.25 * 20 / 100)
    assert values["extraction"] == 0.0 and values["largest_supplier"] == pytest.approx(0.8)
    assert not targets.met.any()


def test_dependence__holds_imports_of_magnets_against_their_first_year(base: xr.Dataset) -> None:
    falling = dependence(tree(base), region="EU")["targets"].to_dataset().sel(target="import_penetration")
    assert falling.value.values == pytest.approx([0.8, 0.8]) and float(falling.bound) == pytest.approx(0.8)
    assert str(falling.sense.values) == "falling" and not falling.met.values.any()
    base["route_flow"][12:] = 30.0
    falling = dependence(tree(base), region="EU")["targets"].to_dataset().sel(target="import_penetration")
    assert falling.value.values == pytest.approx([0.8, 0.6]) and falling.met.values.tolist() == [False, True]


def test_dependence__counts_the_rest_of_the_world_as_no_country(base: xr.Dataset) -> None:
    base["route_origin"] = ("route", np.array(["RW"], dtype=object))
    targets = dependence(tree(base), region="EU")["targets"].to_dataset().sel(year=2025, target="largest_supplier")
    assert float(targets.value) == 0.0 and bool(targets.met)


def test_dependence__of_an_unknown_region_is_explained(base: xr.Dataset) -> None:
    with pytest.raises(ScenarioError, match="did you mean EU"):
        dependence(tree(base), region="EUU")


def test_bundled_chain__shares_are_shares(bundled: xr.Dataset) -> None:
    answer = dependence(tree(bundled), region="EU")
    makers, stages = answer["makers"].to_dataset(), answer["stages"].to_dataset()
    np.testing.assert_allclose(makers.production_share.sum("region"), 1.0, rtol=1e-5)
    for name in ("import_penetration", "supply_hhi", "chinese_supply", "chinese_content", "largest_share"):
        assert float(stages[name].min()) >= 0.0 and float(stages[name].max()) <= 1.0 + 1e-6
    # What comes from China has been touched by it, of what China makes itself (it may send on what others made).
    magnet = stages.sel(stage="magnet")
    assert (magnet.chinese_content >= magnet.chinese_supply - 0.01).all()


def test_bundled_chain__agrees_with_published_shares(bundled: xr.Dataset) -> None:
    answer = dependence(tree(bundled), region="EU")
    # Chinese blocks 90-94 % of the world (IEA, Commerce), Chinese share of EU magnets 91 % by weight (Comext 2024).
    makers = answer["makers"].to_dataset().isel(year=0)
    assert 0.88 <= float(makers.production_share.sel(stage="block", region="CN")) <= 0.96
    assert 0.75 <= float(answer["stages"].to_dataset().chinese_supply.sel(stage="magnet").isel(year=0)) <= 0.95
