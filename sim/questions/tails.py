"""Tails of an ensemble with honest errors: value at risk, tail means, how often what is exceeded, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.errors import MetricError, OreflowError, ResultError
from sim.questions.estimates import Estimate, Mean, Quantile, Share, Statistic, Tail, estimate
from sim.questions.expressions import Condition, Metric, parse
from sim.questions.known import known
from sim.results.intervals import Values
from sim.results.lookup import labels, variable
from sim.results.summary import products, sectors
from sim.variables import MONTH, RUN

STATISTICS: tuple[Statistic, ...] = (Mean(), Quantile(0.5), Quantile(0.95), Tail(0.95), Quantile(0.99), Tail(0.99))
"""What is asked of a quantity without a statistic; q95 and q99 are its value at risk."""
BUDGET: tuple[Statistic, ...] = (Mean(), Quantile(0.95), Quantile(0.99))
"""What a budget asks of a year: expected, 1 in 20, 1 in 100."""
FIGURE, THRESHOLD, HORIZON, MONTHS = "figure", "threshold", "horizon", "months"
WHOLE = "all years"
"""Label of the whole horizon beside its calendar years."""
POINTS = 200
"""Most thresholds of an exceedance curve."""
WORDS = {
    "value": "The figure",
    "error": "Standard error of the figure",
    "low": "Lower end of its interval at 95 %",
    "high": "Upper end of its interval at 95 %; infinite where too few runs lie in the tail to bound it",
}


def figures(results: xr.DataTree, metrics: Sequence[str] = ()) -> xr.Dataset:
    """Figures of an ensemble with standard errors and intervals of tested coverage.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    metrics: Metric expressions; one without a statistic is asked for mean, median, and value at risk and tail mean at
        95 and 99 %. By default what is lost, and what is dearest and shortest.

    Returns
    -------
    Dimension `figure`: value, error, low, high, the runs they rest on, and a warning; `units` is a coordinate.

    Raises
    ------
    ResultError: Metrics cannot be read, ask for what is not there, or have an empty tail; all faults are listed.

    Example
    -------
    >>> import sim
    >>> results = sim.run(sim.load("still", overrides=["time.years=0.5"]), runs=4)
    >>> found = figures(results, ["mean(price[dy_oxide, EU])"])
    >>> round(float(found.value[0]), 3), str(found.units.values[0])
    (1.0, '1')
    """
    names: list[str] = []
    units: list[str] = []
    found: list[Estimate] = []
    faults: list[str] = []
    for text in metrics or headlines(results):
        try:
            for name, metric, each in _figures(results, parse(text)):
                names.append(name)
                units.append(metric.units(results))
                found.append(each)
        except OreflowError as error:
            faults.append(str(error))
    if faults:
        raise ResultError("\n".join(dict.fromkeys(faults)))
    return _dataset({FIGURE: names}, found, units).assign_attrs(_source(results))


def headlines(results: xr.DataTree) -> tuple[str, ...]:
    """Quantities that a summary begins with: what is lost, what is dearest, who is short."""
    found = ["lost_output", "lost_demand"]
    if dear := products(results, most=1):
        found += [f"{name}[{dear[0].product}, {dear[0].region}]" for name in ("price", "shortage")]
    if short := sectors(results, most=1):
        found += [f"{name}[{short[0].sector}, {short[0].region}]" for name in ("weeks_stopped", "lost_output")]
    there = []
    for text in found:
        try:
            parse(text).values(results)
        except MetricError:
            continue  # A product that is dear need not have takers where it is.
        there.append(text)
    return tuple(there)


def _figures(results: xr.DataTree, metric: Metric) -> list[tuple[str, Metric, Estimate]]:
    """Figures of one metric by the name of each."""
    values = metric.values(results)
    if not metric.is_plain or isinstance(metric.of, Condition):
        return [(metric.text, metric, metric.estimate(values))]
    asked = [Metric(f"{each.name}({metric.text})", each, metric.of) for each in STATISTICS]
    found = []
    for each in asked:
        try:
            found.append((each.text, each, each.estimate(values)))
        except MetricError:
            # Nobody asked for the 99 % tail of 50 runs by name.
            if each.statistic in (Mean(), Quantile(0.5)):
                raise
    return found


def _dataset(dims: dict[str, Any], found: Sequence[Estimate], units: Sequence[str]) -> xr.Dataset:
    """Estimates in the order of the product of some dimensions as labelled data."""
    shape = tuple(len(labelled) for labelled in dims.values())
    entries: dict[str, Any] = {
        name: (
            tuple(dims),
            np.array([getattr(each, name) for each in found], dtype=float).reshape(shape),
            {"units": "as the figure", "long_name": f"{words}."},
        )
        for name, words in WORDS.items()
    }
    runs = np.array([each.runs for each in found]).reshape(shape)
    entries["runs"] = (tuple(dims), runs, {"units": "run", "long_name": "Runs it rests on."})
    words = np.array([each.warning for each in found], dtype=object).reshape(shape)
    entries["warning"] = (tuple(dims), words, {"units": "", "long_name": "What to be careful about."})
    return xr.Dataset(entries, coords={**dims, "units": (next(iter(dims)), list(units))})


def _source(results: xr.DataTree) -> dict[str, Any]:
    """Attributes that say what an answer rests on."""
    attributes = results.attrs
    return {
        "title": attributes.get("title", ""),
        "seed": attributes["seed"],
        "first_run": attributes.get("first_run", 0),
        "runs": attributes["runs"],
        "oreflow_version": attributes["oreflow_version"],
        "confidence": 0.95,
    }


def exceedance(results: xr.DataTree, quantity: str, *, by_year: bool = False, points: int = POINTS) -> xr.Dataset:
    """How often a quantity exceeds each threshold: share of runs, with a band.

    Of a time to survive it is the share of runs that survive longer; what is never short exceeds every threshold.

    Parameters
    ----------
    quantity: A quantity, such as `shortage[magnet_hc, US]`, without a statistic.
    by_year: Whether also for each calendar year, which needs the monthly path of every run; a quantity of one year has
        no other.
    points: Most thresholds; they lie at values that runs have.

    Returns
    -------
    Shares of shape (horizon, threshold) with the ends of an interval at 95 % at each threshold by itself; `horizon` is
    `all years` or a calendar year.

    Raises
    ------
    MetricError: It has a statistic or is a condition, or the result does not hold it.
    """
    metric = parse(quantity)
    if isinstance(metric.of, Condition) or not metric.is_plain:
        raise MetricError(metric.text, ["must be a quantity without a statistic, such as shortage[magnet_hc, US]"])
    rows = {WHOLE: metric.values(results)}
    if by_year and metric.quantity.year is None:
        rows |= {str(year): values for year, values in _years(results, metric).items()}
    finite = np.unique(np.concatenate([values[np.isfinite(values)] for values in rows.values()]))
    if finite.size == 0:
        raise MetricError(metric.text, ["has a finite value in no run; there is no curve of it"])
    at = finite[_thinned(finite.size, points)]
    found = [Share().interval(_above(values, at)) for values in rows.values()]
    entries: dict[str, Any] = {
        name: (
            (HORIZON, THRESHOLD),
            np.array([getattr(each, part) for each in found]),
            {"units": "1", "long_name": f"{words}."},
        )
        for name, part, words in (
            ("share", "value", "Share of runs above the threshold"),
            ("low", "low", "Lower end of its interval at 95 %"),
            ("high", "high", "Upper end of its interval at 95 %"),
        )
    }
    units = metric.units(results)
    coords = {HORIZON: list(rows), THRESHOLD: (THRESHOLD, at, {"units": units, "long_name": metric.text})}
    return xr.Dataset(
        entries,
        coords=coords,
        attrs={
            **_source(results),
            "quantity": metric.text,
            "units": units,
            "meaning": metric.quantity.meaning(known(results)),
        },
    )


def _thinned(count: int, points: int) -> NDArray[np.intp]:
    """Places of values that make a curve: the highest half one by one, where a tail has few, the rest evenly."""
    if count <= points:
        return np.arange(count, dtype=np.intp)
    top = points // 2
    rest = np.linspace(0, count - top - 1, points - top).astype(np.intp)
    return np.concatenate([rest, np.arange(count - top, count, dtype=np.intp)])


def _above(values: Values, at: Values) -> Values:
    """Whether each run lies above each threshold, shape (threshold, run); runs without a value are left out."""
    there = values[~np.isnan(values)]
    return np.asarray(there[None, :] > at[:, None], dtype=np.float64)


def _years(results: xr.DataTree, metric: Metric) -> dict[int, Values]:
    """The same quantity of each calendar year."""
    first, last = known(results).years
    assert not isinstance(metric.of, Condition)
    return {
        year: Metric(metric.text, metric.statistic, replace(metric.of, year=year)).values(results)
        for year in range(first, last + 1)
    }


def spells(results: xr.DataTree, condition: str, *, most: int = 24) -> xr.Dataset:
    """How often a condition lasts: share of runs in which it holds for n months in a row, for every n.

    Parameters
    ----------
    condition: Such as `shortage[magnet_hc, US] > 0.1`, of a monthly variable whose path every run keeps.
    most: Most months; no more than the horizon has.

    Returns
    -------
    Dimension `months`: share of runs with an interval at 95 %.

    Raises
    ------
    MetricError: It is no such condition, or the result does not hold the paths.
    """
    longest = parse(f"longest({condition})").values(results)
    there = next(results[name].sizes[MONTH] for name in ("paths", "monthly", "traces") if name in results.children)
    months = np.arange(1, min(most, there) + 1)
    found = [estimate(Share(), (longest >= count).astype(float)) for count in months]
    data = _dataset({MONTHS: months}, found, ["1"] * months.size)
    return data.assign_attrs({**_source(results), "condition": " ".join(condition.split())})


def budget(results: xr.DataTree, name: str = "public_cost") -> xr.Dataset:
    """Dollars of each budget year: expected, 1 in 20 and 1 in 100, of all instruments together.

    Parameters
    ----------
    name: A variable of `/policies` with one value a run, instrument and calendar year.

    Returns
    -------
    Shape (statistic, year), million USD, with errors and intervals at 95 %; the years are calendar years.

    Raises
    ------
    ResultError: The result records no public money.
    """
    money = variable(results, "policies", name)
    if "year" not in money.dims:
        raise ResultError(f"'{name}' has no budget years; ask for public_cost")
    per_year = money.sum([dim for dim in money.dims if dim not in (RUN, "year")]).transpose("year", RUN)
    found = [estimate(each, row.astype(float)) for each in BUDGET for row in per_year.values]
    dims = {"statistic": [each.name for each in BUDGET], "year": [int(year) for year in labels(money, "year")]}
    return _dataset(dims, found, ["million USD"] * len(BUDGET)).assign_attrs({**_source(results), "quantity": name})
