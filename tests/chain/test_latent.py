"""Routes unused in the reference: which exist, how large they are, what they pay."""

from __future__ import annotations

import pytest

import sim
from sim.chain import Reference, build
from sim.chain.latent import latent_routes


def sums(reference: Reference) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """Production and use of every market."""
    flows = reference.flows
    made = dict(zip(reference.markets, flows.production, strict=True))
    used = dict(zip(reference.markets, flows.intake + flows.sales, strict=True))
    return made, used


def test_latent_routes__open_wherever_a_maker_of_some_size_could_reach_a_new_user(still: Reference) -> None:
    made, used = sums(still)
    legs = {(row.origin, row.destination) for row in still.scenario.tables.transport}
    stages = {row.product: row.stage for row in still.scenario.tables.products}
    real = {(r.product, r.origin, r.destination) for r in still.routes if r.flow > 0.0}
    expected = {
        (product, origin, destination): 0.02 * min(made[product, origin], used[product, destination])
        for product in stages
        for origin, destination in legs
        if stages[product] != "scrap"
        and made.get((product, origin), 0.0) > 0.0
        and used.get((product, destination), 0.0) > 0.0
        and made[product, origin] >= 0.5 * used[product, destination]
        and (product, origin, destination) not in real
    }
    latent = {(r.product, r.origin, r.destination): r.latent for r in still.routes if r.latent > 0.0}
    assert latent == pytest.approx(expected, rel=1e-12)
    assert len(latent) > 100
    assert all((route.flow > 0.0) != (route.latent > 0.0) for route in still.routes)


def test_latent_routes__pay_the_lowest_duty_on_the_product_out_of_their_origin(still: Reference) -> None:
    rows = still.scenario.tables.routes
    taxed = 0
    for route in still.routes:
        duties = [row.duty for row in rows if (row.product, row.origin) == (route.product, route.origin)]
        if route.latent > 0.0:
            assert route.duty == min(duties, default=0.0)
            taxed += route.duty > 0.0
    assert taxed > 0


def test_latent_routes__follow_the_share_of_the_parameters() -> None:
    none = build(sim.load("still", overrides=["parameters.latent_share=0.0"]))
    assert all(route.flow > 0.0 for route in none.routes)
    double = build(sim.load("still", overrides=["parameters.latent_share=0.04"]))
    single = build(sim.load("still"))
    for one, two in zip(single.routes, double.routes, strict=True):
        assert two.latent == pytest.approx(2.0 * one.latent, rel=1e-12)


def test_latent_routes__by_hand(tiny) -> None:
    tables = tiny().scenario.tables  # one leg, A to B
    made = {("magnet", "A"): 30.0, ("magnet", "B"): 20.0, ("ore", "A"): 100.0, ("oxide", "A"): 3.0}
    taken = {("magnet", "A"): 25.0, ("magnet", "B"): 25.0, ("oxide", "B"): 8.0}
    assert latent_routes(tables, set(), made, taken, 0.1) == [("magnet", "A", "B", 2.5)]
    assert latent_routes(tables, {("magnet", "A", "B")}, made, taken, 0.1) == []
    made["oxide", "A"] = 4.0  # half of what B uses, so worth a route, but no more than is made
    assert ("oxide", "A", "B", 0.4) in latent_routes(tables, set(), made, taken, 0.1)
