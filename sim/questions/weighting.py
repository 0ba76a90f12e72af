"""Importance weights of parameter draws: priors, likelihood with discrepancy, and what the data identify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp, ndtr, ndtri

from sim.quantiles import Numbers, quantile
from sim.questions.observables import recorded
from sim.scenario.dates import months_between
from sim.scenario.episodes import Beliefs, Discrepancy, Episode, ObservationRow

Values = NDArray[np.float64]
LOOSE = 0.7
"""Posterior over prior variance of a combination of parameters above which it counts as not identified."""


@dataclass(frozen=True)
class Ensemble:
    """Draws of the free parameters from their priors."""

    names: tuple[str, ...]
    """Parameters."""
    score: Values
    """Normal scores of the draws under the priors, shape (draw, parameter)."""
    values: Values
    """The draws, shape (draw, parameter)."""

    def overrides(self, draw: int) -> list[str]:
        """Keys and values that put a draw into a scenario."""
        return [f"parameters.{name}={value:.9g}" for name, value in zip(self.names, self.values[draw], strict=True)]

    def joined(self, other: Ensemble) -> Ensemble:
        """Both ensembles as one, these draws first."""
        score, values = (np.concatenate(pair) for pair in ((self.score, other.score), (self.values, other.values)))
        return Ensemble(self.names, score, values)


def draw(beliefs: Beliefs, *, draws: int, seed: int, first: int = 0) -> Ensemble:
    """Draw the free parameters from their priors; draw 17 is the same whatever the range.

    Parameters
    ----------
    beliefs: Priors.
    draws: Number of draws.
    seed: Seed of the random numbers.
    first: Number of the first draw.

    Example
    -------
    >>> from sim.scenario.episodes import read_beliefs
    >>> a = draw(read_beliefs(), draws=20, seed=1)
    >>> b = draw(read_beliefs(), draws=1, seed=1, first=17)
    >>> bool((a.values[17] == b.values[0]).all())
    True
    """
    numbers = Numbers(seed, first, draws)
    return at_scores(beliefs, np.array([ndtri(numbers.of(name, "prior", 1)[0]) for name in beliefs.priors]).T)


def at_scores(beliefs: Beliefs, score: Values) -> Ensemble:
    """Draws at given normal scores of the priors.

    Parameters
    ----------
    beliefs: Priors.
    score: Shape (draw, parameter).
    """
    laws = [prior.distribution for prior in beliefs.priors.values()]
    values = [quantile(law, ndtr(column)) for law, column in zip(laws, score.T, strict=True)]
    return Ensemble(tuple(beliefs.priors), score, np.array(values).T)


def covariance(episode: Episode, rows: Sequence[ObservationRow], discrepancy: Discrepancy) -> Values:
    """Covariance of observed about modelled log values: discrepancy of the model plus error of observation.

    The discrepancy of series `i` at date `s` and series `j` at `t` has the covariance
    `sd^2 exp(-|s - t| / months) (shared + (1 - shared) [i = j])`: a Gaussian process, since a model that is wrong is
    wrong for months, and for many goods at once (Kennedy and O'Hagan 2001, J. R. Statist. Soc. B 63:425). A value over
    a base is off by what the discrepancy has changed since the base: little at first.

    Parameters
    ----------
    rows: Observations.
    discrepancy: Size, memory and shared part.

    Returns
    -------
    Shape (observation, observation).
    """
    names = np.array([row.series for row in rows])
    series = [episode.by_name[row.series] for row in rows]
    based = np.array([float(row.base_from != "") for row in series])
    dates = np.array([_middle(episode, row.first, row.last) for row in rows])
    bases = np.array([_middle(episode, row.base_from, row.base_to) if row.base_from else 0.0 for row in series])
    alike = np.where(names[:, None] == names, 1.0, discrepancy.shared)

    def near(one: Values, other: Values) -> Values:
        """How alike the discrepancies of two dates are, shape (date, date)."""
        return np.asarray(np.exp(-np.abs(one[:, None] - other) / discrepancy.months))

    since = near(dates, dates) - near(dates, bases) * based - based[:, None] * near(bases, dates)
    since += based[:, None] * near(bases, bases) * based
    errors = np.array([row.error for row in rows])
    return np.asarray(discrepancy.sd**2 * alike * since + np.diag(errors**2))


def _middle(episode: Episode, first: str, last: str) -> float:
    """Months from the origin of an episode to the middle of a window."""
    start = episode.about.origin
    return 0.5 * (months_between(start, first) + months_between(start, last) + 1.0)


def log_likelihood(found: Values, observed: Values, spread: Values) -> Values:
    """Gaussian log likelihood of each draw, up to a constant.

    Parameters
    ----------
    found: Modelled log values, shape (draw, observation).
    observed: Observed log values, shape (observation,).
    spread: Their covariance, shape (observation, observation).

    Example
    -------
    >>> log_likelihood(np.array([[0.0], [2.0]]), np.array([0.0]), np.eye(1)).tolist()
    [-0.0, -2.0]
    """
    error = (found - observed).T
    return np.asarray(-0.5 * np.sum(error * cho_solve(cho_factor(spread), error), axis=0))


def weights(log_likelihoods: Values) -> Values:
    """Normalised importance weights of draws from the prior.

    Example
    -------
    >>> weights(np.log([1.0, 3.0])).round(2).tolist()
    [0.25, 0.75]
    """
    return np.asarray(np.exp(log_likelihoods - logsumexp(log_likelihoods)))


def effective(weight: Values) -> float:
    """Effective sample size of weighted draws, `1 / sum w^2` (Kish 1965).

    Example
    -------
    >>> effective(np.full(4, 0.25))
    4.0
    """
    return float(1.0 / np.sum(weight**2))


def contraction(ensemble: Ensemble, weight: Values) -> dict[str, float]:
    """Share of each parameter's prior variance that the data took away, on the normal scale of its prior.

    Negative where the posterior came out wider; with few effective draws it is noisy by about `sqrt(2 / draws)`.
    """
    around = ensemble.score - weight @ ensemble.score
    # The prior has variance 1 on this scale; that of the draws is another one, since most come from proposals.
    left = weight @ around**2
    return {name: float(1.0 - part) for name, part in zip(ensemble.names, left, strict=True)}


def unidentified(ensemble: Ensemble, weight: Values) -> list[tuple[float, dict[str, float]]]:
    """Combinations of parameters that the data leave as wide as the prior does.

    Eigenvectors of the posterior covariance on the normal scale of the priors (where the prior is the unit matrix).

    Returns
    -------
    Variance left, and the loadings of at least 0.3 by parameter, the widest combination first.
    """
    around = ensemble.score - weight @ ensemble.score
    variance, vectors = np.linalg.eigh((weight[:, None] * around).T @ around)
    found = []
    for left, vector in zip(variance[::-1], vectors.T[::-1], strict=True):
        if left > LOOSE:
            loads = {name: float(load) for name, load in zip(ensemble.names, vector, strict=True) if abs(load) >= 0.3}
            found.append((float(left), loads))
    return found


def resampled(weight: Values, count: int, offset: float = 0.5) -> NDArray[np.intp]:
    """Draws that stand for a weighted ensemble with equal weights (systematic resampling, Kitagawa 1996).

    Parameters
    ----------
    weight: Normalised weights.
    count: Draws wanted.
    offset: Position in (0, 1) of the comb.

    Example
    -------
    >>> resampled(np.array([0.25, 0.75]), 4).tolist()
    [0, 1, 1, 1]
    """
    places = (np.arange(count) + offset) / count
    return np.minimum(np.searchsorted(np.cumsum(weight), places), weight.size - 1)


def evidence(episode: Episode, found: Values, discrepancy: Discrepancy) -> Values:
    """Log likelihood of each draw on the scored observations of an episode.

    Parameters
    ----------
    found: Modelled log values of all observations, shape (draw, observation).
    discrepancy: How far a right model may still be off.
    """
    scored = [index for index, row in enumerate(episode.observations) if row in episode.scored]
    rows = [episode.observations[index] for index in scored]
    spread = covariance(episode, rows, discrepancy)
    return log_likelihood(found[:, scored], recorded(episode, tuple(rows)), spread)
