"""What an ensemble says: what runs short, where, when and how dear it gets, with quantiles over runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.results.drawn import RestrictionRow, conflict_runs, restrictions, tells
from sim.results.lookup import Origin, chosen, labels, not_kept, origin, variable
from sim.results.policies import PolicyRow, policies
from sim.results.portions import columns, mean_over_runs, of_each_run
from sim.results.quantiles import LEVELS, Spread, over_runs, spread
from sim.results.shortage import ShortageRow, shortages
from sim.results.years import YearRow, years
from sim.variables import (
    MONTH,
    PRODUCT,
    QUANTILE,
    REGIME,
    REGION,
    SECTOR,
    STAGE,
    WORLD,
)

SURE_RUNS = 200
"""Runs from which the 5 and 95 % quantiles rest on at least ten runs each."""
DEARER = 1.1
"""Price multiple that the 95 % quantile must reach for a product to be listed."""
MOST_ROWS = 12
LEAST_TONNES = 1.0
"""Rationed tonnes below which a region counts as well supplied."""
READ = {
    "stages": ("peak_stage_price", "worst_stage_shortage"),
    "products": ("peak_price", "months_dear", "worst_shortage"),
    "sectors": ("shortage_months", "time_to_survive", "lost_output"),
    "shortages": tuple(f"product_{part}" for part in ("rationed", "destroyed", "substituted", "saved", "held_up")),
}
"""Variables of `/runs` that each part of a summary reads."""


Place = dict[str, str]
"""Product or sector, and region."""
Values = NDArray[np.floating]


@dataclass(frozen=True)
class Peak:
    """Where and when a path over months is highest: the month in which its 95 % quantile is."""

    region: str
    month: np.datetime64
    spread: Spread
    """Of the highest month of each run."""


@dataclass(frozen=True)
class StageRow:
    """A stage where it is dearest and where it runs shortest."""

    stage: str
    price: Peak
    shortage: Peak
    in_conflict: StageRow | None = None
    """The same in conflict runs."""


@dataclass(frozen=True)
class ProductRow:
    """A product in a region, over the whole horizon of each run."""

    product: str
    region: str
    peak_price: Spread
    months_dear: Spread
    worst_shortage: Spread | None
    """None where nobody takes the product in."""
    in_conflict: ProductRow | None = None
    """The same in conflict runs."""


@dataclass(frozen=True)
class SectorRow:
    """A sector in a region, over the whole horizon of each run."""

    sector: str
    region: str
    runs_short: float
    """Share of runs with a short month."""
    months_short: Spread
    months_to_shortage: float
    """Median months from the first onset to the first short month, over the runs that have both; NaN for none."""
    lost_output: Spread
    """Million USD."""
    in_conflict: SectorRow | None = None
    """The same in conflict runs."""


Row = TypeVar("Row", ProductRow, SectorRow)


@dataclass(frozen=True)
class Conflict:
    """The runs that spend more than `variables.CONFLICT` of the horizon in conflict."""

    regimes: tuple[str, ...]
    runs: int
    share: float
    """Mean share of the horizon in conflict, over all runs, in the regime that spends most."""
    lost_output: Spread
    """Lost output of all sectors and regions together in these runs, million USD."""


@dataclass(frozen=True)
class Summary:
    """All of it, the worst first."""

    origin: Origin
    restrictions: tuple[RestrictionRow, ...]
    stages: tuple[StageRow, ...]
    products: tuple[ProductRow, ...]
    sectors: tuple[SectorRow, ...]
    shortages: tuple[ShortageRow, ...]
    """Parts of shortage of each product, in the order of the chain."""
    lost_output: Spread
    """Lost output of all sectors and regions together, million USD."""
    conflict: Conflict | None
    """None in a scenario without regimes."""
    lacking: tuple[str, ...] = ()
    """Variables of `/runs` that the summary reads and that were not kept; what needs them is left out."""
    policies: tuple[PolicyRow, ...] = ()
    """What policies cost and bring, in the order of the scenario."""
    years: tuple[YearRow, ...] = ()
    """What is lost and paid in each calendar year."""

    @property
    def is_rough(self) -> bool:
        """Whether there are too few runs to quote the outer quantiles."""
        return self.origin.runs < SURE_RUNS


def summarise(results: xr.DataTree, *, region: str | None = None) -> Summary:
    """Summarise an ensemble.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    region: Only this region; by default the one that is hit hardest in each row.

    Raises
    ------
    ResultError: The region does not exist, or the result lacks a variable.
    """
    lacking = not_kept(results, *(name for names in READ.values() for name in names))
    lost = np.empty(0, dtype=np.float32) if not_kept(results, "lost_output") else _all_lost(results)
    regimes, among = conflict_runs(results)
    share = variable(results, "shocks", "conflict_share")
    return Summary(
        origin=origin(results),
        restrictions=restrictions(results),
        stages=stages(results, region=region),
        products=products(results, region=region, most=MOST_ROWS),
        sectors=sectors(results, region=region, most=MOST_ROWS),
        shortages=()
        if _left_out(results, "shortages")
        else shortages(results, among if tells(among) else None, region=region),
        lost_output=spread(lost),
        conflict=Conflict(regimes, int(among.sum()), float(share.max(REGIME).mean()), spread(lost[among[: lost.size]]))
        if regimes
        else None,
        policies=policies(results),
        years=years(results),
        lacking=lacking,
    )


def _left_out(results: xr.DataTree, table: str) -> bool:
    """Whether a table cannot be made, since what it reads was not kept."""
    return bool(not_kept(results, *READ[table]))


def _all_lost(results: xr.DataTree) -> NDArray[np.float32]:
    """Lost output of all sectors and regions together, by run."""
    found = of_each_run(variable(results, "runs", "lost_output"), lambda part: part.sum((SECTOR, REGION)))
    return np.asarray(found.values)


def _regions(array: xr.DataArray, region: str | None) -> xr.DataArray:
    """The rows of one region, or of all of them; the world is no region of its own here."""
    if region is not None:
        return array.sel({REGION: [chosen(region, labels(array, REGION), REGION)]})
    return array.drop_sel({REGION: WORLD}, errors="ignore")


def stages(results: xr.DataTree, *, region: str | None = None) -> tuple[StageRow, ...]:
    """Every stage, in the order of the chain, where it is dearest and where it runs shortest."""
    if _left_out(results, "stages"):
        return ()
    price = _regions(variable(results, "distribution", "stage_price"), region)
    short = _regions(variable(results, "distribution", "stage_shortage"), region)
    highest = variable(results, "runs", "peak_stage_price"), variable(results, "runs", "worst_stage_shortage")
    among = conflict_runs(results)[1]
    rows = []
    for stage in price[STAGE].values:
        found = [
            _peaks(paths.sel({STAGE: stage}), peaks.sel({STAGE: stage}), among)
            for paths, peaks in zip((price, short), highest, strict=True)
        ]
        if found[0] is not None and found[1] is not None:
            (dear, dear_then), (lacking, lacking_then) = found[0], found[1]
            then = StageRow(str(stage), dear_then, lacking_then) if tells(among) else None
            rows.append(StageRow(str(stage), dear, lacking, then))
    return tuple(rows)


def _peaks(paths: xr.DataArray, peaks: xr.DataArray, among: NDArray[np.bool_]) -> tuple[Peak, Peak] | None:
    """Where and when a path is highest, with the highest months of all runs and of some."""
    high = paths.sel({QUANTILE: LEVELS[-1]}, method="nearest").transpose(REGION, MONTH)
    if bool(high.isnull().all()):
        return None
    place, at = np.unravel_index(int(np.nanargmax(high.values)), high.shape)
    region, month = str(paths[REGION].values[place]), paths[MONTH].values[at]
    there = peaks.sel({REGION: region}).values
    return Peak(region, month, spread(there)), Peak(region, month, spread(there[among]))


def products(results: xr.DataTree, *, region: str | None = None, most: int | None = None) -> tuple[ProductRow, ...]:
    """Products that get dear, each in the region where it is dearest, the dearest first; all, or so many at most."""
    if _left_out(results, "products"):
        return ()
    high = over_runs(_regions(variable(results, "runs", "peak_price"), region), LEVELS[-1])
    dear = []
    for product in high[PRODUCT].values:
        of_product = high.sel({PRODUCT: product})
        if not bool(of_product.isnull().all()) and float(of_product.max()) >= DEARER:
            place = str(of_product[REGION].values[np.nanargmax(of_product.values)])
            dear.append((-float(of_product.max()), {PRODUCT: str(product), REGION: place}))
    places = [place for _, place in sorted(dear, key=lambda each: each[0])[:most]]
    return _with_conflict(results, "products", places, _product)


def _product(place: Place, peak: Values, dear: Values, worst: Values) -> ProductRow:
    lacking = None if bool(np.isnan(worst).all()) else spread(worst)
    return ProductRow(place[PRODUCT], place[REGION], spread(peak), months_dear=spread(dear), worst_shortage=lacking)


def sectors(results: xr.DataTree, *, region: str | None = None, most: int | None = None) -> tuple[SectorRow, ...]:
    """Sectors in regions that are short in some run, by mean lost output; all of them, or so many at most."""
    if _left_out(results, "sectors"):
        return ()
    short = _regions(variable(results, "runs", "shortage_months"), region)
    share = mean_over_runs(short, lambda part: part > 0)
    mean_lost = mean_over_runs(variable(results, "runs", "lost_output"))
    found = [
        {SECTOR: str(sector), REGION: str(place)}
        for sector in short[SECTOR].values
        for place in short[REGION].values
        if float(share.sel({SECTOR: sector, REGION: place})) > 0.0
    ]
    found.sort(key=lambda place: -float(mean_lost.sel(place)))
    return _with_conflict(results, "sectors", found[:most], _sector)


def _sector(place: Place, short: Values, times: Values, lost: Values) -> SectorRow:
    times = times[~np.isnan(times)]
    return SectorRow(
        sector=place[SECTOR],
        region=place[REGION],
        runs_short=float((short > 0).mean()),
        months_short=spread(short),
        months_to_shortage=float(np.median(times)) if times.size else float("nan"),
        lost_output=spread(lost),
    )


def _with_conflict(results: xr.DataTree, table: str, places: list[Place], row: Callable[..., Row]) -> tuple[Row, ...]:
    """Rows of a table, each with that of conflict runs alone, from what the table reads (`READ`)."""
    among = conflict_runs(results)[1]
    read = [columns(variable(results, "runs", name), places) for name in READ[table]]
    rows = []
    for place, *values in zip(places, *read, strict=True):
        then = row(place, *(each[among] for each in values)) if tells(among) else None
        rows.append(replace(row(place, *values), in_conflict=then))
    return tuple(rows)


def hardest_hit(results: xr.DataTree) -> str:
    """The region whose sectors go without most tonnes on average; the world if none goes without.

    Rationing, since price takes a little from all users: by it the largest user would always be hit hardest. The world
    too where rationing was not kept of each run.
    """
    if not_kept(results, "rationed_tonnes"):
        return WORLD
    lacking = mean_over_runs(variable(results, "runs", "rationed_tonnes")).sum(SECTOR)
    lacking = lacking.drop_sel({REGION: WORLD}, errors="ignore")
    worst = int(np.argmax(lacking.values))
    return str(lacking[REGION].values[worst]) if float(lacking.values[worst]) > LEAST_TONNES else WORLD
