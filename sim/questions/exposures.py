"""A firm's exposure: its parts against simulated years. Nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import variables
from sim.errors import Fault, ScenarioError
from sim.questions.futures import MONTHS_A_YEAR, Values, arrivals, need, opened, routes_into, series
from sim.questions.parts import PartRow, read_parts
from sim.results import intervals
from sim.results.intervals import Interval
from sim.variables import PRODUCT, REGION

WEEKS_A_MONTH = 52.0 / 12.0
REFILL_MONTHS = 3.0
"""Time in which a firm fills its stock again once deliveries are whole; an assumption."""
WINDOW = 3
"""Months over which suppliers' shortfalls are compared."""
MOST_WEEKS = 156.0
"""Largest cover that is looked for."""
HALVINGS = 12
EXTRA_WEEKS = 4.0
"""Cover whose worth is told beside that of securing suppliers."""
LARGE_YEAR = 0.95
"""Quantile over simulated years that is quoted beside the mean."""
NEGLIGIBLE = 0.005
"""Share missing below which a stock is filled again: the step that shortages are kept in."""


@dataclass(frozen=True)
class Stops:
    """What a stock of a given size lets through."""

    idle: Values
    """Share of a month's work that cannot be done, shape (run, month)."""

    @property
    def by_year(self) -> NDArray[np.bool_]:
        """Whether a line stops in each year: more than 5 % of a month's work lost; shape (run, year)."""
        return _by_year((self.idle > variables.SHORT).astype(float)) > 0.0

    @property
    def yearly_chance(self) -> Interval:
        """Share of years with a stop; those of one run go together."""
        years = self.by_year
        return intervals.clustered_share(years.sum(axis=1), np.full(len(years), years.shape[1]))

    @property
    def runs(self) -> int:
        """Runs with a stop."""
        return int((self.idle > variables.SHORT).any(axis=1).sum())


def exposure(
    parts: str | Path | Sequence[PartRow], source: str | Path | xr.DataTree, *, risk: float = 0.05
) -> xr.DataTree:
    """What a firm's parts mean for its lines in the simulated years of a result or catalogue.

    Parameters
    ----------
    parts: Parts file, or its rows.
    source: Result with monthly `shortage` and `delivery`, or catalogue.
    risk: Yearly chance of a line stop that the firm accepts, above 0 and below 1.

    Returns
    -------
    Groups `/parts`, `/lines`, `/firm` and `/actions`, on one part or on all of a line, the best first;
    `sim/questions/COLUMNS.md` defines each column.

    Raises
    ------
    ScenarioError: The parts file or the risk has faults; all are listed.
    ResultError: The result lacks what is needed.
    """
    found = opened(source)
    need(found, "shortage", "delivery")
    rows = _checked(parts, found["reference"].dataset, risk)
    gaps = {row.part: supplier_gaps(row, found) for row in rows}
    idle = {row.part: _idle(row, gaps[row.part], row.cover_weeks) for row in rows}
    lines = {line: [row for row in rows if row.line == line] for line in dict.fromkeys(row.line for row in rows)}
    result = xr.DataTree.from_dict(
        {
            "parts": _parts(rows, gaps, idle, risk),
            "lines": _lines(lines, idle),
            "firm": _firm(lines, idle),
            "actions": _actions(lines, gaps, idle),
        }
    )
    result.attrs = {name: found.attrs[name] for name in ("title", "seed", "runs", "oreflow_version")}
    result.attrs |= {"accepted_yearly_risk": risk, "scenario_file": found.attrs.get("scenario_file", "")}
    return result


def _checked(parts: str | Path | Sequence[PartRow], reference: xr.Dataset, risk: float) -> tuple[PartRow, ...]:
    """Rows of the parts; the faults of the file and of the risk come together."""
    faults: list[Fault] = []
    rows: tuple[PartRow, ...] = ()
    try:
        rows = read_parts(parts, reference) if isinstance(parts, str | Path) else tuple(parts)
    except ScenarioError as error:
        faults += error.faults
    if not 0.0 < risk < 1.0:
        faults.append(Fault("--risk", "", f"is {risk:g}", "give a share above 0 and below 1"))
    if faults:
        raise ScenarioError(faults)
    return rows


def supplier_gaps(part: PartRow, found: xr.DataTree) -> dict[str, Values]:
    """Share of a part's need that each supplier fails to send, over the whole part; shape (run, month) each.

    What the region's users lack together is laid on its suppliers in proportion to what each of them sends less than on
    the path without shocks over the last three months, so that a firm with the region's own split lacks what the region
    lacks. Home makers, whose output is not kept, lack what the region lacks.
    """
    reference = found["reference"].dataset
    lacking = np.clip(np.nan_to_num(series(found, "shortage", part.chain_product, part.region)), 0.0, 1.0)
    routes = routes_into(reference, part.chain_product, part.region)
    weights = {origin: _yearly(reference["route_flow"].sel(route=label)) for origin, label in routes.items()}
    home = reference["production"].sel({PRODUCT: part.chain_product, REGION: part.region})
    weights[part.region] = _yearly(home.fillna(0.0))
    short = {origin: _recent(np.maximum(1.0 - arrivals(found, label), 0.0)) for origin, label in routes.items()}
    short[part.region] = lacking
    total = sum(weights.values())
    mean = sum((weights[origin] / total * short[origin] for origin in short), np.zeros_like(lacking))
    gaps = {}
    for supplier, share in part.suppliers.items():
        # Where no route sends less, all suppliers are served alike.
        over = np.divide(short[supplier], mean, out=np.ones_like(mean), where=mean > 1e-6)
        own = np.minimum(lacking * over, 1.0)
        gaps[supplier] = share * ((1.0 - part.switch_share) * own + part.switch_share * np.minimum(own, lacking))
    return gaps


def _yearly(tonnes: xr.DataArray) -> float:
    """Mean tonnes a month over the horizon."""
    return float(tonnes.mean())


def _recent(path: Values) -> Values:
    """Mean of each month and those before it, as many as the window holds."""
    sums = np.cumsum(np.pad(path, ((0, 0), (WINDOW, 0)), mode="edge"), axis=1)
    return np.asarray((sums[:, WINDOW:] - sums[:, :-WINDOW]) / WINDOW)


def stops(gap: Values, weeks: float) -> Stops:
    """Work that is lost if a share of each month's need is missing and a stock stands behind it.

    The stock begins full; what is missing comes out of it, and it fills again over three months once nothing is.

    Parameters
    ----------
    gap: Share of a month's need that does not come, shape (run, month).
    weeks: Own stock, weeks of use.

    Example
    -------
    >>> stops(np.array([[0.5, 0.5, 0.5, 0.0]]), 52.0 / 12.0).idle
    array([[0. , 0. , 0.5, 0. ]])
    """
    size = weeks / WEEKS_A_MONTH
    stock, idle = np.full(len(gap), size), np.zeros_like(gap)
    for month in range(gap.shape[1]):
        missing = gap[:, month]
        used = np.minimum(stock, missing)
        idle[:, month] = missing - used
        filled = np.where(missing < NEGLIGIBLE, (size - stock) / REFILL_MONTHS, 0.0)
        stock = stock - used + filled
    return Stops(idle)


def _idle(part: PartRow, gaps: dict[str, Values], weeks: float) -> Stops:
    return stops(np.minimum(sum(gaps.values(), np.zeros_like(next(iter(gaps.values())))), 1.0), weeks)


def cover_needed(gap: Values, risk: float, *, bound: str = "value") -> float:
    """Weeks of cover from which a line stops in no more than a share of the simulated years; infinite beyond 156.

    Parameters
    ----------
    gap: Share of a month's need that does not come, shape (run, month).
    risk: Share of years.
    bound: `value`, or `low` or `high` for where that bound of the interval of the share of years meets the risk.
    """

    def above(weeks: float) -> bool:
        """Whether the risk is above the accepted one."""
        return bool(getattr(stops(gap, weeks).yearly_chance, bound) > risk)

    if not above(0.0):
        return 0.0
    if above(MOST_WEEKS):
        return float("inf")
    low, high = 0.0, MOST_WEEKS
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if above(middle) else (low, middle)
    return high


def _parts(
    rows: tuple[PartRow, ...], gaps: dict[str, dict[str, Values]], idle: dict[str, Stops], risk: float
) -> xr.Dataset:
    """One row a part."""
    entries: dict[str, list[Any]] = {}
    for row in rows:
        gap = np.minimum(sum(gaps[row.part].values(), np.zeros_like(idle[row.part].idle)), 1.0)
        value, low, high = (cover_needed(gap, risk, bound=bound) for bound in ("value", "low", "high"))
        weeks = {
            "weeks_stopped": intervals.mean(_weeks(idle[row.part].idle)),
            "cover_needed": Interval(value, float("nan"), low, high),
        }
        for name, value in (_stop_chances(idle[row.part]) | _columns(weeks)).items():
            entries.setdefault(name, []).append(value)
        entries.setdefault("cover", []).append(row.cover_weeks)
        tonnes = row.kg_per_unit * row.units_per_year / 1e3
        entries.setdefault("yearly_need", []).append(tonnes)
        entries.setdefault("line", []).append(row.line)
        entries.setdefault("product", []).append(row.chain_product)
        entries.setdefault("region", []).append(row.region)
    return _dataset("part", [row.part for row in rows], entries)


def _weeks(idle: Values) -> Values:
    """Weeks of work lost a year, shape (run,)."""
    return np.asarray(idle.mean(axis=1) * MONTHS_A_YEAR * WEEKS_A_MONTH)


def _columns(values: dict[str, Interval]) -> dict[str, float]:
    """Value and bounds of each interval as columns."""
    return {
        f"{name}{ending}": getattr(value, part)
        for name, value in values.items()
        for ending, part in (("", "value"), ("_low", "low"), ("_high", "high"))
    }


UNITS = {
    "cover": "week",
    "cover_needed": "week",
    "weeks_stopped": "week/year",
    "yearly_need": "t/year",
    "dollars_at_risk": "million USD/year",
    "dollars_1_in_20": "million USD/year",
    "saved": "million USD/year",
}
"""Units of columns; shares have none."""
TEXT = ("part", "line", "product", "region", "action", "supplier")
"""Columns of words."""


def _dataset(dim: str, labels: Sequence[str | int], entries: dict[str, list[Any]]) -> xr.Dataset:
    return xr.Dataset(
        {
            name: (dim, np.array(values, dtype=object if name in TEXT else float), {"units": unit(name)})
            for name, values in entries.items()
        },
        coords={dim: list(labels)},
    )


def unit(name: str) -> str:
    """Unit of a column; words have none, not even that of a share."""
    return "" if name in TEXT else UNITS.get(name.removesuffix("_low").removesuffix("_high"), "1")


def _lost(line: list[PartRow], idle: dict[str, Stops]) -> Values:
    """Output that a line loses, million USD a month, shape (run, month): it runs as its scarcest part allows."""
    worst = np.max([idle[row.part].idle for row in line], axis=0)
    return np.asarray(worst * line[0].units_per_year / MONTHS_A_YEAR * line[0].output_value_usd_per_unit / 1e6)


def _by_year(lost: Values) -> Values:
    """Sums over the years of each run, those of a last part of a year left out unless there is no other."""
    whole = max(lost.shape[1] // MONTHS_A_YEAR * MONTHS_A_YEAR, min(lost.shape[1], MONTHS_A_YEAR))
    return np.add.reduceat(lost[:, :whole], np.arange(0, whole, MONTHS_A_YEAR), axis=1)


def _money(lost: Values) -> dict[str, float]:
    yearly = intervals.mean(lost.mean(axis=1) * MONTHS_A_YEAR)
    return _columns(
        {"dollars_at_risk": yearly, "dollars_1_in_20": intervals.clustered_quantile(_by_year(lost), LARGE_YEAR)}
    )


def _stop_chances(stopped: Stops) -> dict[str, float]:
    return _columns(
        {
            "stop_chance": intervals.share(stopped.runs, len(stopped.idle)),
            "yearly_stop_chance": stopped.yearly_chance,
        }
    )


def _lines(lines: dict[str, list[PartRow]], idle: dict[str, Stops]) -> xr.Dataset:
    """One row a line."""
    entries: dict[str, list[Any]] = {}
    for line in lines.values():
        worst = Stops(np.max([idle[row.part].idle for row in line], axis=0))
        for name, value in (_stop_chances(worst) | _money(_lost(line, idle))).items():
            entries.setdefault(name, []).append(value)
    return _dataset("line", list(lines), entries)


def _firm(lines: dict[str, list[PartRow]], idle: dict[str, Stops]) -> xr.Dataset:
    """The firm as a whole: any line, all money."""
    worst = Stops(np.max([stopped.idle for stopped in idle.values()], axis=0))
    lost = sum((_lost(line, idle) for line in lines.values()), np.zeros_like(worst.idle))
    values = _stop_chances(worst) | _money(lost)
    return xr.Dataset({name: ((), value, {"units": unit(name)}) for name, value in values.items()})


def _actions(lines: dict[str, list[PartRow]], gaps: dict[str, dict[str, Values]], idle: dict[str, Stops]) -> xr.Dataset:
    """What each step would save on its own, all else as it is: a supplier made sure, or more weeks of cover.

    A step is taken for one part, or for all parts of a line, where one alone may save little.
    """
    groups = [[row] for line in lines.values() for row in line]
    groups += [line for line in lines.values() if len(line) > 1]
    found: list[dict[str, Any]] = []
    for group in groups:
        line = lines[group[0].line]
        before = _lost(line, idle)
        suppliers = dict.fromkeys(supplier for row in group for supplier in row.suppliers)
        tries = {f"secure {supplier}": supplier for supplier in suppliers} | {f"+{EXTRA_WEEKS:g} weeks": ""}
        for action, supplier in tries.items():
            after = _lost(line, idle | {row.part: _after(row, gaps[row.part], supplier) for row in group})
            saved = intervals.mean((before - after).mean(axis=1) * MONTHS_A_YEAR)
            parts = " + ".join(row.part for row in group)
            record = {"part": parts, "line": group[0].line, "action": action, "supplier": supplier or "own stock"}
            found.append(record | _columns({"saved": saved}))
    found.sort(key=lambda record: -record["saved"])
    names = ("part", "line", "action", "supplier", *_columns({"saved": Interval(0.0, 0.0, 0.0, 0.0)}))
    ranked = {name: [record[name] for record in found] for name in names}
    return _dataset("rank", list(range(1, len(found) + 1)), ranked)


def _after(row: PartRow, gaps: dict[str, Values], supplier: str) -> Stops:
    """What a part lets through once a supplier always sends, or, without one, with four more weeks of stock."""
    weeks = row.cover_weeks + (0.0 if supplier else EXTRA_WEEKS)
    nothing = np.zeros_like(next(iter(gaps.values())))
    return _idle(row, {name: nothing if name == supplier else gap for name, gap in gaps.items()}, weeks)
