"""Duties on imports, ordinary ones forgone, and what they bring or cost (`MODEL.md`, section 14)."""

from __future__ import annotations

from sim.core.apart import apart
from sim.core.drivers import PAID, RECEIVED
from sim.core.fields import DONE, FREE, GUARD, LEGAL, LEVY, LOG_PRICE, PRICE
from sim.core.flow import sent_into
from sim.core.jit import kernel
from sim.core.lanes import clear
from sim.core.mathx import ONE, ZERO
from sim.core.state import NEVER, Block, Chain
from sim.core.support import line


@kernel
def laid(chain: Chain):
    """Whether duties are laid on imports, or forgone."""
    return chain.drivers.levies.size > 0


@apart(laid)
def lay(chain: Chain, now, block: Block):
    """Duties that governments lay on imports, or forgo, in this period."""
    for i in range(chain.drivers.levies.size):
        clear(block.crossing[LEVY, chain.drivers.levies[i].crossing])
    for i in range(chain.drivers.levies.size):
        levy = chain.drivers.levies[i]
        c, rate = levy.crossing, chain.drivers.rate[levy.row, now]
        if levy.below < NEVER:
            _answer(chain, levy, rate, block)
        else:
            for lane in range(block.crossing.shape[2]):
                block.crossing[LEVY, c, lane] += rate


@kernel
def _answer(chain: Chain, levy, rate, block: Block):
    """Lay a duty where the price at home was not above its bound in the period before; one such a route at a time."""
    c, below = levy.crossing, levy.below
    d = chain.routes[chain.crossings[c].route].destination
    for lane in range(block.crossing.shape[2]):
        block.crossing[GUARD, c, lane] = ONE if block.market[LOG_PRICE, d, lane] <= below else ZERO
        block.crossing[LEVY, c, lane] += rate * block.crossing[GUARD, c, lane]


@apart(laid)
def collect(chain: Chain, now, block: Block):
    """Book duties on what was sent legally in the period; t times USD/kg is thousand USD."""
    drivers, crossing, market = chain.drivers, block.crossing, block.market
    for i in range(drivers.levies.size):
        levy = drivers.levies[i]
        c, rate = levy.crossing, drivers.rate[levy.row, now]
        r = chain.crossings[c].route
        route = chain.routes[r]
        o, value = route.origin, abs(rate) * chain.markets[route.origin].price
        booked = line(drivers, RECEIVED if rate > ZERO else PAID, now, levy.account)
        sent_into(chain, route, r, block, block.scratch[DONE])
        if rate != ZERO and levy.below < NEVER:
            for lane in range(crossing.shape[2]):
                block.scratch[DONE, lane] *= crossing[GUARD, c, lane]
        for lane in range(crossing.shape[2]):
            claimed = crossing[LEGAL, c, lane] + crossing[FREE, c, lane]
            legal = crossing[LEGAL, c, lane] / claimed if claimed > ZERO else ZERO
            block.ledger[booked, lane] += value * market[PRICE, o, lane] * legal * block.scratch[DONE, lane]
