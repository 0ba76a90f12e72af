"""Reference forecasts against processes whose parameters are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.questions.references import autoregression, past_multiples, reversion
from sim.scenario.episodes import Episode
from tests.small_episode import past


@pytest.fixture(scope="module")
def long() -> tuple[tuple[object, ...], float, float]:
    """Forty years of monthly prices of an Ornstein-Uhlenbeck process: rate 1.2 a year, volatility 0.5."""
    rate, volatility, step = 1.2, 0.5, 1.0 / 12.0
    rng, log, rows = np.random.default_rng(7), 0.0, []
    for month in range(480):
        year, number = divmod(month, 12)
        rows.append(past("ore", f"{1970 + year}-{number + 1:02d}", float(np.exp(log))))
        noise = volatility * np.sqrt((1.0 - np.exp(-2.0 * rate * step)) / (2.0 * rate))
        log = log * np.exp(-rate * step) + noise * rng.standard_normal()
    return tuple(rows), rate, volatility


def test_reversion__recovers_rate_and_volatility(
    episode: Episode, long: tuple[tuple[object, ...], float, float]
) -> None:
    rows, rate, volatility = long
    found = reversion(replace(episode, history=rows))  # type: ignore[arg-type]
    # The rate of n years of a process is known to about sqrt(2 rate / n).
    assert found.rate == pytest.approx(rate, abs=3.0 * np.sqrt(2.0 * rate / 40.0))
    assert found.volatility == pytest.approx(volatility, rel=0.12)


def test_autoregression__returns_to_the_mean_and_spreads_with_time(
    episode: Episode, long: tuple[tuple[object, ...], float, float]
) -> None:
    rows = (*long[0], past("ore", "2010-02", 8.0))
    known = replace(episode, history=rows)  # type: ignore[arg-type]
    soon, late = (autoregression(known, "ore", month, month, 400) for month in ("2010-03", "2029-02"))
    assert abs(soon.mean()) < 0.4 and soon.std() < 0.3
    assert late.mean() == pytest.approx(-np.log(8.0), abs=0.3) and late.std() > 2.0 * soon.std()


def test_past_multiples__are_those_over_as_long_a_time(episode: Episode) -> None:
    # Doubling every year: over a year ahead, pairs one year apart and, as pairs are few, the next longer ones.
    found = past_multiples(episode, "2011-02", "2011-02")
    assert found.min() == pytest.approx(np.log(2.0)) and np.median(found) <= np.log(8.0) + 1e-9
