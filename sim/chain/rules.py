"""What each restriction of a scenario can act on, as arrays for the core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Reference
from sim.chain.stocks import fresh_share
from sim.core.state import (
    BAN,
    DENIAL,
    DUMPING,
    DUTY,
    LICENSING,
    NOTHING,
    OUTAGE,
    OUTPUT,
    PATENT_BARRIER,
    PRICES,
    PRODUCTION_QUOTA,
    QUOTA,
    TECHNOLOGY_BAN,
    Crossings,
    Floats,
    Ints,
    Pairs,
    Rules,
)
from sim.scenario.measures import Leaking, Measure, RouteMeasure
from sim.scenario.reaction import Reaction
from sim.scenario.restrictions import Denial, Dumping, ExportDuty, Licensing, Outage, Technology, VatWedge

CODES = {
    "ban": BAN,
    "licensing": LICENSING,
    "export_quota": QUOTA,
    "export_duty": DUTY,
    "vat_wedge": DUTY,
    "dumping": DUMPING,
    "production_quota": PRODUCTION_QUOTA,
    "outage": OUTAGE,
    "technology_ban": TECHNOLOGY_BAN,
    "patent_barrier": PATENT_BARRIER,
    "denial": DENIAL,
}

LEAST_RISK = 1e-4
"""Share of supply at risk below which nobody is alarmed by what is passed on."""
Risks = dict[int, tuple[float, float]]
"""Share of the supply of markets that is at risk, and that after recovery."""
WATCHES = {"price": PRICES, "output": OUTPUT}


@dataclass(frozen=True)
class Target:
    """Routes, processes, markets and uses a restriction reaches, each with its weight and that after recovery."""

    routes: dict[int, tuple[float, float]]
    processes: tuple[int, ...]
    markets: Risks
    flow: float
    """Reference flow of the routes, or output of the processes, that a quota is measured against; t a year."""
    growth: Values
    """That flow along the trend over the reference, shape (period,)."""
    on_processes: tuple[float, float] = (1.0, 1.0)
    """Weight on each of the processes, and that after recovery."""
    uses: dict[int, tuple[float, float]] = field(default_factory=dict)
    spared: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Regions that an alliance keeps it from for a time: first period, and the one after the last."""


def target(reference: Reference, restriction: Measure) -> Target:
    """Return what a restriction reaches."""
    found = _reached(reference, restriction)
    if restriction.passes_on == 0.0 or not found.markets:
        return found
    return replace(found, markets=_passed_on(reference, found.markets, restriction.passes_on))


def _passed_on(reference: Reference, markets: Risks, share: float) -> Risks:
    """Add what is at risk down the chain, since it is made of what is at risk.

    A process lacks what its scarcest input lacks, so the largest share at risk among them counts, times `share` at each
    step; what it makes carries that to its market by its share of supply, and routes carry it on to other regions.
    Where a restriction touches a market itself, the larger of both counts.

    Parameters
    ----------
    reference: The reconciled chain.
    markets: Share of supply at risk by market, and that after recovery.
    share: Share that is passed on.
    """
    supply = reference.flows.supply
    direct = np.zeros((2, supply.size))
    for index, weights in markets.items():
        direct[:, index] = weights
    risk = direct
    # Each sweep goes a step further down; scrap leads back up, where less and less is left.
    for _ in reference.scenario.tables.meta.stages:
        made = np.zeros_like(risk)
        for row in reference.processes:
            feeds = [reference.at[product, row.region] for product in row.inputs]
            lacking = share * risk[:, feeds].max(axis=1, initial=0.0)
            for product, tonnes in row.outputs.items():
                index = reference.at[product, row.region]
                made[:, index] += lacking * tonnes * row.activity / supply[index]
        sent = made.copy()
        for route in reference.routes:
            origin = reference.at[route.product, route.origin]
            destination = reference.at[route.product, route.destination]
            sent[:, destination] += made[:, origin] * route.flow / supply[destination]
        risk = np.maximum(direct, np.minimum(sent, 1.0))
    return {int(m): (float(risk[0, m]), float(risk[1, m])) for m in np.flatnonzero(risk.max(axis=0) > LEAST_RISK)}


def _reached(reference: Reference, restriction: Measure) -> Target:
    """Return what a restriction reaches itself."""
    if isinstance(restriction, Dumping):
        on_cost = restriction.on_cost
        after = on_cost * restriction.profile.remaining(restriction.by)
        makers = _makers(reference, restriction) if on_cost > 0.0 else ()
        return replace(_routes(reference, restriction), processes=makers, on_processes=(on_cost, after))
    if isinstance(restriction, Technology):
        return _technologies(reference, restriction)
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
    scenario, flow = reference.scenario, 0.0
    routes: dict[int, tuple[float, float]] = {}
    markets: Risks = {}
    for index, row in enumerate(reference.routes):
        if row.origin != restriction.by or row.product not in restriction.products:
            continue
        weight = 0.0 if scenario.spares(restriction, row.destination) else restriction.weight(row.destination)
        if weight <= 0.0:
            continue
        after = weight * restriction.profile.remaining(row.destination)
        routes[index] = (weight, after)
        flow += row.flow
        destination = reference.at[row.product, row.destination]
        share = row.flow / reference.flows.supply[destination]
        if share > 0.0 and not isinstance(restriction, (ExportDuty, VatWedge, Dumping)):
            # What only changes a price withholds nothing, so it puts no supply at risk.
            markets[destination] = (share * weight, share * after)
    weights = np.array([reference.routes[index].flow for index in routes])
    growth = _growth(weights, reference.trend.route[list(routes)])
    return Target(routes, (), markets, flow, growth, spared=_spared(reference, restriction))


def _makers(reference: Reference, restriction: Measure) -> tuple[int, ...]:
    """Return the processes of the region that make a covered product."""
    return tuple(
        index
        for index, row in enumerate(reference.processes)
        if row.region == restriction.by and any(product in row.outputs for product in restriction.products)
    )


def _processes(reference: Reference, restriction: Measure) -> Target:
    flows, hit = reference.flows, _makers(reference, restriction)
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


def _technologies(reference: Reference, restriction: Technology) -> Target:
    """Processes abroad whose new capacity it slows; it puts no supply at risk and measures nothing against a flow."""
    hit = tuple(
        index
        for index, row in enumerate(reference.processes)
        if restriction.weight(row.region) > 0.0
        and not reference.scenario.spares(restriction, row.region)
        and any(product in row.outputs for product in restriction.products)
    )
    still = np.ones(reference.scenario.periods)
    return Target({}, hit, {}, 0.0, still, spared=_spared(reference, restriction))


def _denied(reference: Reference, denial: Denial) -> Target:
    """Uses of a denial; at risk in a market is what they take of its supply."""
    uses: dict[int, tuple[float, float]] = {}
    markets: Risks = {}
    for index, row in enumerate(reference.uses):
        weight = 0.0 if reference.scenario.spares(denial, row.region) else denial.weight(row.region)
        if row.sector not in denial.sectors or row.product not in denial.products or weight <= 0.0:
            continue
        uses[index] = (weight, weight * denial.profile.remaining(row.region))
        market = reference.at[row.product, row.region]
        share, before = row.demand / reference.flows.supply[market], markets.get(market, (0.0, 0.0))
        markets[market] = (before[0] + share * uses[index][0], before[1] + share * uses[index][1])
    still = np.ones(reference.scenario.periods)
    return Target({}, (), markets, 0.0, still, uses=uses, spared=_spared(reference, denial))


def _spared(reference: Reference, restriction: Measure) -> dict[str, tuple[int, int]]:
    """Regions that a restriction spares for a part of the horizon only, and when."""
    regions = [row.region for row in reference.scenario.tables.regions]
    found = {region: reference.scenario.spared_periods(restriction, region) for region in regions}
    return {region: span for region, span in found.items() if span[0] < span[1]}


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
    watch_pairs: Pairs
    use_pairs: Pairs
    crossings: Crossings
    plants: Ints
    route_control: Ints
    process_control: Ints


def restriction_arrays(reference: Reference, dt: float) -> Restricted:
    """Columns of all restrictions; a step is `dt` months."""
    given = list(reference.scenario.measures.values())
    codes = [CODES[restriction.kind] for restriction in given]
    targets = list(reference.targets.values())
    routes = sorted({index for each in targets for index in each.routes})
    processes = sorted({index for each in targets for index in each.processes})
    route_row = {index: row for row, index in enumerate(routes)}
    process_row = {index: row for row, index in enumerate(processes)}

    def spared(each: Target, region: str) -> tuple[int, int]:
        """Periods in which a restriction leaves a region alone."""
        return each.spared.get(region, (0, 0))

    route_pairs = [
        (route_row[i], *weights, *spared(each, reference.routes[i].destination))
        for each in targets
        for i, weights in each.routes.items()
    ]
    plant_pairs = [
        (process_row[i], *_on_plant(restriction, each, region), *spared(each, region))
        for restriction, each in zip(given, targets, strict=True)
        for i, region in ((i, reference.processes[i].region) for i in each.processes)
    ]
    market_pairs = [
        (m, *weights, *spared(each, reference.markets[m][1])) for each in targets for m, weights in each.markets.items()
    ]
    watched = [_watched(reference, row.reacts) for row in given]
    use_pairs = [
        (u, *weights, *spared(each, reference.uses[u].region)) for each in targets for u, weights in each.uses.items()
    ]
    starts = {
        "route": _starts([len(each.routes) for each in targets]),
        "plant": _starts([len(each.processes) for each in targets]),
        "market": _starts([len(each.markets) for each in targets]),
        "watch": _starts([len(each) for each in watched]),
        "use": _starts([len(each.uses) for each in targets]),
    }
    reactions = [row.reacts for row in given]
    leaking = [row if isinstance(row, Leaking) else None for row in given]
    expiring = [row if isinstance(row, Licensing) else None for row in given]
    rules = Rules(
        kind=np.array(codes, dtype=np.int32),
        leakage=np.array([row.leak(np.zeros(1))[0] if row else 0.0 for row in leaking]),
        leakage_grown=np.array([row.leak(np.full(1, np.inf))[0] if row else 0.0 for row in leaking]),
        leakage_pace=np.array([dt / row.leakage_months if row and row.leakage_months else 0.0 for row in leaking]),
        validity=np.array([row.validity_months / dt if row and row.validity_months else 0.0 for row in expiring]),
        lapse=np.array([1.0 - row.renewal if row and row.renewal is not None else 0.0 for row in expiring]),
        throughput=np.array([_throughput(restriction) for restriction in given], dtype=float),
        threat=np.array([restriction.threat for restriction in given], dtype=float),
        watches=np.array([WATCHES[row.watches] if row else NOTHING for row in reactions], dtype=np.int32),
        begins_at=np.array([row.begins_at if row else 0.0 for row in reactions]),
        full_at=np.array([row.full_at if row else 1.0 for row in reactions]),
        first_yield=np.array([getattr(restriction, "first_yield", 1.0) for restriction in given], dtype=float),
        **{f"{name}_begin": rows[:-1] for name, rows in starts.items()},
        **{f"{name}_end": rows[1:] for name, rows in starts.items()},
    )
    return Restricted(
        rules=rules,
        route_pairs=_pairs(route_pairs),
        plant_pairs=_pairs(plant_pairs),
        market_pairs=_pairs(market_pairs),
        watch_pairs=_pairs([(*row, 0, 0) for each in watched for row in each]),
        use_pairs=_pairs(use_pairs),
        crossings=_crossings(list(zip(given, codes, targets, strict=True)), routes, dt),
        plants=np.array(processes, dtype=np.int32),
        route_control=_control(len(reference.routes), routes),
        process_control=_control(len(reference.processes), processes),
    )


def _watched(reference: Reference, reaction: Reaction | None) -> list[tuple[int, float, float]]:
    """Markets whose prices are watched, with even weights, or processes whose output is, with that of a unit."""
    if reaction is None:
        return []
    if reaction.watches == "price":
        markets = [reference.at.get((reaction.product, region)) for region in reaction.regions]
        return [(market, 1.0, 1.0) for market in markets if market is not None]
    return [
        (index, row.outputs[reaction.product], 0.0)
        for index, row in enumerate(reference.processes)
        if row.region in reaction.regions and reaction.product in row.outputs
    ]


def _crossings(regimes: Sequence[tuple[Measure, int, Target]], routes: list[int], dt: float) -> Crossings:
    """Restricted routes; the slowest of the licensing regimes that reach a route sets the pace of its queue.

    Of applications filed early, the smallest share counts.
    """
    slowest, filed = np.zeros(len(routes)), np.ones(len(routes))
    taxed = np.zeros(len(routes), dtype=np.int32)
    for row, index in enumerate(routes):
        for restriction, code, reached in regimes:
            if index in reached.routes:
                if isinstance(restriction, Licensing):
                    slowest[row] = max(slowest[row], restriction.processing_months)
                    filed[row] = min(filed[row], restriction.filed_early)
                taxed[row] |= code in (DUTY, QUOTA, DUMPING)
    licensed = slowest > 0.0
    decay = dt / np.where(licensed, slowest, dt)
    return Crossings(
        route=np.array(routes, dtype=np.int32),
        decide=-np.expm1(-decay),
        decide_fresh=fresh_share(decay),
        filed=np.where(licensed, filed, 0.0),
        licensed=licensed.astype(np.int32),
        taxed=taxed,
    )


def _on_plant(restriction: Measure, reached: Target, region: str) -> tuple[float, float]:
    """Weight of a restriction on a process, and that after recovery: only know-how is withheld by destination."""
    if isinstance(restriction, Technology):
        return restriction.weight(region), restriction.weight(region)
    return reached.on_processes


def _throughput(restriction: Measure) -> float:
    return restriction.throughput if isinstance(restriction, Licensing) else 1.0


def _starts(counts: list[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _pairs(pairs: list[tuple[int, float, float, int, int]]) -> Pairs:
    target, weight, after, begin, end = np.array(pairs, dtype=float).reshape(-1, 5).T
    return Pairs(target.astype(np.int32), weight, after, begin.astype(np.int32), end.astype(np.int32))


def _control(count: int, controlled: list[int]) -> Ints:
    rows = np.full(count, -1, dtype=np.int32)
    rows[controlled] = np.arange(len(controlled))
    return rows
