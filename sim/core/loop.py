"""The compiled entry: a block of runs through periods, topics in the order of `MODEL.md`."""

from __future__ import annotations

import numpy as np
from numba import types

from sim.core import (
    capacity,
    cohorts,
    demand,
    flow,
    lanes,
    levies,
    losses,
    offtakes,
    origin,
    pools,
    price,
    production,
    rationing,
    reactions,
    record,
    restrictions,
    stockpile,
    trade,
)
from sim.core.apart import Types, ask_for
from sim.core.full import told
from sim.core.jit import section
from sim.core.sections import entry_of
from sim.core.state import Block, Chain, Events, Floats, Ints, ProjectDraws, Record


@section
def govern(chain: Chain, events: Events, spans, draws: ProjectDraws, first, begin, now, block: Block):
    """What governments do: restrictions in force, what they control, what is feared of them, rents and levies."""
    if now == begin:
        restrictions.clear_controls(block)
    if now == 0:
        capacity.set_clocks(draws, first, block)
    if reactions.expected(chain):
        reactions.decide(chain, events, spans, first, now, block)
    restrictions.events_in_force(chain, events, spans, first, np.float32(now), block)
    restrictions.set_controls(chain, now, block)
    restrictions.raise_alarm(chain, now, block)
    restrictions.set_rents(chain, now, block)
    if levies.laid(chain):
        levies.lay(chain, now, block)


@section
def meet(chain: Chain, now, block: Block):
    """Arrivals, prices, wants and orders, product by product."""
    for t in range(chain.tiles.size):
        flow.arrive(chain, chain.tiles[t], now, block)
        price.quote(chain, chain.tiles[t], block)
        price.start_sums(chain.tiles[t], block)
        demand.want(chain, chain.tiles[t], now, block)
        trade.order(chain, chain.tiles[t], now, block)
        price.follow_sources(chain, chain.tiles[t], block)


@section
def claim(chain: Chain, now, block: Block):
    """Substitutes, plans of processes, claims that restrictions bound, offers of stockpiles.

    Returns whether anybody may take free material only.
    """
    followed = flow.followed(chain)
    demand.substitute(chain, block)
    production.plan(chain, now, block)
    trade.ration_quotas(chain, now, block)
    trade.claim_restricted(chain, block)
    if offtakes.agreed(chain):
        offtakes.claim(chain, now, block)
    lanes.clear(block.sector)
    bound = followed and origin.bind(chain, now, block)
    if stockpile.stocked(chain):
        stockpile.offer(chain, now, followed, block)
    return bound


@section
def settle(chain: Chain, now, bound, block: Block):
    """Claims, rationing, shipments and sales, product by product."""
    followed, stocked = flow.followed(chain), stockpile.stocked(chain)
    for t in range(chain.tiles.size):
        cohorts.claim(chain, chain.tiles[t], now, block)
        price.follow_costs(chain, chain.tiles[t], block)
        rationing.ration(chain, chain.tiles[t], now, block)
        if offtakes.agreed(chain):
            offtakes.fill(chain.tiles[t], block)
        if stocked:
            stockpile.relieve(chain, chain.tiles[t], now, block)
        if followed:
            origin.part(chain, chain.tiles[t], now, bound, block)
        if stocked:
            stockpile.pass_on(chain, chain.tiles[t], followed, block)
        flow.ship(chain, chain.tiles[t], now, block)
        cohorts.sell(chain, chain.tiles[t], now, block)


@section
def produce(chain: Chain, now, block: Block):
    """Output of processes, what of it is levied and pooled, and what is used up."""
    flow.produce(chain, now, block)
    if levies.laid(chain):
        levies.collect(chain, now, block)
    if stockpile.stocked(chain):
        pools.share(chain, now, block)
    flow.draw_down(block)
    if flow.followed(chain):
        origin.draw_down(block)
    production.thrift(chain, block)


@section
def build(chain: Chain, draws: ProjectDraws, first, now, block: Block):
    """Capacity that grows, closes and is ordered."""
    capacity.build(chain, draws, first, now, block)


@section
def note(chain: Chain, end, now, months: Ints, weights: Floats, block: Block, results: Record):
    """What is recorded of a period, of a year that ends, and of the horizon."""
    begins = now == 0 or months[now] != months[now - 1]
    record.record_period(chain, months[now], begins, weights[now], block, results)
    record.account(chain, now, block)
    if losses.ends_year(chain, now):
        losses.close_year(chain, now, block, results)
    if now + 1 == end:
        record.record_totals(chain, now, block, results)


def simulate(
    chain: Chain,
    events: Events,
    draws: ProjectDraws,
    first: int,
    begin: int,
    end: int,
    months: Ints,
    weights: Floats,
    block: Block,
    results: Record,
) -> None:
    """Simulate periods `begin` to `end` of one block of runs, in place.

    Parameters
    ----------
    first: Run of the block's first lane, in `events` and `draws`.
    months: Month of each period, shape (period,).
    weights: One over the number of periods in that month, shape (period,), in the working precision.
    block: State before period `begin`; after the call that before period `end`.
    results: Monthly record of the block to add to; arrays without rows are skipped.
    """
    spans = restrictions.event_spans(events, first, block.market.shape[2])
    ask_for(chain)
    advance(chain, events, spans, draws, first, begin, end, months, weights, *told(block, results))


def _types(given: Types) -> Types:
    """Types of arguments by name: those given, and what sections and parts are handed besides."""
    numbers = {"now": types.intp, "p": types.intp, "u": types.intp}
    answers = {"bound": types.boolean, "followed": types.boolean}
    fields = given["chain"].fields
    return {**given, **numbers, **answers, "tile": fields["tiles"].dtype, "process": fields["processes"].dtype}


@entry_of(settle, govern, meet, note, claim, build, produce, types=_types)
def advance(
    chain: Chain,
    events: Events,
    spans,
    draws: ProjectDraws,
    first,
    begin,
    end,
    months,
    weights,
    block: Block,
    results: Record,
):
    """The compiled part of `simulate`; `spans` is what `event_spans` says of the block."""
    for now in range(begin, end):
        govern(chain, events, spans, draws, first, begin, now, block)
        meet(chain, now, block)
        bound = claim(chain, now, block)
        settle(chain, now, bound, block)
        produce(chain, now, block)
        if capacity.steps(chain, now):
            build(chain, draws, first, now, block)
        note(chain, end, now, months, weights, block, results)
