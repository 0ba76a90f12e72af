"""Labels that may be asked for: those of a scenario, or of results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from sim import variables
from sim.questions import books
from sim.scenario import Scenario
from sim.variables import MONTH, PRODUCT, REGION, RESTRICTION, RUN, SECTOR, STAGE, WORLD


@dataclass(frozen=True)
class Labels:
    """What there is to ask for in a scenario or result."""

    of: dict[str, list[str]]
    """Labels by dimension; a dimension whose labels are not known is absent."""
    years: tuple[int, int]
    """First and last calendar year of the horizon."""


def known(source: object) -> Labels:
    """Labels of results or of a scenario.

    Parameters
    ----------
    source: What `sim.run`, `sim.open_results` or `sim.load` returned, or labels already.
    """
    if isinstance(source, Labels):
        return source
    if isinstance(source, xr.DataTree):
        found: dict[str, list[str]] = {}
        years = (-9999, 9999)
        for group in ("runs", "distribution", "paths", "monthly", "years"):
            # While an ensemble grows there is no distribution yet.
            coords = source[group].to_dataset().coords if group in source.children else {}
            for dim, labels in coords.items():
                if dim == MONTH:
                    months = labels.values.astype("datetime64[Y]").astype(int) + 1970
                    years = int(months[0]), int(months[-1])
                elif dim not in (RUN, variables.QUANTILE, variables.YEAR):
                    found.setdefault(str(dim), [str(label) for label in labels.values])
        return Labels(found | books.of_results(source), years)
    assert isinstance(source, Scenario)
    tables, start = source.tables, np.datetime64(source.time.start, "M")
    end = start + int(np.ceil(12.0 * source.time.years)) - 1
    of = {
        PRODUCT: [row.product for row in tables.products],
        SECTOR: [row.sector for row in tables.sectors],
        STAGE: list(tables.meta.stages),
        REGION: [*(row.region for row in tables.regions), WORLD],
        RESTRICTION: list(source.measures),
    }
    return Labels(of | books.of_scenario(source), (int(str(start)[:4]), int(str(end)[:4])))
