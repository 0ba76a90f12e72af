"""Probability of a rare event by importance sampling, tilted level by level towards the event (cross-entropy).

Runs are scored; the best fifth of them, weighted back to the sampler's own law, say towards which draws to tilt; the
next runs are drawn so, until a fifth of them show the event. An event may have ways that share no draw (a ban or else
an outage), of which the likelier hides the other. So every cause is searched by itself beside all together, with a
level and runs of its own, however rare it is; what comes no nearer to the event is given up. Two larger sets of runs
then show where the event lies at large, and ways are told apart among all runs with it. A last set of runs, drawn
afresh from a mixture of the sampler's own law and the tilts, gives an estimate that is unbiased whatever the tilts:
each run counts by its exact likelihood ratio, which the sampler's own share of the mixture bounds.

Coverage: of 2,000 searches for an event of 2.1e-4 with 3,200 runs, 94.9 % of the intervals at 95 % hold it, 2.4 % lie
above and 2.8 % below; the standard error is the true spread within 1 %.

Limit: a way whose forerunners are rare among the first runs can still be lost, and is then missed from below. With
6,000 runs and pilots of 360, two ways of 1.4e-4 and 1.0e-4 that share no draw were held by 96 of 100 intervals at
95 %; ways of 3.2e-4 and 0.5e-4, the second from a cause that comes in one run of ten, by 80 of 100; one way of 1.4e-4,
while another that never gets there makes nearly all of the best first runs, by 90 of 100.

Sources: Rubinstein and Kroese (2004), The Cross-Entropy Method, doi:10.1007/978-1-4757-4321-0; defensive mixtures:
Hesterberg (1995), doi:10.1080/00401706.1995.10484303; all sets of runs weighted together: Cornuet et al. (2012),
Adaptive multiple importance sampling, doi:10.1111/j.1467-9469.2011.00756.x.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from sim.questions.tilts import Draw, Mixture, Tilt, Tilted, Values, fitted, values_of
from sim.questions.ways import MOST, by_cause, separated

Index = NDArray[np.intp]
Score = Callable[[Mixture, int], Values]
"""Scores of all runs of a mixture that begins at a run; the event is a score at or above 0."""
TELLING = 0.2
"""Share of runs, the best, that say where to tilt."""
OWN_SHARE, EARLIER_SHARE = 0.1, 0.3
"""Shares of the runs that look and that estimate under the sampler's own law and under all tilts but those of ways."""
LOOK_SHARES = (0.2, 0.25)
"""Shares of the runs left that look at the event at large, one after the other, before the estimate."""
SEARCH_SHARE = 0.6
"""Most of all runs that go into levels, before the search gives up."""
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
    """Score reached by the best fifth of each set of runs, the last of them capped at 0."""
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
    seen, levels = _Seen(score, seed, asked), list[float]()
    most = max(int(SEARCH_SHARE * total / pilot), 2)
    while len(levels) < most and (not levels or levels[-1] < 0.0):
        hits = seen.more(pilot)
        reached = seen.reached()
        levels.append(min(reached))
        if len(levels) > 1 or levels[-1] < 0.0 or hits < PLAIN:
            seen.tilt(reached)
    for share in LOOK_SHARES if len(seen.tilts) > 1 else ():
        if (look := round(share * (total - seen.runs))) > 0:
            seen.more(look)
            seen.tilt([0.0] * len(seen.ways), at_large=True)
    begin, last = seen.runs, max(total - seen.runs, pilot)
    mixture = seen.mixture(last)
    scores = score(mixture, begin)
    draws = values_of(Tilted(seed, begin, last, mixture, begin), _needed(mixture, asked))
    return _estimated(mixture, begin, scores, mixture.weights(draws), tuple(levels))


class _Seen:
    """Runs of a search so far, whatever laws they were drawn from, and the tilts they led to."""

    def __init__(self, score: Score, seed: int, asked: Mapping[tuple[str, str], int]) -> None:
        """Begin without any run, and without a tilt."""
        self._score, self._seed, self._asked = score, seed, asked
        self.tilts = [Tilt()]
        self.ways = [0]
        """Numbers of the tilts that are searched now, one for each way to the event."""
        self.runs = 0
        self._scores = np.empty(0)
        self._draws: dict[Draw, Values] = {}
        self._density = np.empty((1, 0))
        self._counts: list[int] = [0]
        self._latest: tuple[Index, Values] = np.empty(0, dtype=np.intp), np.empty(0)
        self._fitted_at = [-inf]
        """Level at which the tilt of each way was fitted."""

    def mixture(self, runs: int) -> Mixture:
        """A set of runs under all tilts so far, most of them under those of the ways, a share under earlier ones."""
        if len(self.tilts) == 1:
            return Mixture((self.tilts[0],), (runs,))
        shares = np.zeros(len(self.tilts))
        # A way that has reached the event waits for the others.
        ways = [way for way, at in zip(self.ways, self._fitted_at, strict=True) if at < 0.0] or self.ways
        earlier = [number for number in range(1, len(self.tilts)) if number not in ways][-MOST * 3 :]
        shares[earlier] = EARLIER_SHARE / max(len(earlier), 1)
        shares[0] = OWN_SHARE
        shares[ways] = (1.0 - shares.sum()) / len(ways)
        bounds = np.round(np.cumsum(shares) * runs).astype(int)
        return Mixture(tuple(self.tilts), tuple(np.diff(bounds, prepend=0).tolist()))

    def more(self, runs: int) -> int:
        """Simulate more runs; how many of them show the event."""
        mixture, begin = self.mixture(runs), self.runs
        scores = self._score(mixture, begin)
        draws = values_of(Tilted(self._seed, begin, runs, mixture, begin), self._asked)
        density = np.array([tilt.density(draws) for tilt in self.tilts])
        self._density = np.append(self._density, density, axis=1)
        self._draws = {draw: np.append(self._draws.get(draw, np.empty(0)), u) for draw, u in draws.items()}
        self._scores = np.append(self._scores, scores)
        self._counts = [*map(sum, zip(self._counts, mixture.counts, strict=True))]
        self._latest = mixture.law(np.arange(runs)), scores
        self.runs += runs
        return int((scores >= 0.0).sum())

    def reached(self) -> list[float]:
        """Score that the best fifth of the latest runs of each way reaches, at most 0.

        Ways that have come no nearer to the event since their last tilt are given up where others have.
        """
        law, scores = self._latest
        found = []
        for way, at in zip(self.ways, self._fitted_at, strict=True):
            own = scores[law == way]
            found.append(at if at == 0.0 else _level(own, np.ones(own.size)))
        near = [level == 0.0 or level > at for level, at in zip(found, self._fitted_at, strict=True)]
        # All causes together stay, whatever becomes of each.
        kept = [place for place, is_near in enumerate(near) if is_near or place == 0]
        self.ways = [self.ways[place] for place in kept]
        self._fitted_at = [self._fitted_at[place] for place in kept]
        return [found[place] for place in kept]

    def tilt(self, reached: Sequence[float], *, at_large: bool = False) -> None:
        """Tilt every way towards its runs that reach its level.

        At first, ways are all causes together and each by itself, found one after the other among the best runs that
        those before do not explain.

        Parameters
        ----------
        reached: Level of each way.
        at_large: Whether ways are told apart anew among all runs with the event.
        """
        weights = 1.0 / (np.array(self._counts) / self.runs @ self._density)
        if self.ways == [0]:
            found, levels = [self._fitted(weights * (self._scores >= reached[0]), Tilt())], list[float]()
        else:
            found, levels = self._climbed(weights, reached, again=at_large)
        if at_large:
            known = {tilt.names for tilt in found[1:]}
            apart = separated(*self._telling(weights * (self._scores >= 0.0)))
            found += [tilt for tilt in apart if tilt.names not in known]
        else:
            found += self._causes(weights, found[1:])
        self._take(found)
        self._fitted_at = (levels + [-inf] * len(found))[: len(self.ways)]

    def _climbed(self, weights: Values, reached: Sequence[float], *, again: bool) -> tuple[list[Tilt], list[float]]:
        """The ways so far, each tilted towards its runs that reach its level, and these levels.

        Parameters
        ----------
        again: Whether ways that had reached the event are tilted anew.
        """
        ways = self._density[self.ways]
        parts = weights * ways / (1.0 + ways.sum(axis=0))
        found = []
        for place, way in enumerate(self.ways):
            if self._fitted_at[place] == 0.0 and not again:
                found.append(self.tilts[way])
                continue
            only = self.tilts[way].names if place else None
            part = weights if only is None else parts[place]
            found.append(self._fitted(part * (self._scores >= reached[place]), self.tilts[way], only))
        return found, list(reached)

    def _causes(self, weights: Values, found: Sequence[Tilt]) -> list[Tilt]:
        """Further causes, each by itself, of the best runs that ways found so far do not explain."""
        further = list[Tilt]()
        while len(found) + len(further) < MOST:
            ways = [*found, *further]
            part = weights / (1.0 + sum((tilt.density(self._draws) for tilt in ways), np.zeros(self.runs)))
            best = self._fitted(part * (self._scores >= _level(self._scores, part)), Tilt())
            known = frozenset[str]().union(*(tilt.names for tilt in ways))
            causes = by_cause(best.only(best.names - known))
            if not causes:
                break
            further += causes
        return further

    def _telling(self, part: Values) -> tuple[dict[Draw, Values], Values]:
        """Draws and parts of the runs that stand for any."""
        telling = part > 0.0
        return {draw: u[telling] for draw, u in self._draws.items()}, part[telling]

    def _fitted(self, part: Values, otherwise: Tilt, only: frozenset[str] | None = None) -> Tilt:
        """Tilt towards runs that stand for some part each, of draws of some names only where these are given."""
        draws, weights = self._telling(part)
        if not weights.size:
            return otherwise
        of = {draw: u for draw, u in draws.items() if only is None or draw[0] in only}
        return fitted(of, weights, otherwise)

    def _take(self, found: Sequence[Tilt]) -> None:
        """Search these ways from now on; as before where there are none."""
        ways = []
        for tilt in found:
            known = [number for number, each in enumerate(self.tilts) if each is tilt]
            if not known:
                known = [len(self.tilts)]
                self.tilts.append(tilt)
                self._counts.append(0)
                self._density = np.vstack([self._density, tilt.density(self._draws)])
            ways += known
        self.ways = ways or self.ways


def _needed(mixture: Mixture, asked: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Numbers of a run on which weights depend; one, where they depend on none."""
    named = {(name, purpose) for tilt in mixture.tilts for name, purpose, _ in tilt.laws}
    return {key: width for key, width in asked.items() if key in named} or dict([next(iter(asked.items()))])


def _level(scores: Values, weights: Values) -> float:
    """Score of the best fifth, at most 0; where many share it, as those that nothing strikes, the next one."""
    order = np.argsort(-scores)
    place = np.searchsorted(np.cumsum(weights[order]), TELLING * weights.sum())
    level = float(scores[order[min(int(place), order.size - 1)]])
    above = scores[(scores > level) & (weights > 0.0)]
    shared = weights[scores >= level].sum() > 2.0 * TELLING * weights.sum()
    return min(float(above.min()) if shared and above.size and level < 0.0 else level, 0.0)


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
