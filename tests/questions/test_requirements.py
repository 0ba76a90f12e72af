from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from sim.errors import ScenarioError
from sim.questions.bridges import bridge, bridge_value, steps
from sim.questions.emergency import Emergency, check, read_emergency
from sim.questions.panel import Panel, content, from_stock
from sim.questions.requirements import requirement
from sim.questions.value_at_risk import at_risk, weighted

Make = Callable[..., xr.DataTree]
MONTHS = 24


def plan(**changes: Any) -> Emergency:
    usual = {
        "title": "By hand",
        "region": "EU",
        "start": "2025-03",
        "months": 12,
        "classes": {
            "military": {"sectors": ("defence",), "demand": 2.0},
            "essential": {"sectors": ("cars",), "demand": 0.5},
        },
        "reliability": {"CN": 0.5},
        "stocks": {"magnet_hc": 10.0},
    }
    return Emergency.model_validate(usual | changes)


def steady(make: Make, *, shortage: float = 0.2, delivery: float = 0.75, price: float = 2.0, runs: int = 3) -> Any:
    shape = (runs, MONTHS)
    return make(np.full(shape, shortage), np.full(shape, delivery), np.full(shape, price))


def test_panel__of_one_month_by_hand(make: Make) -> None:
    # 80 t are taken in, of 20 from home and 60 from China, half of which counts: 80 x 50 / 80 = 50 t can be counted on.
    # The military wants 2 x 10 t and gets them; cars want .5 x 90 t and get 30; the stock is gone after a month.
    panel = Panel(plan(), steady(make), "magnet_hc")
    first = {name: getattr(panel, name)[:, 0, 0].tolist() for name in ("gross_demand", "reliable_supply", "shortfall")}
    assert first["gross_demand"] == pytest.approx([20.0, 45.0])
    assert first["reliable_supply"] == pytest.approx([20.0, 30.0])
    assert first["shortfall"] == pytest.approx([0.0, 15.0])
    assert panel.stock_offset[1, 0, :3].tolist() == pytest.approx([10.0, 0.0, 0.0])
    assert panel.net_shortfall[1, 0, :2].tolist() == pytest.approx([5.0, 15.0])
    # 15 t at twice 60 USD/kg.
    assert panel.value("net_shortfall")[1, 0, 1] == pytest.approx(1.8)


def test_panel__serves_the_first_class_first(make: Make) -> None:
    panel = Panel(plan(stocks={}), steady(make, shortage=0.9), "magnet_hc")
    # 10 t x 50 / 80 can be counted on.
    assert panel.reliable_supply[:, 0, 0].tolist() == pytest.approx([6.25, 0.0])


def test_panel__of_a_trusting_and_calm_plan_lacks_what_the_run_lacks(make: Make) -> None:
    everyone = {"all": {"sectors": ("defence", "cars")}}
    panel = Panel(plan(classes=everyone, reliability={}, stocks={}), steady(make), "magnet_hc")
    np.testing.assert_allclose(panel.shortfall, 20.0, rtol=1e-6)


def test_panel__adds_up(make: Make) -> None:
    random = np.random.default_rng(1)
    found = make(random.random((5, MONTHS)), random.random((5, MONTHS)))
    panel = Panel(plan(), found, "magnet_hc")
    np.testing.assert_allclose(panel.reliable_supply + panel.shortfall, panel.gross_demand)
    np.testing.assert_allclose(panel.stock_offset + panel.net_shortfall, panel.shortfall)
    assert (panel.stock_offset.sum(axis=(0, 2)) <= 10.0 + 1e-9).all() and (panel.net_shortfall >= -1e-9).all()


def test_requirement__has_three_dialects_and_a_bridge(make: Make) -> None:
    answer = requirement(plan(), steady(make))
    totals = answer["totals"].to_dataset().sel(product="magnet_hc")
    assert float(totals.net_shortfall.sel({"class": "essential"})) == pytest.approx(12 * 15.0 - 10.0)
    assert float(totals.chance_of_net_shortfall.sel({"class": "military"})) == 0.0
    assert answer["panel"].sizes["time"] == 12
    assert str(answer["n_1"].to_dataset().supplier.sel(product="magnet_hc").values) == "CN"


def test_bridge__leads_from_n_1_to_the_net_shortfall_in_steps_that_add_up(make: Make) -> None:
    found = bridge(steps(plan(), steady(make), "magnet_hc"))
    # 80 t less a quarter of the 20 t from home; 20 t simulated; 80 - 50 in all can be counted on, of 100; then 15.
    by_hand = [12 * 75.0, 12 * 20.0, 12 * 50.0, 12 * 50.0, 12 * 15.0, 12 * 15.0 - 10.0]
    assert found.tonnes.values == pytest.approx(by_hand)
    assert np.cumsum(found.change.values) == pytest.approx(found.tonnes.values)


def test_bridge__values_tonnes_at_the_sectors_they_would_have_served(make: Make) -> None:
    found = bridge(steps(plan(), steady(make), "magnet_hc"))
    # A tenth goes into defence at 400 USD/kg, the rest into cars at 50; the panel's shortfall is of cars alone.
    mix = 0.1 * 400.0 + 0.9 * 50.0
    assert found.value_added.values[:2] == pytest.approx([900.0 * mix / 1e3, 240.0 * mix / 1e3])
    assert found.value_added.values[-1] == pytest.approx(170.0 * 50.0 / 1e3)
    # Material: N-1 at the reference price, what is simulated at twice that.
    assert found.value.values[:2] == pytest.approx([900.0 * 60.0 / 1e3, 240.0 * 120.0 / 1e3])


def test_bridges__meet_the_three_dialects_exactly(make: Make) -> None:
    random = np.random.default_rng(4)
    found = make(random.random((6, MONTHS)), random.random((6, MONTHS)), 1.0 + random.random((6, MONTHS)))
    answer = requirement(plan(months=6), found)
    totals = answer["totals"].dataset.sel(product="magnet_hc").sum("class")
    first, second = answer["bridge"].dataset, answer["bridge_value"].dataset
    assert float(first.tonnes[0]) == pytest.approx(float(answer["n_1"].dataset.lost.sel(product="magnet_hc")))
    assert float(first.tonnes[-1]) == pytest.approx(2.0 * float(totals.net_shortfall))
    assert float(second.value[0]) == pytest.approx(2.0 * float(totals.net_shortfall_value))
    assert float(second.value[-1]) == float(answer["at_risk"].dataset.lost_value_added_a_year)
    for data, column in ((first, "tonnes"), (second, "value")):
        assert np.cumsum(data.change.values) == pytest.approx(data[column].values)


def test_bridge_value__by_hand(make: Make) -> None:
    found = steady(make)
    walked = bridge_value(steps(plan(), found, "magnet_hc"), found, "magnet_hc", "EU")
    # 170 t at 120 USD/kg; at 50 USD/kg of value added; 240 t at the mix of 85; the same every month; sectors of one run
    # in three lose 4 in two years.
    assert walked.value.values == pytest.approx([20.4, 8.5, 20.4, 20.4, 2.0 / 3.0])
    assert walked.value_low.values[:4] == pytest.approx(walked.value_high.values[:4])


def test_panel__counts_years_of_their_own(make: Make) -> None:
    classes = {"military": {"sectors": ("defence",), "demand": [2.0, 1.0]}}
    later = plan(start="2025-01", months=24, classes=classes, reliability={"CN": [0.0, 1.0]}, stocks={})
    panel = Panel(later.model_copy(update={"shipping_loss": (0.0, 0.5)}), steady(make, shortage=0.9), "magnet_hc")
    assert panel.gross_demand[0, 0, [0, 11, 12, 23]].tolist() == pytest.approx([20.0, 20.0, 10.0, 10.0])
    # Of 80 t that come, 20 are from home; in the first year nothing else counts, in the second half of 60 t does.
    assert panel.reliable_supply[0, 0, [0, 23]].tolist() == pytest.approx([10.0 * 20.0 / 80.0, 10.0 * 50.0 / 80.0])


def test_panel__counts_home_makers_no_more_than_their_material(make: Make) -> None:
    found = steady(make)
    # Of 100 t, 90 have been touched by China: all 80 that come from there, and half of the 20 made at home.
    found["reference"]["touched"].loc[{"origin": "CN", "product": "magnet_hc"}] = [1.0, 0.9, 0.0]
    reference = found["reference"].dataset
    assert content(reference, "magnet_hc", "EU", "EU", "CN") == pytest.approx(0.5)
    assert content(reference, "magnet_hc", "CN", "EU", "CN") == 1.0
    panel = Panel(plan(stocks={}, count_inputs=True), found, "magnet_hc")
    # 80 t are taken in, of which 20 x .75 + 60 x .5 of 80 t that come can be counted on.
    assert panel.reliable_supply[:, 0, 0].tolist() == pytest.approx([20.0, 25.0])
    walked = bridge(steps(plan(count_inputs=True), found, "magnet_hc"))
    assert float(walked.change.sel(step="inputs")) == pytest.approx(12 * 5.0)


def test_from_stock__keeps_it_for_the_first_class_where_it_is_told_to() -> None:
    shortfall = np.array([[[2.0, 2.0]], [[3.0, 3.0]]])
    assert from_stock(shortfall, 5.0).tolist() == [[[2.0, 0.0]], [[3.0, 0.0]]]
    assert from_stock(shortfall, 5.0, by="class").tolist() == [[[2.0, 2.0]], [[1.0, 0.0]]]


def test_requirement__values_every_column_in_tonnes_and_dollars(make: Make) -> None:
    answer = requirement(plan(), steady(make))
    totals = answer["totals"].dataset.sel({"product": "magnet_hc", "class": "essential"})
    # 120 USD/kg: 540 t wanted, 360 counted on, 10 from the stock.
    by_hand = {"gross_demand": 540.0, "reliable_supply": 360.0, "shortfall": 180.0, "stock_offset": 10.0}
    for name, tonnes in by_hand.items():
        assert float(totals[name]) == pytest.approx(tonnes)
        assert float(totals[f"{name}_value"]) == pytest.approx(tonnes * 0.12)
    panel = answer["panel"].dataset
    assert float(panel.net_shortfall_value.sum()) == pytest.approx(170.0 * 0.12)
    # All three runs lack some: the exact interval of 3 of 3.
    assert float(totals.chance_of_net_shortfall_low) == pytest.approx(0.025 ** (1 / 3))


def test_weighted__has_the_interval_of_the_chance_and_of_both_means() -> None:
    random = np.random.default_rng(5)
    found, truth = [], 0.3 * 2.0
    for _ in range(400):
        strikes = random.random(200) < 0.3
        found.append(weighted(random.exponential(1.0, 200) + 2.0 * strikes, strikes))
    held = np.mean([each.low <= truth <= each.high for each in found])
    # Three binomial errors of 400 draws either way.
    assert 0.917 <= held <= 0.983
    assert np.std([each.value for each in found]) == pytest.approx(np.mean([each.error for each in found]), rel=0.1)


def test_weighted__of_what_never_strikes_is_nothing_and_of_what_always_does_unknown() -> None:
    lost = np.array([1.0, 2.0, 3.0])
    assert weighted(lost, np.zeros(3, bool)).value == pytest.approx(0.0)
    assert np.isnan(weighted(lost, np.ones(3, bool)).value)


def test_at_risk__is_held_against_gdp_where_the_chain_has_it(make: Make) -> None:
    found = steady(make, runs=4)
    assert np.isnan(float(at_risk(found, "EU").gdp))
    found.attrs["scenario"] = '{"chain": "rare_earths_2024"}'
    data = at_risk(found, "EU")
    assert float(data.gdp) == 19_420_000.0
    assert float(data.gdp_share_a_year) == pytest.approx(1.0 / 19_420_000.0)


def test_at_risk__weighs_what_a_restriction_adds_by_its_chance(make: Make) -> None:
    # In two of four runs the ban strikes, and one sector loses 4 million USD in two years.
    found = steady(make, runs=4)
    data = at_risk(found, "EU")
    assert float(data.chance[0]) == 0.5 and float(data.strikes_per_year[0]) == 0.25
    assert float(data.lost_value_added_if_it_strikes[0]) == 2.0
    assert float(data.lost_value_added_otherwise[0]) == 0.0
    assert float(data.lost_value_added_weighted[0]) == 1.0 == float(data.lost_value_added_a_year)


def test_check__lists_all_faults_at_once(base: xr.Dataset) -> None:
    wrong = plan(
        region="EUU",
        reliability={"XX": 0.5, "EUU": 0.5},
        stocks={"magnet": 1.0},
        start="2026-06",
        classes={"a": {"sectors": ("car",)}},
    )
    with pytest.raises(ScenarioError) as caught:
        check(wrong, base)
    said = str(caught.value)
    wanted = (
        "EUU", "XX", "did you mean magnet_hc?", "did you mean cars?", "2026-06", "the region itself",
    )  # fmt: skip
    assert all(name in said for name in wanted)


def test_read_emergency__lists_all_faults_at_once(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'title = "x"\nregion = "EU"\nstart = "March"\nmonths = 0\nshiping_loss = 0.1\nshipping_loss = "much"\n'
        "[classes.a]\nsectors = []\ndemand = [1, -1]\n[reliability]\nCN = 1.4\n",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        read_emergency(path)
    said = str(caught.value)
    wanted = (
        "start is 'March'; give a month",
        "months is 0",
        "shiping_loss",
        "classes.a.sectors",
        "reliability.CN is 1.4; give a share from 0 to 1",
        "shipping_loss is 'much'; give a number",
        "classes.a.demand is 1, -1; give a number above 0",
    )
    assert all(fault in said for fault in wanted)


def test_emergency__serves_a_sector_once() -> None:
    with pytest.raises(ValueError, match="another class has"):
        plan(classes={"a": {"sectors": ("cars",)}, "b": {"sectors": ("cars",)}})


def test_requirement__of_a_form_that_is_not_needed_is_explained(make: Make) -> None:
    with pytest.raises(ScenarioError, match="did you mean magnet_hc"):
        requirement(plan(), steady(make), form="magnet")


def test_read_emergency__names_the_nearest_sample() -> None:
    with pytest.raises(ScenarioError, match="did you mean emergency_us_2028"):
        read_emergency("emergency_us_2029")


def test_sample__is_read_by_its_name() -> None:
    assert list(read_emergency("emergency_us_2028").classes) == ["military", "industrial", "essential_civilian"]
