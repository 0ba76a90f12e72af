"""Ways to an event told apart: runs that share no telling draw are tilted each towards their own way.

Runs with an event that comes about by a ban or else by an outage are not near each other in any sense, yet most of
their draws are alike: a ban's duration tells in some and is any in the others. A mixture of tilts, each with laws of
its own, is fitted to them by steps of expectation and maximisation from one tilt for each restriction. Each way keeps
as many runs as any other while it is searched, however rare it is.

Source: mixtures fitted by importance sampling, Cappé et al. (2008), Adaptive importance sampling in general mixture
classes, doi:10.1007/s11222-008-9059-x.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from sim.questions.tilts import Draw, Law, Tilt, Values, fitted

MOST, STEPS = 5, 4
"""Most ways that are told apart, and steps of the fit."""
ALIKE = 0.7
"""Overlap of two ways (Bhattacharyya's coefficient of the runs they stand for) from which they are one."""


def separated(draws: Mapping[Draw, Values], weights: Values) -> list[Tilt]:
    """Tilts towards telling runs, one for each way there is; none where no draw tells.

    Parameters
    ----------
    draws: Numbers of the telling runs, shape (run,) each.
    weights: Likelihood ratios of these runs.

    Example
    -------
    >>> rng = np.random.default_rng(1)
    >>> draws = {(name, "event 0", 2): rng.random(200) for name in ("ban", "outage")}
    >>> draws["ban", "event 0", 2][:100] = 0.95 + 0.05 * rng.random(100)
    >>> draws["outage", "event 0", 2][100:] = 0.95 + 0.05 * rng.random(100)
    >>> [sorted(name for name, _, _ in tilt.laws) for tilt in separated(draws, np.ones(200))]
    [['ban'], ['outage']]
    """
    ways = by_cause(fitted(draws, weights))
    for _ in range(STEPS if len(ways) > 1 else 0):
        parts = belonging(ways, draws) * weights
        fits = (fitted(draws, parts[group].sum(axis=0)) for group in together(parts))
        ways = [tilt for tilt in fits if tilt.laws] or ways[:1]
    return ways


def belonging(ways: Sequence[Tilt], draws: Mapping[Draw, Values]) -> Values:
    """Probability that each run came by each way, all ways held equally likely, shape (way, run)."""
    density = np.array([way.density(draws) for way in ways])
    return np.asarray(density / density.sum(axis=0))


def together(parts: Values) -> list[list[int]]:
    """Ways that stand for the same runs, as one; at most `MOST`.

    Parameters
    ----------
    parts: Part of each run that comes by each way, shape (way, run).

    Example
    -------
    >>> together(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 0.9], [0.5, 0.5, 0.1]]))
    [[0, 2], [1]]
    """
    groups = [[way] for way in range(len(parts))]
    while len(groups) > 1:
        sums = np.array([parts[group].sum(axis=0) for group in groups])
        roots = np.sqrt(sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-300))
        overlap = np.triu(roots @ roots.T, 1)
        if overlap.max() < ALIKE and len(groups) <= MOST:
            break
        one, other = np.unravel_index(int(overlap.argmax()), overlap.shape)
        groups[one] += groups.pop(int(other))
    return groups


def by_cause(tilt: Tilt) -> list[Tilt]:
    """A tilt in parts: one for each event of each restriction, with what decides when that restriction comes."""
    laws: dict[str, dict[str, dict[Draw, Law]]] = {}
    for draw, law in tilt.laws.items():
        number = re.fullmatch(r"event (\d+)", draw[1])
        laws.setdefault(draw[0], {}).setdefault(number[1] if number else "", {})[draw] = law
    found = []
    for of_name in laws.values():
        common = of_name.pop("", {})
        found += [Tilt({**common, **own}) for own in of_name.values()] or [Tilt(common)]
    return found
