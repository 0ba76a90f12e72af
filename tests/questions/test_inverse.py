"""Inverse stress tests, against brute force."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest

import sim
from sim import plotting
from sim.errors import MetricError
from sim.questions.expressions import parse as metric
from sim.questions.inverse import Stress, scores, stress
from sim.scenario import Scenario, parse
from tests.shocks.test_sampling import DATA

BAN = {
    "kind": "ban",
    "cut": {"dist": "beta", "mean": 0.5, "sd": 0.1},
    "duration": {"months": {"dist": "lognorm", "median": 2.0, "sigma": 0.6}},
    "by": "A",
    "products": ["oxide"],
}
EVENT = "shortage[oxide, B] > 0.2 for 4 months"


def rare(hazard: float = 0.3) -> Scenario:
    ban = BAN | {"onset": {"hazard_per_year": hazard}}
    rows = {"ban": ban, "harmless": ban | {"cut": 0.0, "threat": 0.0}}
    data = {"title": "t", "chain": "tiny", "time": {"start": "2025-01", "years": 1}, "restrictions": rows}
    return parse(data, folder=DATA)


@pytest.fixture(scope="module")
def found() -> Stress:
    return stress(rare(), EVENT, runs=3000, seed=3, ways=2)


def test_stress__agrees_with_brute_force(found: Stress) -> None:
    runs = 6000
    results = sim.run(rare(), runs=runs, seed=4, follow=metric(EVENT).paths(rare()))
    hits = metric(EVENT).values(results).sum()
    data = found.data
    assert 0.0 < float(data.probability) < 0.02
    error = np.hypot(float(data.probability_error), np.sqrt(max(hits, 1.0)) / runs)
    assert abs(float(data.probability) - hits / runs) < 3.0 * error


def test_stress__says_what_makes_the_event(found: Stress) -> None:
    assert float(found.data.came.sel(cause="ban")) == pytest.approx(1.0)
    assert float(found.data.came_usually.sel(cause="ban")) < 0.5
    assert "ban: duration" in [str(name) for name in found.data.draw.values]
    # A short wait is a number near 1.
    assert float(found.data.draw_mean.sel(draw="ban: wait for candidate 1")) > 0.7


def test_stress__returns_histories_that_replay_the_event_with_what_suffices(found: Stress) -> None:
    way = found.histories[0]
    assert way.causes == ("ban",) and way.share == pytest.approx(1.0) and way.confirmed
    assert list(way.scenario.restrictions) == ["ban"]


def test_stress__histories_can_be_read_again_as_files(found: Stress) -> None:
    way = found.histories[0]
    assert parse(tomllib.loads(way.toml), folder=DATA).text == way.scenario.text


def test_stress__is_drawn_with_its_restrictions_and_draws(found: Stress) -> None:
    left, right = plotting.stress(found.data).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["ban", "harmless"]
    assert "ban: wait for candidate 1" in [text.get_text() for text in right.get_yticklabels()]


def test_scores__tell_near_misses_apart_and_agree_with_the_event() -> None:
    results = sim.run(rare(), runs=500, seed=5, follow=metric(EVENT).paths(rare()))
    score = scores(metric(EVENT), results)
    np.testing.assert_array_equal(score >= 0.0, metric(EVENT).values(results) > 0.0)
    assert np.unique(score[score < 0.0]).size > 10


def test_stress__refuses_what_is_no_event() -> None:
    with pytest.raises(MetricError, match="is no event"):
        stress(rare(), "mean(shortage[oxide, B])")
    with pytest.raises(MetricError, match="did you mean oxide"):
        stress(rare(), "shortage[oxid, B] > 0.1")


@pytest.mark.long
def test_stress__near_one_in_ten_thousand_agrees_with_brute_force_at_a_tenth_of_the_runs() -> None:
    event, scenario, runs = "shortage[oxide, B] > 0.45 for 5 months", rare(0.1), 100_000
    data = stress(scenario, event, runs=10_000, seed=3).data
    results = sim.run(scenario, runs=runs, seed=4, follow=metric(event).paths(scenario))
    plain = metric(event).estimate(metric(event).values(results))
    assert float(data.simulations) <= runs / 10.0
    assert plain.low < float(data.high) and float(data.low) < plain.high
    assert 2e-5 < plain.value < 5e-4
