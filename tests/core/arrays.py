"""The arrays of the core for a described chain, and helpers that run the compiled entry on them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from sim.core import allocate, fields, loop, state
from tests.core.array_capacity import expansion, project_draws
from tests.core.array_drivers import drivers
from tests.core.array_rules import (
    bindable,
    controlled_processes,
    controlled_routes,
    ints,
    restrictions,
    rows_among,
    starts_of,
    supply,
)
from tests.core.array_stockpiles import INFINITY, reserves
from tests.core.described import Event, SmallChain
from tests.core.reference_origin import shares, sourced

Kind = type[np.floating[Any]]


STATE = {
    "inventory": ("market", fields.INVENTORY),
    "log_price": ("market", fields.LOG_PRICE),
    "average": ("market", fields.AVERAGE),
    "anchor": ("market", fields.ANCHOR),
    "contract": ("market", fields.CONTRACT),
    "expected": ("market", fields.EXPECTED),
    "threat": ("market", fields.THREAT),
    "habit": ("market", fields.HABIT),
    "utilisation": ("process", fields.UTILISATION),
    "intensity": ("input", fields.INTENSITY),
    "order": ("route", fields.ORDER),
    "queue": ("crossing", fields.QUEUE),
    "rent": ("restriction", fields.RENT),
    "substituted": ("use", fields.SUBSTITUTED),
    "fullness": ("cohort", fields.FULLNESS),
    "margin": ("capacity", fields.MARGIN),
    "spread": ("capacity", fields.SPREAD),
    "run_in": ("capacity", fields.RUN_IN),
    "under_way": ("capacity", fields.UNDER_WAY),
    "starting": ("capacity", fields.STARTING),
    "running_in": ("capacity", fields.RUNNING_IN),
    "expansion": ("capacity", fields.EXPANSION),
    "added": ("capacity", fields.ADDED),
    "free_people": ("skill", fields.FREE_PEOPLE),
    "clock": ("project", fields.CLOCK),
    "tagged": ("origin", fields.TAGGED),
    "level": ("reserve", fields.STOCK),
    "level_tagged": ("reserve", fields.STOCK_TAGGED),
    "lacked": ("reserve", fields.LACKED),
    "coming": ("reserve", fields.COMING),
}
"""Where each part of the state lies in a block; the two pipelines are whole arrays."""
WORK = {
    "arrived": ("market", fields.ARRIVED),
    "price": ("market", fields.PRICE),
    "released": ("market", fields.RELEASED),
    "dumped": ("market", fields.DUMPED),
    "fill_first": ("market", fields.FILL_FIRST),
    "fill_local": ("market", fields.FILL_LOCAL),
    "fill_export": ("market", fields.FILL_EXPORT),
    "wanted": ("process", fields.WANTED),
    "use_wanted": ("use", fields.DESIRED),
    "destroyed": ("use", fields.DESTROYED),
    "rationed": ("use", fields.RATIONED),
    "replaced": ("use", fields.REPLACED),
    "saved": ("input", fields.SAVED),
    "held_up": ("input", fields.HELD_UP),
    "bought": ("reserve", fields.BOUGHT),
    "relieved": ("reserve", fields.RELIEVED),
    "covered": ("reserve", fields.COVERED),
    "sold": ("reserve", fields.SOLD),
    "lost": ("reserve", fields.LOST_STOCK),
    "lent": ("reserve", fields.LENT),
    "came": ("reserve", fields.CAME),
    "relief": ("reserve", fields.RELIEF),
    "paid": ("reserve", fields.PAID),
    "received": ("reserve", fields.RECEIVED),
}


class Block(NamedTuple):
    """Runs simulated side by side, and what they are simulated with."""

    chain: state.Chain
    events: state.Events
    draws: state.ProjectDraws
    runs: state.Block

    @property
    def state(self) -> SimpleNamespace:
        """The state by name, each of shape (entity, lane)."""
        return SimpleNamespace(**self._views(STATE), pipeline=self.runs.pipeline, tagged_pipeline=self.runs.tagged)

    @property
    def work(self) -> SimpleNamespace:
        """Results of the last period by name, each of shape (entity, lane)."""
        return SimpleNamespace(**self._views(WORK))

    def _views(self, places: dict[str, tuple[str, int]]) -> dict[str, np.ndarray]:
        found = {name: getattr(self.runs, part)[field] for name, (part, field) in places.items()}
        if "substituted" in found:
            found["substituted"] = found["substituted"][self.chain.uses.leader]
        return found


NAMES = (*STATE, "pipeline", "tagged_pipeline")


def chain_arrays(small: SmallChain, periods: int, kind: Kind) -> state.Chain:
    """The chain in working precision `kind`, with trends for a number of periods."""

    def of(values: Iterable[float]) -> np.ndarray:
        return np.array(list(values), dtype=kind)

    def records(columns: NamedTuple) -> Any:
        return state.records(columns, kind)

    processes, inputs, outputs = _processes(small, of)
    uses = state.Uses(
        market=ints(u.market for u in small.uses),
        demand=of(u.demand for u in small.uses),
        elasticity=of(u.short for u in small.uses),
        slow_elasticity=of(u.long - u.short for u in small.uses),
        priority=ints(u.priority for u in small.uses),
        substitute=ints(-1 if u.substitute is None else u.substitute for u in small.uses),
        sector=ints(range(len(small.uses))),
        cohort_begin=starts_of(len(u.cohorts) for u in small.uses)[:-1],
        cohort_end=starts_of(len(u.cohorts) for u in small.uses)[1:],
        cover=of(sum(share * cover for share, cover in u.cohorts) for u in small.uses),
        bindable=ints(bindable(small)),
        leader=ints(leaders(small)),
    )
    cohorts = state.Cohorts(
        share=of(share for u in small.uses for share, _ in u.cohorts),
        cover=of(cover for u in small.uses for _, cover in u.cohorts),
    )
    # One tile of everything: the order of a small chain's markets says nothing of products.
    sizes = (len(small.markets), len(small.routes), len(small.uses))
    growing = (small.processes, small.routes, small.uses, small.markets)
    trend = state.Trend(*(_trend(rows, small.dt, periods, kind) for rows in growing))
    return state.Chain(
        constants=_constants(small, kind),
        markets=records(_markets(small, of)),
        processes=records(processes),
        inputs=records(inputs),
        outputs=records(outputs),
        routes=records(_routes(small, of)),
        uses=records(uses),
        cohorts=records(cohorts),
        tiles=records(state.Tiles(*(ints([end]) for size in sizes for end in (0, size)))),
        trend=trend,
        origins=_origins(small, periods, of),
        **{name: records(columns) for name, columns in restrictions(small, of).items()},
        plants=ints(controlled_processes(small)),
        **expansion(small, trend.process, kind),
        reserves=records(reserves(small, of)),
        drivers=drivers(small, periods, kind),
    )


def leaders(small: SmallChain) -> list[int]:
    """For each use the first one of the same market and elasticities; no aid and no research makes them differ."""
    apart = {aid.use for aid in small.aids} | {use for use, _, _ in small.research}
    laws = [(use.market, use.short, use.long, index if index in apart else -1) for index, use in enumerate(small.uses)]
    return [laws.index(law) for law in laws]


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
    return Block(chain, events, project_draws(small, kind, lanes), allocate.block_at_reference(chain, lanes))


def advance(block: Block, begin: int, end: int, *, first: int = 0) -> None:
    """Simulate periods in place, without a record."""
    kind = block.chain.markets.inventory.dtype
    months, weights = np.zeros(end, dtype=np.int32), np.ones(end, dtype=kind)
    loop.simulate(
        block.chain,
        block.events,
        block.draws,
        first,
        begin,
        end,
        months,
        weights,
        block.runs,
        allocate.no_record(block.chain),
    )


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
        rent_scale=par.rent_scale, strictness=par.strictness, follow_restock=follow(par.restock_months),
        full=1 - 16 * np.finfo(kind).eps, follow_slow=follow(par.slow_months),
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
        feeds=_flags(small, (i.market for p in small.processes for i in p.inputs)),
        pipeline=starts_of(pipeline_rows(small))[:-1],
        pipeline_rows=ints(pipeline_rows(small)),
        reserve=rows_among(len(markets), [r.market for r in small.reserves]),
    )


def _origins(small: SmallChain, periods: int, of: Callable[[Iterable[float]], np.ndarray]) -> state.Origins:
    if not small.followed:
        return state.Origins(of([]), of([]).reshape(0, 0))
    bound = [sourced(use, now) for use in small.uses for now in range(periods)]
    return state.Origins(of(shares(small)), of(bound).reshape(len(small.uses), periods))


def _flags(small: SmallChain, markets: Iterable[int]) -> np.ndarray:
    named = set(markets)
    return ints(m in named for m in range(len(small.markets)))


def pipeline_rows(small: SmallChain) -> list[int]:
    """Periods ahead in which something may still arrive, of each market."""
    ahead: defaultdict[int, list[int]] = defaultdict(lambda: [1])
    for process in small.processes:
        for output in process.outputs:
            ahead[output.market].append(process.delay + (process.delay_part > 0))
    for route in small.routes:
        ahead[route.destination].append(route.delay + (route.delay_part > 0))
    return [max(ahead[m]) for m in range(len(small.markets))]


def _processes(
    small: SmallChain, of: Callable[[Iterable[float]], np.ndarray]
) -> tuple[state.Processes, state.Inputs, state.Outputs]:
    processes, price = small.processes, [m.price for m in small.markets]
    worth = [sum(o.coefficient * price[o.market] for o in p.outputs) for p in processes]
    inputs = [(row, worth[p]) for p, process in enumerate(processes) for row in process.inputs]
    outputs = [(row, p) for p, process in enumerate(processes) for row in process.outputs]
    local, _ = supply(small)
    paid = [sum(i.coefficient * price[i.market] for i in p.inputs) for p in processes]
    input_starts = starts_of(len(p.inputs) for p in processes)
    output_starts = starts_of(len(p.outputs) for p in processes)
    makers = state.Processes(
        activity=of(p.activity for p in processes),
        capacity=of(p.capacity for p in processes),
        response=of(p.response for p in processes),
        conversion_share=of(p.conversion_share for p in processes),
        fixed_share=of(1 - spent / made for spent, made in zip(paid, worth, strict=True)),
        delay=ints(p.delay for p in processes),
        delay_part=of(p.delay_part for p in processes),
        input_begin=input_starts[:-1],
        input_end=input_starts[1:],
        output_begin=output_starts[:-1],
        output_end=output_starts[1:],
        control=rows_among(len(processes), controlled_processes(small)),
        expansion=ints(p * (small.expansion is not None) for p in range(len(processes))),
    )
    needed = state.Inputs(
        market=ints(row.market for row, _ in inputs),
        coefficient=of(row.coefficient for row, _ in inputs),
        share=of(row.coefficient * price[row.market] / made for row, made in inputs),
        thrift_floor=of(row.floor for row, _ in inputs),
    )
    made_of = state.Outputs(
        market=ints(row.market for row, _ in outputs),
        coefficient=of(row.coefficient for row, _ in outputs),
        share=of(row.coefficient * price[row.market] / worth[p] for row, p in outputs),
        cost_weight=of(row.coefficient * processes[p].activity / local[row.market] for row, p in outputs),
        listed=ints(row.listed for row, _ in outputs),
    )
    return makers, needed, made_of


def _routes(small: SmallChain, of: Callable[[Iterable[float]], np.ndarray]) -> state.Routes:
    routes = small.routes
    local, imports = supply(small)
    origin = [small.markets[r.origin].price * (1 + r.duty) for r in routes]
    return state.Routes(
        origin=ints(r.origin for r in routes),
        destination=ints(r.destination for r in routes),
        flow=of(r.flow for r in routes),
        latent=of(r.latent for r in routes),
        origin_share=of(at / (at + r.freight) for at, r in zip(origin, routes, strict=True)),
        supply_share=of(r.flow / (local[r.destination] + imports[r.destination]) for r in routes),
        import_share=of(r.flow / imports[r.destination] if r.flow else 0.0 for r in routes),
        per_landed=of(1 / (at + r.freight) for at, r in zip(origin, routes, strict=True)),
        delay=ints(r.delay for r in routes),
        delay_part=of(r.delay_part for r in routes),
        control=rows_among(len(routes), controlled_routes(small)),
        firm=ints(any(row.route == r for row in small.firms) for r in range(len(routes))),
    )
