"""Service demand along time: paths worked by hand, and the paths of the bundled chain against their sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.chain import Reference, build
from sim.chain.demand import log_index, service_demand
from sim.scenario import parse
from sim.scenario.dynamics import DemandPathRow

DATA = Path(__file__).parents[1] / "scenario" / "data"
LIGHT = ("catalysts", "polishing_glass", "metallurgy_battery")


def tiny(start: str, *paths: tuple[str, int, float], growth: bool = True) -> Reference:
    """The two-region example, whose one sector grows by 5 % a year, under the paths given as region, year and index."""
    time = {"start": start, "years": 4.0}
    scenario = parse({"title": "test", "chain": "tiny", "growth": growth, "time": time}, folder=DATA)
    rows = tuple(
        DemandPathRow.model_validate(
            {"sector": "motors", "region": region, "year": year, "index": index, "source": "x", "confidence": "made_up"}
        )
        for region, year, index in paths
    )
    scenario._tables = replace(scenario.tables, demand_paths=rows)
    return build(scenario)


def test_service_demand__without_a_path_grows_at_the_rate_of_the_sector() -> None:
    years = np.linspace(0.0, 4.0, 9)
    np.testing.assert_allclose(service_demand(tiny("2025-01"), years), np.tile(1.05**years, (2, 1)))


def test_service_demand__passes_through_the_means_of_years() -> None:
    # The base year is 2024, so from its middle to that of 2026 and of 2027.
    factors = service_demand(tiny("2024-07", ("all", 2026, 1.21), ("all", 2027, 1.5)), np.array([0.0, 1.0, 2.0, 3.0]))
    np.testing.assert_allclose(factors, np.tile([1.0, 1.1, 1.21, 1.5], (2, 1)))


def test_service_demand__grows_at_the_rate_outside_the_path() -> None:
    factors = service_demand(tiny("2026-07", ("all", 2026, 1.21)), np.array([0.0, 2.0]))
    np.testing.assert_allclose(factors, np.tile([1.0, 1.05**2], (2, 1)))
    early = service_demand(tiny("2020-07", ("all", 2026, 1.21)), np.array([0.0, 4.0, 6.0]))
    np.testing.assert_allclose(early, np.tile([1.0, 1.05**4, 1.05**4 * 1.21], (2, 1)))


def test_service_demand__takes_the_path_of_the_region() -> None:
    reference = tiny("2024-07", ("all", 2026, 1.1), ("B", 2026, 3.0))
    demand = service_demand(reference, np.array([0.0, 2.0]))
    factors = {use.region: row[1] for use, row in zip(reference.uses, demand, strict=True)}
    assert factors == pytest.approx({"A": 1.1, "B": 3.0})


def test_service_demand__stays_without_growth() -> None:
    reference = tiny("2024-07", ("all", 2026, 3.0), growth=False)
    assert np.all(service_demand(reference, np.arange(5.0)) == 1.0)
    assert np.all(np.abs(reference.trend.use - 1.0) < 1e-12)


def test_trend__supplies_what_a_path_that_bends_needs() -> None:
    # Demand grows by half in the year from the middle of 2025 on and not at all elsewhere in the path: supply leads
    # while stocks are built, and is back at demand after.
    trend = tiny("2024-07", ("all", 2025, 1.0), ("all", 2026, 1.5), ("all", 2030, 1.5)).trend
    press = trend.process[-1] / trend.use[0]
    year = 24
    assert press[:6] == pytest.approx(1.0, abs=0.02)
    assert press[year + 12] > 1.03
    assert press[3 * year + 12 :] == pytest.approx(1.0, abs=0.02)


def test_log_index__is_one_in_the_base_year() -> None:
    assert log_index({2030: 2.0}, 2024, 0.1, np.array([2024.5]))[0] == 0.0


def magnets(reference: Reference, region: str | None, years: np.ndarray) -> np.ndarray:
    factors = service_demand(reference, years)
    rows = [
        (use.demand, row)
        for use, row in zip(reference.uses, factors, strict=True)
        if use.sector not in LIGHT and region in (None, use.region)
    ]
    return np.asarray(sum(demand * row for demand, row in rows) / sum(demand for demand, _ in rows))


def test_bundled__us_magnet_demand_more_than_doubles_from_2020_to_2030() -> None:
    reference = build(sim.load("baseline", overrides=["time.start=2024-07"]))
    multiple = magnets(reference, "US", np.array([0.0, 6.0]))[1]
    # 16.1 to 37.0 kt in ten years (DOE 2022), at a constant rate, of which six years from 2024.
    assert multiple == pytest.approx((37.0 / 16.1) ** 0.6, rel=1e-3)
    assert multiple ** (10 / 6) > 2.0


def test_bundled__world_magnet_demand_grows_as_in_published_outlooks() -> None:
    reference = build(sim.load("baseline", overrides=["time.start=2024-07"]))
    rate = magnets(reference, None, np.array([0.0, 6.0]))[1] ** (1 / 6) - 1.0
    # 7.4 % a year from 130 to 265 kt in 2020-30 (Lynas) and 8.7 % in 2024-40 (Adamas).
    assert 0.074 <= rate <= 0.092
