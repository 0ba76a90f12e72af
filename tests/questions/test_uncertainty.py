"""Where uncertainty comes from, on a small chain."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim import plotting
from sim.errors import MetricError, ScenarioError
from sim.questions.priors import PRIORS
from sim.questions.uncertainty import sensitivity, shock_shares
from sim.scenario import Scenario, parse
from sim.scenario.parameters import Parameters
from tests.questions.test_inverse import rare
from tests.shocks.test_sampling import DATA

METRIC = "mean(shortage[oxide, B])"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return rare(0.5)


@pytest.fixture(scope="module")
def found(scenario: Scenario) -> xr.Dataset:
    return sensitivity(scenario, [METRIC], blocks=4, runs=16, parameters=["price_response"], seed=3)


def test_priors__hold_the_default_and_stay_within_bounds() -> None:
    for name, prior in PRIORS.items():
        assert prior.low <= getattr(Parameters(), name) <= prior.high
        Parameters(**{name: prior.low})
        Parameters(**{name: prior.high})


def test_sensitivity__finds_that_shocks_matter_most_where_a_ban_comes_or_not(found: xr.Dataset) -> None:
    assert float(found.first_share.sel(factor="shocks")[0]) > 0.8
    assert np.all(found.total_share.values >= found.first_share.values - 4.0 * found.first_share_error.values)


def test_sensitivity__is_drawn_with_its_factors(found: xr.Dataset) -> None:
    left, right = plotting.sensitivity(found).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["shocks", "parameters", "data"]
    assert [text.get_text() for text in right.get_yticklabels()] == ["price_response"]


def test_sensitivity__names_the_nearest_parameter(scenario: Scenario) -> None:
    with pytest.raises(ScenarioError, match="did you mean price_response"):
        sensitivity(scenario, [METRIC], parameters=["price_respons"])


def test_shock_shares__names_the_ban_and_not_what_withholds_nothing(scenario: Scenario) -> None:
    shares = shock_shares(sim.run(scenario, runs=400), [METRIC]).input_share[0]
    error = shock_shares(sim.run(scenario, runs=400), [METRIC]).input_share_error[0]
    assert float(shares.sel(input="ban: months in force")) > 0.5
    harmless = shares.sel(input="harmless: months in force")
    assert abs(float(harmless)) < 4.0 * float(error.sel(input="harmless: months in force")) + 0.02


def test_shock_shares__of_dates_is_refused() -> None:
    ban = {"kind": "ban", "cut": 0.5, "by": "A", "products": ["oxide"], "duration": "permanent"}
    rows = {"ban": ban | {"onset": {"at": "2025-03"}}}
    data = {"title": "t", "chain": "tiny", "time": {"start": "2025-01", "years": 1}, "restrictions": rows}
    with pytest.raises(MetricError, match="dates only"):
        shock_shares(sim.run(parse(data, folder=DATA), runs=2), [METRIC])
