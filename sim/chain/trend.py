"""Growth without shocks: demand follows its paths or the sectors' rates, and supply keeps pace at fixed shares.

Capacity that follows demand is an assumption: planned expansion is taken as given, and only shocks and price move
activity around it, unless the scenario's `[capacity]` lets margins and named projects move capacity too.
"""

from __future__ import annotations

import numpy as np

from sim.chain.accounts import Values
from sim.chain.demand import service_demand
from sim.chain.recycling import SCRAP, collection, collectors
from sim.chain.reference import Reference, Use
from sim.chain.stocks import covers, inbound, mean_cover
from sim.core.state import Trend


def trend_factors(reference: Reference) -> Trend:
    """Growth factors of processes, routes, uses and disposal over the reference, shape (entity, period).

    In every year the supply of each market is what its outlets need, at the reference shares, and what it takes to
    let inventories and pipelines grow with them: without that second part a chain of six stages would starve itself by
    more than a tenth. A process with joint outputs follows those that cannot be disposed of, weighted by value, and
    surplus of the others is disposed of. What comes back at end of life follows past sales instead, where the chain
    has lifetimes, and those who live on it follow what comes. Years are joined geometrically.
    """
    scenario = reference.scenario
    periods = scenario.time.periods
    years = np.arange(int(np.ceil(scenario.time.years)) + 1, dtype=float)
    use = service_demand(reference, years)
    returned = collection(reference, years)
    supply = _supply(reference, use, returned)
    process = _drivers(reference) @ supply
    for index in collectors(reference):
        process[index] = returned[reference.processes[index].region]
    route = supply[[reference.at[row.product, row.destination] for row in reference.routes]]
    middle = (np.arange(periods) + 0.5) / scenario.time.periods_per_year
    knots = (process, route, use, _surplus(reference, process, route, use))
    return Trend(*(_joined(years, values, middle) for values in knots))


def _joined(years: Values, values: Values, middle: Values) -> Values:
    logs = np.log(np.maximum(values, 1e-12))
    return np.array([np.exp(np.interp(middle, years, row)) for row in logs]).reshape(-1, middle.size)


def stock_years(reference: Reference) -> Values:
    """Inventory and inbound of each market over its supply, years."""
    dt = 12.0 / reference.scenario.time.periods_per_year
    held = covers(reference)[1] / 12.0 * reference.flows.outflow + inbound(reference, dt)
    return np.asarray(held / reference.flows.supply)


def _supply(reference: Reference, use: Values, returned: dict[str, Values]) -> Values:
    """Growth of the supply of every market in every year, shape (market, year)."""
    drivers = _drivers(reference)
    needs, constant = _needs(reference, use, drivers)
    made, collected = _made(reference, drivers), _collected(reference, returned, years=use.shape[1])
    # Scrap comes as it comes: its supply follows its makers and past sales, not its outlets.
    follows = np.asarray(made.any(axis=1) | collected.any(axis=1))
    constant[follows] = collected[follows]
    identity = np.eye(len(reference.markets))
    outlets = np.asarray(np.linalg.solve(identity - np.where(follows[:, None], made, needs), constant), dtype=float)
    # Stocks are built at each year's own growth of the outlets: demand that follows a path does not grow evenly.
    growth = np.gradient(np.log(outlets), axis=1)
    building = np.where(follows[:, None], 1.0, 1.0 + stock_years(reference)[:, None] * growth)
    rows = np.where(follows[:, None], made, needs)
    supply = [
        factor * np.linalg.solve(identity - rows * factor, part)
        for factor, part in zip(building.T, constant.T, strict=True)
    ]
    return np.asarray(supply).T


def _drivers(reference: Reference) -> Values:
    """Weight of each market in the growth of each process, shape (process, market); rows sum to 1.

    A process follows its outputs, weighted by value, apart from what may be thrown away; one that lives on scrap from
    other processes follows its inputs.
    """
    scraps = _scraps(reference)
    weights = np.zeros((len(reference.processes), len(reference.markets)))
    for index, row in enumerate(reference.processes):
        scrap = {product: tonnes for product, tonnes in row.inputs.items() if product in scraps}
        wanted = {product: t for product, t in row.outputs.items() if not reference.products[product].disposable}
        recycles = bool(scrap) and scrap == row.inputs
        for product, tonnes in (scrap if recycles else wanted or row.outputs).items():
            weights[index, reference.at[product, row.region]] = tonnes * reference.products[product].price_usd_per_kg
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _scraps(reference: Reference) -> set[str]:
    """Products that come as they come: what may be thrown away and falls only beside others, or is collected."""
    alone = {product for row in reference.processes if len(row.outputs) == 1 for product in row.outputs}
    beside = {product for row in reference.processes if len(row.outputs) > 1 for product in row.outputs}
    fallen = {p for p in beside - alone if reference.products[p].disposable and reference.products[p].stage == SCRAP}
    return fallen | {product for index in collectors(reference) for product in reference.processes[index].outputs}


def _made(reference: Reference, drivers: Values) -> Values:
    """Growth of the supply of scrap as a linear function of all supply; rows of the rest are zero."""
    scraps = _scraps(reference)
    at, supply = reference.at, reference.flows.supply
    matrix = np.zeros((len(reference.markets), len(reference.markets)))
    collecting = collectors(reference)
    for index, row in enumerate(reference.processes):
        for product, tonnes in row.outputs.items():
            if product in scraps and index not in collecting:
                matrix[at[product, row.region]] += tonnes * row.activity * drivers[index]
    for route in reference.routes:
        if route.product in scraps:
            origin, destination = at[route.product, route.origin], at[route.product, route.destination]
            matrix[destination, origin] += route.flow
    return np.asarray(matrix / supply[:, None])


def _collected(reference: Reference, returned: dict[str, Values], *, years: int) -> Values:
    """Part of the growth of a market's supply that end-of-life collection brings, shape (market, year)."""
    found = np.zeros((len(reference.markets), years))
    for index in collectors(reference):
        row = reference.processes[index]
        for product, tonnes in row.outputs.items():
            market = reference.at[product, row.region]
            found[market] += tonnes * row.activity / reference.flows.supply[market] * returned[row.region]
    return found


def _needs(reference: Reference, use: Values, drivers: Values) -> tuple[Values, Values]:
    """Growth of a market's outlets, disposal apart, as a linear function of the growth of all markets' supply.

    Returns the matrix, shape (market, market), and the part that does not depend on it, shape (market, year).
    """
    flows, at = reference.flows, reference.at
    outlets = flows.outflow - flows.disposal
    matrix = np.zeros((len(reference.markets), len(reference.markets)))
    constant = np.zeros((len(reference.markets), use.shape[1]))
    for index, row in enumerate(reference.processes):
        for product, tonnes in row.inputs.items():
            matrix[at[product, row.region]] += tonnes * row.activity * drivers[index]
    for route in reference.routes:
        matrix[at[route.product, route.origin], at[route.product, route.destination]] += route.flow
    for row_use, factor in zip(reference.uses, use, strict=True):
        constant[at[row_use.product, row_use.region]] += row_use.demand * factor * _filling(reference, row_use, factor)
    nothing = outlets <= 0.0
    scale = np.where(nothing, 1.0, outlets)
    return matrix / scale[:, None], np.where(nothing[:, None], 1.0, constant / scale[:, None])


def _filling(reference: Reference, use: Use, factor: Values) -> Values:
    """What users buy over what they use, as their own stocks grow with it; shape (year,)."""
    growth = np.gradient(np.log(factor))
    return np.asarray(1.0 + mean_cover(reference, use) / 12.0 * np.maximum(growth, 0.0))


def _surplus(reference: Reference, process: Values, route: Values, use: Values) -> Values:
    """Growth of disposal, shape (market, year): what the sources bring beyond what the outlets need."""
    come, left = (np.zeros((len(reference.markets), use.shape[1])) for _ in range(2))
    for row, factor in zip(reference.processes, process, strict=True):
        for product, coefficient in row.recipe.items():
            side = come if coefficient > 0.0 else left
            side[reference.at[product, row.region]] += coefficient * row.activity * factor
    for leg, factor in zip(reference.routes, route, strict=True):
        left[reference.at[leg.product, leg.origin]] -= leg.flow * factor
        come[reference.at[leg.product, leg.destination]] += leg.flow * factor
    for row_use, factor in zip(reference.uses, use, strict=True):
        bought = row_use.demand * factor * _filling(reference, row_use, factor)
        left[reference.at[row_use.product, row_use.region]] -= bought
    growth = np.gradient(np.log(come), axis=1)
    left += come * (1.0 - stock_years(reference)[:, None] * growth)
    disposal = np.broadcast_to(reference.disposal[:, None], left.shape)
    return np.divide(np.maximum(left, 0.0), disposal, out=np.ones_like(left), where=disposal > 0.0)
