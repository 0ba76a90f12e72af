"""Shares of a variance, against functions whose shares are known."""

from __future__ import annotations

import numpy as np
import pytest

from sim.questions.variance import crossed, given_data

ISHIGAMI = (0.3139, 0.4424, 0.0)
"""First-order shares with a = 7 and b = 0.1 (Ishigami and Homma 1990)."""


def test_given_data__has_the_known_shares_of_ishigami() -> None:
    x = np.random.default_rng(1).uniform(-np.pi, np.pi, (3, 4000))
    y = np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])
    share, error = given_data(x, y)
    assert np.all(np.abs(share - ISHIGAMI) < 4.0 * error + 0.005)
    assert np.all(error < 0.03)


def test_given_data__is_not_biased_by_few_runs() -> None:
    rng = np.random.default_rng(2)
    found = [given_data(rng.random((1, 200)), rng.random(200))[0][0] for _ in range(100)]
    assert abs(np.mean(found)) < 4.0 * np.std(found) / 10.0
    assert np.mean(found) < 0.02  # without the correction 0.045


def test_given_data__takes_inputs_with_ties() -> None:
    rng = np.random.default_rng(3)
    came = (rng.random((1, 2000)) < 0.2).astype(float)
    share, _ = given_data(came, came[0] + rng.normal(size=2000))
    assert abs(share[0] - 0.16 / 1.16) < 0.05


def test_crossed__has_the_known_shares_of_a_sum_with_an_interaction() -> None:
    rng, blocks, runs = np.random.default_rng(4), 400, 16
    p, c, s = (
        rng.normal(size=(blocks, 2, 1, 1)),
        rng.normal(size=(blocks, 1, 2, 1)),
        rng.normal(size=(blocks, 1, 1, runs)),
    )
    found = crossed(10.0 + 2.0 * s + 1.0 * p + 0.0 * c + 1.0 * p * s)  # variance 4 + 1 + 1
    assert np.all(np.abs(found.first - np.array([4, 1, 0]) / 6) <= 4.0 * found.first_error)
    assert np.all(np.abs(found.total - np.array([5, 2, 0]) / 6) < 4.0 * found.total_error + 1e-9)
    assert np.all(found.first_error < 0.05)


def test_crossed__of_what_never_varies_is_missing() -> None:
    assert np.isnan(crossed(np.ones((3, 2, 2, 4))).first).all()


@pytest.mark.parametrize(("count", "reach"), [(100, 0.3), pytest.param(1000, 0.15, marks=pytest.mark.long)])
def test_crossed__errors_are_the_spread_over_repetitions_of_12_blocks(count: int, reach: float) -> None:
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        p, c, s = (rng.uniform(-1.7, 1.7, shape) for shape in ((12, 2, 1, 1), (12, 1, 2, 1), (12, 1, 1, 16)))
        found.append(crossed(10.0 + 2.0 * s + p + 0.5 * c + p * s))
    for part in ("first", "total"):
        spread = np.std([getattr(each, part) for each in found], axis=0, ddof=1)
        said = np.sqrt(np.mean([getattr(each, f"{part}_error") ** 2 for each in found], axis=0))
        assert np.all(np.abs(said - spread) < reach * spread)


@pytest.mark.parametrize(("count", "reach"), [(100, 0.3), pytest.param(1000, 0.15, marks=pytest.mark.long)])
def test_given_data__errors_are_the_spread_over_samples(count: int, reach: float) -> None:
    found = []
    for seed in range(count):
        x = np.random.default_rng(seed).uniform(-np.pi, np.pi, (3, 400))
        found.append(given_data(x, np.sin(x[0]) + 7.0 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])))
    spread = np.std([share for share, _ in found], axis=0, ddof=1)
    said = np.sqrt(np.mean([error**2 for _, error in found], axis=0))
    assert np.all(np.abs(said - spread)[:2] < reach * spread[:2])
    # That of an input that does not matter is stated too large, never too small.
    assert 1.0 - reach < said[2] / spread[2] < 1.3 + reach
