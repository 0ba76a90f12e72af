"""One run followed closely is the run of that number in any ensemble."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.chain import build
from sim.engine.follow import Follower, Path, follow
from sim.scenario.episodes import episodes
from sim.scenario.parameters import BUILT_IN, Parameters


@pytest.fixture(scope="module")
def quota() -> Path:
    return follow(sim.load("quota_2010", overrides=["time.years=5"]))


def test_follow__gives_the_run_that_an_ensemble_gives() -> None:
    scenario = sim.load("controls_2025", overrides=["time.years=0.75"])
    traced = sim.run(scenario, runs=1, first=3, traces=1, threads=1)["traces"].price.isel(run=0)
    path = follow(scenario, run=3)
    for product, region in (("dy_oxide", "EU"), ("magnet_hc", "US"), ("ndpr_oxide", "CN")):
        index = path.reference.at[product, region]
        np.testing.assert_allclose(
            path.price[:, index], traced.sel(product=product, region=region).values, rtol=1e-5, err_msg=product
        )


def test_follow__gives_the_same_bits_on_a_reference_built_before() -> None:
    scenario = sim.load("controls_2025", overrides=["time.years=0.5"])
    reference, other = build(scenario), scenario.replace("parameters.threat_response=2")
    np.testing.assert_array_equal(follow(other, like=reference).price, follow(other).price)
    np.testing.assert_array_equal(follow(other, like=build(sim.load("still"))).price, follow(other).price)


def test_follow__knows_the_rent_and_what_was_smuggled(quota: Path) -> None:
    routes = [
        index for (product, origin, _), index in quota.route_at.items() if (product, origin) == ("la_oxide", "CN")
    ]
    row = list(quota.reference.scenario.measures).index("export_quota")
    # Until July 2010 the quota leaves room: what leaks is the 0.30 of the scenario, and a licence is worth nothing.
    np.testing.assert_allclose(quota.legal[:6, routes], 0.7, atol=1e-6)
    assert quota.rent[:6].max() == 0.0 and quota.rent[8, row] > 5.0
    assert np.all(quota.legal[8, routes] < 0.6)
    assert quota.rent[:, [index for index in range(quota.rent.shape[1]) if index != row]].max() == 0.0


@pytest.mark.parametrize("name", Parameters.model_fields)
def test_follower__gives_the_bits_of_a_chain_built_with_the_parameter(name: str) -> None:
    scenario = sim.load(episodes()["cobalt_2025"] / "scenario.toml", overrides=["time.years=1"])
    before = getattr(scenario.parameters, name)
    changed = scenario.replace(f"parameters.{name}={0.95 * before + 0.06:.6g}")
    ready = Follower(scenario).path(changed.parameters)
    np.testing.assert_array_equal(ready.price, Follower(changed).path().price)
    if name not in BUILT_IN:
        np.testing.assert_array_equal(follow(changed, like=build(scenario)).price, ready.price)
