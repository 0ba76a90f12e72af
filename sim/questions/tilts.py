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
PARTS, RUNS_A_PART = 8, 6
"""Most parts of a tilted law, and effective runs that each must rest on."""
EVEN = 1e-6
"""Weight of even knots, which keeps parts from having no width."""
LEAST = 2.0**-53
"""Least distance of a number from 0 and from 1."""
SURE = 3.5
"""Standard errors by which a draw must differ from a uniform one among the telling runs to be tilted: of a hundred
that do not matter, one in twenty is tilted for nothing."""


@dataclass(frozen=True)
class Tilt:
    """A law of the draws: in parts of equal probability for those named, independent of each other; else uniform.

    Each part is uniform between two knots, and the outer ones reach to 0 and 1. So no draw is ruled out, and none is
    ever much rarer than under the sampler's own law: parts of a beta law would vanish at the ends.
    """

    knots: Mapping[Draw, Values] = field(default_factory=dict)
    """Quantiles at even steps from 0 to 1, of the draws that are not uniform."""

    def draw(self, draw: Draw, u: Values) -> Values:
        """Turn uniform numbers into numbers of this law, shape kept."""
        knots = self.knots.get(draw)
        if knots is None:
            return u
        return np.clip(np.interp(u, np.linspace(0.0, 1.0, knots.size), knots), LEAST, 1.0 - LEAST)

    def density(self, draws: Mapping[Draw, Values]) -> Values:
        """Density of runs under this law over that under the sampler's own, shape (run,).

        Parameters
        ----------
        draws: Numbers of the runs as they were used, shape (run,) each; all draws named here.

        Example
        -------
        >>> tilt = Tilt({("ban", "hazard", 0): np.array([0.0, 0.8, 1.0])})
        >>> tilt.density({("ban", "hazard", 0): np.array([0.5, 0.9])}).round(3).tolist()
        [0.625, 2.5]
        """
        found = np.ones_like(next(iter(draws.values())))
        for draw, knots in self.knots.items():
            part = np.clip(np.searchsorted(knots, draws[draw], side="right") - 1, 0, knots.size - 2)
            found /= (np.diff(knots) * (knots.size - 1))[part]
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
            places = [place for place in range(draws) if (name, purpose, place) in tilt.knots]
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


def fitted(draws: Mapping[Draw, Values], weights: Values) -> Tilt:
    """The tilt towards telling runs: weighted quantiles of each draw that is surely not uniform there.

    Of laws in parts of equal probability it has the least cross-entropy to the telling runs. Draws that may as well be
    uniform are left so: each tilt for nothing costs accuracy.

    Parameters
    ----------
    draws: Numbers of the telling runs, shape (run,) each.
    weights: Likelihood ratios of these runs.

    Example
    -------
    >>> u = np.linspace(0.9, 1.0, 101)[1:-1]
    >>> fitted({("ban", "event 0", 2): u}, np.ones(99)).knots["ban", "event 0", 2].round(2).tolist()
    [0.0, 0.91, 0.93, 0.94, 0.95, 0.96, 0.97, 0.99, 1.0]
    """
    share = weights / weights.sum()
    size = 1.0 / float((share**2).sum())
    parts = int(min(PARTS, size / RUNS_A_PART))
    knots = {}
    for draw, u in draws.items() if parts > 1 else ():
        moved = abs(float(share @ u) - 0.5) * np.sqrt(12.0 * size)
        squeezed = abs(float(share @ (u - 0.5) ** 2) - 1.0 / 12.0) * np.sqrt(180.0 * size)
        if max(moved, squeezed) > SURE:
            knots[draw] = _knots(u, share, parts)
    return Tilt(knots)


def _knots(u: Values, share: Values, parts: int) -> Values:
    """Weighted quantiles at even steps, the outermost at 0 and 1; no part is empty."""
    order = np.argsort(u)
    middle = np.cumsum(share[order]) - 0.5 * share[order]
    inner = np.interp(np.arange(1, parts) / parts, middle, u[order])
    # Pulled a little towards even ones, in case some coincide.
    return np.asarray((1.0 - EVEN) * np.concatenate([[0.0], inner, [1.0]]) + EVEN * np.linspace(0.0, 1.0, parts + 1))
