"""Scenario discovery: within which limits of what was drawn most of the bad runs lie (PRIM boxes).

A box is found on every other run and judged on the rest, which it has not seen: judged on its own runs it would look
better than it is. Source: Friedman and Fisher (1999), doi:10.1023/A:1008894516817; Bryant and Lempert (2010),
doi:10.1016/j.techfore.2009.08.002.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.errors import MetricError
from sim.questions.declared import DISCOVERY
from sim.questions.estimates import SURE, Share
from sim.questions.expressions import Condition, parse
from sim.questions.tables import labelled
from sim.questions.uncertainty import shock_inputs
from sim.results.intervals import Values
from sim.variables import INPUT

WORST = 0.1
"""Share of the runs that count as bad where a metric is no condition."""
LEAST_MASS = 0.05
"""Least share of the runs that a box holds."""


def discover(results: xr.DataTree, metric: str) -> xr.Dataset:
    """Find the box of drawn shocks in which most bad runs lie.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    metric: A condition such as `stopped[defence, US] > 0.3 for 3 months`; of a quantity, the worst tenth is bad.

    Returns
    -------
    `limit_low` and `limit_high` by input, of those that the box limits, the most limiting first; `coverage`, the share
    of bad runs inside, `density`, the share of bad ones inside, and `mass`, the share of all runs inside, with
    intervals at 95 %.

    Raises
    ------
    MetricError: The metric cannot be read, the result does not hold it, or too few runs are bad or are not.
    ModuleNotFoundError: The extra `discovery` is not installed.
    """
    parsed = parse(metric)
    values = parsed.values(results)
    inputs = shock_inputs(results)
    if not inputs:
        raise MetricError(parsed.text, ["has no drawn shocks behind it: the scenario's restrictions have dates only"])
    bad = values > 0.5 if isinstance(parsed.of, Condition) else values > np.quantile(values, 1.0 - WORST)
    fewest = int(min(bad.sum(), (~bad).sum()))
    if fewest < 2 * SURE:
        raise MetricError(parsed.text, [f"sets {fewest} runs apart; {2 * SURE} or more are wanted on either side"])
    data = boxed(inputs, bad)
    data.attrs |= {"title": str(results.attrs.get("title", "")), "metric": parsed.text, "runs": int(bad.size)}
    return data


def boxed(inputs: Mapping[str, Values], bad: NDArray[np.bool_]) -> xr.Dataset:
    """The box of some inputs, found on every other run and judged on the rest.

    Parameters
    ----------
    inputs: Shape (run,) each.
    bad: Whether a run is bad, shape (run,).
    """
    limits = _limits({name: row[::2] for name, row in inputs.items()}, bad[::2])
    rest = {name: row[1::2] for name, row in inputs.items()}
    inside = np.ones(bad[1::2].size, dtype=bool)
    for name, (low, high) in limits.items():
        inside &= (rest[name] >= low) & (rest[name] <= high)
    judged = {"coverage": inside[bad[1::2]], "density": bad[1::2][inside], "mass": inside}
    table: dict[str, object] = {
        "limit_low": np.array([low for low, _ in limits.values()]),
        "limit_high": np.array([high for _, high in limits.values()]),
        "least": np.array([inputs[name].min() for name in limits]),
        "most": np.array([inputs[name].max() for name in limits]),
        "bad_share": float(np.mean(bad)),
    }
    for name, each in judged.items():
        found = Share().interval(each.astype(float)) if each.size else (np.nan, np.nan, 0.0, 1.0)
        table |= {name: float(found[0]), f"{name}_low": float(found[2]), f"{name}_high": float(found[3])}
    return labelled(DISCOVERY, table, {INPUT: list(limits)})


def _limits(inputs: Mapping[str, Values], bad: NDArray[np.bool_]) -> dict[str, tuple[float, float]]:
    """Limits of the box that the library finds, by input, the most limiting first; open ends reach to the extremes.

    Raises
    ------
    ModuleNotFoundError: The library is not there.
    """
    try:
        import pandas as pd
        from prim import Prim
    except ModuleNotFoundError as error:
        words = "scenario discovery needs the library prim: pip install 'oreflow[discovery]'"
        raise ModuleNotFoundError(words, name=error.name) from error
    table = pd.DataFrame({str(place): row for place, row in enumerate(inputs.values())})
    found = Prim(table, np.asarray(bad, dtype=float), threshold=0.0, threshold_type=">", mass_min=LEAST_MASS).find_box()
    names = list(inputs)
    limits = {}
    for row in found.limits.itertuples():
        name = names[int(row[0])]
        values = inputs[name]
        low, high = float(row.min), float(row.max)
        limits[name] = (-np.inf if low <= values.min() else low, np.inf if high >= values.max() else high)
    return limits
