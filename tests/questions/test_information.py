"""Value of information, against the closed form of normal gains."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from sim.questions.information import FEWEST, curve, gain, matched, worth

SLOPES = np.array([1.0, 0.5, 0.0])
MEAN, NOISE = 0.3, 3.0


def known(mean: float, spread: float) -> float:
    """Value of knowing a normal difference of two options: `s phi(m / s) - |m| Phi(-|m| / s)`."""
    return float(spread * norm.pdf(mean / spread) - abs(mean) * norm.sf(abs(mean) / spread))


def drawn(seed: int, mean: float = MEAN, worlds: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Parameters, and losses of two options whose difference is linear in them, with shocks that both share."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(3, worlds))
    shared, apart = generator.normal(size=(2, worlds, 16))
    difference = mean + (SLOPES @ inputs)[:, None] + NOISE * apart
    return inputs, np.stack([20.0 * shared, 20.0 * shared + difference])


@pytest.fixture(scope="module")
def found() -> tuple[np.ndarray, np.ndarray]:
    """Values and their errors of 14 studies: everything, the world, each parameter."""
    both = [worth(*drawn(seed)) for seed in range(14)]
    rows = [[[each.everything, each.world, *each.parameters] for each in pair] for pair in both]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def test_worth__is_that_of_the_closed_form(found: tuple[np.ndarray, np.ndarray]) -> None:
    values, _ = found
    whole = float(np.hypot(*SLOPES[:2]))
    truth = [known(MEAN, float(np.hypot(whole, NOISE))), known(MEAN, whole), known(MEAN, 1.0), known(MEAN, 0.5)]
    spread = values[:, :4].std(axis=0, ddof=1)
    # Four standard errors of 14 studies, and the quarter of an error that a tie nearby takes off.
    np.testing.assert_array_less(abs(values[:, :4].mean(axis=0) - truth), spread * (4.0 / np.sqrt(14) + 0.25))


def test_worth__is_far_below_what_noisy_means_would_promise(found: tuple[np.ndarray, np.ndarray]) -> None:
    naive = [gain(drawn(seed)[1].mean(axis=2).T) for seed in range(14)]
    truth = known(MEAN, float(np.hypot(*SLOPES[:2])))
    assert np.mean(naive) > 1.15 * truth > 1.05 * found[0][:, 1].mean()


def test_worth__of_a_parameter_that_tells_nothing_is_less_than_an_error(
    found: tuple[np.ndarray, np.ndarray],
) -> None:
    values, errors = found
    assert (values[:, 4] >= 0.0).all() and values[:, 4].mean() < errors[:, 4].mean()


def test_worth__errors_are_those_by_which_studies_differ(found: tuple[np.ndarray, np.ndarray]) -> None:
    values, errors = found
    ratio = errors[:, :4].mean(axis=0) / values[:, :4].std(axis=0, ddof=1)
    # 14 studies tell a spread within 20 %.
    assert ((ratio > 0.6) & (ratio < 1.5)).all()


@pytest.mark.long
def test_worth__has_the_known_value_and_error_over_150_studies() -> None:
    both = [worth(*drawn(1000 + seed)) for seed in range(150)]
    values, errors = (
        np.array([[each.everything, each.world, *each.parameters] for each in row]) for row in zip(*both, strict=True)
    )
    whole = float(np.hypot(*SLOPES[:2]))
    truth = [known(MEAN, spread) for spread in (float(np.hypot(whole, NOISE)), whole, 1.0, 0.5)]
    spread = values.std(axis=0, ddof=1)
    assert np.all(np.abs(values[:, :4].mean(axis=0) - truth) < 0.25 * spread[:4])
    said = np.sqrt((errors**2).mean(axis=0))
    # 150 studies tell a spread within 6 %.
    assert np.all(np.abs(said - spread)[:4] < 0.2 * spread[:4])
    # Values cannot be below 0: the error of one that is 0 is stated too large.
    assert said[4] > spread[4]


def test_worth__of_a_part_is_not_above_that_of_the_whole(found: tuple[np.ndarray, np.ndarray]) -> None:
    values, errors = found
    assert (values[:, 2:] <= values[:, 1:2] + 2.0 * errors[:, 1:2]).all()
    assert (values[:, 1] <= values[:, 0]).all()


def test_worth__is_nothing_where_one_option_always_wins() -> None:
    inputs, losses = drawn(1, mean=30.0)
    saved, error = worth(inputs, losses)
    assert saved.everything == saved.world == 0.0 and not saved.parameters.any()
    assert saved.chosen.tolist() == [1.0, 0.0] and error.everything == 0.0


def test_worth__does_not_depend_on_the_order_of_options() -> None:
    inputs, losses = drawn(2)
    there, back = worth(inputs, losses)[0], worth(inputs, losses[::-1])[0]
    np.testing.assert_allclose(there.parameters, back.parameters, atol=1e-9)
    np.testing.assert_allclose([there.everything, there.world], [back.everything, back.world], atol=1e-9)


def test_worth__of_three_options_is_that_of_the_best_of_each_world() -> None:
    generator = np.random.default_rng(4)
    x = generator.uniform(-1.0, 1.0, size=(1, 4000))
    # The options are best below -1/3, between, and above 1/3; each saves what lies beyond.
    means = np.stack([x[0] + 1.0 / 3.0, np.zeros(4000), 1.0 / 3.0 - x[0]])
    saved, _ = worth(x, means[:, :, None] + generator.normal(size=(3, 4000, 4)) * 0.2)
    truth = 2.0 * 0.5 * (2.0 / 3.0) ** 2 / 2.0
    assert abs(saved.world - truth) < 0.02 and abs(saved.parameters[0] - truth) < 0.02
    np.testing.assert_allclose(saved.chosen, 1.0 / 3.0, atol=0.05)


def test_matched__takes_noise_off_the_covariance() -> None:
    generator = np.random.default_rng(5)
    losses = generator.normal(size=(500, 3)) @ generator.normal(size=(3, 3))
    noise = 0.3 * np.cov(losses, rowvar=False)
    after = matched(losses, noise)
    np.testing.assert_allclose(np.cov(after, rowvar=False), np.cov(losses, rowvar=False) - noise, atol=1e-9)
    np.testing.assert_allclose(after.mean(axis=0), losses.mean(axis=0), atol=1e-12)
    assert np.ptp(matched(losses, 2.0 * np.cov(losses, rowvar=False)), axis=0).max() < 1e-9


def test_curve__has_the_error_of_least_squares() -> None:
    x = np.linspace(-1.0, 1.0, 40)
    basis = np.stack([np.ones(40), x], axis=1)
    noise = np.random.default_rng(6).normal(size=(40, 2000))
    _, covariance = curve(basis, noise)
    # One slope of unit noise: its variance, over worlds, is one in all.
    assert abs(np.trace(covariance) / 2000 - 1.0 / 39.0) < 0.002


def test_worth__wants_worlds_and_runs() -> None:
    with pytest.raises(ValueError, match="needs 16 worlds"):
        worth(np.zeros((1, FEWEST - 1)), np.zeros((2, FEWEST - 1, 4)))
