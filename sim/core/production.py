"""What processes want to make (`MODEL.md`, section 5)."""

from __future__ import annotations

import numpy as np

from sim.core import capacity, support
from sim.core.fields import (
    ACTIVITY_QUOTA,
    ADDED,
    CAPACITY_FACTOR,
    CHOKE,
    CLAIM_LOCAL,
    COST,
    COST_FACTOR,
    EXPANSION,
    INTENSITY,
    LOG_MARGIN,
    REVENUE,
    TARGET,
    TRANSACTED,
    UNIT_COST,
    UTILISATION,
    WANTED,
)
from sim.core.jit import kernel, topic
from sim.core.lanes import any_below
from sim.core.mathx import ONE, ZERO, clip, exp, log, power
from sim.core.price import calm_prices
from sim.core.state import Block, Chain

MOST_UTILISATION = np.float32(5)


@kernel
def choke(price, multiple):
    """Share of use that survives a price: 1/2 at the choke multiple, softly."""
    over = max(price - ONE, ZERO) * (ONE / (multiple - ONE))
    return ONE / (ONE + over * over * over)


@kernel
def thrifted(price, elasticity, floor):
    """Intensity of an input in the long run at a price: thrift down to its floor, indulgence as far up."""
    return clip(power(price, -elasticity), floor, ONE / floor)


@topic
def plan(chain: Chain, now, block: Block):
    """Utilisation, wanted activity, input claims and unit cost of every process; t/month."""
    expects, supported = capacity.steps(chain, now), support.given(chain)
    least_margin = -log(chain.constants.claim_margin)
    for p in range(chain.processes.size):
        process = chain.processes[p]
        _sum_inputs(chain, process, block)
        if supported:
            support.credit(chain, process, p, now, block)
        _sum_outputs(chain, process, block)
        if supported:
            support.guarantee(chain, p, now, block)
        if process.control >= 0 and any_below(block.plant[COST_FACTOR, process.control], ONE):
            _subsidise(chain, process, block)
        _want(chain.constants, process, p, chain.building.growth[p, now], least_margin, block)
        if expects:
            capacity.expect(chain, process, p, now, block)
        _claim(chain, process, p, block)


@kernel
def _sum_inputs(chain: Chain, process, block: Block):
    market, scratch = block.market, block.scratch
    lanes = scratch.shape[1]
    if process.input_begin == process.input_end:
        for lane in range(lanes):
            scratch[COST, lane], scratch[CHOKE, lane] = ZERO, ONE
    for i in range(process.input_begin, process.input_end):
        m, share, first = chain.inputs[i].market, chain.inputs[i].share, i == process.input_begin
        multiple, prices = chain.markets[m].choke, calm_prices(m, market)
        for lane in range(lanes):
            price = prices[lane]
            cost, least = ZERO if first else scratch[COST, lane], ONE if first else scratch[CHOKE, lane]
            scratch[COST, lane] = cost + share * block.input[INTENSITY, i, lane] * price
            # Adding zero keeps the compiler from storing only the lanes that change, lane by lane.
            scratch[CHOKE, lane] = min(least, choke(price, multiple)) + ZERO


@kernel
def _sum_outputs(chain: Chain, process, block: Block):
    market, scratch = block.market, block.scratch
    fixed = process.fixed_share
    lanes = market.shape[2]
    for j in range(process.output_begin, process.output_end):
        output, first = chain.outputs[j], j == process.output_begin
        m, share, weight = output.market, output.share, output.cost_weight
        for lane in range(lanes):
            revenue = ZERO if first else scratch[REVENUE, lane]
            scratch[REVENUE, lane] = revenue + share * market[TRANSACTED, m, lane]
            market[UNIT_COST, m, lane] += weight * (scratch[COST, lane] + fixed)


@kernel
def _subsidise(chain: Chain, process, block: Block):
    """Let the state bear a share of cost: to every margin, a cost times a factor is a revenue over it."""
    scratch, fixed, control = block.scratch, process.fixed_share, process.control
    for j in range(process.output_begin, process.output_end):
        m, weight = chain.outputs[j].market, chain.outputs[j].cost_weight
        for lane in range(scratch.shape[1]):
            borne = ONE - block.plant[COST_FACTOR, control, lane]
            block.market[UNIT_COST, m, lane] -= weight * borne * (scratch[COST, lane] + fixed)
    for lane in range(scratch.shape[1]):
        scratch[REVENUE, lane] /= block.plant[COST_FACTOR, control, lane]


@kernel
def _want(constants, process, p, growth, least_margin, block: Block):
    scratch = block.scratch
    reference, most = process.activity * growth, process.capacity * growth
    expansion, added = block.capacity[EXPANSION, process.expansion], block.capacity[ADDED, process.expansion]
    fixed, conversion, response, control = (
        process.fixed_share,
        process.conversion_share,
        process.response,
        process.control,
    )
    lanes, pinched = scratch.shape[1], False
    for lane in range(lanes):
        # Above 0 where the process is pinched: its cost beyond what its claims bear, or its cash cost beyond revenue.
        revenue, cost = scratch[REVENUE, lane], scratch[COST, lane]
        pinched |= max(cost + fixed - constants.claim_margin * revenue, cost + conversion - revenue) > ZERO
        log_margin = log(revenue / (cost + fixed))
        scratch[LOG_MARGIN, lane] = log_margin
        scratch[TARGET, lane] = response * log_margin
    if pinched:
        _pinch(constants, fixed, conversion, least_margin, scratch)
    for lane in range(lanes):
        utilisation = block.process[UTILISATION, p, lane]
        step = constants.follow_utilisation * (exp(scratch[TARGET, lane]) - utilisation)
        utilisation = clip(utilisation + step, ZERO, MOST_UTILISATION)
        block.process[UTILISATION, p, lane] = utilisation
        usual, able = reference * expansion[lane] + added[lane], most * expansion[lane] + added[lane]
        block.process[WANTED, p, lane] = min(usual * utilisation, able) * scratch[CHOKE, lane]
    if control >= 0:
        for lane in range(lanes):
            factor, quota = block.plant[CAPACITY_FACTOR, control, lane], block.plant[ACTIVITY_QUOTA, control, lane]
            usual, able = reference * expansion[lane] + added[lane], most * expansion[lane] + added[lane]
            free = min(usual * block.process[UTILISATION, p, lane], able * factor)
            block.process[WANTED, p, lane] = min(free, quota) * scratch[CHOKE, lane]


@kernel
def _pinch(constants, fixed, conversion, least_margin, scratch):
    """Idle below cash cost, and claim less at once where cost exceeds what revenue bears."""
    for lane in range(scratch.shape[1]):
        revenue, cost = scratch[REVENUE, lane], scratch[COST, lane]
        cash = log(revenue / (cost + conversion))
        idled = scratch[TARGET, lane] + constants.idle_slope * cash
        scratch[TARGET, lane] = (idled if cost + conversion - revenue > ZERO else scratch[TARGET, lane]) + ZERO
        gate = exp(constants.claim_slope * (scratch[LOG_MARGIN, lane] - least_margin))
        scratch[CHOKE, lane] *= gate if cost + fixed - constants.claim_margin * revenue > ZERO else ONE


@kernel
def _claim(chain: Chain, process, p, block: Block):
    for i in range(process.input_begin, process.input_end):
        m, coefficient = chain.inputs[i].market, chain.inputs[i].coefficient
        for lane in range(block.market.shape[2]):
            claim = coefficient * block.input[INTENSITY, i, lane] * block.process[WANTED, p, lane]
            block.market[CLAIM_LOCAL, m, lane] += claim


@topic
def thrift(chain: Chain, block: Block):
    """Let intensities follow prices where recipes allow it, after the period's material has been drawn."""
    constants = chain.constants
    for i in range(chain.inputs.size):
        m, floor = chain.inputs[i].market, chain.inputs[i].thrift_floor
        if floor < ONE:
            prices = calm_prices(m, block.market)
            for lane in range(block.input.shape[2]):
                target = thrifted(prices[lane], constants.thrift_elasticity, floor)
                intensity = block.input[INTENSITY, i, lane]
                block.input[INTENSITY, i, lane] = intensity + constants.follow_thrift * (target - intensity)
