"""Reference forecasts of prices, made from what was known before an episode: what a model has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from sim.scenario.dates import months_between
from sim.scenario.episodes import Episode, HistoryRow

Values = NDArray[np.float64]
NEAR = 1.5
"""Largest ratio between the lag of a past multiple and the horizon it stands for, where there are enough such lags."""
LEAST_PAIRS = 20
"""Past multiples below which the nearest lags are taken, whatever their ratio."""
YEARS = 12.0
"""Months a year."""


@dataclass(frozen=True)
class Reversion:
    """Ornstein-Uhlenbeck process of a log price: an AR(1) for dates of any spacing."""

    rate: float
    """Reversion, 1/year."""
    volatility: float
    """Standard deviation of the log price over a short time, per square root of a year."""
    mean: dict[str, float]
    """Mean log price by series."""
    last: dict[str, float]
    """Log price at the origin by series."""

    def forecast(self, series: str, years: float) -> tuple[float, float]:
        """Mean and standard deviation of the log price over its last value, some years ahead."""
        kept = np.exp(-self.rate * years)
        centre = (self.mean[series] - self.last[series]) * (1.0 - kept)
        return float(centre), float(np.sqrt(_variance(self.rate, self.volatility, np.array(years))))


def _variance(rate: float, volatility: float, years: Values) -> Values:
    """Variance of an Ornstein-Uhlenbeck process some years after it was known."""
    return np.asarray(volatility**2 * -np.expm1(-2.0 * rate * years) / (2.0 * rate))


def reversion(episode: Episode) -> Reversion:
    """A mean-reverting AR(1) in log price, fitted to the history of an episode by maximum likelihood.

    Rate and volatility are common to all series, each of which reverts to its own mean. Rates are held between 0.02
    and 5 a year: a few years of prices cannot tell slower reversion from none.
    """
    steps, means, lasts = [], {}, {}
    for name in dict.fromkeys(row.series for row in episode.history):
        dates, logs = _path(episode, name)
        means[name], lasts[name] = float(logs.mean()), float(logs[-1])
        steps.append((np.diff(dates), logs[:-1] - logs.mean(), logs[1:] - logs.mean()))
    gap, before, after = (np.concatenate(parts) for parts in zip(*steps, strict=True))

    def misfit(logs: Values) -> float:
        """Negative log likelihood of log rate and log volatility, up to a constant."""
        rate, volatility = np.exp(logs)
        variance = _variance(rate, volatility, gap)
        error = after - before * np.exp(-rate * gap)
        return float(0.5 * np.sum(np.log(variance) + error**2 / variance))

    bounds = [(np.log(0.02), np.log(5.0)), (np.log(0.01), np.log(5.0))]
    best = minimize(misfit, np.log([0.3, 0.4]), bounds=bounds, method="L-BFGS-B").x
    return Reversion(float(np.exp(best[0])), float(np.exp(best[1])), means, lasts)


def autoregression(episode: Episode, series: str, first: str, last: str, count: int) -> Values:
    """Equally likely forecasts of the log of a price over its last one before the episode, by a mean-reverting AR(1).

    Parameters
    ----------
    series: Series of the history.
    first: First month of the window that is forecast.
    last: Last month of it.
    count: Number of forecasts.

    Returns
    -------
    Shape (count,), ascending.
    """
    mean, deviation = reversion(episode).forecast(series, _ahead(episode, first, last))
    return np.asarray(mean + deviation * ndtri((np.arange(count) + 0.5) / count))


def past_multiples(episode: Episode, first: str, last: str) -> Values:
    """Log price multiples of the past over about as long a time as the forecast looks ahead, all series together.

    Returns
    -------
    One value for each pair of dates of one series in the history, ascending.
    """
    ahead = _ahead(episode, first, last)
    lags, multiples = [], []
    for name in dict.fromkeys(row.series for row in episode.history):
        dates, logs = _path(episode, name)
        early, late = np.triu_indices(dates.size, 1)
        lags.append(dates[late] - dates[early])
        multiples.append(logs[late] - logs[early])
    lag, multiple = np.concatenate(lags), np.concatenate(multiples)
    distance = np.abs(np.log(lag / ahead))
    reach = max(np.log(NEAR), float(np.sort(distance)[min(LEAST_PAIRS, lag.size) - 1]))
    return np.sort(multiple[distance <= reach])


def _ahead(episode: Episode, first: str, last: str) -> float:
    """Years from the origin of the forecasts to the middle of a window."""
    start = episode.about.origin
    return max(0.5 * (months_between(start, first) + months_between(start, last)), 1.0) / YEARS


def _path(episode: Episode, series: str) -> tuple[Values, Values]:
    """Dates (years before the origin, below 0) and log prices of a series of the history, in the order of time.

    Means of months and quarters inside a year that is also there are kept beside it; of two at one date the first is
    taken.
    """
    rows = [row for row in episode.history if row.series == series]
    dates = np.array([_middle(episode, row) for row in rows])
    dates, kept = np.unique(dates, return_index=True)
    return dates, np.log([rows[index].value for index in kept])


def _middle(episode: Episode, row: HistoryRow) -> float:
    start = episode.about.origin
    return 0.5 * (months_between(start, row.first) + months_between(start, row.last)) / YEARS


def spread(values: Sequence[float] | Values, level: float) -> float:
    """Width of the central interval that holds a share of values.

    Example
    -------
    >>> spread(np.linspace(0.0, 1.0, 101), 0.9)
    0.9
    """
    low, high = np.quantile(np.asarray(values), [0.5 - 0.5 * level, 0.5 + 0.5 * level])
    return float(high - low)
