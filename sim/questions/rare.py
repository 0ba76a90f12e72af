"""Probability of a rare event by importance sampling, tilted level by level towards the event (cross-entropy).

Runs are scored; the best tenth of them, weighted back to the sampler's own law, say towards which draws to tilt; the
next runs are drawn so, until a tenth of them show the event. A last set of runs, drawn afresh from a mixture of the
sampler's own law and all tilts, then gives an estimate that is unbiased whatever the tilts: each run counts by its
exact likelihood ratio, which the sampler's own share of the mixture bounds.

Sources: Rubinstein and Kroese (2004), The Cross-Entropy Method, doi:10.1007/978-1-4757-4321-0; defensive mixtures:
Hesterberg (1995), doi:10.1080/00401706.1995.10484303.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from sim.questions.tilts import Mixture, Tilt, Tilted, Values, fitted, values_of

Index = NDArray[np.intp]
Score = Callable[[Mixture, int], Values]
"""Scores of all runs of a mixture that begins at a run; the event is a score at or above 0."""
TELLING = 0.1
"""Share of runs, the best, that say where to tilt."""
OWN_SHARE, EARLIER_SHARE = 0.1, 0.5
"""Shares of the last runs under the sampler's own law and under all tilts but the last: with a quarter for the latter
the error was a fifth larger, and understated."""
LEVELS = 6
"""Most levels before the search gives up."""
PLAIN = 100
"""Runs with the event among the first ones from which it is not rare: no tilt is needed."""


@dataclass(frozen=True)
class Search:
    """A rare event as found."""

    probability: float
    error: float
    """Standard error."""
    low: float
    high: float
    """Interval at 95 %, lognormal about the estimate, since weights are skewed."""
    levels: tuple[float, ...]
    """Score reached by the best tenth of each set of runs, the last of them capped at 0."""
    simulations: int
    """Runs simulated in all."""
    runs: Index
    """Numbers of the runs of the last set, shape (run,)."""
    weights: Values
    """Likelihood ratio of each of them, shape (run,)."""
    scores: Values
    """Score of each of them, shape (run,)."""
    mixture: Mixture
    """Laws of the last set."""
    begin: int
    """Run at which it begins."""

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Whether a run of the last set shows the event, shape (run,)."""
        return self.scores >= 0.0

    @property
    def shares(self) -> Values:
        """Part of the probability that each run of the last set stands for, shape (run,); they add up to 1."""
        weights = self.weights * self.hits
        return weights / max(float(weights.sum()), 1e-300)

    @property
    def effective(self) -> float:
        """Runs of equal weight that would tell as much about the event."""
        return 1.0 / float((self.shares**2).sum()) if self.hits.any() else 0.0

    @property
    def plain_runs(self) -> float:
        """Runs that plain sampling would need for the same standard error."""
        return self.probability * (1.0 - self.probability) / self.error**2 if self.error > 0.0 else inf


def search(score: Score, seed: int, asked: Mapping[tuple[str, str], int], *, pilot: int, total: int) -> Search:
    """Estimate the probability of an event.

    Parameters
    ----------
    score: Simulates and scores runs.
    seed: Seed of the ensemble.
    asked: Draws that may be tilted: numbers of a run by name and purpose.
    pilot: Runs of each level of the search; the first are the first of an ordinary ensemble.
    total: Runs of search and estimate together; those that the search leaves make the estimate.
    """
    tilts, levels, begin = [Tilt()], list[float](), 0
    mixture = Mixture((Tilt(),), (pilot,))
    while len(levels) < LEVELS and (not levels or levels[-1] < 0.0):
        scores = score(mixture, begin)
        levels.append(min(_level(scores), 0.0))
        telling = scores >= levels[-1]
        if len(levels) > 1 or telling.sum() < PLAIN or levels[-1] < 0.0:
            draws = values_of(Tilted(seed, begin, mixture.runs, mixture, begin), asked)
            chosen = {draw: u[telling] for draw, u in draws.items()}
            tilts.append(fitted(chosen, mixture.weights(draws)[telling]))
        begin += mixture.runs
        own = round(OWN_SHARE * pilot)
        mixture = Mixture((Tilt(), tilts[-1]), (own, pilot - own))
    last = max(total - begin, pilot)
    mixture = _final(tilts, last)
    scores = score(mixture, begin)
    draws = values_of(Tilted(seed, begin, last, mixture, begin), asked)
    return _estimated(mixture, begin, scores, mixture.weights(draws), tuple(levels))


def _level(scores: Values) -> float:
    """Score of the best tenth; where many runs share it, as those that nothing strikes do, the lowest above it."""
    level = float(np.quantile(scores, 1.0 - TELLING, method="higher"))
    above = scores[scores > level]
    shared = (scores >= level).mean() > 2.0 * TELLING
    return float(above.min()) if shared and above.size and level < 0.0 else level


def _final(tilts: list[Tilt], last: int) -> Mixture:
    """The mixture behind the estimate: most runs under the last tilt."""
    if len(tilts) == 1:
        return Mixture((Tilt(),), (last,))
    own, earlier = round(OWN_SHARE * last), tilts[1:-1]
    each = round(EARLIER_SHARE * last / len(earlier)) if earlier else 0
    counts = (own, *(each for _ in earlier), last - own - each * len(earlier))
    return Mixture((Tilt(), *earlier, tilts[-1]), counts)


def _estimated(mixture: Mixture, begin: int, scores: Values, weights: Values, levels: tuple[float, ...]) -> Search:
    """Weighted share of runs with the event; the error is that of a sample with a fixed number of runs of each law."""
    counted = weights * (scores >= 0.0)
    probability = float(counted.mean())
    law, variance = mixture.law(np.arange(mixture.runs)), 0.0
    for number, count in enumerate(mixture.counts):
        part = counted[law == number]
        if count > 1:
            variance += count * float(part.var(ddof=1))
    error = float(np.sqrt(variance)) / mixture.runs
    low, high = _interval(probability, error, mixture)
    runs = np.arange(begin, begin + mixture.runs)
    return Search(probability, error, low, high, levels, begin + mixture.runs, runs, weights, scores, mixture, begin)


def _interval(probability: float, error: float, mixture: Mixture) -> tuple[float, float]:
    """Interval at 95 %; without any event, what the runs under the sampler's own law leave possible."""
    if probability == 0.0:
        return 0.0, 1.0 - 0.05 ** (1.0 / max(mixture.counts[0], 1))
    spread = np.sqrt(np.log1p((error / probability) ** 2))
    middle = np.log(probability) - 0.5 * spread**2
    return float(np.exp(middle - 1.96 * spread)), min(float(np.exp(middle + 1.96 * spread)), 1.0)
