"""Material that moves: arrivals, production, shipments (`MODEL.md`, sections 2 and 9)."""

from __future__ import annotations

from sim.core import support
from sim.core.apart import apart
from sim.core.fields import (
    ARRIVED,
    CHOKE,
    CLAIMED,
    DILUTED,
    DONE,
    DUMPED,
    FILL_EXPORT,
    FILL_FIRM,
    FILL_LOCAL,
    FIRM,
    HELD_UP,
    INBOUND,
    INTAKE,
    INTENSITY,
    INVENTORY,
    LACKING,
    LEFT,
    ORDER,
    RELEASED,
    SAVED,
    STRAINED,
    TAGGED,
    WANTED,
    WHOLE,
)
from sim.core.jit import kernel, topic, view
from sim.core.lanes import clear, flat
from sim.core.mathx import ONE, ZERO
from sim.core.state import Block, Chain


@kernel
def pipeline_row(market, period):
    """Row of a market's pipeline that holds what arrives in a period to come, or in the current one."""
    return market.pipeline + period % market.pipeline_rows


@kernel
def followed(chain: Chain):
    """Whether the origin of material is followed."""
    return chain.origins.share.size > 0


@kernel
def arrive(chain: Chain, tile, now, block: Block):
    """Move what arrives this period to inventory; the row is free again for the last period ahead."""
    market, pipeline = block.market, block.pipeline
    lanes = market.shape[2]
    for m in range(tile.market_begin, tile.market_end):
        row = chain.markets[m]
        # Pipelines of fewer rows come round to the one that is due, which is free by then.
        due, soon, later = pipeline_row(row, now), pipeline_row(row, now + 1), pipeline_row(row, now + 2)
        for lane in range(lanes):
            arrived = pipeline[due, lane]
            pipeline[due, lane] = ZERO
            market[ARRIVED, m, lane] = arrived
            market[INVENTORY, m, lane] += arrived
            market[INBOUND, m, lane] = pipeline[soon, lane] + pipeline[later, lane]
        for ahead in range(3, row.pipeline_rows):
            further = pipeline_row(row, now + ahead)
            for lane in range(lanes):
                market[INBOUND, m, lane] += pipeline[further, lane]
        if followed(chain):
            for lane in range(lanes):
                block.origin[TAGGED, m, lane] += block.tagged[due, lane]
                block.tagged[due, lane] = ZERO


@kernel
def send(market, now, delay, part, amounts, fill, scale, pipeline):
    """Put `scale * amounts * fill` (t) on its way to a market; a fraction of the delay's last period comes later."""
    soon = pipeline_row(market, now + delay)
    lanes = amounts.size
    if part > ZERO:
        late = pipeline_row(market, now + delay + 1)
        for lane in range(lanes):
            sent = scale * (amounts[lane] * fill[lane])
            pipeline[soon, lane] += (ONE - part) * sent
            pipeline[late, lane] += part * sent
    else:
        for lane in range(lanes):
            pipeline[soon, lane] += scale * (amounts[lane] * fill[lane])


@topic
def produce(chain: Chain, now, block: Block):
    """Run every process at the lowest fill of its inputs; draw inputs, start outputs."""
    market, scratch = block.market, block.scratch
    lanes, supported, dt = market.shape[2], support.given(chain), chain.constants.dt
    for p in range(chain.processes.size):
        process, strained = chain.processes[p], False
        for i in range(process.input_begin, process.input_end):
            strained = strained or market[STRAINED, chain.inputs[i].market, 0] > ZERO
        if strained:
            _find_lowest_fill(chain, process, block)
            for lane in range(lanes):
                scratch[DONE, lane] = block.process[WANTED, p, lane] * scratch[CHOKE, lane]
            _hold_up(chain, process, p, block)
        else:
            for lane in range(lanes):
                scratch[DONE, lane] = block.process[WANTED, p, lane] * dt
        for i in range(process.input_begin, process.input_end):
            _draw(chain.inputs[i], i, block)
        for j in range(process.output_begin, process.output_end):
            output = chain.outputs[j]
            destination, coefficient = chain.markets[output.market], output.coefficient
            delay, part = process.delay, process.delay_part
            send(destination, now, delay, part, scratch[DONE], scratch[WHOLE], coefficient, block.pipeline)
        if supported:
            support.pay(chain, p, now, block)
        if support.earning(chain):
            support.earn(chain, process, p, now, block)
        if followed(chain):
            _tag_outputs(chain, process, now, block)


@kernel
def _find_lowest_fill(chain: Chain, process, block: Block):
    """Part of the period that a process runs at its claims, by the lowest fill of its inputs, into `CHOKE`."""
    scratch, dt = block.scratch, chain.constants.dt
    for lane in range(scratch.shape[1]):
        scratch[CHOKE, lane] = dt
    for i in range(process.input_begin, process.input_end):
        m = chain.inputs[i].market
        for lane in range(scratch.shape[1]):
            scratch[CHOKE, lane] = min(scratch[CHOKE, lane], block.market[FILL_LOCAL, m, lane] * dt) + ZERO


@apart(followed)
def _tag_outputs(chain: Chain, process, now, block: Block):
    """Send the tagged part of what a process makes: all of it where listed, else as its most tagged input."""
    scratch, delay, part = block.scratch, process.delay, process.delay_part
    if process.input_begin == process.input_end:
        clear(scratch[DILUTED])
    for i in range(process.input_begin, process.input_end):
        m, first = chain.inputs[i].market, i == process.input_begin
        for lane in range(scratch.shape[1]):
            so_far = ZERO if first else scratch[DILUTED, lane]
            scratch[DILUTED, lane] = max(so_far, block.origin[LEFT, m, lane]) + ZERO
    for j in range(process.output_begin, process.output_end):
        output = chain.outputs[j]
        destination, coefficient = chain.markets[output.market], output.coefficient
        share = scratch[WHOLE] if output.listed else scratch[DILUTED]
        send(destination, now, delay, part, scratch[DONE], share, coefficient, block.tagged)


@kernel
def _draw(row, i, block: Block):
    """Draw an input for the activity done; where thrift is possible, account for what it saves."""
    market, done, m, coefficient = block.market, block.scratch[DONE], row.market, row.coefficient
    for lane in range(done.size):
        drawn = coefficient * done[lane]
        market[RELEASED, m, lane] += block.input[INTENSITY, i, lane] * drawn
        market[INTAKE, m, lane] += drawn
    if row.thrift_floor < ONE:
        for lane in range(done.size):
            block.input[SAVED, i, lane] += coefficient * (ONE - block.input[INTENSITY, i, lane]) * done[lane]


@kernel
def _hold_up(chain: Chain, process, p, block: Block):
    """Lay what a process wanted and could not run to the input with the lowest fill, the first of equals."""
    market, scratch, dt = block.market, block.scratch, chain.constants.dt
    for lane in range(scratch.shape[1]):
        scratch[LACKING, lane] = block.process[WANTED, p, lane] * (dt - scratch[CHOKE, lane])
    for i in range(process.input_begin, process.input_end):
        m = chain.inputs[i].market
        for lane in range(scratch.shape[1]):
            lacking, binding = scratch[LACKING, lane], market[FILL_LOCAL, m, lane] * dt <= scratch[CHOKE, lane]
            block.input[HELD_UP, i, lane] += lacking if binding else ZERO
            scratch[LACKING, lane] = ZERO if binding else lacking


@view
def claimed(route, r, block: Block):
    """What a route claims of its origin, t/month, a row of lanes."""
    return block.crossing[CLAIMED, route.control] if route.control >= 0 else block.route[ORDER, r]


@kernel
def ship(chain: Chain, tile, now, block: Block):
    """Send the filled part of every export claim for a product on its way."""
    market, better = block.market, block.scratch[DONE]
    for r in range(tile.route_begin, tile.route_end):
        route, o = chain.routes[r], chain.routes[r].origin
        _send_along(chain, route, now, claimed(route, r, block), market[FILL_EXPORT, o], block)
        if route.firm > 0:
            # Exports were released with their class; what is firm is not in it, and is filled better.
            for lane in range(better.size):
                better[lane] = market[FILL_FIRM, o, lane] - market[FILL_EXPORT, o, lane]
                market[RELEASED, o, lane] += (
                    block.route[FIRM, r, lane] * market[FILL_FIRM, o, lane] * chain.constants.dt
                )
            _send_along(chain, route, now, block.route[FIRM, r], better, block)


@kernel
def _send_along(chain: Chain, route, now, claims, fill, block: Block):
    """Send the filled part of claims along a route, with the tagged part of it where that is followed."""
    destination, dt = chain.markets[route.destination], chain.constants.dt
    if followed(chain):
        _send_mixed(destination, now, route, claims, fill, dt, block.origin[LEFT, route.origin], block)
    else:
        send(destination, now, route.delay, route.delay_part, claims, fill, dt, block.pipeline)


@kernel
def _send_mixed(market, now, route, amounts, fill, scale, share, block: Block):
    """Like `send`, for what a share of is tagged, along a route."""
    pipeline, tagged = block.pipeline, block.tagged
    soon, part = pipeline_row(market, now + route.delay), route.delay_part
    lanes = amounts.size
    if part > ZERO:
        late = pipeline_row(market, now + route.delay + 1)
        for lane in range(lanes):
            sent = scale * (amounts[lane] * fill[lane])
            of_it = sent * share[lane]
            pipeline[soon, lane] += (ONE - part) * sent
            pipeline[late, lane] += part * sent
            tagged[soon, lane] += (ONE - part) * of_it
            tagged[late, lane] += part * of_it
    else:
        for lane in range(lanes):
            sent = scale * (amounts[lane] * fill[lane])
            pipeline[soon, lane] += sent
            tagged[soon, lane] += sent * share[lane]


@kernel
def sent_into(chain: Chain, route, r, block: Block, row):
    """What a route sends in the period, t, into a row of lanes."""
    o, dt, claims = route.origin, chain.constants.dt, claimed(route, r, block)
    for lane in range(row.size):
        row[lane] = dt * (claims[lane] * block.market[FILL_EXPORT, o, lane])
    if route.firm > 0:
        for lane in range(row.size):
            better = block.market[FILL_FIRM, o, lane] - block.market[FILL_EXPORT, o, lane]
            row[lane] += dt * (block.route[FIRM, r, lane] * better)


@topic
def draw_down(block: Block):
    """Take what was released and disposed of from inventory."""
    inventory, released, dumped = (
        flat(block.market[INVENTORY]),
        flat(block.market[RELEASED]),
        flat(block.market[DUMPED]),
    )
    for i in range(inventory.size):
        inventory[i] = max(inventory[i] - (released[i] + dumped[i]), ZERO)
