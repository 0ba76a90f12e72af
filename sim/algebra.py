"""Linear algebra on one thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def on_one_thread(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A function whose linear algebra takes one thread, whatever the machine has.

    The matrices here have a few hundred rows. On two cores that others use too, threads of the library wait for one
    another: 0.37 s for least squares that takes 0.006 s on one thread, 2.1 s in place of 0.26 s to make a chain ready.
    Sums in the order of one thread also have the same bits on every number of cores.

    Example
    -------
    >>> import numpy as np
    >>> on_one_thread(np.linalg.det)(np.eye(3))
    np.float64(1.0)
    """

    @wraps(function)
    def limited(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        """Call the function with the limit in force."""
        with threadpool_limits(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return limited
