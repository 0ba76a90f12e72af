"""Credits, guaranteed prices and grants, and what they cost (`MODEL.md`, section 14)."""

from __future__ import annotations

import numpy as np

from sim.core.drivers import PAID, PRIVATE, RECEIVED
from sim.core.fields import COST, DONE, ORDERED, REVENUE, TRANSACTED
from sim.core.jit import kernel
from sim.core.mathx import ZERO
from sim.core.state import Block, Chain

LEAST_COST = np.float32(0.0625)
"""Cash cost over the value of output at reference prices that no credit takes away."""


@kernel
def given(chain: Chain):
    """Whether some process gets a credit or a guaranteed price."""
    return chain.drivers.credits.size + chain.drivers.guarantees.size > 0


@kernel
def line(drivers, side, now, account):
    """Row of the accounts: a side, the budget year of a period and an instrument."""
    return (side * drivers.years + drivers.year[now]) * drivers.accounts + account


@kernel
def gap(price, floor, ceiling, upside):
    """What a guarantee pays on a price: what lacks to the floor, less a share of what is above the ceiling."""
    return max(floor - price, ZERO) - upside * max(price - ceiling, ZERO)


@kernel
def credit(chain: Chain, process, p, now, block: Block):
    """Lower the cost of a process by its credits, down to a little above nothing."""
    drivers, scratch = chain.drivers, block.scratch
    least = LEAST_COST - min(process.conversion_share, process.fixed_share)
    for i in range(drivers.credit_starts[p], drivers.credit_starts[p + 1]):
        rate = drivers.rate[drivers.credits[i].row, now]
        if rate > ZERO:
            for lane in range(scratch.shape[1]):
                cost = scratch[COST, lane]
                scratch[COST, lane] = max(cost - rate, min(cost, least)) + ZERO


@kernel
def guarantee(chain: Chain, p, now, block: Block):
    """Add to the revenue of a process what its guaranteed prices pay."""
    drivers, scratch = chain.drivers, block.scratch
    for i in range(drivers.guarantee_starts[p], drivers.guarantee_starts[p + 1]):
        row = drivers.guarantees[i]
        output = chain.outputs[row.output]
        m, covered = output.market, output.share * drivers.rate[row.row, now]
        floor, ceiling, upside = row.floor, row.ceiling, row.upside
        for lane in range(scratch.shape[1]):
            scratch[REVENUE, lane] += covered * gap(block.market[TRANSACTED, m, lane], floor, ceiling, upside)


@kernel
def pay(chain: Chain, p, now, block: Block):
    """Book the credits and guaranteed prices on the activity a process has just begun, in `DONE`."""
    drivers, scratch, ledger = chain.drivers, block.scratch, block.ledger
    for i in range(drivers.credit_starts[p], drivers.credit_starts[p + 1]):
        row = drivers.credits[i]
        each, paid = drivers.rate[row.row, now] * row.value, line(drivers, PAID, now, row.account)
        for lane in range(scratch.shape[1]):
            ledger[paid, lane] += each * scratch[DONE, lane]
    for i in range(drivers.guarantee_starts[p], drivers.guarantee_starts[p + 1]):
        row = drivers.guarantees[i]
        output = chain.outputs[row.output]
        m, floor, ceiling, upside = output.market, row.floor, row.ceiling, row.upside
        each = drivers.rate[row.row, now] * output.coefficient * chain.markets[m].price
        paid = line(drivers, PAID, now, row.account)
        received = line(drivers, RECEIVED, now, row.account)
        for lane in range(scratch.shape[1]):
            owed = each * gap(block.market[TRANSACTED, m, lane], floor, ceiling, upside) * scratch[DONE, lane]
            ledger[paid, lane] += max(owed, ZERO)
            ledger[received, lane] += max(-owed, ZERO)


@kernel
def grant(chain: Chain, now, block: Block):
    """Book public and private money for the capacity ordered in a step."""
    drivers, capacity = chain.drivers, block.capacity
    for i in range(drivers.grants.size):
        row = drivers.grants[i]
        p, share = row.process, drivers.rate[row.row, now]
        tonnes = share * chain.processes[p].capacity * chain.building.growth[p, now]
        public, private = tonnes * row.public, tonnes * row.private
        paid, drawn = line(drivers, PAID, now, row.account), line(drivers, PRIVATE, now, row.account)
        for lane in range(capacity.shape[2]):
            block.ledger[paid, lane] += public * capacity[ORDERED, p, lane]
            block.ledger[drawn, lane] += private * capacity[ORDERED, p, lane]
