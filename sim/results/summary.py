"""What an ensemble says: what runs short, where, when and how dear it gets, with quantiles over runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from sim.results.lookup import Origin, chosen, labels, origin, restriction_title, variable
from sim.results.quantiles import LEVELS, Spread, over_runs, spread
from sim.variables import MONTH, PRODUCT, QUANTILE, REGION, RESTRICTION, RUN, SECTOR, SLOT, STAGE, WORLD

SURE_RUNS = 200
"""Runs from which the 5 and 95 % quantiles rest on at least ten runs each."""
DEARER = 1.1
"""Price multiple that the 95 % quantile must reach for a product to be listed."""
MOST_ROWS = 12
LEAST_TONNES = 1.0
"""Rationed tonnes below which a region counts as well supplied."""


@dataclass(frozen=True)
class Peak:
    """Where and when a path over months is highest: the month in which its 95 % quantile is."""

    region: str
    month: np.datetime64
    spread: Spread


@dataclass(frozen=True)
class StageRow:
    """A stage where it is dearest and where it runs shortest."""

    stage: str
    price: Peak
    shortage: Peak


@dataclass(frozen=True)
class ProductRow:
    """A product in a region, over the whole horizon of each run."""

    product: str
    region: str
    peak_price: Spread
    months_dear: Spread
    worst_shortage: Spread | None
    """None where nobody takes the product in."""


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


@dataclass(frozen=True)
class RestrictionRow:
    """A restriction as it was drawn."""

    name: str
    title: str
    kind: str
    strikes: float
    """Share of runs it strikes within the horizon."""
    onset: Spread
    """Months from the start to its first onset, over the runs it strikes."""
    duration: Spread
    """Months in force, over all its events; infinite if permanent."""


@dataclass(frozen=True)
class Summary:
    """All of it, the worst first."""

    origin: Origin
    restrictions: tuple[RestrictionRow, ...]
    stages: tuple[StageRow, ...]
    products: tuple[ProductRow, ...]
    sectors: tuple[SectorRow, ...]
    lost_output: Spread
    """Lost output of all sectors and regions together, million USD."""

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
    return Summary(
        origin=origin(results),
        restrictions=restrictions(results),
        stages=stages(results, region=region),
        products=products(results, region=region)[:MOST_ROWS],
        sectors=sectors(results, region=region)[:MOST_ROWS],
        lost_output=spread(variable(results, "runs", "lost_output").sum((SECTOR, REGION)).values),
    )


def _regions(array: xr.DataArray, region: str | None) -> xr.DataArray:
    """The rows of one region, or of all of them; the world is no region of its own here."""
    if region is not None:
        return array.sel({REGION: [chosen(region, labels(array, REGION), REGION)]})
    return array.drop_sel({REGION: WORLD}, errors="ignore")


def stages(results: xr.DataTree, *, region: str | None = None) -> tuple[StageRow, ...]:
    """Every stage, in the order of the chain, where it is dearest and where it runs shortest."""
    price = _regions(variable(results, "distribution", "stage_price"), region)
    short = _regions(variable(results, "distribution", "stage_shortage"), region)
    rows = []
    for stage in price[STAGE].values:
        peaks = [_peak(array.sel({STAGE: stage})) for array in (price, short)]
        if peaks[0] is not None and peaks[1] is not None:
            rows.append(StageRow(str(stage), peaks[0], peaks[1]))
    return tuple(rows)


def _peak(paths: xr.DataArray) -> Peak | None:
    high = paths.sel({QUANTILE: LEVELS[-1]}, method="nearest").transpose(REGION, MONTH)
    if bool(high.isnull().all()):
        return None
    place, month = np.unravel_index(int(np.nanargmax(high.values)), high.shape)
    there = paths.isel({REGION: int(place), MONTH: int(month)}).sel({QUANTILE: list(LEVELS)}, method="nearest")
    return Peak(str(paths[REGION].values[place]), paths[MONTH].values[month], Spread(*map(float, there.values)))


def products(results: xr.DataTree, *, region: str | None = None) -> tuple[ProductRow, ...]:
    """Products that get dear in a region, the dearest first; of each product only the region where it is dearest."""
    peak = _regions(variable(results, "runs", "peak_price"), region)
    dear, worst = variable(results, "runs", "months_dear"), variable(results, "runs", "worst_shortage")
    high = over_runs(peak, LEVELS[-1])
    rows = []
    for product in peak[PRODUCT].values:
        of_product = high.sel({PRODUCT: product})
        if bool(of_product.isnull().all()) or float(of_product.max()) < DEARER:
            continue
        place = {PRODUCT: product, REGION: of_product[REGION].values[np.nanargmax(of_product.values)]}
        lacking = worst.sel(place)
        rows.append(
            ProductRow(
                product=str(product),
                region=str(place[REGION]),
                peak_price=spread(peak.sel(place).values),
                months_dear=spread(dear.sel(place).values),
                worst_shortage=None if bool(lacking.isnull().all()) else spread(lacking.values),
            )
        )
    return tuple(sorted(rows, key=lambda row: -row.peak_price.high))


def sectors(results: xr.DataTree, *, region: str | None = None) -> tuple[SectorRow, ...]:
    """Sectors in regions that are short in some run, by mean lost output."""
    short = _regions(variable(results, "runs", "shortage_months"), region)
    lost, survive = variable(results, "runs", "lost_output"), variable(results, "runs", "time_to_survive")
    share = (short > 0).mean(RUN)
    mean_lost = lost.mean(RUN)
    found = [
        (str(sector), str(place))
        for sector in short[SECTOR].values
        for place in short[REGION].values
        if float(share.sel({SECTOR: sector, REGION: place})) > 0.0
    ]
    rows = []
    for sector, place in sorted(found, key=lambda at: -float(mean_lost.sel({SECTOR: at[0], REGION: at[1]}))):
        at = {SECTOR: sector, REGION: place}
        times = survive.sel(at).dropna(RUN)
        rows.append(
            SectorRow(
                sector=sector,
                region=place,
                runs_short=float(share.sel(at)),
                months_short=spread(short.sel(at).values),
                months_to_shortage=float(times.median()) if times.size else float("nan"),
                lost_output=spread(lost.sel(at).values),
            )
        )
    return tuple(rows)


def restrictions(results: xr.DataTree) -> tuple[RestrictionRow, ...]:
    """Every restriction as it was drawn: how often, when first and for how long."""
    onset = variable(results, "shocks", "onset")
    duration = variable(results, "shocks", "duration").transpose(RESTRICTION, SLOT, RUN)
    kind = variable(results, "shocks", "kind")
    rows = []
    for index, name in enumerate(map(str, onset[RESTRICTION].values)):
        first = onset.isel({RESTRICTION: index}).min(SLOT)
        lasts = duration.values[index]
        rows.append(
            RestrictionRow(
                name=name,
                title=restriction_title(results, name),
                kind=str(kind.values[index]),
                strikes=float(first.notnull().mean()),
                onset=spread(first.dropna(RUN).values),
                duration=spread(lasts[~np.isnan(lasts)]),
            )
        )
    return tuple(rows)


def hardest_hit(results: xr.DataTree) -> str:
    """The region whose sectors go without most tonnes on average; the world if none goes without.

    Rationing, since price takes a little from all users: by it the largest user would always be hit hardest.
    """
    lacking = variable(results, "runs", "rationed_tonnes").mean(RUN).sum(SECTOR)
    lacking = lacking.drop_sel({REGION: WORLD}, errors="ignore")
    worst = int(np.argmax(lacking.values))
    return str(lacking[REGION].values[worst]) if float(lacking.values[worst]) > LEAST_TONNES else WORLD
