"""What restrictions act on: routes, processes and markets of the example, with weights worked by hand.

In the example A mines 100 t of ore, separates 20 t of oxide (and 70 t of the rest), sends 8 t of oxide to B, which has
no other, and 5 t of magnets of the 25 t that B takes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim.chain import Reference
from sim.chain.rules import Restricted, Target, restriction_arrays, target
from sim.core.state import BAN, DUMPING, DUTY, LICENSING, OUTAGE, PRODUCTION_QUOTA, QUOTA
from sim.errors import ScenarioError

Tiny = Callable[..., Reference]
BAN_OXIDE = {"kind": "ban", "products": ["oxide"], "cut": 0.5}


def found(reference: Reference, name: str = "it") -> Target:
    return target(reference, reference.scenario.restrictions[name])


def routes(reference: Reference, hit: Target) -> dict[str, Any]:
    """Weights by product of the routes from A to B."""
    assert all((reference.routes[i].origin, reference.routes[i].destination) == ("A", "B") for i in hit.routes)
    return {reference.routes[i].product: weights for i, weights in hit.routes.items()}


def markets(reference: Reference, hit: Target) -> dict[tuple[str, str], Any]:
    return {reference.markets[i]: weights for i, weights in hit.markets.items()}


def test_target__of_a_ban_is_its_routes_with_the_weight_of_the_destination(tiny: Tiny) -> None:
    profile = {"recovery_months": 3.0, "recovers_to": {"B": 0.2}}
    ban = BAN_OXIDE | {"products": ["oxide", "magnet"], "towards": {"B": 0.5}, "profile": profile}
    reference = tiny(it=ban)
    hit = found(reference)
    assert routes(reference, hit) == {"oxide": pytest.approx((0.5, 0.1)), "magnet": pytest.approx((0.5, 0.1))}
    at_risk = {("oxide", "B"): pytest.approx((0.5, 0.1)), ("magnet", "B"): pytest.approx((0.2 * 0.5, 0.2 * 0.1))}
    assert markets(reference, hit) == at_risk
    assert hit.processes == () and hit.flow == pytest.approx(13.0)


def test_target__of_a_duty_puts_no_supply_at_risk(tiny: Tiny) -> None:
    reference = tiny(it={"kind": "export_duty", "products": ["oxide"], "rate": 0.3})
    hit = found(reference)
    assert routes(reference, hit) == {"oxide": pytest.approx((1.0, 0.0))} and not hit.markets


def test_target__of_a_crossing_is_routes_and_of_capacity_processes(tiny: Tiny) -> None:
    reference = tiny(
        crossing={"kind": "outage", "acts_on": "crossing", "products": ["oxide"], "cut": 0.5},
        capacity={"kind": "outage", "products": ["oxide"], "cut": 0.5},
    )
    crossing, capacity = found(reference, "crossing"), found(reference, "capacity")
    assert set(routes(reference, crossing)) == {"oxide"} and crossing.processes == ()
    assert capacity.routes == {} and [reference.processes[i].name for i in capacity.processes] == ["separate"]


def test_target__of_a_process_reaches_what_it_makes_and_who_buys_it(tiny: Tiny) -> None:
    reference = tiny(it={"kind": "production_quota", "products": ["oxide"], "quota": {"t_per_year": 15.0}})
    hit = found(reference)
    whole = pytest.approx((1.0, 1.0))
    assert markets(reference, hit) == {("oxide", "A"): whole, ("rest", "A"): whole, ("oxide", "B"): whole}
    assert hit.flow == pytest.approx(20.0)
    pressed = tiny(it={"kind": "outage", "products": ["magnet"], "cut": 0.5})
    share = pytest.approx((0.2, 0.2))  # B makes the other 20 t itself
    assert markets(pressed, found(pressed)) == {("magnet", "A"): whole, ("magnet", "B"): share}


def test_target__of_a_growing_chain_grows_with_it(tiny: Tiny) -> None:
    reference = tiny(growth=True, it=BAN_OXIDE)
    growth = found(reference).growth
    assert growth[72] / growth[0] == pytest.approx(1.05**3, rel=2e-3)
    np.testing.assert_allclose(found(tiny(it=BAN_OXIDE)).growth, 1.0, atol=1e-9)


def test_target__of_a_sound_scenario_is_never_empty(tiny: Tiny) -> None:
    """A restriction that hits nothing is worse than a fault: it looks like safety."""
    try:
        reference = tiny(it={"kind": "production_quota", "products": ["rest"], "quota": {"t_per_year": 35.0}})
    except ScenarioError as error:
        assert "hits nothing" in str(error)
    else:
        hit = found(reference)
        assert hit.processes and hit.flow > 0.0


KINDS: dict[str, tuple[int, dict[str, Any]]] = {
    "ban": (BAN, {"products": ["oxide"], "cut": 0.5, "leakage": 0.1}),
    "licensing": (LICENSING, {"products": ["oxide"], "cut": 0.5, "processing_months": 2.0, "throughput": 0.8}),
    "export_quota": (QUOTA, {"products": ["magnet", "oxide"], "quota": {"t_per_year": 5.0}, "leakage": 0.3}),
    "export_duty": (DUTY, {"products": ["magnet"], "rate": 0.2}),
    "production_quota": (PRODUCTION_QUOTA, {"products": ["ore"], "quota": {"share_of_reference": 0.8}}),
    "outage": (OUTAGE, {"products": ["ore", "magnet"], "cut": 0.5, "threat": 0.25}),
}


@pytest.fixture
def all_kinds(tiny: Tiny) -> tuple[Reference, Restricted]:
    reference = tiny(**{kind: {"kind": kind, **given} for kind, (_, given) in KINDS.items()})
    return reference, restriction_arrays(reference, 0.5)


def rows(begin: np.ndarray, end: np.ndarray, values: np.ndarray) -> list[list[Any]]:
    return [values[first:last].tolist() for first, last in zip(begin, end, strict=True)]


def test_restriction_arrays__carry_the_numbers_of_every_kind(all_kinds: Any) -> None:
    _, found = all_kinds
    rules = found.rules
    assert rules.kind.tolist() == [code for code, _ in KINDS.values()]
    np.testing.assert_allclose(rules.leakage, [0.1, 0.0, 0.3, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(rules.throughput[1], 0.8)
    np.testing.assert_allclose(rules.threat, [1, 1, 1, 1, 1, 0.25])


def test_restriction_arrays__set_the_pace_of_licences_and_say_which_routes_pay(all_kinds: Any) -> None:
    reference, found = all_kinds
    crossings = found.crossings
    products = [reference.routes[i].product for i in crossings.route]
    at = {product: row for row, product in enumerate(products)}
    assert crossings.licensed[at["oxide"]] == 1 and crossings.licensed[at["magnet"]] == 0
    assert crossings.decide[at["oxide"]] == pytest.approx(1 - np.exp(-0.5 / 2.0))
    # A steady inflow over the period: 1 less the mean of exp(-t / 2 months) over half a month.
    assert crossings.decide_fresh[at["oxide"]] == pytest.approx(1 - 4.0 * (1 - np.exp(-0.25)))
    assert crossings.taxed.tolist() == [1, 1]


def test_restriction_arrays__give_every_restricted_route_and_process_one_row(all_kinds: Any) -> None:
    reference, found = all_kinds
    rules, routes, plants = found.rules, found.crossings.route, found.plants
    by_product = [reference.routes[i].product for i in routes]
    assert sorted(by_product) == ["magnet", "oxide"]
    pairs = rows(rules.route_begin, rules.route_end, found.route_pairs.target)
    assert [sorted(by_product[c] for c in each) for each in pairs] == [
        ["oxide"], ["oxide"], ["magnet", "oxide"], ["magnet"], [], [],
    ]  # fmt: skip
    weights = rows(rules.route_begin, rules.route_end, found.route_pairs.weight)
    assert weights == [[1.0], [1.0], [1.0, 1.0], [1.0], [], []]
    names = [(reference.processes[i].name, reference.processes[i].region) for i in plants]
    struck = rows(rules.plant_begin, rules.plant_end, found.plant_pairs.target)
    assert [sorted(names[c] for c in each) for each in struck] == [
        [], [], [], [], [("mine", "A")], [("mine", "A"), ("press", "A")],
    ]  # fmt: skip
    for table, controlled in ((found.route_control, routes), (found.process_control, plants)):
        assert [table[i] for i in controlled] == list(range(len(controlled)))
        assert np.count_nonzero(table >= 0) == len(controlled)
    assert np.count_nonzero(found.process_control == -1) == 2


def test_restriction_arrays__point_risks_at_markets(all_kinds: Any) -> None:
    reference, found = all_kinds
    rules, pairs = found.rules, found.market_pairs
    names = [{reference.markets[m] for m in each} for each in rows(rules.market_begin, rules.market_end, pairs.target)]
    assert names[:4] == [{("oxide", "B")}, {("oxide", "B")}, {("oxide", "B"), ("magnet", "B")}, set()]
    assert names[4] == {("ore", "A")} and names[5] == {("ore", "A"), ("magnet", "A"), ("magnet", "B")}
    assert np.all((pairs.weight > 0.0) & (pairs.weight <= 1.0 + 1e-12))


def test_restriction_arrays__are_empty_without_restrictions(tiny: Tiny) -> None:
    found = restriction_arrays(tiny(), 0.5)
    assert found.rules.kind.size == found.route_pairs.target.size == found.plants.size == 0
    assert np.all(found.route_control == -1) and np.all(found.process_control == -1)


def test_target__of_dumping_is_routes_and_makers_and_puts_nothing_at_risk(tiny: Tiny) -> None:
    profile = {"recovery_months": 3.0, "recovers_to": {"B": 0.2, "default": 0.5}}
    given = {"kind": "dumping", "products": ["oxide"], "discount": 0.5, "on_price": 0.8, "on_cost": 0.3}
    reference = tiny(it=given | {"profile": profile, "towards": {"B": 0.5}})
    hit = found(reference)
    assert routes(reference, hit) == {"oxide": pytest.approx((0.4, 0.08))}
    assert [reference.processes[i].name for i in hit.processes] == ["separate"]
    assert hit.on_processes == pytest.approx((0.3, 0.15)) and hit.markets == {}
    unpaid = tiny(it=given | {"on_cost": 0.0})
    assert found(unpaid).processes == () and found(unpaid).routes
    rules = restriction_arrays(reference, 0.5)
    assert rules.rules.kind.tolist() == [DUMPING] and rules.crossings.taxed.tolist() == [1]
    np.testing.assert_allclose([rules.plant_pairs.weight[0], rules.plant_pairs.weight_after[0]], [0.3, 0.15])


def test_restriction_arrays__take_a_vat_wedge_for_a_duty(tiny: Tiny) -> None:
    wedge = {"kind": "vat_wedge", "products": ["oxide"]}
    both = [restriction_arrays(tiny(it=row), 0.5) for row in (wedge, wedge | {"kind": "export_duty", "rate": 0.13})]
    for part in ("rules", "route_pairs", "market_pairs", "crossings"):
        for one, other in zip(*(getattr(found, part) for found in both), strict=True):
            assert np.array_equal(one, other), part


def test_restriction_arrays__carry_leakage_and_licences_in_periods(tiny: Tiny) -> None:
    leak = {"leakage": 0.1, "leakage_grown": 0.4, "leakage_months": 8.0}
    spill = {"products": ["magnet"], "share": 0.5, "months": 2.0}
    papers = {"kind": "licensing", "products": ["oxide"], "cut": 0.5, "profile": {"recovery_months": 3.0}}
    papers |= {"validity_months": 6.0, "renewal": 0.7, "filed_early": 0.4, "spillover": spill} | leak
    found = restriction_arrays(tiny(one=papers, two=papers | {"filed_early": 0.2, "spillover": None}), 0.5)
    rules = found.rules
    assert rules.kind.tolist() == [LICENSING, LICENSING, BAN]
    np.testing.assert_allclose(rules.leakage, 0.1)
    np.testing.assert_allclose(rules.leakage_grown, 0.4)
    np.testing.assert_allclose(rules.leakage_pace, 1 / 16)
    np.testing.assert_allclose(rules.validity, [12.0, 12.0, 0.0])
    np.testing.assert_allclose(rules.lapse, [0.3, 0.3, 0.0])
    # Oxide needs a licence, of which the smallest share filed early counts; magnets are only held.
    assert sorted(found.crossings.filed.tolist()) == [0.0, pytest.approx(0.2)]
