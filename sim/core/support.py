"""Credits, guaranteed prices and grants, and what they cost (`MODEL.md`, section 14)."""

from __future__ import annotations

import numpy as np

from sim.core.apart import apart
from sim.core.drivers import OWED, PAID, PRIVATE, RECEIVED
from sim.core.fields import CALLED, COST, DONE, LOST, ORDERED, PRICE, REVENUE, RUN_IN, TRANSACTED
from sim.core.jit import kernel
from sim.core.lanes import clear
from sim.core.mathx import ONE, ZERO
from sim.core.state import Block, Chain

LEAST_COST = np.float32(0.0625)
"""Cash cost over the value of output at reference prices that no credit takes away."""


@kernel
def given(chain: Chain):
    """Whether some process gets a credit or a guaranteed price."""
    return chain.drivers.credits.size + chain.drivers.guarantees.size > 0


@kernel
def aided(chain: Chain):
    """Whether some use gets an aid."""
    return chain.drivers.aids.size > 0


@kernel
def financed(chain: Chain):
    """Whether new capacity of some process gets a grant or a loan."""
    return chain.drivers.grants.size + chain.drivers.debts.size > 0


@kernel
def earning(chain: Chain):
    """Whether the revenue of processes is followed."""
    return chain.drivers.places.size > 0


@kernel
def line(drivers, side, now, account):
    """Row of the accounts: a side, the budget year of a period and an instrument."""
    return (side * drivers.years + drivers.year[now]) * drivers.accounts + account


@kernel
def gap(price, floor, ceiling, upside, premium):
    """What a guarantee pays on a price: what lacks to the floor, less a share of what is above, and its premium."""
    return max(floor - price, ZERO) - upside * max(price - ceiling, ZERO) - premium


@kernel
def called(drivers, row, block: Block):
    """Whether a credit is paid, 1 or 0 into `CALLED`: while some price it answers is above its trigger."""
    scratch, above = block.scratch, row.above
    for lane in range(scratch.shape[1]):
        scratch[CALLED, lane] = ZERO if row.watch_begin < row.watch_end else ONE
    for i in range(row.watch_begin, row.watch_end):
        m = drivers.watched[i]
        for lane in range(scratch.shape[1]):
            scratch[CALLED, lane] = ONE if block.market[PRICE, m, lane] > above else scratch[CALLED, lane] + ZERO


@apart(given)
def credit(chain: Chain, process, p, now, block: Block):
    """Lower the cost of a process by its credits, down to a little above nothing."""
    drivers, scratch = chain.drivers, block.scratch
    least = LEAST_COST - min(process.conversion_share, process.fixed_share)
    for i in range(drivers.credit_starts[p], drivers.credit_starts[p + 1]):
        rate = drivers.rate[drivers.credits[i].row, now]
        if rate > ZERO:
            called(drivers, drivers.credits[i], block)
            for lane in range(scratch.shape[1]):
                cost = scratch[COST, lane]
                scratch[COST, lane] = max(cost - rate * scratch[CALLED, lane], min(cost, least)) + ZERO


@apart(given)
def guarantee(chain: Chain, p, now, block: Block):
    """Add to the revenue of a process what its guaranteed prices pay."""
    drivers, scratch = chain.drivers, block.scratch
    for i in range(drivers.guarantee_starts[p], drivers.guarantee_starts[p + 1]):
        row = drivers.guarantees[i]
        output = chain.outputs[row.output]
        m, covered = output.market, output.share * drivers.rate[row.row, now]
        floor, ceiling, upside, premium = row.floor, row.ceiling, row.upside, row.premium
        for lane in range(scratch.shape[1]):
            price = block.market[TRANSACTED, m, lane]
            scratch[REVENUE, lane] += covered * gap(price, floor, ceiling, upside, premium)


@apart(given)
def pay(chain: Chain, p, now, block: Block):
    """Book the credits and guaranteed prices on the activity a process has just begun, in `DONE`."""
    drivers, scratch, ledger = chain.drivers, block.scratch, block.ledger
    for i in range(drivers.credit_starts[p], drivers.credit_starts[p + 1]):
        row = drivers.credits[i]
        each, paid = drivers.rate[row.row, now] * row.value, line(drivers, PAID, now, row.account)
        called(drivers, row, block)
        for lane in range(scratch.shape[1]):
            ledger[paid, lane] += each * scratch[CALLED, lane] * scratch[DONE, lane]
    for i in range(drivers.guarantee_starts[p], drivers.guarantee_starts[p + 1]):
        row = drivers.guarantees[i]
        output = chain.outputs[row.output]
        m, floor, ceiling, upside, premium = output.market, row.floor, row.ceiling, row.upside, row.premium
        each = drivers.rate[row.row, now] * output.coefficient * chain.markets[m].price
        paid = line(drivers, PAID, now, row.account)
        received = line(drivers, RECEIVED, now, row.account)
        for lane in range(scratch.shape[1]):
            price = block.market[TRANSACTED, m, lane]
            owed = each * gap(price, floor, ceiling, upside, ZERO) * scratch[DONE, lane]
            ledger[paid, lane] += max(owed, ZERO)
            ledger[received, lane] += max(-owed, ZERO) + each * premium * scratch[DONE, lane]


@apart(financed)
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


@apart(financed)
def owe(chain: Chain, now, block: Block):
    """Guarantee debt of what is ordered; it is paid back, and called as far as the plants it built are closed."""
    drivers, capacity, debt = chain.drivers, block.capacity, block.debt
    for i in range(drivers.debts.size):
        clear(block.ledger[line(drivers, OWED, now, drivers.debts[i].account)])
    for i in range(drivers.debts.size):
        row = drivers.debts[i]
        p, repaid, lost, fee = row.process, row.repaid, row.lost, row.fee
        lent = drivers.rate[row.row, now] * chain.processes[p].capacity * chain.building.growth[p, now] * row.lent
        paid, received = line(drivers, PAID, now, row.account), line(drivers, RECEIVED, now, row.account)
        owed = line(drivers, OWED, now, row.account)
        for lane in range(debt.shape[1]):
            closed, stood = capacity[LOST, p, lane], capacity[RUN_IN, p, lane] + capacity[LOST, p, lane]
            share = closed / stood if stood > ZERO else ZERO
            due = share * debt[i, lane]
            new = lent * capacity[ORDERED, p, lane]
            debt[i, lane] = (debt[i, lane] - due) * (ONE - repaid) + new
            block.ledger[paid, lane] += lost * due
            block.ledger[received, lane] += fee * new
            block.ledger[owed, lane] += debt[i, lane]


@kernel
def aid(drivers, u, now):
    """Money over the reference price that lowers what a use pays, all aids together."""
    rate = ZERO
    for i in range(drivers.aid_starts[u], drivers.aid_starts[u + 1]):
        rate += drivers.rate[drivers.aids[i].row, now]
    return rate


@apart(aided)
def help_buyers(chain: Chain, u, now, block: Block):
    """Book the aids on what a use has just bought, t, in `DONE`."""
    drivers, sold = chain.drivers, block.scratch[DONE]
    for i in range(drivers.aid_starts[u], drivers.aid_starts[u + 1]):
        row = drivers.aids[i]
        each, paid = drivers.rate[row.row, now] * row.price, line(drivers, PAID, now, row.account)
        for lane in range(sold.size):
            block.ledger[paid, lane] += each * sold[lane]


@apart(earning)
def earn(chain: Chain, process, p, now, block: Block):
    """Add what a process earns with the activity it has just begun, at transacted prices, to its place and year."""
    drivers, done = chain.drivers, block.scratch[DONE]
    places = block.revenue.shape[0] // drivers.years
    place = drivers.year[now] * places + drivers.places[p]
    for j in range(process.output_begin, process.output_end):
        output = chain.outputs[j]
        m, value = output.market, output.coefficient * chain.markets[output.market].price
        for lane in range(done.size):
            block.revenue[place, lane] += value * block.market[TRANSACTED, m, lane] * done[lane]
