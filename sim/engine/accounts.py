"""What policies cost and bring, labelled by run, instrument and budget year."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from sim import variables
from sim.chain.reference import Reference
from sim.core.state import Record
from sim.engine import labels
from sim.engine.chunk import Floats, by_run
from sim.engine.stockpiles import Followed, book
from sim.policies import budget_years, money, present_worth
from sim.variables import INSTRUMENT, RUN, YEAR


def accounts(reference: Reference, record: Record, stocks: Followed, dt: float, runs: int) -> dict[str, Floats]:
    """What `/policies` holds of the chunk just simulated, each with runs last.

    Parameters
    ----------
    record: Record whose sums over the horizon are complete.
    stocks: What its stockpiles bought and released.
    dt: Months a period.
    runs: Runs that count.
    """
    ledger = by_run(record.ledger, runs).astype(float)
    starts = dt * by_run(record.project_start, runs).astype(float)
    found = money(reference, ledger, starts)
    turned = {name: np.moveaxis(values, 0, -1) for name, values in found.items()}
    book(stocks, list(reference.scenario.policies), turned, present_worth(reference.scenario))
    return turned


def dataset(reference: Reference, found: dict[str, Floats], coords: dict[str, Any]) -> xr.Dataset:
    """The dataset of `/policies`."""
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
    places = {RUN: coords[RUN], INSTRUMENT: list(scenario.policies), YEAR: budget_years(scenario.time)[1]}
    return xr.Dataset(entries | named, coords=places)
