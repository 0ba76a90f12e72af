"""What it takes to build capacity, as arrays, against sums done by hand and the data of the bundled chain."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.chain import Reference, build
from sim.chain.capacity import capital_share, expansion_arrays

BOTH = ("capacity.answers=true", "capacity.projects=true")


@pytest.fixture(scope="module")
def growing() -> Reference:
    return build(sim.load("baseline", overrides=list(BOTH)))


def test_expansion_arrays__have_no_rows_where_capacity_is_fixed(still: Reference) -> None:
    found = expansion_arrays(still, 0.5)
    assert found.builders.premium.size == found.building.hurdle.size == 0
    assert found.skills.free.size == found.projects.process.size == 0
    np.testing.assert_array_equal(found.building.growth, still.trend.process)


def test_capital_share__is_an_annuity_over_the_value_made(still: Reference) -> None:
    technology = still.scenario.tables.technology("finish_std", "EU")
    assert technology is not None and technology.lifetime_years == 20.0 and technology.cost_of_capital == 0.09
    # 26,700 USD, of which 0.109546 a year over 20 years at 9 %, for a tonne worth 60,000.
    assert capital_share(technology, 60.0, 0.09) == pytest.approx(26700 * 0.109546 / 60000, rel=1e-5)


def test_hurdles__fall_with_the_cost_of_capital_and_never_below_the_dead_zone(growing: Reference) -> None:
    found = expansion_arrays(growing, 0.5)
    builders, hurdle = found.builders, found.building.hurdle
    assert np.all(hurdle == hurdle[:, :1])
    rows = {(row.recipe_name, row.region): index for index, row in enumerate(growing.processes)}
    assert hurdle.min() == 0.05
    # A blank made outside China costs more than it brings today; a Chinese one does not.
    assert hurdle[rows["sinter_std", "EU"], 0] > 0.05 == hurdle[rows["sinter_std", "CN"], 0]
    assert builders.premium[rows["sinter_std", "EU"]] > 5 * builders.premium[rows["sinter_std", "CN"]]


def test_stages__of_a_new_mine_take_six_years_and_more(growing: Reference) -> None:
    building = expansion_arrays(growing, 0.5).building
    for index, row in enumerate(growing.processes):
        if growing.scenario.tables.stage(row.recipe_name) == "mining":
            months = 1.0 / building.permit[index, 0] + 3.0 / building.construction[index, 0]
            assert months >= (31.0 if row.region == "CN" else 78.0) - 1e-9


def test_growth__of_a_process_waits_for_its_last_announced_project(growing: Reference) -> None:
    found = expansion_arrays(growing, 0.5)
    rows = growing.scenario.tables.projects
    index = growing.process_at["mine_monazite", "AU"]
    starts = [row.start for row in rows if (row.recipe, row.region) == ("mine_monazite", "AU")]
    last = 2 * int(growing.scenario.time.months_to(max(starts)))
    own, trend = found.building.growth[index], growing.trend.process[index]
    # Stocks grow with demand from the first period on, so makers begin above the reference, with projects or without.
    assert trend[0] > 1.02
    np.testing.assert_allclose(own[: last + 1], trend[0], rtol=1e-12)
    np.testing.assert_allclose(own[last:] / trend[last:], trend[0] / trend[last])
    alone = growing.process_at["mine_clay", "CN"]
    np.testing.assert_array_equal(found.building.growth[alone], growing.trend.process[alone])


def test_steps__are_a_month_at_any_period(growing: Reference) -> None:
    for periods_per_year, stride in ((12, 1), (24, 2), (52, 4)):
        assert int(expansion_arrays(growing, 12 / periods_per_year).building.stride) == stride
