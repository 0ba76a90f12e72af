"""A price war makes goods cheap outside, idles who makes them there, and alarms nobody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import sim
from sim.chain import Reference, build, core_arrays, stability
from sim.core import allocate, fields, loop
from sim.shocks import sample

ONSET, SECOND_YEAR, END = 24, 48, 74
"""Periods of half a month."""


@dataclass(frozen=True)
class War:
    """Mean over runs of each period, relative to the reference."""

    reference: Reference
    price: np.ndarray
    activity: np.ndarray
    threat: float

    def quote(self, product: str, region: str) -> np.ndarray:
        """Price path of a market."""
        return self.price[:, self.reference.at[product, region]]

    def made(self, process: str) -> float:
        """Activity of a process in the second year of the war."""
        names = [row.name for row in self.reference.processes]
        return float(self.activity[SECOND_YEAR:END, names.index(process)].mean())


@pytest.fixture(scope="module")
def war() -> War:
    scenario = sim.load("price_war")
    reference = build(scenario)
    chain = core_arrays(reference)
    events = sample(scenario, reference, first=0, runs=32, seed=1).events(12.0 / 24)
    projects = stability.no_projects(chain)
    block = allocate.block_at_reference(chain, 32)
    months, weights = np.zeros(scenario.periods, dtype=np.int32), np.ones(scenario.periods, dtype=np.float32)
    price, activity, threat = [], [], 0.0
    for now in range(scenario.periods):
        loop.simulate(chain, events, projects, 0, now, now + 1, months, weights, block, allocate.no_record(chain))
        price.append(np.exp(block.market[fields.LOG_PRICE]).mean(axis=1))
        activity.append((block.process[fields.WANTED] / chain.processes.activity[:, None]).mean(axis=1))
        threat = max(threat, float(block.market[fields.THREAT].max()))
    return War(reference, np.array(price), np.array(activity), threat)


def test_price_war__cuts_the_quote_at_which_china_exports_to_a_third(war: War) -> None:
    quote = war.quote("ndpr_oxide", "CN")[SECOND_YEAR:END].mean() * (1 - 0.56)
    # 0.31 from March 2022 to April 2024.
    assert 0.27 < quote < 0.36


@pytest.mark.parametrize(("product", "most"), [("ndpr_oxide", 0.93), ("ndpr_metal", 0.85), ("ce_oxide", 0.9)])
def test_price_war__makes_goods_cheap_outside(war: War, product: str, most: float) -> None:
    for region in ("US", "JP", "MY" if product == "ndpr_oxide" else "EU"):
        assert war.quote(product, region)[SECOND_YEAR:END].mean() < most, region


@pytest.mark.parametrize(
    ("process", "most"),
    [
        ("mine_bastnaesite_us", 0.985), ("mine_monazite_au", 0.995), ("separate_bastnaesite_us", 0.95),
        ("separate_monazite_my", 0.95), ("reduce_ndpr_us", 0.3), ("reduce_ndpr_eu", 0.3), ("reduce_ndpr_jp", 0.9),
    ],
)  # fmt: skip
def test_price_war__idles_makers_outside(war: War, process: str, most: float) -> None:
    assert war.made(process) < most


def test_price_war__fills_chinese_plants(war: War) -> None:
    for process in ("separate_bastnaesite_cn", "reduce_ndpr_cn"):
        assert war.made(process) > 1.15


def test_price_war__alarms_nobody_and_is_over_a_year_after_its_end(war: War) -> None:
    assert war.threat == 0.0
    assert np.abs(war.price[:ONSET] - 1.0).max() < 1e-3
    for region in ("US", "JP", "EU", "CN"):
        assert 0.85 < war.quote("ndpr_oxide", region)[END + 24] < 1.2, region


def test_price_war__sends_more_than_before() -> None:
    results = sim.run(sim.load("price_war"), runs=8)
    assert float(results["runs"].sender_loss.sel(restriction="price_war").max()) < 0.0
    assert float(results["shocks"].severity.max()) == 0.0


def test_price_war__puts_off_projects_outside() -> None:
    starts = []
    for overrides in ([], ["restrictions.price_war=false"]):
        keys = ["capacity.projects=true", "time.years=6", *overrides]
        starts.append(sim.run(sim.load("price_war", overrides=keys), runs=32, seed=1)["capacity"].project_start)
    under, without = (start.where(start.notnull(), np.inf) for start in starts)
    # The same draws: a project that the war reaches starts later in it, or not at all, and some are never reached.
    reached = ((without > 12.0) & (without < 48.0)).any("run")
    share = [float((start < 48.0).sel(project=reached).mean()) for start in (under, without)]
    assert share[0] < share[1]
    later = (under > without + 1.0).mean("run")
    assert float(later.max()) > 0.3
