"""Value added and GDP at risk in the manner of the USGS: what a restriction adds to losses, times its chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.errors import ScenarioError
from sim.questions.futures import Values, years
from sim.results import intervals
from sim.results.intervals import Interval
from sim.results.lookup import chain_file
from sim.scenario.rows import PositiveCell, Row, Text
from sim.scenario.tables import read_lone
from sim.variables import REGION, RESTRICTION, RUN, SECTOR, SLOT, STEPPED

LOSSES = ("lost_value_added", "lost_output")
UNKNOWN = Interval(float("nan"), float("nan"), float("nan"), float("nan"))


class GdpRow(Row):
    """What a region's whole economy adds in value a year."""

    key = ("region",)

    region: Text
    """Region of the chain."""
    gdp_million_usd: PositiveCell
    """Gross domestic product, million USD a year."""


def gdp_of(found: xr.DataTree, region: str) -> float:
    """Gross domestic product of a region, million USD a year, from the chain of a result; NaN where it has none.

    Raises
    ------
    ScenarioError: The chain's `gdp.csv` has faults.
    """
    place = chain_file(found, "gdp.csv")
    return _read_gdp(place).get(region, float("nan")) if place is not None else float("nan")


def _read_gdp(path: Path) -> dict[str, float]:
    rows, faults, _ = read_lone(path, GdpRow)
    if faults:
        raise ScenarioError(faults)
    return {row.region: row.gdp_million_usd for row in rows}


def at_risk(found: xr.DataTree, region: str) -> xr.Dataset:
    """Value added and output lost a year in a region, by restriction, weighted by the chance that it strikes.

    In the manner of the USGS (probability of a disruption times the loss it brings; Nassar et al. 2025, Open-File
    Report 2025-1047); losses here are those of the sectors that use the products, without effects on the rest of the
    economy. Rows are not additive: restrictions strike together.

    Parameters
    ----------
    found: Result or catalogue.
    region: Region whose sectors lose.

    Returns
    -------
    Shape (restriction,), and the region's loss whatever its cause without that dimension.
    """
    shocks = found["shocks"].dataset
    resumed = shocks["resumed"].transpose(RESTRICTION, SLOT, RUN).values
    new = np.isfinite(shocks["onset"].transpose(RESTRICTION, SLOT, RUN).values) & (resumed != STEPPED)
    strikes = new.any(axis=1)
    rate = {RESTRICTION: (RESTRICTION, shocks[RESTRICTION].values)}
    data = xr.Dataset(coords=rate)
    data["strikes_per_year"] = (RESTRICTION, new.sum(axis=1).mean(axis=1) / years(found), {"units": "1/year"})
    _put(data, "chance", [intervals.share(int(row.sum()), row.size) for row in strikes], "1")
    for name in LOSSES:
        lost = lost_a_year(found, region, name)
        _put(data, f"{name}_if_it_strikes", [_mean(lost[row]) for row in strikes], "million USD/year")
        _put(data, f"{name}_otherwise", [_mean(lost[~row]) for row in strikes], "million USD/year")
        _put(data, f"{name}_weighted", [weighted(lost, row) for row in strikes], "million USD/year")
        _put(data, f"{name}_a_year", _mean(lost), "million USD/year")
    gdp = gdp_of(found, region)
    data["gdp"] = ((), gdp, {"units": "million USD/year"})
    for name in ("weighted", "a_year"):
        for ending in ("", "_low", "_high"):
            money = data[f"lost_value_added_{name}{ending}"]
            data[f"gdp_share_{name}{ending}"] = (money / gdp).assign_attrs(units="1")
    return data


def lost_a_year(found: xr.DataTree, region: str, name: str) -> Values:
    """A loss of all sectors of a region, million USD a year of the horizon, shape (run,).

    Parameters
    ----------
    name: `lost_value_added` or `lost_output`.
    """
    lost = found["runs"].dataset[name].sel({REGION: region}).sum(SECTOR)
    return np.asarray(lost.transpose(RUN).values.astype(float) / years(found))


def weighted(lost: Values, strikes: NDArray[np.bool_]) -> Interval:
    """Chance of striking times what striking adds to the mean loss, with the interval of what each run contributes.

    A mean of influences: the derivative of the figure by the weight of a run is what the run contributes to it.

    Parameters
    ----------
    lost: Loss of each run, shape (run,).
    strikes: Whether the restriction strikes in it.

    Example
    -------
    >>> float(weighted(np.array([4.0, 2.0, 1.0, 1.0]), np.array([True, True, False, False])).value)
    1.0
    """
    chance = float(strikes.mean())
    if chance == 1.0:
        # No run without it to compare with.
        return UNKNOWN
    otherwise = float(lost[~strikes].mean())
    odds = chance / (1.0 - chance)
    each = strikes * lost - odds * ~strikes * lost - otherwise * (strikes - chance) / (1.0 - chance)
    return intervals.mean(each)


def _mean(lost: Values) -> Interval:
    return intervals.mean(lost) if lost.size else UNKNOWN


def _put(data: xr.Dataset, name: str, found: list[Interval] | Interval, unit: str) -> None:
    """Add a figure and the ends of its interval, one for each restriction or one alone."""
    for ending, part in (("", "value"), ("_low", "low"), ("_high", "high")):
        values: Any = [getattr(each, part) for each in found] if isinstance(found, list) else getattr(found, part)
        data[f"{name}{ending}"] = (RESTRICTION if isinstance(found, list) else (), values, {"units": unit})
