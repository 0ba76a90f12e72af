"""Labels that may be asked for: those of a scenario, or of results."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from sim import variables
from sim.months import later
from sim.questions import books
from sim.scenario import Scenario
from sim.variables import MONTH, PRODUCT, REGION, RESTRICTION, RUN, SECTOR, SECTOR_CLASSES, STAGE, WORLD


@dataclass(frozen=True)
class Labels:
    """What there is to ask for in a scenario or result."""

    of: dict[str, list[str]]
    """Labels by dimension; a dimension whose labels are not known is absent."""
    years: tuple[int, int]
    """First and last calendar year of the horizon."""
    classes: dict[str, str] = field(default_factory=dict)
    """Class of each sector, such as essential; none where a result does not say."""

    def sectors(self, label: str) -> tuple[str, ...]:
        """The sectors of a class; of any other label, and of one that is a sector too, the label itself.

        Example
        -------
        >>> labels = Labels({}, (2025, 2034), {"wind": "essential", "traction": "essential", "defence": "defence"})
        >>> labels.sectors("essential"), labels.sectors("defence"), labels.sectors("dy_oxide")
        (('wind', 'traction'), ('defence',), ('dy_oxide',))
        """
        if any(label in there for there in self.of.values()):
            return (label,)
        return tuple(sector for sector, whose in self.classes.items() if whose == label) or (label,)


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
        return Labels(found | books.of_results(source), years, _classes(source))
    assert isinstance(source, Scenario)
    tables, start = source.tables, np.datetime64(source.time.start, "M")
    end = later(start, int(np.ceil(12.0 * source.time.years)) - 1)
    of = {
        PRODUCT: [row.product for row in tables.products],
        SECTOR: [row.sector for row in tables.sectors],
        STAGE: list(tables.meta.stages),
        REGION: [*(row.region for row in tables.regions), WORLD],
        RESTRICTION: list(source.measures),
    }
    classes: dict[str, str] = {row.sector: row.sector_class for row in tables.sectors}
    return Labels(of | books.of_scenario(source), (int(str(start)[:4]), int(str(end)[:4])), classes)


def _classes(results: xr.DataTree) -> dict[str, str]:
    """Class of each sector of a result; those made before this was an attribute have it beside the reference."""
    if SECTOR_CLASSES in results.attrs:
        return {str(sector): str(whose) for sector, whose in json.loads(results.attrs[SECTOR_CLASSES]).items()}
    if "reference" in results.children and "sector_class" in results["reference"].data_vars:
        found = results["reference"].to_dataset().sector_class
        return dict(zip(found[SECTOR].values.astype(str).tolist(), found.values.astype(str).tolist(), strict=True))
    return {}
