"""The reference state of the bundled chain: balance, China's weight, and what reconciliation moved."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

import sim
from sim.chain import Reference, build
from sim.chain.reference import relative_gap
from sim.results.shares import chinese_shares

FIRM = ("verified", "verified in part", "verified (weak source)", "derived")
SLIGHT = 0.05


def balances(reference: Reference) -> np.ndarray:
    """Imbalance of every market over its supply, summed here from processes, routes, uses and disposal."""
    supply: defaultdict[tuple[str, str], float] = defaultdict(float)
    outflow: defaultdict[tuple[str, str], float] = defaultdict(float)
    for process in reference.processes:
        for product, coefficient in process.recipe.items():
            (supply if coefficient > 0 else outflow)[product, process.region] += abs(coefficient) * process.activity
    for route in reference.routes:
        outflow[route.product, route.origin] += route.flow
        supply[route.product, route.destination] += route.flow
    for use in reference.uses:
        outflow[use.product, use.region] += use.demand
    for market, tonnes in zip(reference.markets, reference.disposal, strict=True):
        outflow[market] += tonnes
    assert set(supply) | set(outflow) <= set(reference.markets)
    return np.array([(supply[market] - outflow[market]) / supply[market] for market in reference.markets])


def test_build__balances_every_market(still: Reference) -> None:
    assert np.abs(balances(still)).max() < 1e-9
    assert relative_gap(still) < 1e-9


def test_build__has_flows_that_add_up_to_the_same(still: Reference) -> None:
    flows = still.flows
    np.testing.assert_allclose(flows.supply, flows.outflow, rtol=1e-9)
    total = sum(use.demand for use in still.uses)
    assert flows.sales.sum() == pytest.approx(total, rel=1e-12)
    assert flows.exports.sum() == pytest.approx(flows.imports.sum(), rel=1e-12)


def made(reference: Reference, *products: str, region: str | None = None, start: str = "") -> float:
    return sum(
        process.activity * process.outputs[product]
        for process in reference.processes
        for product in products
        if product in process.outputs and region in (None, process.region) and process.name.startswith(start)
    )


def share(reference: Reference, *products: str, start: str = "") -> float:
    return made(reference, *products, region="CN", start=start) / made(reference, *products, start=start)


def test_build__gives_china_its_share_of_every_stage(still: Reference) -> None:
    magnets = ("magnet_std", "magnet_hc")
    sent = sum(route.flow for route in still.routes if route.product in magnets and route.origin == "CN")
    abroad = sum(
        process.activity * process.inputs.get("dy_metal", 0.0) for process in still.processes if process.region != "CN"
    )
    everywhere = sum(process.activity * process.inputs.get("dy_metal", 0.0) for process in still.processes)
    found = {
        "mining": (share(still, "bastnaesite", "monazite", "ionic_clay", start="mine_"), 0.60, 0.70),
        "primary separation": (share(still, "ndpr_oxide", start="separate_"), 0.86, 0.92),
        "metal": (share(still, "ndpr_metal"), 0.88, 0.93),
        "block": (share(still, "block_std", "block_hc"), 0.90, 0.94),
        "magnets exported": (sent / made(still, *magnets, region="CN"), 0.26, 0.33),
        "dysprosium abroad": (abroad / everywhere, 0.03, 0.10),
    }
    outside = {name: value for name, (value, low, high) in found.items() if not low <= value <= high}
    assert not outside
    reported = [row.value for row in chinese_shares(still)]
    np.testing.assert_allclose(reported, [value for value, _, _ in found.values()], rtol=1e-9)


def moved(reference: Reference) -> dict[tuple[str, ...], tuple[float, str]]:
    """Relative change and confidence of every row of the tables that survived."""
    tables = reference.scenario.tables
    now = {
        **{("activity", p.name, p.region): p.activity for p in reference.processes},
        **{("flow", r.product, r.origin, r.destination): r.flow for r in reference.routes if r.flow > 0.0},
        **{("use", u.sector, u.region, u.product): u.demand for u in reference.uses},
    }
    rows = [(("activity", p.process, p.region), p.activity_t_per_year, p.confidence) for p in tables.processes]
    rows += [(("flow", r.product, r.origin, r.destination), r.flow_t_per_year, r.confidence) for r in tables.routes]
    rows += [(("use", u.sector, u.region, u.product), u.demand_t_per_year, u.confidence) for u in tables.uses]
    return {key: (now.get(key, 0.0) / tonnes - 1.0, confidence) for key, tonnes, confidence in rows if tonnes > 0.0}


def test_build__moves_no_firm_row_by_a_twentieth_and_lists_all_others_it_moves(still: Reference) -> None:
    large = {key: change for key, (change, _) in moved(still).items() if abs(change) > SLIGHT}
    assert not [key for key in large if moved(still)[key][1] in FIRM]
    assert len(still.changes) == len(large)
    np.testing.assert_allclose(sorted(c.relative for c in still.changes), sorted(large.values()), rtol=1e-9)
    sizes = [abs(change.relative) for change in still.changes]
    assert sizes == sorted(sizes, reverse=True)


def test_build__drops_no_row_of_the_tables(still: Reference) -> None:
    assert min(change for change, _ in moved(still).values()) > -0.98


def test_build__keeps_the_published_utilisation(still: Reference) -> None:
    rows = still.scenario.tables.processes
    published = {(row.process, row.region): row.capacity_t_per_year / row.activity_t_per_year for row in rows}
    for process in still.processes:
        assert process.capacity / process.activity == pytest.approx(published[process.name, process.region], rel=1e-9)
        assert process.capacity >= process.activity


def test_build__is_the_same_for_scenarios_on_one_chain_and_another_for_another_draw(still: Reference) -> None:
    again = build(sim.load("controls_2025"))
    assert again.processes == still.processes and again.uses == still.uses
    other = build(sim.load("still", overrides=["ensemble.chain_draw=2"]))
    assert np.abs(balances(other)).max() < 1e-9
    assert {p.activity for p in other.processes}.isdisjoint({p.activity for p in still.processes})


def test_build__of_the_example_that_balances_changes_nothing(tiny) -> None:
    reference = tiny()
    assert reference.changes == ()
    activity = {(p.name, p.region): p.activity for p in reference.processes}
    expected = {("mine", "A"): 100, ("separate", "A"): 100, ("press", "A"): 30, ("press", "B"): 20}
    assert activity == pytest.approx(expected, rel=1e-9)
    assert [route.flow for route in reference.routes if route.flow > 0] == pytest.approx([8.0, 5.0])
    assert reference.disposal[reference.at["rest", "A"]] == pytest.approx(70.0)
    assert reference.unit_value(reference.processes[1]) == pytest.approx(0.2 * 60 + 0.7 * 1)
