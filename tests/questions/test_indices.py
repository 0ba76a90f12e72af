"""Sobol indices of parameters, against functions whose indices are known exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import xarray as xr
from scipy.special import ndtri
from scipy.stats import sobol_indices

from sim import plotting
from sim.errors import ResultError, ScenarioError
from sim.questions.indices import factor_indices, frozen, indices, parameter_indices
from sim.questions.variance import crossed
from sim.questions.worlds import Study
from sim.scenario import Scenario
from sim.streams import uniform
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


@pytest.mark.parametrize(
    ("count", "draws", "reach"), [(60, 16, 0.3), pytest.param(1000, 32, 0.15, marks=pytest.mark.long)]
)
def test_indices__errors_are_the_spread_over_draws_and_the_indices_are_unbiased(
    count: int, draws: int, reach: float
) -> None:
    found = np.array([indices(*frozen(ishigami, drawn(draws, seed))) for seed in range(count)])
    for part, truth in ((0, known()[0]), (2, known()[1])):
        spread, mean = found[:, part].std(axis=0, ddof=1), found[:, part].mean(axis=0)
        # A ratio of two estimates of few draws: its bias is below a fifth of its spread.
        assert np.all(np.abs(mean - truth) < 4.0 * spread / np.sqrt(count) + 0.2 * spread + 1e-12)
        said = np.sqrt((found[:, part + 1] ** 2).mean(axis=0))
        # A spread is known within a tenth from 60 repetitions.
        assert np.all(np.abs(said - spread) <= reach * spread + 1e-12)


RUNS = 12
PARTS = {"shocks": {"shocks"}, "data": {"data"}, "parameters": {"p", "q"}, "p": {"p"}, "q": {"q"}}


def by_runs(seed: int) -> Callable[[Mapping[str, float]], np.ndarray]:
    """`100 + 2 s + p + q / 2 + p s + c / 2` of standard normal shocks `s` of a run, data `c` and parameters."""

    def value(world: Mapping[str, float]) -> np.ndarray:
        shocks = uniform(seed, "s", "", first=int(world["shocks"]) * RUNS, runs=RUNS, draws=1)[:, 0]
        chain = uniform(seed, "c", "", first=int(world["data"]), runs=1, draws=1)[0, 0]
        s, c = ndtri(shocks), ndtri(chain)
        return np.array([100.0 + 2.0 * s + world["p"] + 0.5 * world["q"] + world["p"] * s + 0.5 * c])

    return value


FIRST, TOTAL = (np.array(parts) / 6.5 for parts in ([4.0, 0.25, 1.25, 1.0, 0.25], [5.0, 0.25, 2.25, 2.0, 0.25]))
"""Indices of the factors above, by the variances of their terms."""


def split_by_runs(seed: int, draws: int) -> np.ndarray:
    """Indices of shocks, data and parameters of that function with their errors, shape (part, factor)."""
    generator, numbers = np.random.default_rng(seed), np.arange(2.0 * draws).reshape(draws, 2)
    worlds = {"shocks": numbers, "data": numbers} | dict(zip("pq", generator.normal(size=(2, draws, 2)), strict=True))
    return np.array(indices(*frozen(by_runs(seed), worlds, PARTS), shocks=0))[:, 0]


def test_indices__of_shocks_and_data_are_the_known_ones() -> None:
    first, first_error, total, total_error = split_by_runs(1, 600)
    assert np.all(np.abs(first - FIRST) < 4.0 * first_error) and first_error.max() < 0.03
    assert np.all(np.abs(total - TOTAL) < 4.0 * total_error) and total_error.max() < 0.03


@pytest.mark.parametrize(
    ("count", "draws", "reach"), [(60, 16, 0.3), pytest.param(800, 32, 0.15, marks=pytest.mark.long)]
)
def test_indices__of_shocks_and_data_have_the_errors_of_their_spread(count: int, draws: int, reach: float) -> None:
    found = np.array([split_by_runs(seed, draws) for seed in range(count)])
    for part, truth in ((0, FIRST), (2, TOTAL)):
        spread, mean = found[:, part].std(axis=0, ddof=1), found[:, part].mean(axis=0)
        assert np.all(np.abs(mean - truth) < 4.0 * spread / np.sqrt(count) + 0.3 * spread)
        said = np.sqrt((found[:, part + 1] ** 2).mean(axis=0))
        # Sixty repetitions tell a spread of long tails within 15 %.
        assert np.all(np.abs(said - spread) < reach * spread)


def test_indices__agree_with_the_split_by_crossed_blocks() -> None:
    blocks, value = 300, by_runs(2)
    parameters = np.random.default_rng(3).normal(size=(2, blocks, 2))
    values = np.empty((blocks, 2, 2, RUNS))
    for block, one, other in np.ndindex(blocks, 2, 2):
        p, q = parameters[:, block, one]
        values[block, one, other] = value({"shocks": block, "data": 2 * block + other, "p": p, "q": q})[0]
    theirs, ours = crossed(values), split_by_runs(4, 300)
    for place, mine in enumerate((0, 2, 1)):  # runs, parameters, data
        for part, their, error in ((0, theirs.first, theirs.first_error), (2, theirs.total, theirs.total_error)):
            assert abs(ours[part, mine] - their[place]) < 4.0 * np.hypot(error[place], ours[part + 1, mine])


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


@pytest.fixture(scope="module")
def of_runs(scenario: Scenario) -> xr.Dataset:
    return factor_indices(scenario, ["mean(shortage[oxide, B])"], draws=4, runs=16, parameters=["cover_bound"], seed=3)


def test_factor_indices__lay_a_shortage_to_the_ban_that_comes_or_not(of_runs: xr.Dataset) -> None:
    assert of_runs.factor.values.tolist() == ["shocks", "data", "cover_bound"]
    found, error = of_runs.index_total[0], of_runs.index_total_error[0]
    assert float(found.sel(factor="shocks")) > 0.8
    for name in ("data", "cover_bound"):
        assert float(found.sel(factor=name)) < 0.2 + 4.0 * float(error.sel(factor=name))


def test_factor_indices__freeze_shocks_by_the_numbers_of_runs(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, float, int, int]] = []

    def values(self: Study, parameters: Mapping[str, float], *, chain_draw: int, first: int) -> np.ndarray:
        """One number of each run of its own."""
        seen.append((*parameters.values(), chain_draw, first))
        return np.arange(first, first + 8.0)[None]

    monkeypatch.setattr(Study, "finite_values", values)
    names = ["price_response", "cover_bound"]
    found = factor_indices(scenario, ["mean(shortage[oxide, B])"], draws=4, runs=8, parameters=names)
    first, second, shocks, data, both, price, cover = np.array(seen).reshape(7, 4, 4)
    changed = [
        np.flatnonzero((each != first).all(axis=0)).tolist() for each in (second, shocks, data, both, price, cover)
    ]
    assert changed == [[0, 1, 2, 3], [3], [2], [0, 1], [0], [1]]
    assert all(np.all((each == first) | (each == second)) for each in (shocks, data, both, price, cover))
    assert first[:, 3].tolist() == [0, 16, 32, 48] and second[:, 3].tolist() == [8, 24, 40, 56]
    # The run's number is the value: shocks explain all that differs within a row and between the halves of it.
    assert (
        float(found.index_first.sel(factor="data")[0]) == 0.0 and float(found.index_total.sel(factor="data")[0]) == 0.0
    )


def test_factor_indices__are_drawn_with_all_factors(of_runs: xr.Dataset) -> None:
    (axes,) = plotting.sensitivity(of_runs).axes
    assert {text.get_text() for text in axes.get_yticklabels()} == {"shocks", "data", "cover_bound"}


def test_factor_indices__name_all_that_is_wrong_at_once(scenario: Scenario) -> None:
    with pytest.raises(ResultError) as caught:
        factor_indices(scenario, ["mean(shortage[oxid, B])", "mean(nothing)"], parameters=["price_respons"])
    assert all(words in str(caught.value) for words in ("did you mean oxide", "nothing", "did you mean price_response"))
