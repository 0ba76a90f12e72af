"""Proposals of a calibration: where the next draws of the parameters are made, and what that makes each of them count.

Population Monte Carlo with weights over the mixture of all stages (adaptive multiple importance sampling, Cornuet et
al. 2012, Scand. J. Stat. 39:798; Owen and Zhou 2000, J. Am. Stat. Assoc. 95:135). On twelve parameters with standard
deviations of 0.1 to 0.9 of the prior, 2,000 draws give 50 to 170 effective ones in place of 6 to 10 with two stages of
Gaussians. All on the normal scale of the priors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import chi2, multivariate_normal, multivariate_t

from sim.quantiles import Numbers
from sim.questions.weighting import Ensemble, at_scores, draw, effective, weights
from sim.scenario.episodes import Beliefs

Values = NDArray[np.float64]
BELIEVED = 0.75
"""Share of the correlations among few effective draws that is believed."""
ENOUGH = 150.0
"""Effective draws from which on a choice of episodes gets no draws of its own."""
FIRST = 0.2
"""Share of the draws that comes from the priors."""
FREEDOM = 5.0
"""Degrees of freedom of the proposals: tails heavier than those of what they stand for bound the weights."""
LEAST = 0.05
"""Variance that a proposal keeps at least, beside what was fitted."""
PER_PARAMETER = 4.0
"""Effective draws for each parameter below which the likelihood is tempered before a proposal is fitted."""
STAGES = 10
"""Stages after the first; each is fitted to what all draws before it say."""
WIDENED = 1.2
"""Factor on the fitted scale of a proposal: one too narrow makes a few weights huge, one too wide wastes draws."""


@dataclass(frozen=True)
class Component:
    """A Student t proposal on the normal scale of the priors."""

    mean: Values
    scale: Values
    """Its scale matrix, shape (parameter, parameter)."""


Parts = tuple[tuple[Component, int], ...]


@dataclass(frozen=True)
class Mixture:
    """What the draws so far were made from: the priors, then components."""

    prior: int
    """Draws from the priors."""
    parts: Parts = ()
    """Components and the draws made from each."""

    @property
    def draws(self) -> int:
        """All draws."""
        return self.prior + sum(count for _, count in self.parts)

    def ratio(self, score: Values) -> Values:
        """Log density of the prior over that of the mixture, shape (draw,).

        Parameters
        ----------
        score: Normal scores of draws, shape (draw, parameter).

        Example
        -------
        >>> Mixture(100).ratio(np.zeros((1, 3))).tolist()
        [0.0]
        """
        size = score.shape[1]
        prior = multivariate_normal(np.zeros(size), np.eye(size)).logpdf(score)
        logs = [prior, *(multivariate_t(part.mean, part.scale, df=FREEDOM).logpdf(score) for part, _ in self.parts)]
        counts = np.array([self.prior, *(count for _, count in self.parts)])
        return np.asarray(prior - logsumexp(np.array(logs).reshape(counts.size, -1).T, b=counts / self.draws, axis=1))


def bounds(draws: int) -> list[int]:
    """Draws made by the end of each stage."""
    stages = np.linspace(FIRST, 1.0, STAGES + 1)
    return sorted({max(round(float(share) * draws), 1) for share in stages})


def tempered(log_likelihood: Values, least: float) -> Values:
    """Weights with the likelihood raised to the highest power, at most 1, that leaves enough effective draws.

    Parameters
    ----------
    log_likelihood: Of each draw.
    least: Effective draws wanted.

    Example
    -------
    >>> weight = tempered(np.array([0.0, -1000.0, -1000.0, -1000.0]), 2.0)
    >>> round(effective(weight), 3)
    2.0
    """
    least = min(least, 0.5 * log_likelihood.size)
    if effective(weights(log_likelihood)) >= least:
        return weights(log_likelihood)
    power = brentq(lambda power: effective(weights(power * log_likelihood)) - least, 0.0, 1.0)
    return weights(power * log_likelihood)


def components(score: Values, ratio: Values, likelihood: dict[str, Values]) -> list[Component]:
    """Proposals of a stage: one for each episode and, of several, one for all together.

    What has enough effective draws gets none, unless that holds for all.

    Parameters
    ----------
    score: Normal scores of the draws so far, shape (draw, parameter).
    ratio: Log density of the prior over that of what they were drawn from, shape (draw,).
    likelihood: Their log likelihood by episode.
    """
    targets = [ratio + each for each in likelihood.values()]
    if len(targets) > 1:
        targets.append(ratio + np.sum(list(likelihood.values()), axis=0))
    poor = [target for target in targets if effective(weights(target)) < ENOUGH]
    return [_fitted(score, target) for target in poor or targets]


def _fitted(score: Values, log_weight: Values) -> Component:
    """A proposal with the mean and the covariance of weighted draws.

    The power that leaves enough effective draws tempers the correction for the mixture as well: otherwise a few draws
    that it made too rarely could count for most.
    """
    size = score.shape[1]
    weight = tempered(log_weight, PER_PARAMETER * size)
    mean = weight @ score
    around = score - mean
    found = (weight[:, None] * around).T @ around
    found = BELIEVED * found + (1.0 - BELIEVED) * np.diag(np.diag(found))
    return Component(mean, WIDENED * found + LEAST**2 * np.eye(size))


def proposed(beliefs: Beliefs, parts: Sequence[Component], seed: int, first: int, count: int) -> tuple[Ensemble, Parts]:
    """Draws of a stage, each from the components in turn, and how many came from each.

    Parameters
    ----------
    beliefs: Priors.
    parts: Components.
    seed: Seed of the random numbers.
    first: Number of the first draw.
    count: Number of draws.
    """
    plain = draw(beliefs, draws=count, seed=seed, first=first).score
    stretched = (
        plain
        / np.sqrt(chi2(FREEDOM).ppf(Numbers(seed, first, count).of("calibration", "tail", 1)[0]) / FREEDOM)[:, None]
    )
    chosen = [number % len(parts) for number in range(first, first + count)]
    factors = [np.linalg.cholesky(part.scale) for part in parts]
    score = np.array([parts[part].mean + factors[part] @ row for part, row in zip(chosen, stretched, strict=True)])
    made = tuple((part, chosen.count(index)) for index, part in enumerate(parts))
    return at_scores(beliefs, score), made
