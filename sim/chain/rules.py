"""What each restriction of a scenario can act on, as arrays for the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Reference
from sim.chain.stocks import fresh_share
from sim.core.state import (
    BAN,
    DENIAL,
    DUTY,
    LICENSING,
    OUTAGE,
    PRODUCTION_QUOTA,
    QUOTA,
    Crossings,
    Floats,
    Ints,
    Pairs,
    Rules,
)
from sim.scenario.restrictions import Denial, ExportDuty, Licensing, Measure, Outage, RouteMeasure

CODES = {
    "ban": BAN,
    "licensing": LICENSING,
    "export_quota": QUOTA,
    "export_duty": DUTY,
    "production_quota": PRODUCTION_QUOTA,
    "outage": OUTAGE,
    "denial": DENIAL,
}


@dataclass(frozen=True)
class Target:
    """Routes, processes, markets and uses a restriction reaches, each with its weight and that after recovery."""

    routes: dict[int, tuple[float, float]]
    processes: tuple[int, ...]
    markets: dict[int, tuple[float, float]]
    flow: float
    """Reference flow of the routes, or output of the processes, that a quota is measured against; t a year."""
    growth: Values
    """That flow along the trend over the reference, shape (period,)."""
    uses: dict[int, tuple[float, float]] = field(default_factory=dict)


def target(reference: Reference, restriction: Measure) -> Target:
    """Return what a restriction reaches."""
    if isinstance(restriction, Denial):
        return _denied(reference, restriction)
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


def _denied(reference: Reference, denial: Denial) -> Target:
    """Uses of a denial; at risk in a market is what they take of its supply."""
    uses: dict[int, tuple[float, float]] = {}
    markets: dict[int, tuple[float, float]] = {}
    for index, row in enumerate(reference.uses):
        weight = denial.weight(row.region)
        if row.sector not in denial.sectors or row.product not in denial.products or weight <= 0.0:
            continue
        uses[index] = (weight, weight * denial.profile.remaining(row.region))
        market = reference.at[row.product, row.region]
        share, before = row.demand / reference.flows.supply[market], markets.get(market, (0.0, 0.0))
        markets[market] = (before[0] + share * uses[index][0], before[1] + share * uses[index][1])
    return Target({}, (), markets, 0.0, np.ones(reference.scenario.time.periods), uses)


def _growth(weights: Values, factors: Floats) -> Values:
    total = weights.sum()
    return np.asarray(weights @ factors / total if total > 0.0 else np.ones(factors.shape[1]))


@dataclass(frozen=True)
class Restricted:
    """All restrictions as columns for the core, and the control row of each route and process (-1 if none hits it)."""

    rules: Rules
    route_pairs: Pairs
    plant_pairs: Pairs
    market_pairs: Pairs
    use_pairs: Pairs
    crossings: Crossings
    plants: Ints
    route_control: Ints
    process_control: Ints


def restriction_arrays(reference: Reference, dt: float) -> Restricted:
    """Columns of all restrictions; a step is `dt` months."""
    given = list(reference.scenario.restrictions.values())
    codes = [CODES[restriction.kind] for restriction in given]
    targets = list(reference.targets.values())
    routes = sorted({index for each in targets for index in each.routes})
    processes = sorted({index for each in targets for index in each.processes})
    route_row = {index: row for row, index in enumerate(routes)}
    process_row = {index: row for row, index in enumerate(processes)}
    route_pairs = [(route_row[i], *weights) for each in targets for i, weights in each.routes.items()]
    plant_pairs = [(process_row[i], 1.0, 1.0) for each in targets for i in each.processes]
    market_pairs = [(m, *weights) for each in targets for m, weights in each.markets.items()]
    use_pairs = [(u, *weights) for each in targets for u, weights in each.uses.items()]
    starts = {
        "route": _starts([len(each.routes) for each in targets]),
        "plant": _starts([len(each.processes) for each in targets]),
        "market": _starts([len(each.markets) for each in targets]),
        "use": _starts([len(each.uses) for each in targets]),
    }
    rules = Rules(
        kind=np.array(codes, dtype=np.int32),
        leakage=np.array([getattr(restriction, "leakage", 0.0) for restriction in given], dtype=float),
        throughput=np.array([_throughput(restriction) for restriction in given], dtype=float),
        threat=np.array([restriction.threat for restriction in given], dtype=float),
        **{f"{name}_begin": rows[:-1] for name, rows in starts.items()},
        **{f"{name}_end": rows[1:] for name, rows in starts.items()},
    )
    return Restricted(
        rules=rules,
        route_pairs=_pairs(route_pairs),
        plant_pairs=_pairs(plant_pairs),
        market_pairs=_pairs(market_pairs),
        use_pairs=_pairs(use_pairs),
        crossings=_crossings(list(zip(given, codes, targets, strict=True)), routes, dt),
        plants=np.array(processes, dtype=np.int32),
        route_control=_control(len(reference.routes), routes),
        process_control=_control(len(reference.processes), processes),
    )


def _crossings(regimes: Sequence[tuple[Measure, int, Target]], routes: list[int], dt: float) -> Crossings:
    """Restricted routes; the slowest of the licensing regimes that reach a route sets the pace of its queue."""
    slowest = np.zeros(len(routes))
    taxed = np.zeros(len(routes), dtype=np.int32)
    for row, index in enumerate(routes):
        for restriction, code, reached in regimes:
            if index in reached.routes:
                if isinstance(restriction, Licensing):
                    slowest[row] = max(slowest[row], restriction.processing_months)
                taxed[row] |= code in (DUTY, QUOTA)
    licensed = slowest > 0.0
    decay = dt / np.where(licensed, slowest, dt)
    return Crossings(
        route=np.array(routes, dtype=np.int32),
        decide=-np.expm1(-decay),
        decide_fresh=fresh_share(decay),
        licensed=licensed.astype(np.int32),
        taxed=taxed,
    )


def _throughput(restriction: Measure) -> float:
    return restriction.throughput if isinstance(restriction, Licensing) else 1.0


def _starts(counts: list[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _pairs(pairs: list[tuple[int, float, float]]) -> Pairs:
    target, weight, after = np.array(pairs, dtype=float).reshape(-1, 3).T
    return Pairs(target.astype(np.int32), weight, after)


def _control(count: int, controlled: list[int]) -> Ints:
    rows = np.full(count, -1, dtype=np.int32)
    rows[controlled] = np.arange(len(controlled))
    return rows
