"""What each restriction of a scenario can act on, as arrays for the core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Reference
from sim.core.state import BAN, DUTY, LICENSING, OUTAGE, PRODUCTION_QUOTA, QUOTA, Floats, Ints, Restrictions
from sim.scenario.restrictions import ExportDuty, Licensing, Measure, Outage, RouteMeasure

CODES = {
    "ban": BAN,
    "licensing": LICENSING,
    "export_quota": QUOTA,
    "export_duty": DUTY,
    "production_quota": PRODUCTION_QUOTA,
    "outage": OUTAGE,
}


@dataclass(frozen=True)
class Target:
    """Routes, processes and markets a restriction reaches, each with its weight and that after recovery."""

    routes: dict[int, tuple[float, float]]
    processes: tuple[int, ...]
    markets: dict[int, tuple[float, float]]
    flow: float
    """Reference flow of the routes, or output of the processes, that a quota is measured against; t a year."""
    growth: Values
    """That flow along the trend over the reference, shape (period,)."""


def target(reference: Reference, restriction: Measure) -> Target:
    """Return what a restriction reaches."""
    acts_on_routes = isinstance(restriction, RouteMeasure) and not (
        isinstance(restriction, Outage) and restriction.acts_on == "capacity"
    )
    if acts_on_routes:
        assert isinstance(restriction, RouteMeasure)
        return _routes(reference, restriction)
    return _processes(reference, restriction)


def _routes(reference: Reference, restriction: RouteMeasure) -> Target:
    routes: dict[int, tuple[float, float]] = {}
    markets: dict[int, tuple[float, float]] = {}
    flow = 0.0
    for index, row in enumerate(reference.routes):
        weight = restriction.weight(row.destination)
        if row.origin != restriction.by or row.product not in restriction.products or weight <= 0.0:
            continue
        after = weight * restriction.profile.remaining(row.destination)
        routes[index] = (weight, after)
        flow += row.flow
        destination = reference.at[row.product, row.destination]
        share = row.flow / reference.flows.supply[destination]
        if share > 0.0 and not isinstance(restriction, ExportDuty):
            # A duty withholds nothing, so it puts no supply at risk.
            markets[destination] = (share * weight, share * after)
    weights = np.array([reference.routes[index].flow for index in routes])
    return Target(routes, (), markets, flow, _growth(weights, reference.trend.route[list(routes)]))


def _processes(reference: Reference, restriction: Measure) -> Target:
    flows = reference.flows
    hit = tuple(
        index
        for index, row in enumerate(reference.processes)
        if row.region == restriction.by and any(product in row.outputs for product in restriction.products)
    )
    lost = np.zeros(len(reference.markets))
    for index in hit:
        row = reference.processes[index]
        for product, tonnes in row.outputs.items():
            lost[reference.at[product, row.region]] += tonnes * row.activity
    at_risk = lost / flows.supply
    markets = {int(m): (float(at_risk[m]), float(at_risk[m])) for m in np.flatnonzero(at_risk)}
    for route in reference.routes:
        origin = reference.at[route.product, route.origin]
        destination = reference.at[route.product, route.destination]
        share = at_risk[origin] * route.flow / flows.supply[destination]
        if share > 0.0:
            before = markets.get(destination, (0.0, 0.0))[0]
            markets[destination] = (before + share, before + share)
    covered = [m for m in np.flatnonzero(lost) if reference.markets[m][0] in restriction.products]
    weights = np.array([reference.processes[index].activity for index in hit])
    growth = _growth(weights, reference.trend.process[list(hit)])
    return Target({}, hit, markets, float(lost[covered].sum()), growth)


def _growth(weights: Values, factors: Floats) -> Values:
    total = weights.sum()
    return np.asarray(weights @ factors / total if total > 0.0 else np.ones(factors.shape[1]))


def restriction_arrays(reference: Reference, dt: float) -> tuple[Restrictions, Ints, Ints]:
    """Arrays of all restrictions, and the control row of each route and process (-1 if none can hit it)."""
    given = reference.scenario.restrictions
    targets = list(reference.targets.values())
    routes = sorted({index for each in targets for index in each.routes})
    processes = sorted({index for each in targets for index in each.processes})
    route_row = {index: row for row, index in enumerate(routes)}
    process_row = {index: row for row, index in enumerate(processes)}
    route_pairs = [(route_row[i], *weights) for each in targets for i, weights in each.routes.items()]
    market_pairs = [(m, *weights) for each in targets for m, weights in each.markets.items()]
    rules = Restrictions(
        kind=np.array([CODES[restriction.kind] for restriction in given.values()], dtype=np.int32),
        leakage=np.array([getattr(restriction, "leakage", 0.0) for restriction in given.values()], dtype=float),
        processing=np.array([_processing(restriction, dt) for restriction in given.values()], dtype=float),
        throughput=np.array([_throughput(restriction) for restriction in given.values()], dtype=float),
        threat=np.array([restriction.threat for restriction in given.values()], dtype=float),
        route_start=_starts([len(each.routes) for each in targets]),
        route_control=_column(route_pairs, 0).astype(np.int32),
        route_weight=_column(route_pairs, 1),
        route_weight_after=_column(route_pairs, 2),
        process_start=_starts([len(each.processes) for each in targets]),
        process_control=np.array([process_row[i] for each in targets for i in each.processes], dtype=np.int32),
        market_start=_starts([len(each.markets) for each in targets]),
        market=_column(market_pairs, 0).astype(np.int32),
        market_weight=_column(market_pairs, 1),
        market_weight_after=_column(market_pairs, 2),
        controlled_route=np.array(routes, dtype=np.int32),
        controlled_process=np.array(processes, dtype=np.int32),
    )
    return rules, _control(len(reference.routes), routes), _control(len(reference.processes), processes)


def _processing(restriction: Measure, dt: float) -> float:
    months = restriction.processing_months if isinstance(restriction, Licensing) else 1.0
    return float(-np.expm1(-dt / months))


def _throughput(restriction: Measure) -> float:
    return restriction.throughput if isinstance(restriction, Licensing) else 1.0


def _starts(counts: list[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _column(pairs: list[tuple[int, float, float]], column: int) -> Values:
    return np.array([pair[column] for pair in pairs], dtype=float)


def _control(count: int, controlled: list[int]) -> Ints:
    rows = np.full(count, -1, dtype=np.int32)
    rows[controlled] = np.arange(len(controlled))
    return rows
