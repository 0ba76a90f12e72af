"""Material that moves: arrivals, production, shipments (`MODEL.md`, sections 2 and 9)."""

from __future__ import annotations

from sim.core import support
from sim.core.fields import (
    ARRIVED,
    CHOKE,
    DILUTED,
    DONE,
    DUMPED,
    FILL_EXPORT,
    FILL_FIRM,
    FILL_LOCAL,
    FIRM,
    FREE,
    HELD_UP,
    INBOUND,
    INTAKE,
    INTENSITY,
    INVENTORY,
    LACKING,
    LEFT,
    LEGAL,
    ORDER,
    RELEASED,
    SAVED,
    STRAINED,
    TAGGED,
    WANTED,
)
from sim.core.jit import kernel, topic
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
        due = pipeline_row(row, now)
        for lane in range(lanes):
            arrived = pipeline[due, lane]
            market[ARRIVED, m, lane] = arrived
            market[INVENTORY, m, lane] += arrived
            market[INBOUND, m, lane] = ZERO
            pipeline[due, lane] = ZERO
        for later in range(row.pipeline, row.pipeline + row.pipeline_rows):
            if later != due:
                for lane in range(lanes):
                    market[INBOUND, m, lane] += pipeline[later, lane]
        if followed(chain):
            for lane in range(lanes):
                block.origin[TAGGED, m, lane] += block.tagged[due, lane]
                block.tagged[due, lane] = ZERO


@kernel
def send(market, now, delay, part, amounts, scale, pipeline):
    """Put `scale * amounts` (t) on its way to a market; a fraction of the delay's last period comes later."""
    soon = pipeline_row(market, now + delay)
    lanes = amounts.size
    if part > ZERO:
        late = pipeline_row(market, now + delay + 1)
        for lane in range(lanes):
            sent = scale * amounts[lane]
            pipeline[soon, lane] += (ONE - part) * sent
            pipeline[late, lane] += part * sent
    else:
        for lane in range(lanes):
            pipeline[soon, lane] += scale * amounts[lane]


@topic
def produce(chain: Chain, now, block: Block):
    """Run every process at the lowest fill of its inputs; draw inputs, start outputs."""
    market, scratch = block.market, block.scratch
    lanes, supported = market.shape[2], support.given(chain)
    for p in range(chain.processes.size):
        process, strained = chain.processes[p], False
        for lane in range(lanes):
            scratch[CHOKE, lane] = chain.constants.dt
        for i in range(process.input_begin, process.input_end):
            m = chain.inputs[i].market
            strained = strained or market[STRAINED, m, 0] > ZERO
            for lane in range(lanes):
                filled = market[FILL_LOCAL, m, lane] * chain.constants.dt
                scratch[CHOKE, lane] = min(scratch[CHOKE, lane], filled) + ZERO
        for lane in range(lanes):
            scratch[DONE, lane] = block.process[WANTED, p, lane] * scratch[CHOKE, lane]
        if strained:
            _hold_up(chain, process, p, block)
        for i in range(process.input_begin, process.input_end):
            _draw(chain.inputs[i], i, block)
        for j in range(process.output_begin, process.output_end):
            output = chain.outputs[j]
            destination = chain.markets[output.market]
            send(
                destination,
                now,
                process.delay,
                process.delay_part,
                scratch[DONE],
                output.coefficient,
                block.pipeline,
            )
        if supported:
            support.pay(chain, p, now, block)
        if chain.drivers.places.size > 0:
            support.earn(chain, process, p, now, block)
        if followed(chain):
            _tag_outputs(chain, process, now, block)


@kernel
def _tag_outputs(chain: Chain, process, now, block: Block):
    """Send the tagged part of what a process makes: all of it where listed, else as its most tagged input."""
    diluted, done = block.scratch[DILUTED], block.scratch[DONE]
    clear(diluted)
    for i in range(process.input_begin, process.input_end):
        m = chain.inputs[i].market
        for lane in range(diluted.size):
            diluted[lane] = max(diluted[lane], block.origin[LEFT, m, lane]) + ZERO
    for lane in range(diluted.size):
        diluted[lane] *= done[lane]
    for j in range(process.output_begin, process.output_end):
        output = chain.outputs[j]
        destination = chain.markets[output.market]
        tagged = done if output.listed else diluted
        send(destination, now, process.delay, process.delay_part, tagged, output.coefficient, block.tagged)


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


@kernel
def ship(chain: Chain, tile, now, block: Block):
    """Send the filled part of every export claim for a product on its way."""
    for r in range(tile.route_begin, tile.route_end):
        route = chain.routes[r]
        o = route.origin
        sent_into(chain, route, r, block, block.scratch[DONE])
        if chain.drivers.firms.size > 0:
            # Exports were released with their class; what is firm is not in it.
            for lane in range(block.market.shape[2]):
                kept = block.route[FIRM, r, lane] * block.market[FILL_FIRM, o, lane]
                block.market[RELEASED, o, lane] += kept * chain.constants.dt
        destination, done = chain.markets[route.destination], block.scratch[DONE]
        if followed(chain):
            _send_mixed(destination, now, route, done, block.origin[LEFT, o], block.pipeline, block.tagged)
        else:
            send(destination, now, route.delay, route.delay_part, done, ONE, block.pipeline)


@kernel
def _send_mixed(market, now, route, amounts, share, pipeline, tagged):
    """Like `send`, for what a share of is tagged, along a route."""
    soon, part = pipeline_row(market, now + route.delay), route.delay_part
    lanes = amounts.size
    if part > ZERO:
        late = pipeline_row(market, now + route.delay + 1)
        for lane in range(lanes):
            sent, of_it = amounts[lane], amounts[lane] * share[lane]
            pipeline[soon, lane] += (ONE - part) * sent
            pipeline[late, lane] += part * sent
            tagged[soon, lane] += (ONE - part) * of_it
            tagged[late, lane] += part * of_it
    else:
        for lane in range(lanes):
            pipeline[soon, lane] += amounts[lane]
            tagged[soon, lane] += amounts[lane] * share[lane]


@kernel
def sent_into(chain: Chain, route, r, block: Block, row):
    """What a route sends in the period, t, into a row of lanes."""
    o, c, dt = route.origin, route.control, chain.constants.dt
    if c >= 0:
        for lane in range(row.size):
            claimed = block.crossing[FREE, c, lane] + block.crossing[LEGAL, c, lane]
            row[lane] = claimed * block.market[FILL_EXPORT, o, lane] * dt
    else:
        for lane in range(row.size):
            row[lane] = block.route[ORDER, r, lane] * block.market[FILL_EXPORT, o, lane] * dt
    if chain.drivers.firms.size > 0:
        for lane in range(row.size):
            better = block.market[FILL_FIRM, o, lane] - block.market[FILL_EXPORT, o, lane]
            row[lane] += block.route[FIRM, r, lane] * better * dt


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
