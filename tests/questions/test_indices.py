"""Sobol indices of parameters, against functions whose indices are known exactly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import xarray as xr
from scipy.stats import sobol_indices

from sim import plotting
from sim.errors import ScenarioError
from sim.questions.indices import frozen, indices, parameter_indices
from sim.scenario import Scenario
from tests.questions.test_inverse import rare

A, B = 7.0, 0.1


def ishigami(values: Mapping[str, float]) -> np.ndarray:
    """Ishigami's function, and a sum without interactions."""
    x, y, z = (values[name] for name in "xyz")
    return np.array([np.sin(x) + A * np.sin(y) ** 2 + B * z**4 * np.sin(x), 3.0 * x + 4.0 * y])


def known() -> tuple[np.ndarray, np.ndarray]:
    """First-order and total indices (Ishigami and Homma 1990), and those of the sum: 9 and 16 parts of 25."""
    x, y = 0.5 * (1.0 + B * np.pi**4 / 5.0) ** 2, A**2 / 8.0
    both = B**2 * np.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    first, total = np.array([x, y, 0.0]), np.array([x + both, y, both])
    whole = x + y + both
    added = np.array([0.36, 0.64, 0.0])
    return np.array([first / whole, added]), np.array([total / whole, added])


def drawn(draws: int, seed: int) -> dict[str, np.ndarray]:
    return dict(zip("xyz", np.random.default_rng(seed).uniform(-np.pi, np.pi, (3, draws, 2)), strict=True))


def test_indices__are_the_known_ones_of_ishigamis_function_and_of_a_sum() -> None:
    first, first_error, total, total_error = indices(*frozen(ishigami, drawn(512, 1)))
    for found, error, truth in ((first, first_error, known()[0]), (total, total_error, known()[1])):
        assert np.all(np.abs(found - truth) < 4.0 * error + 1e-12)
        assert error.max() < 0.12


def test_indices__equal_those_of_scipy() -> None:
    first, second, mixed = frozen(ishigami, drawn(64, 5))
    found = indices(first, second, mixed)
    theirs = sobol_indices(func={"f_A": first, "f_B": second, "f_AB": mixed}, n=64)
    np.testing.assert_allclose(found[0], theirs.first_order, atol=1e-12)
    np.testing.assert_allclose(found[2], theirs.total_order, atol=1e-12)


def test_indices__errors_are_the_spread_over_draws_and_the_indices_are_unbiased() -> None:
    found = np.array([indices(*frozen(ishigami, drawn(32, seed)), seed=seed) for seed in range(80)])
    for part, truth in ((0, known()[0]), (2, known()[1])):
        spread, mean = found[:, part].std(axis=0, ddof=1), found[:, part].mean(axis=0)
        # A ratio of two estimates of 32 draws: its bias is below a tenth of its spread.
        assert np.all(np.abs(mean - truth) < 4.0 * spread / np.sqrt(len(found)) + 0.1 * spread + 1e-12)
        said = np.median(found[:, part + 1], axis=0)
        assert np.all((said > 0.6 * spread - 1e-12) & (said < 1.5 * spread + 1e-12))


def test_indices__of_what_nothing_moves_are_missing() -> None:
    split = indices(*frozen(lambda values: np.ones(1), drawn(8, 1)))
    assert np.isnan(np.array(split)).all()


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return rare(0.5)


@pytest.fixture(scope="module")
def found(scenario: Scenario) -> xr.Dataset:
    names = ["price_response", "slow_months"]
    return parameter_indices(scenario, ["mean(shortage[oxide, B])"], draws=4, runs=16, parameters=names, seed=3)


def test_parameter_indices__are_labelled_with_metric_and_parameter(found: xr.Dataset) -> None:
    assert found.index_total.dims == ("metric", "parameter") and found.sizes["parameter"] == 2
    assert float(found.figure_sd[0]) > 0.0 and np.isfinite(found.index_total.values).all()


def test_parameter_indices__are_drawn_with_their_parameters(found: xr.Dataset) -> None:
    (axes,) = plotting.sensitivity(found).axes
    assert {text.get_text() for text in axes.get_yticklabels()} == {"price_response", "slow_months"}


def test_parameter_indices__refuse_what_cannot_be_drawn(scenario: Scenario) -> None:
    with pytest.raises(ValueError, match="4 draws"):
        parameter_indices(scenario, ["mean(shortage[oxide, B])"], draws=3)
    with pytest.raises(ScenarioError, match="price_response"):
        parameter_indices(scenario, ["mean(shortage[oxide, B])"], parameters=["price_respons"])
