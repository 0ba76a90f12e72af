"""The benchmark of the core runs and names what it measured."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import peak
from benchmarks.cases import CASES, load, ready
from benchmarks.core import measure


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    return measure("still", blocks=1)


def test_measure__counts_active_entities_and_names_the_chain(found: dict) -> None:
    assert found["entities"]["markets"] > 150 and found["entities"]["routes"] > 350
    assert 0.1 < found["ns_per_entity_step"] < 1000
    assert found["runs_per_second"] > 1
    assert 0.1 < found["threads_speedup"] < 4
    assert len(found["chain_hash"]) == 16


def test_chain_hash__is_that_of_the_chain(found: dict) -> None:
    from benchmarks.cases import chain_hash

    chain = ready("still").chain
    assert chain_hash(chain) == found["chain_hash"]
    other = chain._replace(markets=chain.markets.copy())
    other.markets.price[3] *= np.float32(1.0001)
    assert chain_hash(other) != found["chain_hash"]


def test_everything__has_all_physics_on() -> None:
    scenario = load("everything")
    assert scenario.capacity.answers and scenario.capacity.projects and scenario.origin.listed
    kinds = {str(policy.kind) for policy in scenario.policies.values()}
    assert {"stockpile", "tariff", "workforce"} <= kinds and set(CASES) == {"still", "baseline", "everything"}


def test_gflops__lies_between_what_one_unit_does_at_1_ghz_and_four_at_6() -> None:
    found = peak.gflops(rounds=20_000, repeats=20)
    assert 2.0 * peak.lanes() < found["best"] < 2.0 * 4 * 6 * peak.lanes()
    assert found["median"] <= found["best"]
