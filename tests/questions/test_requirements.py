from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from sim.errors import ScenarioError
from sim.questions.emergency import Emergency, check, read_emergency
from sim.questions.requirements import Panel, at_risk, bridge, requirement

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
    steps = bridge(plan(), steady(make), "magnet_hc")
    # 80 t less a quarter of the 20 t from home; 20 t simulated; 80 - 50 in all can be counted on, of 100; then 15.
    assert steps.tonnes.values == pytest.approx([12 * 75.0, 12 * 20.0, 12 * 50.0, 12 * 15.0, 12 * 15.0 - 10.0])
    assert np.cumsum(steps.change.values) == pytest.approx(steps.tonnes.values)


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
        reliability={"XX": 0.5},
        stocks={"magnet": 1.0},
        start="2026-06",
        classes={"a": {"sectors": ("car",)}},
    )
    with pytest.raises(ScenarioError) as caught:
        check(wrong, base)
    said = str(caught.value)
    assert all(name in said for name in ("EUU", "XX", "did you mean magnet_hc?", "did you mean cars?", "2026-06"))


def test_read_emergency__lists_all_faults_at_once(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        'title = "x"\nregion = "EU"\nstart = "March"\nmonths = 0\nshiping_loss = 0.1\n'
        "[classes.a]\nsectors = []\n[reliability]\nCN = 1.4\n",
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
        "reliability.CN is 1.4",
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
