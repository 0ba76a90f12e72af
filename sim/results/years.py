"""What is lost and paid in each calendar year, over runs."""

from __future__ import annotations

from dataclasses import dataclass, field

import xarray as xr

from sim.results.lookup import not_kept, variable
from sim.results.portions import mean_over_runs, of_each_run
from sim.results.quantiles import Spread, spread
from sim.variables import INSTRUMENT, REGION, SECTOR, YEAR, YEARS


@dataclass(frozen=True)
class YearRow:
    """One calendar year, million USD."""

    year: int
    mean_output: float
    """Lost output of all sectors and regions together, mean over runs."""
    output: Spread
    """The same over runs."""
    value_added: float
    """Lost value added of all sectors and regions together, mean over runs."""
    net_cost: float | None
    """Public cost less receipts of all policies, not discounted, mean over runs; none without policies."""
    exports: dict[str, float] = field(default_factory=dict)
    """Exports that each region with restrictions does not send, mean over runs; those that are not 0 in some year."""


def years(results: xr.DataTree) -> tuple[YearRow, ...]:
    """Calendar years of the horizon in order; none where a result holds no losses by year.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    """
    if "years" not in results.children or not_kept(results, *(item.name for item in YEARS)):
        return ()
    lost, added = (
        of_each_run(variable(results, "years", name), lambda part: part.sum((SECTOR, REGION)))
        for name in ("lost_output_by_year", "lost_value_added_by_year")
    )
    exports = mean_over_runs(variable(results, "years", "lost_exports"), lambda part: part.astype(float))
    sending = [str(region) for region in exports[REGION].values if bool((exports.sel({REGION: region}) != 0.0).any())]
    cost = _net_cost(results)
    rows = []
    for year in lost[YEAR].values.tolist():
        here = {YEAR: year}
        rows.append(
            YearRow(
                year=int(year),
                mean_output=float(lost.sel(here).astype(float).mean()),
                output=spread(lost.sel(here).values),
                value_added=float(added.sel(here).astype(float).mean()),
                net_cost=None if cost is None else float(cost.sel(here)),
                exports={region: float(exports.sel(here | {REGION: region})) for region in sending},
            )
        )
    return tuple(rows)


def _net_cost(results: xr.DataTree) -> xr.DataArray | None:
    """Public cost less receipts of all policies together in each year, mean over runs; none without policies."""
    if "policies" not in results.children:
        return None
    paid, received = (
        mean_over_runs(variable(results, "policies", name), lambda part: part.astype(float).sum(INSTRUMENT))
        for name in ("public_cost", "public_receipts")
    )
    return paid - received
