"""Restrictions of a described chain as the core takes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any

import numpy as np

from sim.core import state
from tests.core.described import SmallChain


def controlled_routes(small: SmallChain) -> list[int]:
    """Routes that a restriction or a duty on imports can act on, in the order of the rows of control."""
    return sorted({t.route for rule in small.restrictions for t in rule.targets} | {row.route for row in small.levies})


def controlled_processes(small: SmallChain) -> list[int]:
    return sorted({p for rule in small.restrictions for p in rule.processes})


def bindable(small: SmallChain) -> list[bool]:
    """Of each use, whether a rule may bind it."""
    denied = {d.use for rule in small.restrictions for d in rule.denied}
    return [use.sourced_from is not None or u in denied for u, use in enumerate(small.uses)]


def supply(small: SmallChain) -> tuple[np.ndarray, np.ndarray]:
    """Reference supply of each market from local processes and from imports, t/month."""
    local, imports = np.zeros(len(small.markets)), np.zeros(len(small.markets))
    for process in small.processes:
        for output in process.outputs:
            local[output.market] += output.coefficient * process.activity
    for route in small.routes:
        imports[route.destination] += route.flow
    return local, imports


def watch_weight(small: SmallChain, watches: int, row: int) -> tuple[float, float]:
    """Weight of a watched market or process, twice."""
    weight = small.processes[row].outputs[0].coefficient if watches == state.OUTPUT else 1.0
    return weight, weight


def restrictions(small: SmallChain, of: Callable[[Iterable[float]], np.ndarray]) -> dict[str, Any]:
    rules, routes, processes = small.restrictions, controlled_routes(small), controlled_processes(small)
    exposed = [_exposed(small, k) for k in range(len(rules))]

    def pairs(rows: list[tuple[int, float, float]]) -> state.Pairs:
        spared = [(*r, 0, 0)[3:5] for r in rows]
        return state.Pairs(
            ints(r[0] for r in rows),
            of(r[1] for r in rows),
            of(r[2] for r in rows),
            ints(begin for begin, _ in spared),
            ints(end for _, end in spared),
        )

    starts = {
        "route": starts_of(len(rule.targets) for rule in rules),
        "plant": starts_of(len(rule.processes) for rule in rules),
        "market": starts_of(len(share) for share in exposed),
        "watch": starts_of(len(rule.watched) for rule in rules),
        "use": starts_of(len(rule.denied) for rule in rules),
    }
    slowest = {r: [0.0] for r in routes}
    for rule in rules:
        for target in rule.targets:
            slowest[target.route].append(rule.processing if rule.kind == state.LICENSING else 0.0)
    months = [max(slowest[r]) for r in routes]
    leave = [-math.expm1(-small.dt / tau) if tau else 1.0 for tau in months]
    filed = {
        r: [rule.filed_early for rule in rules if rule.kind == state.LICENSING for t in rule.targets if t.route == r]
        for r in routes
    }
    priced = (state.DUTY, state.QUOTA, state.DUMPING)
    taxed = {t.route for rule in rules if rule.kind in priced for t in rule.targets}
    taxed |= {row.route for row in small.levies}
    return {
        "rules": state.Rules(
            kind=ints(rule.kind for rule in rules),
            leakage=of(rule.leakage for rule in rules),
            leakage_grown=of(rule.leakage if rule.leakage_grown is None else rule.leakage_grown for rule in rules),
            leakage_pace=of(1 / rule.leakage_periods if rule.leakage_periods else 0.0 for rule in rules),
            validity=of(rule.validity for rule in rules),
            lapse=of(1 - rule.renewal for rule in rules),
            throughput=of(rule.throughput for rule in rules),
            threat=of(rule.threat for rule in rules),
            watches=ints(rule.watches for rule in rules),
            begins_at=of(rule.begins_at for rule in rules),
            full_at=of(rule.full_at for rule in rules),
            first_yield=of(rule.first_yield for rule in rules),
            **{f"{name}_begin": rows[:-1] for name, rows in starts.items()},
            **{f"{name}_end": rows[1:] for name, rows in starts.items()},
        ),
        "route_pairs": pairs(
            [(routes.index(t.route), t.weight, t.weight_after, *t.spared) for r in rules for t in r.targets]
        ),
        "plant_pairs": pairs([(processes.index(p), *rule.on_processes) for rule in rules for p in rule.processes]),
        "market_pairs": pairs([(market, *weights) for share in exposed for market, weights in share.items()]),
        "watch_pairs": pairs(
            [(row, *watch_weight(small, rule.watches, row)) for rule in rules for row in rule.watched]
        ),
        "use_pairs": pairs([(d.use, d.weight, d.weight_after) for rule in rules for d in rule.denied]),
        "crossings": state.Crossings(
            route=ints(routes),
            decide=of(leave),
            decide_fresh=of(1 - k * tau / small.dt for k, tau in zip(leave, months, strict=True)),
            filed=of(min(filed[r], default=0.0) for r in routes),
            licensed=ints(tau > 0 for tau in months),
            taxed=ints(r in taxed for r in routes),
        ),
    }


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
    technology = small.restrictions[k].kind in (state.TECHNOLOGY_BAN, state.PATENT_BARRIER)
    for p in () if technology else small.restrictions[k].processes:
        for output in small.processes[p].outputs:
            touch(output.market, output.coefficient * small.processes[p].activity, 1.0, 1.0)
    for denied in small.restrictions[k].denied:
        use = small.uses[denied.use]
        touch(use.market, use.demand, denied.weight, denied.weight_after)
    return touched


def ints(values: Iterable[int]) -> np.ndarray:
    return np.array(list(values), dtype=np.int32)


def starts_of(lengths: Iterable[int]) -> np.ndarray:
    return ints([0, *accumulate(lengths)])


def rows_among(count: int, controlled: list[int]) -> np.ndarray:
    """Row of each entity among the controlled ones; -1 where it is none."""
    return ints(controlled.index(entity) if entity in controlled else -1 for entity in range(count))
