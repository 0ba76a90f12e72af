"""Random numbers of a range of runs, and the quantities they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sim.scenario.distributions import Distribution
from sim.streams import uniform

Values = NDArray[np.float64]
KNOTS = 4097
"""Knots of a tabulated quantile function, even in normal score; between them it is linear (error about 5e-8)."""


@dataclass(frozen=True)
class Numbers:
    """Uniform numbers of a range of runs, by name and purpose."""

    seed: int
    first: int
    runs: int

    def of(self, name: str, purpose: str, draws: int) -> Values:
        """Uniform numbers in (0, 1), shape (draw, run)."""
        return uniform(self.seed, name, purpose, first=self.first, runs=self.runs, draws=draws).T


def quantile(quantity: float | Distribution, u: Values) -> Values:
    """Values of a quantity at given probabilities.

    SciPy's quantile functions are slow, so each is tabulated once over normal scores and interpolated.

    Parameters
    ----------
    quantity: A number or a distribution.
    u: Probabilities, any shape.
    """
    if not isinstance(quantity, Distribution):
        return np.full(u.shape, float(quantity))
    score, values = _table(quantity.model_dump_json())
    return np.asarray(np.interp(ndtri(u), score, values))


@lru_cache(maxsize=256)
def _table(law: str) -> tuple[Values, Values]:
    score = np.linspace(-8.2, 8.2, KNOTS)
    values = np.asarray(Distribution.model_validate_json(law).frozen().ppf(ndtr(score)), dtype=np.float64)
    finite = np.isfinite(values)
    return score[finite], values[finite]
