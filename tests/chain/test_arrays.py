"""The chain as the core takes it: units, shares that add up, and indices that point at what they mean."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.chain import Reference, build
from sim.chain.arrays import core_arrays
from sim.core import allocate, fields, loop
from sim.core.state import Chain, Record
from sim.engine.chunk import Clock
from sim.projects import followed
from sim.shocks import sample


@pytest.fixture(scope="module")
def chain(still: Reference) -> Chain:
    return core_arrays(still, np.float64)


def per(begin: np.ndarray, end: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.array([values[first:last].sum() for first, last in zip(begin, end, strict=True)])


def test_core_arrays__shares_add_up(still: Reference, chain: Chain) -> None:
    markets, processes, routes = chain.markets, chain.processes, chain.routes
    count = markets.outflow.size
    np.testing.assert_allclose(per(processes.output_begin, processes.output_end, chain.outputs.share), 1.0, rtol=1e-12)
    supplied = np.bincount(routes.destination, routes.supply_share, count) + markets.local_share
    np.testing.assert_allclose(supplied, 1.0, rtol=1e-9)
    imported = np.bincount(routes.destination, routes.import_share, count)
    buys = np.bincount(routes.destination, routes.flow, count) > 0.0
    np.testing.assert_allclose(imported[buys], 1.0, rtol=1e-9)
    np.testing.assert_array_equal(imported[~buys], 0.0)
    costed = np.bincount(chain.outputs.market, chain.outputs.cost_weight, count)
    np.testing.assert_allclose(costed[markets.local_share > 0.0], 1.0, rtol=1e-9)
    spent = per(processes.input_begin, processes.input_end, chain.inputs.share)
    np.testing.assert_allclose(spent + processes.fixed_share, 1.0, rtol=1e-9)
    assert np.all(processes.fixed_share > 0.0)  # every maker earns something on its inputs


def test_core_arrays__outflow_is_all_claims_of_the_reference(chain: Chain) -> None:
    markets, processes, routes, uses = chain.markets, chain.processes, chain.routes, chain.uses
    count = markets.outflow.size
    runs = np.repeat(processes.activity, processes.input_end - processes.input_begin)
    claims = np.bincount(chain.inputs.market, chain.inputs.coefficient * runs, count)
    claims += np.bincount(routes.origin, routes.flow, count) + np.bincount(uses.market, uses.demand, count)
    np.testing.assert_allclose(claims + markets.disposal, markets.outflow, rtol=1e-9)
    makes = np.repeat(processes.activity, processes.output_end - processes.output_begin)
    arrives = np.bincount(chain.outputs.market, chain.outputs.coefficient * makes, count)
    arrives += np.bincount(routes.destination, routes.flow, count)
    np.testing.assert_allclose(arrives, markets.outflow, rtol=1e-9)


def test_core_arrays__are_monthly_and_in_the_units_of_the_model(still: Reference, chain: Chain) -> None:
    process = next(i for i, row in enumerate(still.processes) if row.name == "finish_hc_eu")
    assert chain.processes.activity[process] == pytest.approx(still.processes[process].activity / 12.0)
    market = still.at["magnet_hc", "EU"]
    product = still.products["magnet_hc"]
    assert chain.markets.price[market] == product.price_usd_per_kg
    users = chain.uses.market == market
    held = chain.markets.inventory[market] + (chain.uses.cover * chain.uses.demand)[users].sum()
    assert held == pytest.approx(product.cover_months * chain.markets.outflow[market])
    pooled = chain.markets.inventory[market] / chain.markets.outflow[market]
    release = 1 - np.exp(-0.5 / (0.7 * pooled))
    assert chain.markets.release[market] == pytest.approx(release, rel=1e-12)
    places = [(row.product, row.origin, row.destination) for row in still.routes]
    route = places.index(("la_oxide", "CN", "JP"))
    leg, duty = still.transport["CN", "JP"], still.routes[route].duty
    assert duty > 0.0
    taxed = still.products["la_oxide"].price_usd_per_kg * (1.0 + duty)
    landed = taxed + leg.freight_usd_per_kg
    assert chain.routes.origin_share[route] == pytest.approx(taxed / landed)
    assert chain.routes.per_landed[route] == pytest.approx(1.0 / landed)


def test_core_arrays__anchor_prices_on_net_imports(chain: Chain) -> None:
    markets, routes = chain.markets, chain.routes
    count = markets.outflow.size
    bought = np.bincount(routes.destination, routes.flow, count)
    sold = np.bincount(routes.origin, routes.flow, count)
    expected = np.minimum(1.0, 2.0 * np.maximum(bought - sold, 0.0) / markets.outflow)
    local = markets.local_share > 0.0
    np.testing.assert_allclose(markets.import_weight[local], expected[local], atol=1e-9)
    np.testing.assert_array_equal(markets.import_weight[~local], 1.0)


def test_core_arrays__feel_threats_in_full_down_to_metal(still: Reference, chain: Chain) -> None:
    for (product, _), scale in zip(still.markets, chain.markets.alarm_scale, strict=True):
        upstream = product.endswith(("_oxide", "_metal")) or product in ("bastnaesite", "monazite", "ionic_clay")
        assert scale == (1.0 if upstream else 0.32)


def test_core_arrays__point_substitutes_at_uses_of_the_same_sector_and_region(still: Reference, chain: Chain) -> None:
    found = 0
    for row, other in zip(still.uses, chain.uses.substitute, strict=True):
        if not row.substitute:
            assert other == -1
        elif other >= 0:
            there = still.uses[other]
            assert (there.sector, there.region, there.product) == (row.sector, row.region, row.substitute)
            found += 1
    assert found > 0


def test_core_arrays__respond_as_mines_only_without_inputs(still: Reference, chain: Chain) -> None:
    for row, response in zip(still.processes, chain.processes.response, strict=True):
        assert response == (0.25 if row.name.startswith(("mine_", "collect_")) else 0.8)


def _columns(part: object) -> list[np.ndarray]:
    """All plain arrays of nested tuples and records."""
    if isinstance(part, np.recarray):
        return [np.asarray(part[name]) for name in part.dtype.names]
    if isinstance(part, tuple):
        return [column for inner in part for column in _columns(inner)]
    return [np.asarray(part)]


def test_core_arrays__come_in_one_precision(still: Reference) -> None:
    for kind in (np.float32, np.float64):
        for column in _columns(core_arrays(still, kind)):
            assert column.dtype in (kind, np.int32)
            assert np.all(np.isfinite(column))


def test_leaders__stand_for_uses_that_feel_the_same_price_in_the_same_way() -> None:
    # Sharing what a price leaves of demand saves work; it must change no bit of what any use wants, gives up or lacks.
    scenario = sim.load("controls_2025")
    reference = build(scenario)
    chain = core_arrays(reference)
    alone = chain.uses.copy()
    alone.leader[:] = np.arange(alone.size)
    assert 2 * (alone.leader == chain.uses.leader).sum() < alone.size
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    events = sample(scenario, reference, first=0, runs=32, seed=1).events(clock.dt)
    projects = followed(reference, first=0, runs=32, seed=1)
    found = []
    for each in (chain, chain._replace(uses=alone)):
        block, record = allocate.block_at_reference(each, 32), allocate.monthly_record(each, 24, 1, 32)
        loop.simulate(
            *(each, events, projects, 0, 0, 48, clock.months, clock.weights, block, allocate.of_block(record, 0))
        )
        found.append((record, block))
    for name in Record._fields:
        assert np.array_equal(getattr(found[0][0], name), getattr(found[1][0], name)), name
    for field in (fields.DESIRED, fields.DESTROYED, fields.REPLACED, fields.RATIONED):
        assert found[0][1].use[field].any() and np.array_equal(found[0][1].use[field], found[1][1].use[field])
