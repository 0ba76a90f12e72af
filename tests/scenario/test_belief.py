"""A posterior inside a scenario: sets of parameters that runs take in turn."""

from __future__ import annotations

import pytest

import sim
from sim.errors import ScenarioError

SHORT = ("time.years=0.5",)


def test_parameters_of__are_those_of_the_scenario_without_a_posterior() -> None:
    scenario = sim.load("still", overrides=SHORT)
    assert scenario.parameters_of(40) == scenario.parameters


def test_parameters_of__go_round_by_sixteen_runs() -> None:
    given = 'posterior={source="by hand", sets=[{speculation=1.0}, {price_response=0.3}]}'
    scenario = sim.load("still", overrides=[*SHORT, "parameters.strictness=0.5", given])
    assert [scenario.parameters_of(run).speculation for run in (0, 15, 16, 32)] == [1.0, 1.0, 0.0, 1.0]
    assert scenario.parameters_of(16).price_response == 0.3 and scenario.parameters_of(16).strictness == 0.5


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("specculation=1.0", "sets.0.specculation is not a parameter; did you mean speculation?"),
        ("users_cover=0.5", "sets.0.users_cover is built into the chain and cannot differ between runs; leave it out"),
        ("price_response=1.5", "sets.0.price_response is 1.5, out of bounds; give a value that `parameters` takes"),
    ],
)
def test_load__says_what_cannot_differ_between_runs(values: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        sim.load("still", overrides=[*SHORT, f'posterior={{source="by hand", sets=[{{{values}}}]}}'])
    assert said in str(caught.value)
