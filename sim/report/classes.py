"""Shortage and loss by class of sector: defence, essential civilian use, other."""

from __future__ import annotations

import numpy as np
import xarray as xr

from sim.report.findings import counted
from sim.results import sentences
from sim.results.lookup import labels, variable
from sim.results.quantiles import spread
from sim.results.tables import Table
from sim.scenario import Scenario
from sim.variables import REGION, RUN, SECTOR, WORLD

HEADS = ("class", "sectors", ">short somewhere in", ">rationed, t", ">given up because of price, t", ">output lost")


def classes(results: xr.DataTree, scenario: Scenario) -> Table:
    """A row for each class of sector, over all regions and the whole horizon.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    scenario: Its scenario, whose tables say what class a sector is of.
    """
    known = {row.sector: row.sector_class for row in scenario.tables.sectors}
    rows = []
    for name in dict.fromkeys(known.values()):
        sectors = [sector for sector, of in known.items() if of == name]
        short = _of(results, "shortage_months", sectors) > 0.0
        rationed, destroyed, lost = (
            spread(_of(results, item, sectors).sum((SECTOR, REGION)).values)
            for item in ("rationed_tonnes", "destroyed_tonnes", "lost_output")
        )
        rows.append(
            (
                name,
                ", ".join(sector.replace("_", " ") for sector in sectors),
                counted(np.asarray(short.any((SECTOR, REGION)).values)),
                sentences.tonnes(rationed),
                sentences.tonnes(destroyed),
                sentences.money(lost),
            )
        )
    return Table("Classes of sectors over a run, all regions", HEADS, tuple(rows))


def _of(results: xr.DataTree, name: str, sectors: list[str]) -> xr.DataArray:
    """A variable of some sectors in all regions but the world."""
    found = variable(results, "runs", name)
    regions = [label for label in labels(found, REGION) if label != WORLD]
    return found.sel({SECTOR: sectors, REGION: regions}).transpose(RUN, SECTOR, REGION)
