"""Shares of a variance: from a design that crosses factors, and from any ensemble with its inputs.

Sources: Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018 (first-order and total shares by holding factors fixed);
Plischke, Borgonovo and Smith (2013), doi:10.1016/j.ejor.2012.11.047 (shares from given data, by classes of an input);
Pearson (1905) and Kelley (1935) for the correlation ratio and its correction for classes that differ by chance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
RESAMPLES = 400
"""Bootstrap samples behind an error."""
MOST_CLASSES, RUNS_A_CLASS = 24, 20
"""Most classes of an input, and runs that each must hold."""


class Shares(NamedTuple):
    """Shares of a variance, and their standard errors, shape (factor,)."""

    first: Values
    """What a factor explains by itself."""
    first_error: Values
    total: Values
    """What would be left if all others were known."""
    total_error: Values


def crossed(values: Values, *, seed: int = 0) -> Shares:
    """Shares of two factors and of runs, from blocks that cross two draws of each factor with the same runs.

    Products of values that share some factors and no others estimate, without bias, how much of the variance those
    explain. Blocks are independent of each other, so their bootstrap gives the errors.

    Parameters
    ----------
    values: Shape (block, draw of the first factor, draw of the second, run); two draws of each.
    seed: Seed of the bootstrap.

    Returns
    -------
    Factors in the order: runs, first, second.
    """
    centred = values - values.mean()
    products = np.stack([_products(block) for block in centred])
    found = _shares(products.mean(axis=0))
    generator = np.random.Generator(np.random.Philox(seed))
    drawn = generator.integers(0, len(products), (RESAMPLES, len(products)))
    again = np.array([_shares(products[chosen].mean(axis=0)) for chosen in drawn])
    error = np.nanstd(again, axis=0, ddof=1)
    return Shares(found[0], error[0], found[1], error[1])


def _products(block: Values) -> Values:
    """Mean products of values that share: all, only runs, only the first factor, only the second, all but each, none.

    Parameters
    ----------
    block: Shape (first, second, run).
    """
    (a, b), (c, d) = block
    runs = a.size

    def same(one: Values, other: Values) -> float:
        """Mean product over the same runs."""
        return float((one * other).mean())

    def apart(one: Values, other: Values) -> float:
        """Mean product over different runs."""
        return float((one.sum() * other.sum() - one @ other) / (runs * (runs - 1)))

    pairs = [
        [same(a, a), same(b, b), same(c, c), same(d, d)],
        [same(a, d), same(b, c)],
        [apart(a, b), apart(c, d)],
        [apart(a, c), apart(b, d)],
        [apart(a, a), apart(b, b), apart(c, c), apart(d, d)],
        [same(a, c), same(b, d)],
        [same(a, b), same(c, d)],
        [apart(a, d), apart(b, c)],
    ]
    return np.array([np.mean(parts) for parts in pairs])


def _shares(products: Values) -> Values:
    """First-order and total shares, shape (2, factor), of mean products."""
    total, none = products[0] - products[7], products[7]
    if total <= 0.0:
        return np.full((2, 3), np.nan)
    first = (products[1:4] - none) / total
    # Products 4 to 6 share all but one factor.
    return np.array([first, 1.0 - (products[4:7] - none) / total])


def given_data(inputs: Values, values: Values, *, seed: int = 0) -> tuple[Values, Values]:
    """First-order shares of inputs from any sample, by the variance between classes of each, and their errors.

    What classes of that size differ by chance is taken off, so that the share of an input that does not matter is 0 on
    average; it can come out slightly below.

    Parameters
    ----------
    inputs: Shape (input, run).
    values: Shape (run,).
    seed: Seed of the bootstrap.

    Example
    -------
    >>> x = np.random.default_rng(1).random((2, 4000))
    >>> [abs(round(float(share), 1)) for share in given_data(x, x[0])[0]]
    [1.0, 0.0]
    """
    generator = np.random.Generator(np.random.Philox(seed))
    drawn = generator.integers(0, values.size, (RESAMPLES // 4, values.size))
    classes = [_classes(row) for row in inputs]
    found = np.array([_between(row, values) for row in classes])
    again = np.array([[_between(row[chosen], values[chosen]) for chosen in drawn] for row in classes])
    return found, again.std(axis=1, ddof=1)


def _classes(row: Values) -> NDArray[np.intp]:
    """Class of each run by an input: classes of equal size; equal values are of one class."""
    count = int(np.clip(row.size / RUNS_A_CLASS, 2, MOST_CLASSES))
    edges = np.unique(np.quantile(row, np.arange(1, count) / count, method="higher"))
    return np.asarray(np.searchsorted(edges, row, side="right"), dtype=np.intp)


def _between(classes: NDArray[np.intp], values: Values) -> float:
    """Share of the variance between classes, corrected for chance (epsilon squared)."""
    sizes = np.bincount(classes)
    sums = np.bincount(classes, weights=values)
    there = sizes > 0
    inside = float((values**2).sum() - (sums[there] ** 2 / sizes[there]).sum())
    overall = float(((values - values.mean()) ** 2).sum())
    groups = int(there.sum())
    if overall <= 0.0 or groups >= values.size:
        return 0.0
    return 1.0 - (inside / (values.size - groups)) / (overall / (values.size - 1))
