"""The arrays of the core for a described chain, and helpers that run the compiled entry on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from sim.core import allocate, loop, state
from tests.core.described import Event, SmallChain

INFINITY = 3e38
Kind = type[np.floating[Any]]


class Block(NamedTuple):
    """Runs simulated side by side, and what they are simulated with."""

    chain: state.Chain
    events: state.Events
    state: state.State
    work: state.Work


def chain_arrays(small: SmallChain, periods: int, kind: Kind) -> state.Chain:
    """The chain in working precision `kind`, with trends for a number of periods."""

    def of(values: Iterable[float]) -> np.ndarray:
        return np.array(list(values), dtype=kind)

    return state.Chain(
        _constants(small, kind),
        _markets(small, of),
        _processes(small, of),
        _routes(small, of),
        state.Uses(
            market=_ints(u.market for u in small.uses),
            demand=of(u.demand for u in small.uses),
            elasticity=of(u.short for u in small.uses),
            slow_elasticity=of(u.long - u.short for u in small.uses),
            priority=_ints(u.priority for u in small.uses),
            substitute=_ints(-1 if u.substitute is None else u.substitute for u in small.uses),
            sector=_ints(range(len(small.uses))),
        ),
        state.Trend(*(_trend(rows, small.dt, periods, kind) for rows in (
            small.processes, small.routes, small.uses, small.markets))),
        _restrictions(small, of),
    )  # fmt: skip


def event_arrays(runs: Sequence[list[list[Event]]], kind: Kind) -> state.Events:
    """Events of each run and restriction; unused slots start at infinity."""
    rules = len(runs[0])
    slots = max([1, *(len(events) for run in runs for events in run)])
    arrays = state.Events(*(np.zeros((rules, slots, len(runs)), dtype=kind) for _ in state.Events._fields))
    for name in ("announced", "onset", "end"):
        getattr(arrays, name)[:] = INFINITY
    for lane, run in enumerate(runs):
        for k, events in enumerate(run):
            for slot, event in enumerate(events):
                for name in state.Events._fields:
                    getattr(arrays, name)[k, slot, lane] = getattr(event, name)
    return arrays


def block(
    small: SmallChain, runs: Sequence[list[list[Event]]], periods: int, kind: Kind, *, lanes: int = 16
) -> Block:  # fmt: skip
    """A block at the reference; runs are repeated to fill the lanes."""
    chain = chain_arrays(small, periods, kind)
    filled = [runs[lane % len(runs)] for lane in range(lanes)]
    events = event_arrays(filled, kind)
    return Block(chain, events, allocate.initial_state(chain, lanes), allocate.work_space(chain, lanes))


def advance(block: Block, begin: int, end: int, *, first: int = 0) -> None:
    """Simulate periods in place, without a record."""
    kind = block.chain.markets.inventory.dtype
    months, weights = np.zeros(end, dtype=np.int32), np.ones(end, dtype=kind)
    loop.simulate(
        block.chain, block.events, first, begin, end, months, weights, block.state, block.work,
        allocate.no_record(block.chain),
    )  # fmt: skip


def held(small: SmallChain, state_: state.State, now: int) -> np.ndarray:
    """What the pipelines hold for each market and lane before period `now`, t in double precision."""
    total = np.zeros(state_.inbound.shape)

    def stay(ring: np.ndarray, first: int, entity: Any) -> np.ndarray:
        length = entity.delay + 2
        entered = [ring[first + (now - 1 - age) % length].astype(float) for age in range(entity.delay + 1)]
        inside: np.ndarray = sum(entered[:-1], np.zeros(ring.shape[1])) + entity.delay_part * entered[-1]
        return inside

    for process, first in zip(small.processes, _starts(p.delay + 2 for p in small.processes), strict=False):
        activity = stay(state_.process_ring, first, process)
        for output in process.outputs:
            total[output.market] += output.coefficient * activity
    for route, first in zip(small.routes, _starts(r.delay + 2 for r in small.routes), strict=False):
        total[route.destination] += stay(state_.route_ring, first, route)
    return total


def shipments(block: Block, now: int) -> np.ndarray:
    """What each route shipped in period `now`, the last simulated, t; shape (route, lane)."""
    first, length = block.chain.routes.ring[:-1], np.diff(block.chain.routes.ring)
    sent: np.ndarray = block.state.route_ring[first + now % length]
    return sent


def supply(small: SmallChain) -> tuple[np.ndarray, np.ndarray]:
    """Reference supply of each market from local processes and from imports, t/month."""
    local, imports = np.zeros(len(small.markets)), np.zeros(len(small.markets))
    for process in small.processes:
        for output in process.outputs:
            local[output.market] += output.coefficient * process.activity
    for route in small.routes:
        imports[route.destination] += route.flow
    return local, imports


def _ints(values: Iterable[int]) -> np.ndarray:
    return np.array(list(values), dtype=np.int32)


def _starts(lengths: Iterable[int]) -> np.ndarray:
    return _ints([0, *accumulate(lengths)])


def _trend(rows: Sequence[Any], dt: float, periods: int, kind: Kind) -> np.ndarray:
    rate = np.array([row.growth for row in rows], dtype=float).reshape(len(rows), 1)
    factors: np.ndarray = np.exp(rate * np.arange(periods) * dt).astype(kind)
    return factors


def _constants(small: SmallChain, kind: Kind) -> state.Constants:
    par, dt = small.parameters, small.dt

    def follow(months: float) -> float:
        return -math.expm1(-dt / months)

    values = dict(
        dt=dt, months_a_year=12.0, price_response=par.price_response, follow_cost=follow(par.cost_months),
        cost_pass_local=par.cost_pass_local, cost_pass_import=par.cost_pass_import,
        follow_momentum=follow(par.momentum_months), momentum_linear=par.momentum_linear,
        momentum_threshold=par.momentum_threshold, speculation=par.speculation,
        threat_response=par.threat_response, log_cover_bound=math.log(par.cover_bound),
        follow_habit=follow(par.habituation_months), threat_lasting=par.threat_lasting,
        fade_threat=follow(par.threat_fade_months), follow_contract=follow(par.contract_months),
        follow_expectation=follow(par.expectation_months), follow_utilisation=follow(par.utilisation_months),
        claim_margin=par.claim_margin, claim_slope=par.claim_slope, idle_slope=par.idle_slope,
        thrift_elasticity=par.thrift_elasticity, follow_thrift=follow(par.thrift_months),
        order_response=par.order_response, follow_order=follow(par.order_months), order_bound=par.order_bound,
        latent_floor=small.latent_floor, rent_step=par.rent_response * dt, rent_excess_bound=par.rent_excess_bound,
        rent_scale=par.rent_scale, strictness=par.strictness, follow_slow=follow(par.slow_months),
        slow_bound=par.slow_bound_per_year * dt / 12, disposal_elasticity=par.disposal_elasticity,
    )  # fmt: skip
    return state.Constants(*(kind(values[name]) for name in state.Constants._fields))


def _markets(small: SmallChain, of: Callable[[Iterable[float]], np.ndarray]) -> state.Markets:
    markets = small.markets
    local, imports = supply(small)
    exports = np.zeros(len(local))
    for route in small.routes:
        exports[route.origin] += route.flow
    total = np.maximum(local + imports, 1e-300)
    cover = [m.inventory / m.outflow for m in markets]
    inbound = np.zeros(len(markets))
    for process in small.processes:
        for output in process.outputs:
            stay = (process.delay + process.delay_part) * small.dt
            inbound[output.market] += output.coefficient * process.activity * stay
    for route in small.routes:
        inbound[route.destination] += route.flow * (route.delay + route.delay_part) * small.dt
    return state.Markets(
        inventory=of(m.inventory for m in markets),
        inbound=of(inbound),
        outflow=of(m.outflow for m in markets),
        price=of(m.price for m in markets),
        release=of(-math.expm1(-small.dt / (small.parameters.release_share * c)) for c in cover),
        release_fresh=of(
            1
            + math.expm1(-small.dt / (small.parameters.release_share * c))
            * small.parameters.release_share
            * c
            / small.dt
            for c in cover
        ),
        contract_share=of(m.contract_share for m in markets),
        choke=of(m.choke for m in markets),
        alarm_scale=of(m.alarm_scale for m in markets),
        local_share=of(local / total),
        source_gap=of(local + imports == 0),
        import_weight=of(np.where(local > 0, np.minimum(1, 2 * np.maximum(imports - exports, 0) / total), 1)),
        disposal=of(m.disposal for m in markets),
    )


def _processes(small: SmallChain, of: Callable[[Iterable[float]], np.ndarray]) -> state.Processes:
    processes, price = small.processes, [m.price for m in small.markets]
    worth = [sum(o.coefficient * price[o.market] for o in p.outputs) for p in processes]
    inputs = [(row, worth[p]) for p, process in enumerate(processes) for row in process.inputs]
    outputs = [(row, p) for p, process in enumerate(processes) for row in process.outputs]
    local, _ = supply(small)
    paid = [sum(i.coefficient * price[i.market] for i in p.inputs) for p in processes]
    return state.Processes(
        activity=of(p.activity for p in processes),
        capacity=of(p.capacity for p in processes),
        response=of(p.response for p in processes),
        conversion_share=of(p.conversion_share for p in processes),
        fixed_share=of(1 - spent / made for spent, made in zip(paid, worth, strict=True)),
        delay=_ints(p.delay for p in processes),
        delay_part=of(p.delay_part for p in processes),
        ring=_starts(p.delay + 2 for p in processes),
        input_start=_starts(len(p.inputs) for p in processes),
        input_market=_ints(row.market for row, _ in inputs),
        input_coefficient=of(row.coefficient for row, _ in inputs),
        input_share=of(row.coefficient * price[row.market] / made for row, made in inputs),
        thrift_floor=of(row.floor for row, _ in inputs),
        output_start=_starts(len(p.outputs) for p in processes),
        output_market=_ints(row.market for row, _ in outputs),
        output_coefficient=of(row.coefficient for row, _ in outputs),
        revenue_share=of(row.coefficient * price[row.market] / worth[p] for row, p in outputs),
        cost_weight=of(row.coefficient * processes[p].activity / local[row.market] for row, p in outputs),
        control=_rows(len(processes), _controlled_processes(small)),
    )


def _routes(small: SmallChain, of: Callable[[Iterable[float]], np.ndarray]) -> state.Routes:
    routes = small.routes
    local, imports = supply(small)
    origin = [small.markets[r.origin].price * (1 + r.duty) for r in routes]
    return state.Routes(
        origin=_ints(r.origin for r in routes),
        destination=_ints(r.destination for r in routes),
        flow=of(r.flow for r in routes),
        latent=of(r.latent for r in routes),
        origin_share=of(at / (at + r.freight) for at, r in zip(origin, routes, strict=True)),
        supply_share=of(r.flow / (local[r.destination] + imports[r.destination]) for r in routes),
        import_share=of(r.flow / imports[r.destination] if r.flow else 0.0 for r in routes),
        per_landed=of(1 / (at + r.freight) for at, r in zip(origin, routes, strict=True)),
        delay=_ints(r.delay for r in routes),
        delay_part=of(r.delay_part for r in routes),
        ring=_starts(r.delay + 2 for r in routes),
        control=_rows(len(routes), controlled_routes(small)),
    )


def controlled_routes(small: SmallChain) -> list[int]:
    """Routes that a restriction can act on, in the order of the rows of control."""
    return sorted({t.route for rule in small.restrictions for t in rule.targets})


def _controlled_processes(small: SmallChain) -> list[int]:
    return sorted({p for rule in small.restrictions for p in rule.processes})


def _rows(count: int, controlled: list[int]) -> np.ndarray:
    return _ints(controlled.index(entity) if entity in controlled else -1 for entity in range(count))


def _restrictions(small: SmallChain, of: Callable[[Iterable[float]], np.ndarray]) -> state.Restrictions:
    rules, routes, processes = small.restrictions, controlled_routes(small), _controlled_processes(small)
    targets = [t for rule in rules for t in rule.targets]
    exposed = [_exposed(small, k) for k in range(len(rules))]
    rows = [(market, *weights) for share in exposed for market, weights in share.items()]
    return state.Restrictions(
        kind=_ints(rule.kind for rule in rules),
        leakage=of(rule.leakage for rule in rules),
        processing=of(-math.expm1(-small.dt / rule.processing) for rule in rules),
        throughput=of(rule.throughput for rule in rules),
        threat=of(rule.threat for rule in rules),
        route_start=_starts(len(rule.targets) for rule in rules),
        route_control=_ints(routes.index(t.route) for t in targets),
        route_weight=of(t.weight for t in targets),
        route_weight_after=of(t.weight_after for t in targets),
        process_start=_starts(len(rule.processes) for rule in rules),
        process_control=_ints(processes.index(p) for rule in rules for p in rule.processes),
        market_start=_starts(len(share) for share in exposed),
        market=_ints(row[0] for row in rows),
        market_weight=of(row[1] for row in rows),
        market_weight_after=of(row[2] for row in rows),
        controlled_route=_ints(routes),
        controlled_process=_ints(processes),
    )


def _exposed(small: SmallChain, k: int) -> dict[int, tuple[float, float]]:
    """Weighted share of supply that a restriction touches, before and after recovery, by market."""
    total = np.add(*supply(small))
    touched: dict[int, tuple[float, float]] = {}

    def touch(market: int, flow: float, before: float, after: float) -> None:
        old = touched.get(market, (0.0, 0.0))
        share = flow / total[market]
        touched[market] = (old[0] + share * before, old[1] + share * after)

    for target in small.restrictions[k].targets:
        route = small.routes[target.route]
        touch(route.destination, route.flow, target.weight, target.weight_after)
    for p in small.restrictions[k].processes:
        for output in small.processes[p].outputs:
            touch(output.market, output.coefficient * small.processes[p].activity, 1.0, 1.0)
    return touched
