"""What it is worth to a decision to know more before it is made, from losses of its options in drawn worlds.

Knowing everything, shocks to come included, is worth what the best option of each run saves. Knowing a world, or one of
its parameters, is worth what the best option by mean loss saves; the mean is estimated, from the runs of the world or
as a curve of the parameter over worlds, and its noise alone would make options look best by turns. So estimated means
are moved towards their centre until they vary as much as is left once that noise is taken off their variance.

Sources: Strong, Oakley and Brennan (2014), doi:10.1177/0272989X13505910 (value of knowing a parameter, by regression);
Heath, Manolopoulou and Baio (2018), doi:10.1177/0272989X17738515 (matching the variance of what is simulated).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

Values = NDArray[np.float64]
DEGREE = 3
"""Degree of the curve over a parameter: what bends more often than that within its range is smoothed away."""
RESAMPLES = 100
"""Bootstrap samples of worlds behind an error."""
FEWEST = 4 * (DEGREE + 1)
"""Worlds that a curve takes."""


class Worth(NamedTuple):
    """What knowledge saves on average, in units of the loss; standard errors stand beside."""

    everything: float
    """Of all that was drawn, shocks to come included."""
    world: float
    """Of all but the shocks."""
    parameters: Values
    """Of each parameter alone, shape (parameter,)."""
    chosen: Values
    """Share of worlds in which each option would be taken if the world were known, shape (option,)."""


def worth(inputs: Values, losses: Values, *, seed: int = 0) -> tuple[Worth, Worth]:
    """Value of knowing all, the world, and each parameter; and the standard errors of these.

    Errors are those of the bootstrap over worlds: over 150 studies of 120 worlds with a known answer their root mean
    square is 0.91 to 0.98 times the true spread, and 2.8 times that of a parameter that tells nothing. Two biases are
    left, each below an error: where options are close to a tie on average, the one that looks best looks better than it
    is, and values come out too low; that of a parameter that tells nothing comes out slightly above 0, below which it
    cannot be.

    Parameters
    ----------
    inputs: Parameters of each world, shape (parameter, world).
    losses: Shape (option, world, run); less is better. Options of a world share their runs; worlds do not.
    seed: Seed of the bootstrap.

    Raises
    ------
    ValueError: Fewer than `FEWEST` worlds, or a single run of each.

    Example
    -------
    >>> x, noise = np.random.default_rng(1).uniform(-1, 1, (2, 400)), np.random.default_rng(2).normal(size=(400, 8))
    >>> saved, error = worth(x, np.stack([noise, noise + x[0][:, None]]))
    >>> bool(abs(saved.parameters[0] - 0.25) < 2 * error.parameters[0]), bool(saved.parameters[1] < 0.02)
    (True, True)
    """
    count, runs = losses.shape[1:]
    if count < FEWEST or runs < 2:
        raise ValueError(f"the value of information needs {FEWEST} worlds and 2 runs or more")
    bases = [_basis(row) for row in inputs]
    means, saved = losses.mean(axis=2), losses.mean(axis=2) - losses.min(axis=0).mean(axis=1)
    noise = np.array([np.cov(world) for world in losses.swapaxes(0, 1)]) / runs
    generator = np.random.Generator(np.random.Philox(seed))
    again = [
        _flat(_worth([basis[rows] for basis in bases], means[:, rows], saved[:, rows], noise[rows]))
        for rows in generator.integers(0, count, (RESAMPLES, count))
    ]
    spread = np.std(again, axis=0, ddof=1)
    places = 2 + len(inputs)
    error = Worth(float(spread[0]), float(spread[1]), spread[2:places], spread[places:])
    return _worth(bases, means, saved, noise), error


def _flat(found: Worth) -> Values:
    """All values of an answer in a row."""
    return np.concatenate([[found.everything, found.world], found.parameters, found.chosen])


def _worth(bases: list[Values], means: Values, saved: Values, noise: Values) -> Worth:
    """Values from what worlds come to.

    Parameters
    ----------
    bases: Powers of each parameter, shape (world, term).
    means: Mean loss, shape (option, world).
    saved: What the best of each run saves over an option, on average, shape (option, world).
    noise: Covariance of the mean losses by their runs, shape (world, option, option).
    """
    best = int(means.mean(axis=1).argmin())
    beyond = (means - means[best]).T
    unlike = np.eye(len(means)) - np.eye(len(means))[best]
    known = matched(beyond, unlike @ noise.mean(axis=0) @ unlike.T)
    return Worth(
        float(saved[best].mean()),
        gain(known),
        np.array([gain(matched(*curve(basis, beyond))) for basis in bases]),
        np.bincount(known.argmin(axis=1), minlength=len(means)) / len(known),
    )


def gain(losses: Values) -> float:
    """What the best option of each world saves over the one that is best on average.

    Parameters
    ----------
    losses: Shape (world, option).

    Example
    -------
    >>> gain(np.array([[0.0, 2.0], [0.0, -1.0]]))
    0.5
    """
    return float(losses.mean(axis=0).min() - losses.min(axis=1).mean())


def curve(basis: Values, losses: Values) -> tuple[Values, Values]:
    """Losses as least squares over a parameter has them, and the mean covariance of its errors over worlds.

    The covariance bears worlds of unlike spread (HC2 of MacKinnon and White 1985, doi:10.1016/0304-4076(85)90158-7).

    Parameters
    ----------
    basis: Shape (world, term); the first term is constant.
    losses: Shape (world, option).

    Returns
    -------
    Shapes (world, option) and (option, option); errors of the common mean are no part of the latter.
    """
    turned = np.linalg.qr(basis)[0]
    fitted = turned @ (turned.T @ losses)
    leverage = np.minimum((turned**2).sum(axis=1), 1.0 - 1e-6)
    left = losses - fitted
    weights = (leverage - 1.0 / len(losses)) / (1.0 - leverage)
    return fitted, (left * weights[:, None]).T @ left / (len(losses) - 1)


def matched(losses: Values, noise: Values) -> Values:
    """Estimated losses moved towards their mean until their covariance is that without noise.

    The linear map is the one that moves normal values least (Olkin and Pukelsheim 1982,
    doi:10.1016/0024-3795(82)90112-4).

    Parameters
    ----------
    losses: Shape (world, option).
    noise: Mean covariance of their errors over worlds, shape (option, option).

    Example
    -------
    >>> matched(np.array([[-2.0], [0.0], [2.0]]), np.array([[3.0]])).ravel().tolist()
    [-1.0, 0.0, 1.0]
    """
    middle = losses.mean(axis=0)
    there = np.atleast_2d(np.cov(losses, rowvar=False))
    root, inverse = _roots(there)
    wanted, _ = _roots(there - noise)
    between, _ = _roots(root @ wanted @ wanted @ root)
    return np.asarray(middle + (losses - middle) @ (inverse @ between @ inverse))


def _roots(matrix: Values) -> tuple[Values, Values]:
    """Symmetric square root of the part of a matrix that is not negative, and the inverse of it where it has one."""
    sizes, axes = np.linalg.eigh(matrix)
    sizes = np.sqrt(np.where(sizes > 1e-12 * np.abs(sizes).max(initial=0.0), sizes, 0.0))
    inverse = np.divide(1.0, sizes, out=np.zeros_like(sizes), where=sizes > 0.0)
    return (axes * sizes) @ axes.T, (axes * inverse) @ axes.T


def _basis(row: Values) -> Values:
    """Legendre polynomials of a parameter over its range, shape (world, term)."""
    middle, half = (row.max() + row.min()) / 2.0, max((row.max() - row.min()) / 2.0, np.finfo(float).tiny)
    return np.asarray(legendre.legvander((row - middle) / half, DEGREE))
