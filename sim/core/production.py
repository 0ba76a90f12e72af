"""What processes want to make (`MODEL.md`, section 5)."""

from __future__ import annotations

import numpy as np

from sim.core.jit import kernel
from sim.core.lanes import any_positive
from sim.core.mathx import ONE, ZERO, clip, exp, log, power
from sim.core.state import Chain, State, Work

MOST_UTILISATION = np.float32(5)


@kernel
def choke(price, multiple):
    """Share of use that survives a price: 1/2 at the choke multiple, softly."""
    over = max(price - ONE, ZERO) / (multiple - ONE)
    return ONE / (ONE + over * over * over)


@kernel
def thrifted(price, elasticity, floor):
    """Intensity of an input in the long run at a price: thrift down to its floor, indulgence as far up."""
    return clip(power(price, -elasticity), floor, ONE / floor)


@kernel
def plan(chain: Chain, now, state: State, work: Work):
    """Utilisation, wanted activity, input claims and unit cost of every process; t/month."""
    for p in range(chain.processes.activity.size):
        _sum_inputs(chain, p, state, work)
        _sum_outputs(chain, p, work)
        _want(chain, p, now, state, work)
        _claim(chain, p, state, work)


@kernel
def _sum_inputs(chain: Chain, p, state: State, work: Work):
    processes, markets = chain.processes, chain.markets
    lanes = work.cost.shape[1]
    for lane in range(lanes):
        work.cost[0, lane] = ZERO
        work.choke[0, lane] = ONE
    for row in range(processes.input_start[p], processes.input_start[p + 1]):
        m, share = processes.input_market[row], processes.input_share[row]
        multiple = markets.choke[m]
        for lane in range(lanes):
            price = work.calm[m, lane]
            work.cost[0, lane] += share * state.intensity[row, lane] * price
            work.choke[0, lane] = min(work.choke[0, lane], choke(price, multiple))


@kernel
def _sum_outputs(chain: Chain, p, work: Work):
    processes = chain.processes
    fixed = processes.fixed_share[p]
    lanes = work.revenue.shape[1]
    for lane in range(lanes):
        work.revenue[0, lane] = ZERO
    for row in range(processes.output_start[p], processes.output_start[p + 1]):
        m, share, weight = processes.output_market[row], processes.revenue_share[row], processes.cost_weight[row]
        for lane in range(lanes):
            work.revenue[0, lane] += share * work.transacted[m, lane]
            work.unit_cost[m, lane] += weight * (work.cost[0, lane] + fixed)


@kernel
def _want(chain: Chain, p, now, state: State, work: Work):
    processes, constants = chain.processes, chain.constants
    growth = chain.trend.process[p, now]
    reference, capacity = processes.activity[p] * growth, processes.capacity[p] * growth
    fixed, conversion, response = processes.fixed_share[p], processes.conversion_share[p], processes.response[p]
    control = processes.control[p]
    lanes = state.utilisation.shape[1]
    for lane in range(lanes):
        # Above 0 where the process is pinched: its cost beyond what its claims bear, or its cash cost beyond revenue.
        revenue, cost = work.revenue[0, lane], work.cost[0, lane]
        work.pinched[0, lane] = max(cost + fixed - constants.claim_margin * revenue, cost + conversion - revenue)
        work.target[0, lane] = response * log(revenue / (cost + fixed))
    if any_positive(work.pinched[0]):
        _pinch(constants, fixed, conversion, work)
    for lane in range(lanes):
        utilisation = state.utilisation[p, lane]
        step = constants.follow_utilisation * (exp(work.target[0, lane]) - utilisation)
        utilisation = clip(utilisation + step, ZERO, MOST_UTILISATION)
        state.utilisation[p, lane] = utilisation
        work.wanted[p, lane] = min(reference * utilisation, capacity) * work.choke[0, lane]
    if control >= 0:
        for lane in range(lanes):
            free = min(reference * state.utilisation[p, lane], capacity * work.factor[control, lane])
            work.wanted[p, lane] = min(free, work.quota[control, lane]) * work.choke[0, lane]


@kernel
def _pinch(constants, fixed, conversion, work: Work):
    """Idle below cash cost, and claim less at once where cost exceeds what revenue bears."""
    for lane in range(work.choke.shape[1]):
        revenue, cost = work.revenue[0, lane], work.cost[0, lane]
        cash = log(revenue / (cost + conversion))
        margin = log(constants.claim_margin * revenue / (cost + fixed))
        idled = work.target[0, lane] + constants.idle_slope * cash
        work.target[0, lane] = idled if cost + conversion - revenue > ZERO else work.target[0, lane]
        gate = exp(constants.claim_slope * margin)
        work.choke[0, lane] *= gate if cost + fixed - constants.claim_margin * revenue > ZERO else ONE


@kernel
def _claim(chain: Chain, p, state: State, work: Work):
    processes = chain.processes
    for row in range(processes.input_start[p], processes.input_start[p + 1]):
        m, coefficient = processes.input_market[row], processes.input_coefficient[row]
        for lane in range(work.wanted.shape[1]):
            work.claim_local[m, lane] += coefficient * state.intensity[row, lane] * work.wanted[p, lane]


@kernel
def thrift(chain: Chain, state: State, work: Work):
    """Let intensities follow prices where recipes allow it, after the period's material has been drawn."""
    processes, constants = chain.processes, chain.constants
    for row in range(processes.input_market.size):
        m, floor = processes.input_market[row], processes.thrift_floor[row]
        if floor < ONE:
            for lane in range(state.intensity.shape[1]):
                target = thrifted(work.calm[m, lane], constants.thrift_elasticity, floor)
                intensity = state.intensity[row, lane]
                state.intensity[row, lane] = intensity + constants.follow_thrift * (target - intensity)
