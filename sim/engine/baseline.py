"""The path without shocks as a labelled dataset: what is needed, made, shipped, and where it comes from and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim import chain as chains
from sim import path_variables
from sim.chain.ends import ends_in
from sim.chain.origins import touched
from sim.chain.recycling import SCRAP
from sim.chain.reference import Process, Reference
from sim.core.state import Chain
from sim.engine import labels
from sim.engine.chunk import Clock
from sim.engine.groups import needs
from sim.scenario import Scenario
from sim.variables import ELEMENT, ORIGIN, PRODUCT, REGION, ROUTE, USE, WORLD

if TYPE_CHECKING:
    import xarray as xr

Values = NDArray[np.float64]


def reference_path(scenario: Scenario) -> xr.Dataset:
    """The path without shocks of a scenario, without a simulation; as `/reference` of a result.

    Raises
    ------
    ScenarioError: The chain cannot be balanced.
    """
    reference = chains.build(scenario)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    return dataset(reference, chains.core_arrays(reference), clock)


def dataset(reference: Reference, chain: Chain, clock: Clock) -> xr.Dataset:
    """The dataset of `/reference`."""
    import xarray as xr

    coords = labels.coordinates(reference, clock.count)
    tables = reference.scenario.tables
    coords |= {
        ROUTE: [coords[ROUTE][index] for index in carrying(reference)],
        USE: [f"{use.sector} {use.product} {use.region}" for use in reference.uses],
        ELEMENT: list(tables.meta.elements),
        ORIGIN: list(reference.regions),
    }
    found = _tonnes(reference, chain, clock, coords) | _shares(reference, coords) | _rows(reference)
    declared = {item.name: item for item in (*path_variables.REFERENCE, *path_variables.NAMES)}
    entries = {
        name: (
            declared[name].dims,
            values.astype(np.float32) if values.dtype.kind == "f" else values,
            {"units": declared[name].units, "long_name": declared[name].meaning},
        )
        for name, values in found.items()
    }
    used = {dim for entry in entries.values() for dim in entry[0]}
    return xr.Dataset(entries, coords={name: values for name, values in coords.items() if name in used})


def carrying(reference: Reference) -> list[int]:
    """Routes with a flow in the reference state."""
    return [index for index, route in enumerate(reference.routes) if route.flow > 0.0]


def monthly_flow(reference: Reference, clock: Clock) -> Values:
    """Tonnes a month on the routes of `carrying` on the path without shocks, shape (month, route)."""
    flow = np.array([reference.routes[index].flow for index in carrying(reference)])
    return _by_month(flow, reference.trend.route[carrying(reference)], clock)


def _by_month(per_year: Values, growth: NDArray[Any], clock: Clock) -> Values:
    """Tonnes a month of what has a reference in t a year and a trend of shape (row, period); shape (month, row)."""
    sums = np.zeros((clock.count, per_year.size))
    np.add.at(sums, clock.months, (per_year[:, None] * growth).T * clock.dt / 12.0)
    return sums


def _tonnes(reference: Reference, chain: Chain, clock: Clock, coords: dict[str, Any]) -> dict[str, NDArray[Any]]:
    need, _ = needs(reference, chain, clock.months)
    made = np.zeros((clock.count, len(reference.markets)))
    activity = _by_month(np.array([row.activity for row in reference.processes]), reference.trend.process, clock)
    for index, row in enumerate(reference.processes):
        for product, tonnes in row.outputs.items():
            made[:, reference.at[product, row.region]] += tonnes * activity[:, index]
    demand = np.array([use.demand for use in reference.uses])
    return {
        "need": _grid(need, reference, coords),
        "production": _grid(made.T, reference, coords),
        "use_need": _by_month(demand, reference.trend.use, clock),
        "route_flow": monthly_flow(reference, clock),
    }


def _grid(rows: Values, reference: Reference, coords: dict[str, Any]) -> NDArray[np.float32]:
    """Tonnes by market, shape (market, month), as a grid with the world beside the regions."""
    grid = labels.spread(rows, reference.markets, PRODUCT, coords, axis=0)
    grid[..., coords[REGION].index(WORLD)] = np.nansum(grid, axis=-1)
    return grid


def _shares(reference: Reference, coords: dict[str, Any]) -> dict[str, NDArray[Any]]:
    total, scrap, capacity = (np.zeros(len(reference.markets)) for _ in range(3))
    for row in reference.processes:
        for product, tonnes in row.outputs.items():
            market = reference.at[product, row.region]
            total[market] += tonnes * row.activity
            capacity[market] += tonnes * row.capacity
            scrap[market] += tonnes * row.activity * _is_recycling(reference, row)
    made = np.where(total > 0.0, total, np.nan)

    def grid(rows: Values) -> NDArray[np.float32]:
        """Shares by market, the market on the last axis, as a grid."""
        return labels.spread(rows, reference.markets, PRODUCT, coords, axis=-1)

    ends = np.moveaxis(grid(ends_in(reference).T), 0, -1)
    return {"from_scrap": grid(scrap / made), "spare": grid(capacity / made - 1.0)} | {
        "ends_in": ends,
        "touched": grid(touched(reference)),
    }


def _is_recycling(reference: Reference, process: Process) -> bool:
    """Whether a process lives on scrap alone."""
    stages = [reference.products[product].stage for product in process.inputs]
    return bool(stages) and all(stage == SCRAP for stage in stages)


def _rows(reference: Reference) -> dict[str, NDArray[Any]]:
    """What stands in the tables: prices, contents, values, and the names behind uses and routes."""
    products, sectors = reference.scenario.tables.products, reference.scenario.tables.sectors
    elements = reference.scenario.tables.meta.elements
    routes = [reference.routes[index] for index in carrying(reference)]

    def text(names: list[str]) -> NDArray[Any]:
        """Names as text of any length."""
        return np.array(names, dtype=object)

    return {
        "transit": np.array([reference.transport[row.origin, row.destination].transit_months for row in routes]),
        "unit_price": np.array([row.price_usd_per_kg for row in products]),
        "contained": np.array([[row.content.get(element, 0.0) for element in elements] for row in products]),
        "output_value": np.array([row.output_value_usd_per_kg for row in sectors]),
        "value_added": np.array([row.value_added_usd_per_kg for row in sectors]),
        "stage_of": text([row.stage for row in products]),
        "sector_class": text([row.sector_class for row in sectors]),
        "use_product": text([use.product for use in reference.uses]),
        "use_sector": text([use.sector for use in reference.uses]),
        "use_region": text([use.region for use in reference.uses]),
        "route_product": text([row.product for row in routes]),
        "route_origin": text([row.origin for row in routes]),
        "route_destination": text([row.destination for row in routes]),
    }
