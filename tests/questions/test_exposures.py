from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.errors import ResultError, ScenarioError
from sim.questions.exposures import cover_needed, exposure, stops, supplier_gaps
from sim.questions.parts import PartRow

Make = Callable[..., xr.DataTree]
MONTHS = 24


def part(**changes: Any) -> PartRow:
    usual = {
        "part": "rotor",
        "line": "motor",
        "region": "EU",
        "product": "magnet",
        "grade": "hc",
        "kg_per_unit": "2",
        "units_per_year": "1200",
        "suppliers": "CN:1",
        "cover_weeks": "0",
        "output_value_usd_per_unit": "10000",
    }
    return PartRow.model_validate(usual | changes)


def months(*values: float, runs: int = 1) -> np.ndarray:
    path = np.zeros(MONTHS)
    path[: len(values)] = values
    return np.repeat(path[None], runs, axis=0)


def test_supplier_gaps__of_the_regions_own_split_add_up_to_what_the_region_lacks(make: Make) -> None:
    found = make(np.full((2, MONTHS), 0.4), np.full((2, MONTHS), 0.5))
    gaps = supplier_gaps(part(suppliers="CN:0.8;EU:0.2"), found)
    np.testing.assert_allclose(sum(gaps.values()), 0.4, rtol=1e-6)


def test_supplier_gaps__weigh_on_the_supplier_that_sends_less(make: Make) -> None:
    # China is short by .5 and home makers by .4 (as the region): .8 x .5 + .2 x .4 = .48 on average.
    found = make(np.full((1, MONTHS), 0.4), np.full((1, MONTHS), 0.5))
    gap = supplier_gaps(part(), found)["CN"]
    np.testing.assert_allclose(gap, 0.4 * 0.5 / 0.48, rtol=1e-6)


def test_supplier_gaps__are_none_without_shortage_however_little_is_sent(make: Make) -> None:
    found = make(np.zeros((1, MONTHS)), np.zeros((1, MONTHS)))
    assert not supplier_gaps(part(), found)["CN"].any()


def test_supplier_gaps__can_be_bought_elsewhere_as_far_as_others_can(make: Make) -> None:
    found = make(np.full((1, MONTHS), 0.4), np.full((1, MONTHS), 0.5))
    own = 0.4 * 0.5 / 0.48
    half = supplier_gaps(part(switch_share="0.5"), found)["CN"]
    np.testing.assert_allclose(half, (own + 0.4) / 2.0, rtol=1e-6)


def test_stops__begin_when_the_stock_is_used_up() -> None:
    # Two months of stock stand against three months without half of the need, then four without any.
    idle = stops(months(0.5, 0.5, 0.5, 1.0, 1.0), 2.0 * 52.0 / 12.0).idle[0]
    assert idle[:5].tolist() == pytest.approx([0.0, 0.0, 0.0, 0.5, 1.0])


def test_stops__fill_the_stock_again_over_three_months() -> None:
    idle = stops(months(1.0, 0.0, 1.0), 52.0 / 12.0).idle[0]
    assert idle[:3].tolist() == pytest.approx([0.0, 0.0, 2.0 / 3.0])


@settings(max_examples=40, deadline=None)
@given(gap=arrays(float, (3, 15), elements=st.floats(0.0, 1.0)), weeks=st.floats(0.0, 40.0), more=st.floats(0.0, 40.0))
def test_stops__are_never_longer_with_more_cover(gap: np.ndarray, weeks: float, more: float) -> None:
    assert (stops(gap, weeks + more).idle <= stops(gap, weeks).idle + 1e-9).all()


def test_cover_needed__leaves_no_month_without_more_than_five_percent() -> None:
    # Half a month is missing twice in every run: .95 of a month keeps the loss at 5 %.
    gap = months(0.0, 0.5, 0.5, runs=4)
    assert cover_needed(gap, 0.01) == pytest.approx(0.95 * 52.0 / 12.0, abs=0.05)


def test_cover_needed__is_nothing_where_the_risk_is_accepted_and_endless_where_no_stock_helps() -> None:
    assert cover_needed(months(1.0, runs=4), 0.6) == 0.0
    assert cover_needed(np.ones((4, 240)), 0.05) == np.inf


def test_exposure__of_one_run_in_two_by_hand(make: Make) -> None:
    # Half of the runs lose one whole month of twelve: 1,200 units a year at 10,000 USD are 1 million USD a month.
    shortage = np.concatenate([months(1.0, runs=20), months(runs=20)])
    found = make(shortage, np.where(shortage > 0.0, 0.0, 1.0))
    answer = exposure([part()], found)
    parts, firm = answer["parts"].to_dataset(), answer["firm"].to_dataset()
    assert float(parts.stop_chance[0]) == 0.5
    assert float(parts.yearly_stop_chance[0]) == 0.25
    assert float(firm.dollars_at_risk) == pytest.approx(0.25)
    assert float(firm.dollars_at_risk_low) < 0.25 < float(firm.dollars_at_risk_high)
    assert float(firm.dollars_1_in_20) == pytest.approx(1.0)
    assert float(parts.yearly_need[0]) == pytest.approx(2.4)
    assert float(parts.weeks_stopped[0]) == pytest.approx(0.25 * 52.0 / 12.0)


def test_exposure__stops_a_line_with_its_scarcest_part_only_once(make: Make) -> None:
    shortage = months(1.0, runs=4)
    rows = [part(), part(part="ring"), part(part="pump", line="pump")]
    answer = exposure(rows, make(shortage, 1.0 - shortage))
    lines = answer["lines"].to_dataset()
    assert lines.dollars_at_risk.values == pytest.approx([0.5, 0.5])
    assert float(answer["firm"].to_dataset().dollars_at_risk) == pytest.approx(1.0)


def test_exposure__acts_first_where_most_is_saved(make: Make) -> None:
    shortage = months(1.0, runs=4)
    rows = [part(), part(part="pump", line="pump", output_value_usd_per_unit="30000")]
    actions = exposure(rows, make(shortage, 1.0 - shortage))["actions"].to_dataset()
    first = actions.sel(rank=1)
    assert str(first.part.values) == "pump" and str(first.action.values) in ("secure CN", "+4 weeks")
    assert float(first.saved) == pytest.approx(1.5, rel=0.1)
    assert (np.diff(actions.saved.values) <= 0.0).all()
    # A second part of the same line that stops as well leaves nothing to be saved by the first alone.
    both = exposure([part(), part(part="ring")], make(shortage, 1.0 - shortage))["actions"].to_dataset()
    assert not both.saved.values[both.part.values != "rotor + ring"].any()


def test_exposure__acts_on_all_parts_of_a_line_where_one_alone_saves_nothing(make: Make) -> None:
    shortage = months(1.0, runs=4)
    answer = exposure([part(), part(part="ring"), part(part="pump", line="pump")], make(shortage, 1.0 - shortage))
    actions = answer["actions"].dataset
    saved = {
        (str(part), str(action)): value
        for part, action, value in zip(actions.part.values, actions.action.values, actions.saved.values, strict=True)
    }
    # A month of 1 million USD in two years, of which four weeks are four parts of 52 / 12.
    assert saved["rotor + ring", "secure CN"] == pytest.approx(0.5) == saved["pump", "secure CN"]
    assert saved["rotor + ring", "+4 weeks"] == pytest.approx(0.5 * 4.0 * 12.0 / 52.0)
    assert saved["rotor", "secure CN"] == saved["ring", "+4 weeks"] == 0.0
    assert float(actions.saved[0]) == pytest.approx(0.5)


def test_exposure__of_years_without_a_stop_knows_no_more_than_its_runs_do(make: Make) -> None:
    found = make(months(runs=8), np.ones((8, MONTHS)))
    parts = exposure([part()], found)["parts"].dataset
    assert float(parts.yearly_stop_chance[0]) == 0.0
    # Eight runs without a stop bound the share at 1 - 0.025 ** (1 / 8), so that no cover is known to be enough.
    assert float(parts.yearly_stop_chance_high[0]) == pytest.approx(1.0 - 0.025 ** (1.0 / 8.0))
    assert float(parts.cover_needed[0]) == 0.0 and np.isinf(float(parts.cover_needed_high[0]))


def test_stops__count_whole_years_only() -> None:
    gap = np.zeros((1, 30))
    gap[0, 26] = 1.0
    assert stops(gap, 0.0).by_year.tolist() == [[False, False]]
    assert stops(gap[:, 25:], 0.0).by_year.tolist() == [[True]]


def test_exposure__needs_monthly_paths(make: Make) -> None:
    found = make(months(), months())
    del found["monthly"]
    with pytest.raises(ResultError, match="--monthly shortage,delivery"):
        exposure([part()], found)


@pytest.mark.parametrize("risk", [0.0, 1.0, float("nan")])
def test_exposure__refuses_a_risk_that_is_no_share(make: Make, risk: float) -> None:
    with pytest.raises(ScenarioError, match="above 0 and below 1"):
        exposure([part()], make(months(), months()), risk=risk)
