"""Each instrument moves the drivers it should, and no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.chain import rules
from sim.core.state import Chain
from sim.policies.capital import annuity
from sim.scenario.policies import POLICY_KINDS
from tests.policies.conftest import Driven
from tests.scenario.test_provenance import toml


def policy(**keys: Any) -> str:
    return f"policies.tested={toml(keys)}"


PERMITS = {"kind": "permits", "regions": ["US"], "products": ["bastnaesite"], "most_months": 27}
GRANT = {"kind": "grant", "regions": ["US"], "products": ["magnet_std"], "share": 0.5}


def moved(before: Chain, after: Chain) -> set[str]:
    """Names of the parts of the chain that differ."""
    found = set()
    for name, old, new in zip(Chain._fields, before, after, strict=True):
        if isinstance(old, tuple):
            parts = zip(old._fields, old, new, strict=True)  # type: ignore[attr-defined]
            found |= {f"{name}.{part}" for part, one, other in parts if not np.array_equal(one, other)}
        elif not np.array_equal(old, new):
            found.add(name)
    return found - {f"drivers.{name}" for name in ("year", "years", "places", "senders", "accounts", "rate")}


EVERY = (
    {"kind": "tariff", "regions": ["US"], "origins": ["CN"], "products": ["magnet_std"], "rate": 0.25},
    {"kind": "alliance", "regions": ["US", "JP", "IN"]},
    {"kind": "offtake", "regions": ["JP"], "origin": "MY", "product": "ndpr_oxide", "tonnes_per_year": 2000},
    {"kind": "floor", "regions": ["US"], "product": "ndpr_oxide", "usd_per_kg": 110},
    {"kind": "credit", "regions": ["US"], "products": ["magnet_std"], "usd_per_kg": 20},
    GRANT,
    GRANT | {"kind": "loan", "rate": 0.04},
    PERMITS,
    {"kind": "hub", "regions": ["US"], "products": ["block_std"], "construction_factor": 0.5, "musd_per_year": 9},
    {"kind": "workforce", "regions": ["US"], "stages": ["block"], "people_per_year": 50},
    {"kind": "priority", "regions": ["US"], "sectors": ["wind"]},
    {"kind": "feed", "regions": ["US"], "recipe": "collect_eol", "tonnes_per_year": 500},
    {"kind": "research", "regions": ["US"], "sectors": ["wind"], "raises": 0.5},
    {"kind": "insurance", "regions": ["US"], "product": "ndpr_oxide", "strike_usd_per_kg": 50},
    {"kind": "guarantee", "regions": ["US"], "products": ["magnet_std"], "share": 0.5},
    {
        "kind": "demand_support",
        "regions": ["US"],
        "sectors": ["wind"],
        "products": ["magnet_std"],
        "share_of_price": 0.1,
    },
)
COORDINATED = {
    "kind": "alliance",
    "regions": ["US", "JP", "EU"],
    "products": ["magnet_std"],
    "firm_share": 0.5,
    "surge_share": 0.2,
}
TOUCHED = {
    "tariff": {"crossings", "drivers.levies"},
    "alliance": {"routes", "crossings", "drivers.levies"},
    "offtake": {"drivers.firms", "routes"},
    "floor": {"drivers.guarantees", "drivers.guarantee_starts"},
    "credit": {"drivers.credits", "drivers.credit_starts"},
    "grant": {"building.hurdle", "drivers.grants"},
    "loan": {"building.hurdle", "drivers.grants"},
    "permits": {"building.permit"},
    "hub": {"building.construction"},
    "workforce": {"building.trained"},
    "priority": {"drivers.rated"},
    "feed": {"building.growth"},
    "research": {"drivers.research", "uses"},
    "insurance": {"drivers.guarantees", "drivers.guarantee_starts"},
    "guarantee": {"building.hurdle", "drivers.debts"},
    "demand_support": {"drivers.aids", "drivers.aid_starts", "uses"},
}


def test_every__kind_of_instrument_is_tested() -> None:
    # Stockpiles are no drivers: `tests/engine/test_policies.py` has them.
    assert {terms["kind"] for terms in EVERY} == {*POLICY_KINDS} - {"stockpile"} == TOUCHED.keys()


@pytest.mark.parametrize("terms", EVERY, ids=lambda terms: str(terms["kind"]))
def test_driven__moves_what_the_instrument_is_for_and_no_more(with_policies: Driven, terms: dict[str, Any]) -> None:
    _, before, after = with_policies(policy(**terms))
    assert moved(before, after) == TOUCHED[terms["kind"]]


@pytest.mark.parametrize("terms", EVERY, ids=lambda terms: str(terms["kind"]))
def test_driven__leaves_the_chain_alone_at_strength_zero(with_policies: Driven, terms: dict[str, Any]) -> None:
    reference, before, after = with_policies(policy(**terms, strength=0))
    assert moved(before, after) == set() and after.drivers.rate.size == 0
    assert not any(reference.scenario.spares(row, "JP") for row in reference.scenario.restrictions.values())


@pytest.mark.parametrize("kind", ["research", "demand_support"])
def test_driven__parts_uses_that_a_programme_treats_otherwise(with_policies: Driven, kind: str) -> None:
    reference, before, after = with_policies(policy(**next(terms for terms in EVERY if terms["kind"] == kind)))
    changed = [
        use.sector == "wind" and use.region == "US" and (kind == "research" or use.product == "magnet_std")
        for use in reference.uses
    ]
    assert sum(changed) >= 1 and (before.uses.leader != np.arange(before.uses.size)).sum() > 50
    for u, leader in enumerate(after.uses.leader):
        alike = [
            other
            for other, use in enumerate(after.uses)
            if (use.market, use.elasticity, use.slow_elasticity, changed[other])
            == (after.uses.market[u], after.uses.elasticity[u], after.uses.slow_elasticity[u], changed[u])
        ]
        assert leader == alike[0]


def test_driven__marks_routes_of_firm_purchases(with_policies: Driven) -> None:
    _, before, after = with_policies(policy(**next(terms for terms in EVERY if terms["kind"] == "offtake")))
    assert not before.routes.firm.any()
    assert np.flatnonzero(after.routes.firm).tolist() == sorted(after.drivers.firms.route.tolist()) != []


def test_driven__lays_a_tariff_on_its_routes_from_its_date(with_policies: Driven) -> None:
    reference, _, chain = with_policies(policy(**EVERY[0] | {"from": "2026-01"}))
    covered = [
        index
        for index, row in enumerate(reference.routes)
        if (row.product, row.origin, row.destination) == ("magnet_std", "CN", "US")
    ]
    levies = chain.drivers.levies
    assert chain.crossings.route[levies.crossing].tolist() == covered
    rate = chain.drivers.rate[levies.row[0]]
    assert rate[:24].tolist() == [0.0] * 24 and np.allclose(rate[24:], 0.25)


def test_driven__spares_allies_the_measures_of_allies_only(with_policies: Driven) -> None:
    reference, _, _ = with_policies(policy(**EVERY[1]))
    plain, _, _ = with_policies()
    for name, target in plain.targets.items():
        spared = reference.targets[name]
        by = reference.scenario.measures[name].by
        inside = {i for i in target.routes if by == "IN" and reference.routes[i].destination in ("US", "JP")}
        assert target.routes.keys() - spared.routes.keys() == inside, name
    assert any(target.routes and not reference.targets[name].routes for name, target in plain.targets.items())


def test_driven__makes_trade_between_allies_free_of_tariffs(with_policies: Driven) -> None:
    tariff = {"kind": "tariff", "regions": ["US"], "origins": ["CN", "JP"], "products": ["magnet_std"], "rate": 0.25}
    reference, _, chain = with_policies(policy(**EVERY[1]), f"policies.wall={toml(tariff)}")
    origins = {}
    for levy in chain.drivers.levies:
        route = reference.routes[chain.crossings.route[levy.crossing]]
        if (route.product, route.destination) == ("magnet_std", "US"):
            origins[route.origin] = float(chain.drivers.rate[levy.row, 0])
    assert origins["CN"] == pytest.approx(0.25)
    assert origins["JP"] == pytest.approx(-0.021)


def test_driven__makes_a_share_of_trade_between_allies_firm_and_pays_for_output_that_some_ally_misses(
    with_policies: Driven,
) -> None:
    reference, _, chain = with_policies(policy(**COORDINATED))
    firm, credits = chain.drivers.firms, chain.drivers.credits
    routes = [reference.routes[index] for index in firm.route]
    assert routes and all({row.origin, row.destination} <= {"US", "JP", "EU"} for row in routes)
    assert {row.product for row in routes} == {"magnet_std"}
    for row, route in zip(firm, routes, strict=True):
        usual = route.flow / 12.0 * reference.trend.route[row.route, 0]
        assert chain.drivers.rate[row.row, 0] == pytest.approx(0.5 * usual, rel=1e-5)
    watched = {reference.markets[m] for m in chain.drivers.watched[credits[0].watch_begin : credits[0].watch_end]}
    assert watched == {("magnet_std", region) for region in ("US", "JP", "EU")}
    assert credits.above.tolist() == [1.5] * credits.size


def test_driven__spares_allies_from_a_date_on(with_policies: Driven) -> None:
    reference, _, _ = with_policies(policy(**EVERY[1] | {"from": "2026-01"}))
    plain, _, _ = with_policies()
    # The reference state is made with its targets, so they are made anew for the dated bloc.
    measure = next(row for row in reference.scenario.measures.values() if row.by == "IN" and "JP" not in row.by)
    assert not reference.scenario.spares(measure, "JP")
    assert reference.scenario.spared_periods(measure, "JP") == (24, reference.scenario.periods)
    found = rules.target(reference, measure)
    assert found.routes == rules.target(plain, measure).routes
    assert found.spared["JP"] == (24, reference.scenario.periods) and "EU" not in found.spared


def test_driven__insures_at_the_premium_over_all_output(with_policies: Driven) -> None:
    _, _, chain = with_policies(policy(**EVERY[13] | {"cover": 0.5, "premium_share": 0.04}))
    row = chain.drivers.guarantees[0]
    assert chain.drivers.rate[row.row, 0] == pytest.approx(0.5)
    # 50 of 55 USD/kg; 4 % of 50 is 2 USD on each kilogram, whatever part of a gap is covered.
    assert row.floor == pytest.approx(50 / 55) and 0.5 * row.premium == pytest.approx(2 / 55)


def test_driven__guarantees_loans_for_a_part_of_the_relief_of_cheaper_ones(with_policies: Driven) -> None:
    reference, before, after = with_policies(policy(**EVERY[14]))
    lent = with_policies(policy(**GRANT | {"kind": "loan", "rate": 0.05}))[2]
    plant, rival = (reference.process_at["finish_std", region] for region in ("US", "EU"))
    hurdles = [float(chain.building.hurdle[plant, 0]) for chain in (before, after, lent)]
    assert hurdles[0] > hurdles[1] > hurdles[2]  # the same interest, less the fee
    assert before.building.hurdle[rival, 0] == after.building.hurdle[rival, 0]
    # 26,700 USD for a tonne a year is 320.4 thousand USD for a tonne a month; half is guaranteed.
    assert float(after.drivers.debts[0].lent) == pytest.approx(160.2)


def test_driven__dates_ratings_and_research(with_policies: Driven) -> None:
    reference, _, rated = with_policies(policy(**EVERY[10] | {"from": "2026-01", "until": "2027-01"}))
    uses = [i for i, use in enumerate(reference.uses) if use.sector == "wind" and use.region == "US"]
    assert np.flatnonzero(rated.drivers.rated[uses[0]]).tolist() == list(range(24, 48))
    assert set(np.flatnonzero(rated.drivers.rated.any(axis=1))) == set(uses)
    found = with_policies(policy(**EVERY[12] | {"from": "2026-01"}))[2].drivers.research
    assert np.allclose(found[uses, 24:], 1.5) and np.all(found[:, :24] == 1.0)


def test_driven__shortens_permits_to_the_ceiling(with_policies: Driven) -> None:
    reference, before, after = with_policies(policy(**PERMITS))
    mine = reference.process_at["mine_bastnaesite", "US"]
    assert before.building.permit[mine, 0] == pytest.approx(1.0 / 48.0)
    assert after.building.permit[mine, 0] == pytest.approx(1.0 / 27.0)
    half = with_policies(policy(**PERMITS, strength=0.5))[2]
    assert half.building.permit[mine, 0] == pytest.approx(1.0 / 37.5)


def test_driven__lowers_the_hurdle_more_by_a_larger_grant_and_less_by_a_loan(with_policies: Driven) -> None:
    reference, before, small = with_policies(policy(**GRANT | {"share": 0.2}))
    large, loan = with_policies(policy(**GRANT))[2], with_policies(policy(**GRANT | {"kind": "loan", "rate": 0.04}))[2]
    plant, rival = reference.process_at["finish_std", "US"], reference.process_at["finish_std", "EU"]
    hurdles = [float(chain.building.hurdle[plant, 0]) for chain in (before, loan, small, large)]
    assert hurdles[0] > hurdles[1] > hurdles[3]
    assert hurdles[0] > hurdles[2] > hurdles[3]
    assert before.building.hurdle[rival, 0] == large.building.hurdle[rival, 0]
    assert hurdles[3] >= 0.0


def test_driven__books_grants_at_the_capital_cost_of_capacity(with_policies: Driven) -> None:
    reference, _, chain = with_policies(policy(**GRANT))
    grant = chain.drivers.grants[0]
    assert int(grant.process) == reference.process_at["finish_std", "US"]
    # 26,700 USD for a tonne a year is 320.4 thousand USD for a tonne a month; half is public.
    assert float(grant.public) == pytest.approx(160.2) and float(grant.private) == pytest.approx(160.2)


def test_driven__guarantees_a_multiple_of_the_reference_price(with_policies: Driven) -> None:
    _, _, chain = with_policies(policy(**EVERY[3]))
    assert chain.drivers.guarantees.floor.tolist() == pytest.approx([2.0] * chain.drivers.guarantees.size)


def test_driven__credits_a_kilogram_over_the_value_of_output(with_policies: Driven) -> None:
    reference, _, chain = with_policies(policy(**EVERY[4]))
    credit, plant = chain.drivers.credits[0], reference.process_at["finish_std", "US"]
    row = reference.processes[plant]
    made = row.outputs["magnet_std"]
    assert chain.drivers.rate[credit.row, 0] * credit.value == pytest.approx(20.0 * made, rel=1e-5)


def test_driven__adds_feed_in_a_line(with_policies: Driven) -> None:
    reference, before, after = with_policies(policy(**EVERY[11], months=24))
    plant = reference.process_at["collect_eol", "US"]
    added = (after.building.growth[plant] - before.building.growth[plant]) * reference.processes[plant].activity
    assert added[23] == pytest.approx(500.0 * 23.5 / 48.0, rel=1e-3)
    assert added[60:] == pytest.approx(500.0, rel=1e-3)


def test_annuity__pays_back_what_was_lent() -> None:
    yearly = annuity(0.07, 12.0)
    assert sum(yearly / 1.07**year for year in range(1, 13)) == pytest.approx(1.0)
