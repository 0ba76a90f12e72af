"""Importance weights against cases with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from sim.questions.weighting import (
    Ensemble,
    contraction,
    covariance,
    draw,
    effective,
    log_likelihood,
    resampled,
    unidentified,
    weights,
)
from sim.scenario.episodes import Discrepancy, Episode, read_beliefs

DISCREPANCY = Discrepancy(sd=0.4, months=12.0, shared=0.5, source="by hand")


def test_draw__is_the_same_alone_and_in_a_range() -> None:
    beliefs = read_beliefs()
    many, one = draw(beliefs, draws=30, seed=5), draw(beliefs, draws=1, seed=5, first=17)
    np.testing.assert_array_equal(many.values[17], one.values[0])


def test_covariance__of_a_multiple_is_what_the_discrepancy_has_changed_since_the_base(episode: Episode) -> None:
    found = covariance(episode, episode.observations[:1], DISCREPANCY)
    # June 2010 lies 4.5 months after the middle of January and February.
    assert found[0, 0] == pytest.approx(2.0 * 0.16 * (1.0 - np.exp(-4.5 / 12.0)) + 0.01)


def test_covariance__links_two_series_half_as_much_as_one(episode: Episode) -> None:
    found = covariance(episode, episode.observations, DISCREPANCY)
    # Observations 1 and 3 are of one month and of series with one base.
    assert found[1, 3] == pytest.approx(0.5 * (found[1, 1] - 0.01))
    assert np.linalg.eigvalsh(found).min() > 0.0


@pytest.fixture(scope="module")
def line() -> tuple[Ensemble, np.ndarray]:
    """Two parameters, standard normal before the data, of which only the sum is seen: 1 with a variance of 0.5."""
    score = np.random.default_rng(1).standard_normal((40_000, 2))
    weight = weights(log_likelihood(score.sum(axis=1)[:, None], np.array([1.0]), np.array([[0.5]])))
    return Ensemble(("a", "b"), score, score), weight


def test_weights__give_the_posterior_of_a_linear_model(line: tuple[Ensemble, np.ndarray]) -> None:
    ensemble, weight = line
    # Kalman: gain = 1 / (1 + 1 + 0.5) for each parameter.
    np.testing.assert_allclose(weight @ ensemble.values, [0.4, 0.4], atol=0.02)
    found = contraction(ensemble, weight)
    assert found["a"] == pytest.approx(0.4, abs=0.02) and found["b"] == pytest.approx(0.4, abs=0.02)


def test_unidentified__finds_the_difference_where_only_the_sum_was_seen(line: tuple[Ensemble, np.ndarray]) -> None:
    ((left, loads),) = unidentified(*line)
    assert left == pytest.approx(1.0, abs=0.03)
    assert loads["a"] == pytest.approx(-loads["b"], abs=0.02) and abs(loads["a"]) == pytest.approx(0.71, abs=0.01)


def test_resampled__keeps_the_weighted_mean() -> None:
    values, weight = np.arange(5.0), np.array([0.1, 0.4, 0.1, 0.3, 0.1])
    assert values[resampled(weight, 1000)].mean() == pytest.approx(weight @ values, abs=0.01)
    assert effective(weight) == pytest.approx(1.0 / 0.28)
