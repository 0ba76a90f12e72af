"""Worlds of a scenario: what is drawn, what is asked, and what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import MetricError, ResultError, ScenarioError
from sim.questions.asked import read
from sim.questions.priors import PRIORS
from sim.questions.worlds import Study, drawn_parameters, finite, study, world_of
from sim.scenario import Scenario
from tests.questions.test_inverse import rare

METRIC = "mean(shortage[oxide, B])"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return rare(0.5)


def asked(scenario: Scenario, metrics: list[str], parameters: list[str] | None, draws: int = 4) -> Study:
    return study(scenario, metrics, draws=draws, runs=8, seed=3, parameters=parameters, threads=1)


def test_drawn_parameters__do_not_depend_on_their_number() -> None:
    few, many = (drawn_parameters(PRIORS, draws, 3) for draws in (4, 9))
    for name, values in few.items():
        np.testing.assert_array_equal(values, many[name][:4])
        assert np.all((values > PRIORS[name].low) & (values < PRIORS[name].high))


def test_world_of__sets_parameters_and_chain(scenario: Scenario) -> None:
    world = world_of(scenario, {"price_response": np.float64(0.3)}, 4)
    assert world.parameters.price_response == 0.3 and world.ensemble.chain_draw == 5
    assert world_of(scenario, {}).ensemble.chain_draw == scenario.ensemble.chain_draw


def test_study__tells_of_every_world_that_is_done(scenario: Scenario) -> None:
    told: list[tuple[int, int]] = []
    found = asked(scenario, [METRIC], ["price_response"]).told(lambda done, wanted: told.append((done, wanted)), 2)
    one, other = (found.values({"price_response": 0.4}, first=first) for first in (0, 4))
    assert told == [(1, 2), (2, 2)] and one.shape == (1, 8)
    np.testing.assert_array_equal(one[:, 4:], other[:, :4])


def test_study__names_all_that_is_wrong_at_once(scenario: Scenario) -> None:
    with pytest.raises(ResultError) as caught:
        asked(scenario, ["mean(shortage[oxid, B])", "mean(nothing)"], ["price_respons"])
    assert all(words in str(caught.value) for words in ("did you mean oxide", "nothing", "did you mean price_response"))
    with pytest.raises(ScenarioError, match="did you mean price_response"):
        asked(scenario, [METRIC], ["price_respons"])
    with pytest.raises(ValueError, match="3 draws"):
        asked(scenario, [METRIC], None, draws=3)


def test_read__leaves_a_lone_fault_as_it_is(scenario: Scenario) -> None:
    with pytest.raises(MetricError, match="did you mean oxide"):
        read([METRIC, "mean(shortage[oxid, B])"], scenario)


def test_finite__refuses_runs_without_a_value(scenario: Scenario) -> None:
    with pytest.raises(MetricError, match="no finite value"):
        finite(read([METRIC])[0], np.array([0.0, np.inf]))
