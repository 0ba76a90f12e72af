"""Tilted random numbers: the uniform draws of the sampler under other laws, with exact likelihood ratios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.quantiles import Numbers

Values = NDArray[np.float64]
Draw = tuple[str, str, int]
"""One uniform number of a run: name, purpose and place among the numbers of that purpose."""
OWN = 0.1
"""Part of a tilted law that stays uniform, so that no draw is ever ten times rarer than under the sampler's own law."""
CENTRES, FEWEST = 96, 6
"""Most centres of a law, and effective runs that it must rest on."""
WIDE, NARROWEST = 2.0, 1e-9
"""Width about a centre over the reach of its neighbours, and the least width."""
LEAST = 2.0**-53
"""Least distance of a number from 0 and from 1."""
UNLIKE, GAIN = 3.0, 4.0
"""Gains in log-likelihood: of the best split of a draw's range in two, from which a law is fitted to it, and of that
law, each centre left out of its own, from which it is kept."""


@dataclass(frozen=True)
class Law:
    """A law of one draw: Cauchy's about each of some centres, cut off at 0 and 1, and in part uniform.

    Each is as wide as its next neighbours are far, so that narrow ends and wide middles fit one law; with the long
    tails of Cauchy's law what lies just beyond the telling runs stays likely. Laws in parts between quantiles, which
    this replaces, left it to chance: on one way of known probability (2.1e-4, 3,200 runs) their error was 0.16 of it,
    not 0.03.
    """

    centres: Values
    """Shape (centre,)."""
    widths: Values
    """Shape (centre,)."""

    def draw(self, u: Values) -> Values:
        """Turn uniform numbers into numbers of this law, shape kept."""
        rest = np.clip((u - OWN) / (1.0 - OWN), 0.0, 1.0 - LEAST) * self.centres.size
        which = np.minimum(rest.astype(np.intp), self.centres.size - 1)
        centre, width = self.centres[which], self.widths[which]
        low, high = np.arctan(-centre / width), np.arctan((1.0 - centre) / width)
        moved = centre + width * np.tan(low + (rest - which) * (high - low))
        return np.clip(np.where(u < OWN, u / OWN, moved), LEAST, 1.0 - LEAST)

    def density(self, x: Values) -> Values:
        """Density over that of the uniform law, shape kept (draw,)."""
        return np.asarray(OWN + (1.0 - OWN) * self._kernels(x).mean(axis=0))

    def gain(self) -> float:
        """Mean log-likelihood of the centres, each under the law of all others; about 0 or less where it is uniform."""
        kernels = self._kernels(self.centres)
        others = (kernels.sum(axis=0) - np.diag(kernels)) / (self.centres.size - 1)
        return float(np.log(OWN + (1.0 - OWN) * others).mean())

    def _kernels(self, x: Values) -> Values:
        """Density of each centre's law, shape (centre, draw)."""
        centre, width = self.centres[:, None], self.widths[:, None]
        mass = np.arctan((1.0 - centre) / width) + np.arctan(centre / width)
        return np.asarray(1.0 / (mass * width * (1.0 + ((x - centre) / width) ** 2)))


@dataclass(frozen=True)
class Tilt:
    """Laws of the draws that are not uniform, independent of each other; all others are uniform."""

    laws: Mapping[Draw, Law] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Restrictions and regimes of which it tilts a draw."""
        return frozenset(name for name, _, _ in self.laws)

    def only(self, names: frozenset[str]) -> Tilt:
        """The laws of the draws of some restrictions."""
        return Tilt({draw: law for draw, law in self.laws.items() if draw[0] in names})

    def draw(self, draw: Draw, u: Values) -> Values:
        """Turn uniform numbers into numbers of this law, shape kept."""
        law = self.laws.get(draw)
        return u if law is None else law.draw(u)

    def density(self, draws: Mapping[Draw, Values]) -> Values:
        """Density of runs under this law over that under the sampler's own, shape (run,).

        Parameters
        ----------
        draws: Numbers of the runs as they were used, shape (run,) each; all draws named here.

        Example
        -------
        >>> tilt = Tilt({("ban", "hazard", 0): Law(np.array([0.8, 0.9]), np.array([0.1, 0.1]))})
        >>> tilt.density({("ban", "hazard", 0): np.array([0.1, 0.85])}).round(1).tolist()
        [0.2, 3.1]
        """
        found = np.ones_like(next(iter(draws.values())))
        for draw, law in self.laws.items():
            found = found * law.density(draws[draw])
        return found


@dataclass(frozen=True)
class Mixture:
    """Laws that share a range of runs, each with a fixed number of them."""

    tilts: tuple[Tilt, ...]
    counts: tuple[int, ...]
    """Runs of each law, one law after the other."""

    @property
    def runs(self) -> int:
        """Number of runs."""
        return sum(self.counts)

    def law(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Number of the law of runs, counted from 0; the last for all beyond the end."""
        found = np.searchsorted(np.cumsum(self.counts), places, side="right")
        return np.minimum(found, len(self.tilts) - 1)

    def weights(self, draws: Mapping[Draw, Values]) -> Values:
        """Likelihood ratio of runs: the sampler's density over that of the whole mixture (the balance heuristic).

        Source: Veach and Guibas (1995), doi:10.1145/218380.218498; with a uniform law among them no weight exceeds one
        over its share (Hesterberg 1995, doi:10.1080/00401706.1995.10484303).
        """
        share = np.array(self.counts) / self.runs
        mixed = sum(part * tilt.density(draws) for part, tilt in zip(share, self.tilts, strict=True))
        return np.asarray(1.0 / mixed)


@dataclass(frozen=True)
class Tilted(Numbers):
    """Uniform numbers of a range of runs with some draws under the laws of a mixture."""

    mixture: Mixture
    """Laws."""
    begin: int
    """Run at which the mixture begins."""

    def of(self, name: str, purpose: str, draws: int) -> Values:
        """Numbers in (0, 1), shape (draw, run); those of runs under the uniform law are as without a tilt."""
        numbers = super().of(name, purpose, draws)
        law = self.mixture.law(np.arange(self.first, self.first + self.runs) - self.begin)
        for number, tilt in enumerate(self.mixture.tilts):
            places = [place for place in range(draws) if (name, purpose, place) in tilt.laws]
            runs = np.flatnonzero(law == number) if places else ()
            for place in places:
                numbers[place, runs] = tilt.draw((name, purpose, place), numbers[place, runs])
        return numbers


@dataclass(frozen=True)
class Noted(Numbers):
    """Uniform numbers of a range of runs that keep a list of what was asked for."""

    asked: dict[tuple[str, str], int]
    """Numbers asked for each run, by name and purpose; filled as they are asked for."""

    def of(self, name: str, purpose: str, draws: int) -> Values:
        """Numbers in (0, 1), shape (draw, run)."""
        self.asked[name, purpose] = draws
        return super().of(name, purpose, draws)


def values_of(numbers: Numbers, asked: Mapping[tuple[str, str], int]) -> dict[Draw, Values]:
    """Numbers of runs by draw, shape (run,) each.

    Parameters
    ----------
    numbers: Where they come from.
    asked: Numbers of each run, by name and purpose.
    """
    found = {}
    for (name, purpose), width in asked.items():
        for place, values in enumerate(numbers.of(name, purpose, width)):
            found[name, purpose, place] = values
    return found


def fitted(draws: Mapping[Draw, Values], weights: Values, otherwise: Tilt | None = None) -> Tilt:
    """The tilt towards telling runs: a law for each draw that is surely not uniform there.

    Parameters
    ----------
    draws: Numbers of the telling runs, shape (run,) each.
    weights: Likelihood ratios of these runs.
    otherwise: What is returned where no draw tells; by default, no tilt.

    Example
    -------
    >>> u = np.linspace(0.9, 1.0, 101)[1:-1]
    >>> law = fitted({("ban", "event 0", 2): u}, np.ones(99)).laws["ban", "event 0", 2]
    >>> law.density(np.array([0.5, 0.85, 0.95])).round(1).tolist()
    [0.1, 0.6, 8.7]
    """
    share = weights / max(float(weights.sum()), 1e-300)
    size = 1.0 / max(float((share**2).sum()), 1e-300) if share.sum() > 0.5 else 0.0
    laws = {}
    for draw, u in draws.items() if size >= FEWEST else ():
        order = np.argsort(u)
        if size * _split(u[order], share[order]) > UNLIKE:
            law = _law(u[order], share[order], int(min(size, CENTRES)))
            if size * law.gain() > GAIN:
                laws[draw] = law
    return Tilt(laws) if laws or otherwise is None else otherwise


def _split(ordered: Values, share: Values) -> float:
    """Mean log-likelihood that the best split of the range in two gains over a uniform law (Berk and Jones 1979).

    Unlike Kolmogorov's distance it sees a few runs far out at an end: a second, rarer way to an event.
    """
    reached = np.cumsum(share)
    below = np.clip(np.stack([reached, reached - share]), 1e-300, 1.0 - 1e-16)
    gains = below * np.log(below / ordered) + (1.0 - below) * np.log((1.0 - below) / (1.0 - ordered))
    return float(gains.max())


def _law(ordered: Values, share: Values, count: int) -> Law:
    """A law about weighted quantiles, each as wide as the square root of their number of neighbours reaches."""
    places = np.searchsorted(np.cumsum(share), (np.arange(count) + 0.5) / count)
    centres = ordered[np.minimum(places, ordered.size - 1)]
    apart = np.abs(centres[:, None] - centres[None, :])
    # A run of great weight stands for several centres, which are no neighbours of each other.
    apart[apart == 0.0] = 1.0
    place = min(int(np.ceil(np.sqrt(count))), count - 1)
    return Law(centres, np.clip(WIDE * np.partition(apart, place, axis=1)[:, place], NARROWEST, 1.0))
