"""Inventories, pipelines and covers of the reference."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.chain import build
from sim.chain.arrays import core_arrays, delays, pipeline_rows
from sim.chain.stocks import buyers, cover_needed, covers, inbound, mean_cover
from sim.core import allocate


def released(cover, dt: float, share: float):
    """Months of outflow released in a period from a stock of `cover` and a period of steady arrivals.

    The stock decays; of arrivals spread evenly over the period, the mean over all moments of arrival has left.
    """
    moments = (np.arange(20_000) + 0.5) / 20_000 * dt
    left = np.array([1 - np.exp(-moments / (share * c)).mean() for c in np.atleast_1d(cover)])
    return np.squeeze(cover * (1 - np.exp(-dt / (share * np.asarray(cover)))) + dt * left)


@pytest.mark.parametrize(
    ("periods_per_year", "users", "raises"), [(12, 0.0, False), (24, 0.5, False), (52, 0.5, False), (24, 1.0, True)]
)
def test_covers__are_raised_only_where_the_step_would_outrun_them(
    periods_per_year: int, users: float, raises: bool
) -> None:
    keys = [f"time.periods_per_year={periods_per_year}", f"parameters.users_cover={users}"]
    reference = build(sim.load("still", overrides=keys))
    given, used = covers(reference)
    dt, share = 12.0 / periods_per_year, reference.scenario.parameters.release_share
    pooled = given.copy()
    for use in reference.uses:
        at = reference.at[use.product, use.region]
        pooled[at] -= users * given[at] * use.demand / reference.flows.outflow[at]
    enough = released(np.maximum(pooled, 1e-9), dt, share) >= 1.1 * dt
    np.testing.assert_allclose(used[enough], pooled[enough], rtol=1e-12)
    assert np.all(used[~enough] > pooled[~enough])
    assert (~enough).any() == raises
    # The release of the reference inventory against the outflow of a period.
    assert np.all(released(used, dt, share) >= 1.1 * dt * (1 - 1e-9))


@pytest.mark.parametrize(("dt", "share"), [(1.0, 0.6), (0.5, 0.6), (12 / 52, 0.6), (0.5, 0.2), (1.0, 0.9)])
def test_cover_needed__releases_a_tenth_more_than_a_period_needs(dt: float, share: float) -> None:
    cover = cover_needed(dt, share)
    assert released(cover, dt, share) == pytest.approx(1.1 * dt, rel=1e-8)  # the mean over moments is that exact
    assert cover_needed(2 * dt, share) == pytest.approx(2 * cover, rel=1e-9)


def test_delays__split_months_into_whole_periods_and_a_part() -> None:
    whole, part = delays(np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.3]), 0.5)
    np.testing.assert_array_equal(whole, [1, 1, 1, 1, 2, 2])
    np.testing.assert_allclose(part, [0.0, 0.0, 0.0, 0.5, 0.0, 0.6], atol=1e-12)
    months = np.array([0.35, 0.9, 1.3, 2.2])
    for dt in (1.0, 0.5, 12 / 52):
        whole, part = delays(months, dt)
        np.testing.assert_allclose((whole + part) * dt, np.maximum(months, dt), rtol=1e-9)
        assert np.all((part >= 0.0) & (part < 1.0) & (whole >= 1))


def test_pipeline_rows__reach_as_far_ahead_as_the_slowest_arrival(tiny) -> None:
    reference = tiny()
    rows = dict(zip(reference.markets, pipeline_rows(reference, 0.4).tolist(), strict=True))
    assert rows["ore", "A"] == 3  # a month is two steps and a half
    assert set(pipeline_rows(reference, 1.0)) == {1}


def test_inbound__is_what_is_made_and_shipped_over_its_lead_time(tiny) -> None:
    reference = tiny()
    found = dict(zip(reference.markets, inbound(reference, 0.5), strict=True))
    # A month of each: in A what is made, in B 8 t of oxide and 20 + 5 t of magnets.
    monthly = {("ore", "A"): 100, ("oxide", "A"): 20, ("rest", "A"): 70, ("magnet", "A"): 30}
    monthly |= {("oxide", "B"): 8, ("magnet", "B"): 25}
    assert found == pytest.approx({market: tonnes / 12.0 for market, tonnes in monthly.items()})
    slow = dict(zip(reference.markets, inbound(reference, 2.0), strict=True))
    assert slow["ore", "A"] == pytest.approx(2 * found["ore", "A"])  # no less than a period


def test_inbound__equals_what_the_pipelines_start_with(still) -> None:
    chain = core_arrays(still, np.float64)
    block = allocate.block_at_reference(chain, 1)
    found = np.add.reduceat(block.pipeline[:, 0], chain.markets.pipeline)
    np.testing.assert_allclose(found, chain.markets.inbound, rtol=1e-9, atol=1e-12)


def test_buyers__hold_the_part_of_the_inventory_asked_for_as_their_covers_are_spread() -> None:
    alone = build(sim.load("still", overrides=["parameters.users_cover=0"]))
    use = next(use for use in alone.uses if use.sector == "traction")
    assert buyers(alone, use) == [(1.0, 0.0)]
    stocked = build(sim.load("still", overrides=["parameters.users_cover=0.5"]))
    rows = [row for row in stocked.scenario.tables.cohorts if row.sector == "traction"]
    found = buyers(stocked, use)
    assert len(found) == len(rows) > 2
    assert [share for share, _ in found] == [row.share for row in rows]
    weeks = np.array([row.cover_weeks for row in rows])
    np.testing.assert_allclose([cover for _, cover in found] / weeks, found[0][1] / weeks[0], rtol=1e-12)
    assert mean_cover(stocked, use) == pytest.approx(0.5 * stocked.products[use.product].cover_months)
    chain = core_arrays(stocked, np.float64)
    shares = np.add.reduceat(chain.cohorts.share, chain.uses.cohort_begin)
    np.testing.assert_allclose(shares, 1.0, rtol=1e-12)


def test_buyers__and_markets_hold_together_what_markets_hold_alone() -> None:
    total = []
    for users in (0.0, 0.5):
        reference = build(sim.load("still", overrides=[f"parameters.users_cover={users}"]))
        chain = core_arrays(reference, np.float64)
        held = chain.uses.cover * chain.uses.demand
        total.append(chain.markets.inventory + np.bincount(chain.uses.market, held, minlength=chain.markets.size))
    np.testing.assert_allclose(total[0], total[1], rtol=1e-9)
