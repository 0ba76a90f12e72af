"""Alarm passes on from what a measure covers to what is made of it: by hand on the chain of cobalt."""

from __future__ import annotations

import pytest

import sim
from sim.chain import Reference, build
from sim.scenario.episodes import episodes

PLAN = """restrictions.plan={kind="production_quota", by="CD", products=["hydroxide"], onset={at="2025-03"},
duration="permanent", quota={t_per_year=100000}, passes_on=%s}"""
CLOSE = 1e-6


def reference(passes_on: float) -> Reference:
    given = [PLAN.replace("\n", " ") % passes_on, "restrictions.stop=false", "restrictions.quota=false"]
    return build(sim.load(episodes()["cobalt_2025"] / "scenario.toml", overrides=["time.years=1", *given]))


def at_risk(chain: Reference) -> dict[tuple[str, str], float]:
    """Share of supply at risk by product and region."""
    return {chain.markets[m]: before for m, (before, _) in chain.targets["plan"].markets.items()}


def test_target__alarms_buyers_of_ore_alone_unless_told_otherwise() -> None:
    assert {product for product, _ in at_risk(reference(0.0))} == {"hydroxide"}


def test_target__carries_what_is_at_risk_through_makers_and_routes() -> None:
    chain = reference(1.0)
    found, supply = at_risk(chain), chain.flows.supply
    flow = {(row.product, row.origin, row.destination): row.flow for row in chain.routes}

    def share(product: str, origin: str, destination: str) -> float:
        return flow[product, origin, destination] / supply[chain.at[product, destination]]

    china = share("hydroxide", "CD", "CN")
    assert found["hydroxide", "CN"] == pytest.approx(china, abs=CLOSE)
    # All sulphate is made in China of that hydroxide, and all of it abroad comes from there.
    assert found["sulphate", "CN"] == found["sulphate", "RW"] == pytest.approx(china, abs=CLOSE)
    made = 1.0 - share("metal", "CN", "EU")
    europe = made * share("hydroxide", "CD", "EU") + share("metal", "CN", "EU") * china
    assert found["metal", "EU"] == pytest.approx(europe, abs=CLOSE)


def test_target__passes_on_a_share_at_each_step() -> None:
    half, whole = at_risk(reference(0.5)), at_risk(reference(1.0))
    assert half["sulphate", "CN"] == pytest.approx(0.5 * whole["sulphate", "CN"], abs=CLOSE)
    assert half["hydroxide", "CN"] == whole["hydroxide", "CN"]
    assert all(0.0 < risk <= 1.0 for risk in whole.values())
