"""Restrictions that react, from the scenario to `/shocks`."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.errors import ScenarioError
from sim.scenario import Scenario

RUNS = 64
ANSWER = """restrictions.answer={ kind = "export_duty", by = "CN", products = ["ndpr_oxide"], rate = 0.1,
onset = { hazard_per_year = 1.5 }, duration = { months = 3 }%s }"""
REACTS = ', reacts = { watches = "%s", product = "%s", regions = ["%s"], begins_at = %s, full_at = %s }'


def answering(reacts: str) -> Scenario:
    """The controls of 2025 with a duty that may answer them."""
    return sim.load("controls_2025", overrides=["time.years=1.5", ANSWER.replace("\n", " ") % reacts])


def onsets(scenario: Scenario) -> np.ndarray:
    """Onsets of the duty, months from the start, shape (slot, run), NaN where there is none."""
    shocks = sim.run(scenario, runs=RUNS, seed=7)["shocks"]
    found: np.ndarray = shocks.onset.sel(restriction="answer").transpose("event", "run").values.astype(float)
    return found


def test_reacts__lets_all_come_that_would_come_anyway_where_the_state_is_beyond_its_bounds() -> None:
    always, plain = onsets(answering(REACTS % ("price", "dy_oxide", "EU", 0.0, 0.01))), onsets(answering(""))

    def first(times: np.ndarray) -> np.ndarray:
        return np.nanmin(np.where(np.isnan(times), np.inf, times), axis=0)

    np.testing.assert_array_equal(first(always), first(plain))
    np.testing.assert_array_equal(np.isfinite(always).sum(axis=0), np.isfinite(plain).sum(axis=0))


def test_reacts__lets_nothing_come_short_of_its_bounds() -> None:
    scenario = answering(REACTS % ("price", "dy_oxide", "EU", 100.0, 200.0))
    without = sim.run(sim.load("controls_2025", overrides=["time.years=1.5"]), runs=RUNS, seed=7)
    results = sim.run(scenario, runs=RUNS, seed=7)
    assert not np.isfinite(results["shocks"].onset.sel(restriction="answer")).any()
    np.testing.assert_array_equal(results["runs"].peak_price.values, without["runs"].peak_price.values)


def test_reacts__answers_the_controls_and_not_what_was_before_them() -> None:
    # Dysprosium trebles in Europe within weeks of April 2025.
    found = onsets(answering(REACTS % ("price", "dy_oxide", "EU", 1.5, 2.0)))
    found = found[np.isfinite(found)]
    assert found.size > RUNS / 2
    assert found.min() >= 3.0


def test_reacts__to_output_is_provoked_by_what_is_made() -> None:
    # Chinese output along the trend is no provocation; any fall of it would be one.
    assert np.isfinite(onsets(answering(REACTS % ("output", "magnet_hc", "CN", 1.2, 1.4)))).sum() == 0
    assert np.isfinite(onsets(answering(REACTS % ("output", "magnet_hc", "CN", 1.01, 0.5)))).sum() > 0


@pytest.mark.parametrize(
    ("reacts", "said"),
    [
        (REACTS % ("price", "dy_oxid", "EU", 1.0, 2.0), "dy_oxide"),
        (REACTS % ("price", "dy_oxide", "EUR", 1.0, 2.0), "EUR"),
        (REACTS % ("price", "dy_oxide", "EU", 1.0, 1.0), "another multiple"),
        (REACTS % ("output", "bastnaesite", "JP", 1.0, 2.0), "which has no output of bastnaesite"),
        (
            REACTS % ("price", "dy_oxide", "EU", 1.0, 2.0) + ", escalates = { magnets_hc = 2 }",
            "a restriction that reacts",
        ),
        (
            REACTS % ("price", "dy_oxide", "EU", 1.0, 2.0)
            + ", truce = { hazard_per_year = 1, lapse_months = 12, snap_back = 0.5 }",
            "a restriction that reacts",
        ),
    ],
)
def test_reacts__says_what_is_wrong(reacts: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        answering(reacts)
