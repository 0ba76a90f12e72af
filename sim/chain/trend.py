"""Growth without shocks: demand grows at the sectors' rates and supply keeps pace at fixed shares.

Capacity that follows demand is an assumption of this version: planned expansion is taken as given, and only shocks and
price move activity around it.
"""

from __future__ import annotations

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Reference
from sim.chain.stocks import covers, inbound
from sim.core.state import Trend


def trend_factors(reference: Reference) -> Trend:
    """Growth factors of processes, routes, uses and disposal over the reference, shape (entity, period).

    In every year the supply of each market is what its outlets need, at the reference shares, and what it takes to
    let inventories and pipelines grow with them: without that second part a chain of six stages would starve itself by
    more than a tenth. A process with joint outputs follows those that cannot be disposed of, weighted by value, and
    surplus of the others is disposed of. Years are joined geometrically.
    """
    scenario = reference.scenario
    periods = scenario.time.periods
    years = np.arange(int(np.ceil(scenario.time.years)) + 1, dtype=float)
    if scenario.growth:
        knots = [_year(reference, year, stock_years(reference)) for year in years]
    else:
        knots = [_year(reference, 0.0, np.zeros(len(reference.markets)))] * len(years)
    middle = (np.arange(periods) + 0.5) / scenario.time.periods_per_year
    return Trend(*(_joined(years, np.array([knot[side] for knot in knots]), middle) for side in range(4)))


def _joined(years: Values, values: Values, middle: Values) -> Values:
    logs = np.log(np.maximum(values, 1e-12))
    return np.array([np.exp(np.interp(middle, years, logs[:, i])) for i in range(values.shape[1])]).reshape(-1, middle.size)


def stock_years(reference: Reference) -> Values:
    """Inventory and inbound of each market over its supply, years."""
    dt = 12.0 / reference.scenario.time.periods_per_year
    held = covers(reference)[1] / 12.0 * reference.flows.outflow + inbound(reference, dt)
    return np.asarray(held / reference.flows.supply)


def _year(reference: Reference, year: float, stock: Values) -> tuple[Values, Values, Values, Values]:
    rates = np.array([reference.sectors[row.sector].growth_per_year for row in reference.uses])
    use = (1.0 + rates) ** year
    drivers = _drivers(reference)
    outlets = _outlets(reference, use, drivers, np.ones(len(stock)))
    if stock.any():
        # Growth of every market's outlets, from two years; it moves so little in time that one pass is enough.
        later = _outlets(reference, (1.0 + rates) ** (year + 1.0), drivers, np.ones(len(stock)))
        building = 1.0 + stock * np.log(later / outlets)
        outlets = _outlets(reference, use, drivers, building)
    else:
        building = np.ones(len(stock))
    supply = outlets * building
    process = drivers @ supply
    route = np.array([supply[reference.at[row.product, row.destination]] for row in reference.routes])
    return process, route, use, _surplus(reference, process, route, use)


def _outlets(reference: Reference, use: Values, drivers: Values, building: Values) -> Values:
    """Growth of the outlets of every market when supply is `building` times the outlets."""
    needs, constant = _needs(reference, use, drivers)
    return np.linalg.solve(np.eye(len(building)) - needs * building, constant)


def _drivers(reference: Reference) -> Values:
    """Weight of each market in the growth of each process, shape (process, market); rows sum to 1."""
    weights = np.zeros((len(reference.processes), len(reference.markets)))
    for index, row in enumerate(reference.processes):
        wanted = {product: t for product, t in row.outputs.items() if not reference.products[product].disposable}
        for product, tonnes in (wanted or row.outputs).items():
            weights[index, reference.at[product, row.region]] = tonnes * reference.products[product].price_usd_per_kg
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _needs(reference: Reference, use: Values, drivers: Values) -> tuple[Values, Values]:
    """Growth of a market's outlets, disposal apart, as a linear function of the growth of all markets."""
    flows, at = reference.flows, reference.at
    outlets = flows.outflow - flows.disposal
    matrix = np.zeros((len(reference.markets), len(reference.markets)))
    constant = np.zeros(len(reference.markets))
    for index, row in enumerate(reference.processes):
        for product, tonnes in row.inputs.items():
            matrix[at[product, row.region]] += tonnes * row.activity * drivers[index]
    for route in reference.routes:
        matrix[at[route.product, route.origin], at[route.product, route.destination]] += route.flow
    for row_use, factor in zip(reference.uses, use, strict=True):
        constant[at[row_use.product, row_use.region]] += row_use.demand * factor
    nothing = outlets <= 0.0
    scale = np.where(nothing, 1.0, outlets)
    return matrix / scale[:, None], np.where(nothing, 1.0, constant / scale)


def _surplus(reference: Reference, process: Values, route: Values, use: Values) -> Values:
    """Growth of disposal, shape (market,): what the sources bring beyond what the outlets need."""
    left = np.zeros(len(reference.markets))
    for row, factor in zip(reference.processes, process, strict=True):
        for product, coefficient in row.recipe.items():
            left[reference.at[product, row.region]] += coefficient * row.activity * factor
    for leg, factor in zip(reference.routes, route, strict=True):
        left[reference.at[leg.product, leg.origin]] -= leg.flow * factor
        left[reference.at[leg.product, leg.destination]] += leg.flow * factor
    for row_use, factor in zip(reference.uses, use, strict=True):
        left[reference.at[row_use.product, row_use.region]] -= row_use.demand * factor
    disposal = reference.disposal
    return np.divide(np.maximum(left, 0.0), disposal, out=np.ones_like(left), where=disposal > 0.0)
