"""What policies cost and bring, labelled by run, instrument and budget year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import variables
from sim.chain.reference import Reference
from sim.core.state import Record
from sim.engine import labels
from sim.engine.chunk import Floats, by_run
from sim.engine.stockpiles import Followed, book
from sim.policies import budget_years, earners, money, present_worth
from sim.variables import INSTRUMENT, REGION, RUN, STAGE, YEAR

if TYPE_CHECKING:
    import xarray as xr


def accounts(reference: Reference, record: Record, stocks: Followed, dt: float, runs: int) -> dict[str, Floats]:
    """What `/policies` holds of the chunk just simulated, each with runs last.

    Parameters
    ----------
    record: Record whose sums over the horizon are complete.
    stocks: What its stockpiles bought and released.
    dt: Months a period.
    runs: Runs that count.
    """
    places, years = earners(reference), len(budget_years(reference.scenario.time)[1])
    earned = by_run(record.revenue, runs).reshape(years, len(places), runs) / 1e3
    ledger = by_run(record.ledger, runs).astype(float)
    starts = dt * by_run(record.project_start, runs).astype(float)
    found = money(reference, ledger, starts)
    turned = {name: np.moveaxis(values, 0, -1) for name, values in found.items()}
    book(stocks, list(reference.scenario.policies), turned, present_worth(reference.scenario))
    stages, regions = _axes(reference)
    revenue = np.zeros((len(stages), len(regions), years, runs), dtype=np.float32)
    for index, (stage, region) in enumerate(places):
        revenue[stages.index(stage), regions.index(region)] = earned[:, index]
    return turned | {"revenue": revenue}


def _axes(reference: Reference) -> tuple[list[str], list[str]]:
    """Stages and regions in which something is made, each in the order of the chain."""
    places = earners(reference)
    regions = [row.region for row in reference.scenario.tables.regions]
    found = {region for _, region in places}
    return list(dict.fromkeys(stage for stage, _ in places)), [region for region in regions if region in found]


def dataset(reference: Reference, found: Mapping[str, Floats], coords: dict[str, Any]) -> xr.Dataset:
    """The dataset of `/policies`."""
    import xarray as xr

    scenario = reference.scenario
    entries = {}
    for variable in variables.POLICIES:
        values = np.moveaxis(found[variable.name], -1, 0)
        entries[variable.name] = (variable.dims, values, labels.attributes(variable))
    kinds = [policy.kind for policy in scenario.policies.values()]
    titles = [policy.title for policy in scenario.policies.values()]
    named = {
        "kind": ((INSTRUMENT,), np.array(kinds, dtype=object), {"units": "", "long_name": "Kind of the instrument."}),
        "title": ((INSTRUMENT,), np.array(titles, dtype=object), {"units": "", "long_name": "Its title."}),
    }
    stages, regions = _axes(reference)
    places = {RUN: coords[RUN], INSTRUMENT: list(scenario.policies), YEAR: budget_years(scenario.time)[1]}
    places |= {STAGE: stages, REGION: regions}
    return xr.Dataset(entries | named, coords=places)
