"""Compare scenarios or results run by run: differences with paired errors, what pairing saves, and sure ranks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from sim.errors import Fault, MetricError, ResultError, ScenarioError
from sim.questions.asked import gathered, read, runs_for
from sim.questions.expressions import Metric
from sim.questions.pairs import Difference, caution, difference, ranking
from sim.results.intervals import COVERAGE, Values
from sim.scenario import Scenario
from sim.scenario.dates import span

HEADLINES = ("mean(lost_output)", "tail95(lost_output)", "mean(lost_demand)", "tail95(lost_demand)")
"""Metrics that are compared unless others are asked for; every chain has them."""
METRIC, SCENARIO, OTHER = "metric", "scenario", "other"
MEANINGS = {
    "value": "The figure of each scenario",
    "error": "Standard error of the figure",
    "low": "Lower end of the interval of the figure at 95 %",
    "high": "Upper end of the interval of the figure at 95 %",
    "difference": "Figure less that of the first scenario, of the same draws",
    "difference_error": "Standard error of the difference, paired run by run",
    "difference_low": "Lower end of the interval of the difference at 95 %",
    "difference_high": "Upper end of the interval of the difference at 95 %",
    "unpaired_error": "Standard error that the difference would have with draws of their own",
    "variance_reduction": "Variance of the difference without common draws over that with them",
    "unpaired_runs": "Runs of each scenario that a comparison without common draws needs for the same error",
    "rank_low": "Best rank that is not ruled out; 1 is the lowest figure, all ranks together at 95 %",
    "rank_high": "Worst rank that is not ruled out",
    "pair_difference": "Figure of the scenario less that of the other",
    "pair_low": "Lower end of its interval, all pairs together at 95 %",
    "pair_high": "Upper end of its interval, all pairs together at 95 %",
}
UNITLESS = {"variance_reduction": "1", "unpaired_runs": "run", "rank_low": "1", "rank_high": "1"}


def compare(
    items: Mapping[str, Scenario | xr.DataTree],
    *,
    metrics: Sequence[str] = HEADLINES,
    runs: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> xr.Dataset:
    """Compare scenarios, which are run with the same draws, or results that were.

    Parameters
    ----------
    items: Scenarios or results by the name they are to have; the first is what others are compared with.
    metrics: Metric expressions (`sim.questions.expressions`).
    runs: Runs of each scenario; by default those of the first result, else of the first scenario.
    seed: Seed of all draws, by the same rule.
    threads: As for `sim.run`.
    progress: Called with the name of a scenario, its runs done and its runs wanted.

    Returns
    -------
    Figures and differences to the first, dimensions (metric, scenario); differences of all pairs, (metric, scenario,
    other). `units` of a metric is a coordinate. Attributes name seed and runs.

    Raises
    ------
    MetricError: A metric cannot be read, or asks for what one of them does not have.
    ResultError: Results of different draws or horizons, or of runs that do not overlap.
    ScenarioError: A scenario of another horizon, or a chain that cannot be balanced.

    Example
    -------
    >>> import sim
    >>> still = sim.load("still", overrides=["time.years=0.5"])
    >>> found = compare({"still": still, "again": still}, metrics=["mean(lost_output)"], runs=4)
    >>> float(found.difference.sel(metric="mean(lost_output)", scenario="again"))
    0.0
    """
    if len(items) < 2:
        raise ScenarioError([Fault("compare", "", f"has {len(items)} scenario", "give two or more")])
    asked = read(metrics)
    checked(items, asked)
    first, count, seed = _draws(items, runs, seed)
    values = np.stack(
        [per_run(name, item, asked, first, count, seed, threads, progress) for name, item in items.items()], axis=1
    )
    found = _dataset(asked, list(items), values, _units(asked, next(iter(items.values()))))
    found.attrs = {"seed": seed, "first_run": first, "runs": count, "confidence": COVERAGE, "base": next(iter(items))}
    return found


def checked(items: Mapping[str, Scenario | xr.DataTree], metrics: Sequence[Metric]) -> None:
    """Raise one error with everything that keeps items from being compared.

    Raises
    ------
    ResultError: Unknown names in metrics; different horizons, seeds, or runs that do not overlap.
    """
    faults: list[str] = []
    for metric in metrics:
        for name, item in items.items():
            try:
                metric.check(item)
            except MetricError as error:
                faults += [f"{name}: {line}" for line in str(error).splitlines()]
    horizons = {name: _horizon(item) for name, item in items.items()}
    if len(set(horizons.values())) > 1:
        listed = ", ".join(f"{name} {horizon}" for name, horizon in horizons.items())
        faults.append(f"horizons differ: {listed}; give the scenarios one, with --set time.start and time.years")
    results = {name: item for name, item in items.items() if isinstance(item, xr.DataTree)}
    for attribute, words in (("seed", "seeds"), ("first_run", "first runs")):
        found = {name: item.attrs.get(attribute, 0) for name, item in results.items()}
        if len(set(found.values())) > 1:
            listed = ", ".join(f"{name} {value}" for name, value in found.items())
            faults.append(f"{words} differ, so runs are no pairs: {listed}; simulate them with one seed")
    if faults:
        raise ResultError("\n".join(dict.fromkeys(faults)))


def _horizon(item: Scenario | xr.DataTree) -> str:
    """First and last month, and steps a year, in words."""
    if isinstance(item, Scenario):
        time = item.time
        return f"{span(time.years)} from {time.start} in {time.periods_per_year} periods a year"
    from sim.results.lookup import origin

    found = origin(item)
    return f"{span(found.years)} from {found.start} in {found.periods_per_year} periods a year"


def _draws(items: Mapping[str, Scenario | xr.DataTree], runs: int | None, seed: int | None) -> tuple[int, int, int]:
    """First run, runs and seed that all items share.

    Raises
    ------
    ResultError: A result has other draws than asked for.
    """
    results = [item for item in items.values() if isinstance(item, xr.DataTree)]
    if not results:
        ensemble = next(item for item in items.values() if isinstance(item, Scenario)).ensemble
        return 0, runs or ensemble.runs, ensemble.seed if seed is None else seed
    attributes = results[0].attrs
    fewest = min(int(item.attrs["runs"]) for item in results)
    faults = []
    if seed not in (None, int(attributes["seed"])):
        faults.append(f"the results have seed {attributes['seed']}, not {seed}; leave --seed out")
    if runs is not None and runs > fewest:
        faults.append(f"a result has {fewest:,} runs only, not {runs:,}; ask for no more")
    if faults:
        raise ResultError("\n".join(faults))
    return int(attributes.get("first_run", 0)), runs or fewest, int(attributes["seed"])


def per_run(
    name: str,
    item: Scenario | xr.DataTree,
    metrics: Sequence[Metric],
    first: int,
    runs: int,
    seed: int,
    threads: int | None,
    progress: Callable[[str, int, int], None] | None,
) -> Values:
    """One value a run of each metric, shape (metric, run); a scenario is simulated and not kept.

    Parameters
    ----------
    name: Name that progress is told with.
    first, runs: First run and number of runs.

    Raises
    ------
    ResultError: A metric asks for what is not there.
    """
    if isinstance(item, Scenario):
        told = None if progress is None else lambda done, wanted: progress(name, done, wanted)
        item = runs_for(metrics, item, runs=runs, seed=seed, first=first, threads=threads, progress=told)
    found = item

    def of(metric: Metric) -> Values:
        """Values of the runs that are compared."""
        return metric.values(found)[:runs]

    return np.array(gathered(of, metrics))


def _units(metrics: Sequence[Metric], item: Scenario | xr.DataTree) -> list[str]:
    return [metric.units(item) for metric in metrics]


def _dataset(metrics: Sequence[Metric], names: list[str], values: Values, units: list[str]) -> xr.Dataset:
    """All figures of values of shape (metric, scenario, run)."""
    shape = len(metrics), len(names)
    found = {name: np.full((*shape, *([shape[1]] if name.startswith("pair") else [])), np.nan) for name in MEANINGS}
    warnings = np.full(shape, "", dtype=object)
    for row, metric in enumerate(metrics):
        for column in range(shape[1]):
            each = metric.estimate(values[row, column])
            found["value"][row, column], found["error"][row, column] = each.value, each.error
            found["low"][row, column], found["high"][row, column] = each.low, each.high
            words = (each.warning, caution(metric.statistic, each.runs))
            warnings[row, column] = "; ".join(word for word in words if word)
        there = ~np.isnan(values[row]).any(axis=0)
        if not there.any():
            raise MetricError(metric.text, ["no run has a value in all of them; nothing can be compared"])
        paired = values[row][:, there]
        for column in range(shape[1]):
            _put(found, row, column, difference(metric.statistic, paired[column], paired[0]), int(there.sum()))
        ranks = ranking(metric.statistic, paired)
        found["pair_difference"][row], found["pair_low"][row], found["pair_high"][row] = (
            ranks.value,
            ranks.low,
            ranks.high,
        )
        found["rank_low"][row], found["rank_high"][row] = ranks.rank_low, ranks.rank_high
    dims = {2: (METRIC, SCENARIO), 3: (METRIC, SCENARIO, OTHER)}
    return xr.Dataset(
        {
            name: (
                dims[array.ndim],
                array,
                {"units": UNITLESS.get(name, "as the metric"), "long_name": f"{MEANINGS[name]}."},
            )
            for name, array in found.items()
        }
        | {"warning": ((METRIC, SCENARIO), warnings, {"units": "", "long_name": "What to be careful about."})},
        coords={
            METRIC: [metric.text for metric in metrics],
            SCENARIO: names,
            OTHER: names,
            "units": (METRIC, units),
        },
    )


def _put(found: dict[str, Any], row: int, column: int, each: Difference, runs: int) -> None:
    """Enter a difference to the first scenario."""
    factor = each.variance_reduction
    for name, value in (
        ("difference", each.value),
        ("difference_error", each.error),
        ("difference_low", each.low),
        ("difference_high", each.high),
        ("unpaired_error", each.unpaired_error),
        ("variance_reduction", factor),
        ("unpaired_runs", np.ceil(factor * runs) if np.isfinite(factor) else factor),
    ):
        found[name][row, column] = value
