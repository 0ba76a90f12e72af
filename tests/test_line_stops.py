"""Lines stop when buyers' stocks are used up: the controls of April 2025, week by week."""

from __future__ import annotations

import numpy as np

import sim
from sim.chain import build, core_arrays, stability
from sim.core import allocate, fields, loop
from sim.shocks import sample

SEED = 20250404
RUNS = 64
APRIL = 13  # weeks from January
USED_UP = 0.01


def first_stops(stages: tuple[str, ...], regions: tuple[str, ...]) -> np.ndarray:
    """Week from 1 April 2025 in which the first cohort has used up its stock and goes short, by run; the first is 1."""
    scenario = sim.load("controls_2025", overrides=["time.periods_per_year=52", "time.years=1"])
    reference = build(scenario)
    chain = core_arrays(reference)
    events = sample(scenario, reference, first=0, runs=RUNS, seed=SEED).events(12.0 / 52.0)
    projects = stability.no_projects(chain)
    products = {name for name, row in reference.products.items() if row.stage in stages}
    uses = [u for u, use in enumerate(reference.uses) if use.region in regions and use.product in products]
    block = allocate.block_at_reference(chain, RUNS)
    months, weights = np.zeros(scenario.periods, dtype=np.int32), np.ones(scenario.periods, dtype=np.float32)
    first = np.full(RUNS, np.inf)
    for now in range(scenario.periods):
        before = block.use[fields.RATIONED].copy()
        loop.simulate(chain, events, projects, 0, now, now + 1, months, weights, block, allocate.no_record(chain))
        short = block.use[fields.RATIONED] > before
        for u in uses:
            cohorts = block.cohort[fields.FULLNESS, chain.uses[u].cohort_begin : chain.uses[u].cohort_end]
            stopped = short[u] & (cohorts < USED_UP).any(axis=0)
            first = np.where(stopped & np.isinf(first), now + 1.0, first)
    return first - APRIL


def test_controls__stop_the_first_lines_within_five_to_nine_weeks() -> None:
    # Ford stopped in May, Suzuki and European suppliers by early June (Reuters, 6 June 2025).
    weeks = first_stops(("magnet", "component"), ("EU", "US", "JP"))
    assert 5.0 <= float(np.median(weeks)) <= 9.0
    assert float(weeks.min()) > 2.0  # none before the controls begin, in mid-April
