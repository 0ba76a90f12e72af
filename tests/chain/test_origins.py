"""Origin in the reference state, worked by hand in the two-region example, and on the bundled chain.

In the example A mines and separates all oxide and sends 8 t of it to B, which presses 20 t of magnets of it; B takes
25 t of magnets a year, 5 t of them from A, which presses 30 t.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import sim
from sim.chain import Reference, build
from sim.chain.arrays import core_arrays
from sim.chain.rules import target
from sim.core.state import DENIAL, Chain

Tiny = Callable[..., Reference]
EVERY = ["mining", "separation", "magnet"]
DENY = {"kind": "denial", "products": ["magnet"], "sectors": ["motors"], "users": 1.0, "towards": {"B": 0.5}}


def origin(*stages: str, listed: str = "A") -> str:
    return f"origin={{ listed = ['{listed}'], stages = {list(stages)} }}"


def rule(begins: str) -> str:
    return f"provenance.home={{ products = ['magnet'], sectors = ['motors'], regions = ['B'], from = '{begins}' }}"


def at(reference: Reference, values: np.ndarray, product: str, region: str) -> float:
    return float(values[reference.at[product, region]])


def built(reference: Reference) -> Chain:
    return core_arrays(reference, np.float64)


def test_core_arrays__have_no_origins_unless_one_is_named(tiny: Tiny) -> None:
    chain = built(tiny())
    assert chain.origins.share.size == chain.origins.sourcing.size == 0
    assert not chain.outputs.listed.any() and not chain.uses.bindable.any()


def test_origins__tag_what_is_made_of_tagged_material(tiny: Tiny) -> None:
    reference = tiny(origin(*EVERY))
    origins = built(reference).origins
    assert np.all(origins.share == 1.0)


def test_origins__of_one_stage_leave_what_others_make_of_it_free(tiny: Tiny) -> None:
    reference = tiny(origin("magnet"))
    chain = built(reference)
    assert at(reference, chain.origins.share, "oxide", "A") == at(reference, chain.origins.share, "oxide", "B") == 0.0
    assert at(reference, chain.origins.share, "magnet", "A") == 1.0
    # A fifth of what reaches B.
    assert at(reference, chain.origins.share, "magnet", "B") == pytest.approx(0.2)


def test_origins__list_outputs_by_stage_and_region(tiny: Tiny) -> None:
    reference = tiny(origin("magnet", listed="B"))
    makes = [(product, row.region) for row in reference.processes for product in row.outputs]
    listed = built(reference).outputs.listed
    assert {make for make, flag in zip(makes, listed, strict=True) if flag} == {("magnet", "B")}


def test_sourcing__binds_the_part_of_a_period_after_its_date(tiny: Tiny) -> None:
    # Half-months: the 24th begins with 2026, and 2026-01-08 lies 7/31 of a month into it.
    reference = tiny(origin("magnet"), rule("2026-01-08"))
    chain = built(reference)
    home = [row.region == "B" for row in reference.uses]
    np.testing.assert_array_equal(chain.uses.bindable, home)
    bound = chain.origins.sourcing[home.index(True)]
    assert np.all(bound[:24] == 0.0) and np.all(bound[25:] == 1.0)
    assert bound[24] == pytest.approx(1.0 - 2.0 * 7.0 / 31.0)
    assert not chain.origins.sourcing[home.index(False)].any()


def test_sourcing__binds_from_the_start_where_the_rule_is_older(tiny: Tiny) -> None:
    assert built(tiny(origin("magnet"), rule("2020-01"))).origins.sourcing.max(axis=0).min() == 1.0


def test_target__of_a_denial_is_uses_abroad_and_what_they_take_of_supply(tiny: Tiny) -> None:
    profile = {"recovery_months": 3.0, "recovers_to": {"B": 0.2}}
    reference = tiny(origin("magnet"), arms=DENY | {"profile": profile})
    hit = target(reference, reference.scenario.restrictions["arms"])
    (use,) = hit.uses
    assert reference.uses[use].region == "B" and hit.uses[use] == pytest.approx((0.5, 0.1))
    # They are the only takers of magnets there.
    assert hit.markets == {reference.at["magnet", "B"]: pytest.approx((0.5, 0.1))}
    assert not hit.routes and not hit.processes
    chain = built(reference)
    assert chain.rules.kind[0] == DENIAL and chain.use_pairs.target[0] == use and chain.uses.bindable[use]


def test_bundled__is_tagged_where_everything_comes_from_china_and_free_where_nothing_does() -> None:
    scenario = sim.load("still").replace(origin(*_stages(), listed="CN"))
    reference = build(scenario)
    found = built(reference).origins
    assert at(reference, found.share, "magnet_smco", "US") == pytest.approx(1.0)  # no samarium but China's
    assert at(reference, found.share, "magnet_std", "JP") < at(reference, found.share, "magnet_std", "EU")
    assert at(reference, found.share, "ndpr_oxide", "MY") == 0.0


def _stages() -> tuple[str, ...]:
    return "mining", "separation", "metal", "alloy", "block", "magnet"
