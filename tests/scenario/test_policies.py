"""Policies in a scenario file: reading, switching off, and all faults at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.trade_instruments import Alliance, Tariff
from tests.scenario.test_provenance import toml

TARIFF: dict[str, Any] = {
    "kind": "tariff",
    "regions": ["B"],
    "origins": ["A"],
    "products": ["magnet"],
    "rate": 0.25,
}


def policy(name: str = "wall", **keys: Any) -> str:
    return f"policies.{name}={toml(TARIFF | keys)}"


def test_load__reads_policies_by_kind(folder: Any) -> None:
    bloc = {"kind": "alliance", "regions": ["A", "B"]}
    loaded = load(folder.scenario, overrides=[policy(), f"policies.bloc={toml(bloc)}"])
    assert isinstance(loaded.policies["wall"], Tariff) and isinstance(loaded.policies["bloc"], Alliance)
    assert loaded.policies["wall"].within(loaded.time).min() == 1.0
    assert loaded.replace("policies.wall.rate=0.5").policies["wall"].rate == 0.5  # type: ignore[union-attr]


def test_without__switches_policies_off_and_names_the_nearest(folder: Any) -> None:
    loaded = load(folder.scenario, overrides=[policy()])
    assert loaded.without("wall").policies == {}
    assert loaded.policies.keys() == {"wall"}
    assert load(folder.scenario, overrides=[policy()], without=["wall"]).policies == {}
    with pytest.raises(ScenarioError, match=r"--without: 'wal' is not a policy of the scenario; did you mean wall\?"):
        loaded.without("wal")
    with pytest.raises(ScenarioError, match="has no policies"):
        load(folder.scenario, without=["wall"])


def test_load__reports_all_faults_of_policies_at_once(folder: Any) -> None:
    faults = folder.faults(
        policy("one", products=["magnets"], rate=0.1),
        policy("two", rate=-1.0),
        policy("three", regions=["A"], **{"from": "2090-01"}),
        policy("four", kind="tarif"),
        'policies.five={ regions = ["A"] }',
        'policies.six={ kind = "alliance", regions = ["A", "B"], exempt = false, tariff_free = false }',
    )
    expected = (
        "policies.one.products names 'magnets', not a known product; did you mean magnet?",
        "policies.two.rate is -1; give a number from 0 to 20",
        "policies.three.from is '2090-01', after the horizon",
        "policies.three.products names 'magnet', where no route pays it",
        "policies.four.kind is 'tarif'; did you mean tariff?",
        "policies.five.kind is missing; give one of tariff,",
        "policies.six does nothing",
    )
    for text in expected:
        assert any(text in fault for fault in faults), (text, faults)


def test_load__finds_tariffs_that_overlap_in_time(folder: Any) -> None:
    fault = folder.fault(policy("one"), policy("two"))
    assert "policies.two falls on magnet from A into B, as one does at the same time" in fault
    apart = [policy("one", until="2026-01"), policy("two", **{"from": "2026-01"})]
    assert len(load(folder.scenario, overrides=apart).policies) == 2


def test_within__gives_shares_of_periods(folder: Any) -> None:
    loaded = load(folder.scenario, overrides=[policy(until="2025-03"), "time.periods_per_year=12"])
    assert np.isclose(loaded.policies["wall"].within(loaded.time).sum(), 2.0)


def test_load__finds_instruments_without_anything_to_act_on(folder: Any) -> None:
    given: dict[str, dict[str, Any]] = {
        "floor": {"kind": "floor", "regions": ["A"], "product": "magnet", "usd_per_kg": 90, "ceiling_usd_per_kg": 80},
        "both": {"kind": "credit", "regions": ["A"], "products": ["magnet"], "usd_per_kg": 1, "share_of_cost": 0.1},
        "much": {"kind": "offtake", "regions": ["B"], "origin": "A", "product": "magnet", "tonnes_per_year": 9e6},
        "home": {"kind": "offtake", "regions": ["A"], "origin": "A", "product": "magnet", "tonnes_per_year": 1},
        "fixed": {"kind": "permits", "regions": ["A"], "products": ["magnet"], "most_months": 1},
        "aimless": {"kind": "alliance", "regions": ["A", "B"], "products": ["magnet"]},
        "vague": {"kind": "demand_support", "regions": ["B"], "sectors": ["motors"], "products": ["magnet"]},
        "insured": {"kind": "insurance", "regions": ["A"], "product": "gold", "strike_usd_per_kg": 9},
        "backed": {"kind": "guarantee", "regions": ["A"], "products": ["magnet"], "share": 0.5},
        "dry": {"kind": "feed", "regions": ["A"], "recipe": "grind", "tonnes_per_year": 1},
    }
    faults = folder.faults(*(f"policies.{name}={toml(terms)}" for name, terms in given.items()))
    expected = (
        "policies.floor.ceiling_usd_per_kg is 80, below the floor of 90; give at least the floor",
        "policies.both has no one form; give either usd_per_kg or share_of_cost",
        "policies.much.tonnes_per_year is 9e+06, above the",
        "policies.home.regions names 'A', which buys no magnet from A",
        "policies.fixed has nothing to act on, since capacity is fixed; set capacity.answers to true",
        "policies.aimless.products has nothing to do; give firm_share or surge_share, or remove it",
        "policies.vague has no one form; give either usd_per_kg or share_of_price",
        "policies.insured.product names 'gold', not a known product",
        "policies.backed has nothing to act on, since capacity is fixed; set capacity.answers to true",
        "policies.dry.recipe names 'grind', not a known recipe",
    )
    for text in expected:
        assert any(text in fault for fault in faults), (text, faults)


def test_load__finds_floors_that_pay_one_gap_twice(folder: Any) -> None:
    floor = {"kind": "floor", "regions": ["A"], "product": "magnet", "usd_per_kg": 90}
    fault = folder.fault(f"policies.one={toml(floor)}", f"policies.two={toml(floor)}")
    assert "policies.two guarantees magnet in A, as one does at the same time" in fault


def test_load__finds_a_floor_and_an_insurance_of_one_price(folder: Any) -> None:
    floor = {"kind": "floor", "regions": ["A"], "product": "magnet", "usd_per_kg": 90}
    insurance = {"kind": "insurance", "regions": ["A"], "product": "magnet", "strike_usd_per_kg": 80}
    fault = folder.fault(f"policies.one={toml(floor)}", f"policies.two={toml(insurance)}")
    assert "policies.two guarantees magnet in A, as one does at the same time" in fault


def test_load__finds_alliances_of_which_it_is_not_clear_which_spares(folder: Any) -> None:
    bloc = {"kind": "alliance", "regions": ["A", "B"]}
    later = toml(bloc | {"from": "2026-01"})
    fault = folder.fault(f"policies.one={toml(bloc)}", f"policies.two={later}")
    assert "policies.two joins A and B, as one does; give one alliance for them" in fault


def test_load__takes_dates_on_ratings_research_and_exemptions(folder: Any) -> None:
    dated = {"kind": "alliance", "regions": ["A", "B"], "from": "2026-01"}
    loaded = load(folder.scenario, overrides=[f"policies.bloc={toml(dated)}", "time.years=2"])
    measure = next(iter(loaded.measures.values()))
    assert loaded.spared_periods(measure, "B")[0] > 0 and not loaded.spares(measure, "B")
