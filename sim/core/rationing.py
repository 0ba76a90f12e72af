"""Who is served when a market cannot serve all (`MODEL.md`, sections 8 and 10)."""

from __future__ import annotations

from sim.core.fields import (
    ARRIVED,
    CLAIM_EXPORT,
    CLAIM_FIRST,
    CLAIM_LOCAL,
    DUMPED,
    EXPECTED,
    FILL_EXPORT,
    FILL_FIRST,
    FILL_LOCAL,
    INTAKE,
    INVENTORY,
    LACKING,
    PRICE,
    RELEASED,
    STRAINED,
)
from sim.core.jit import kernel
from sim.core.lanes import clear, flat
from sim.core.mathx import ONE, ZERO, power
from sim.core.state import Block, Chain


@kernel
def served(available, claimed):
    """Share of a claim that what is available serves."""
    return available / claimed if claimed > available else ONE


@kernel
def releasable(inventory, arrived, release, fresh):
    """What a market can release in a period: what arrives during it has had less time to leave."""
    return max(inventory - arrived, ZERO) * release + arrived * fresh


@kernel
def ration(chain: Chain, tile, now, block: Block):
    """Fill of each class of claims from what each market may release, and what leaves for abroad and the dump."""
    _send_exports(tile, chain.constants.dt, block.market)
    for m in range(tile.market_begin, tile.market_end):
        row = chain.markets[m]
        _fill(chain.constants, row, m, block)
        surplus = row.disposal * chain.trend.disposal[m, now]
        if surplus > ZERO:
            _dispose(chain.constants, m, surplus, block)


@kernel
def _fill(constants, row, m, block: Block):
    """Fills; exports are released, and what local buyers draw follows; expected outflow learns from claims."""
    market, scratch = block.market, block.scratch
    dt, release, fresh = constants.dt, row.release, row.release_fresh
    lanes, strained = market.shape[2], False
    for lane in range(lanes):
        claims = market[CLAIM_FIRST, m, lane] + market[CLAIM_LOCAL, m, lane] + market[CLAIM_EXPORT, m, lane]
        available = releasable(market[INVENTORY, m, lane], market[ARRIVED, m, lane], release, fresh)
        lacking = claims * dt - available
        scratch[LACKING, lane] = lacking
        strained |= lacking > ZERO
        market[EXPECTED, m, lane] += constants.follow_expectation * (claims - market[EXPECTED, m, lane])
    if strained:
        _fill_by_class(constants, m, release, fresh, block)
    elif market[STRAINED, m, 0] > ZERO:
        for lane in range(lanes):
            market[FILL_FIRST, m, lane] = ONE
            market[FILL_LOCAL, m, lane] = ONE
            market[FILL_EXPORT, m, lane] = ONE
    market[STRAINED, m, 0] = ONE if strained else ZERO


@kernel
def _send_exports(tile, dt, market):
    """Release what is claimed from abroad, and begin the sums of what is drawn at home."""
    first, last = tile.market_begin, tile.market_end
    claims, released = flat(market[CLAIM_EXPORT, first:last]), flat(market[RELEASED, first:last])
    for i in range(released.size):
        released[i] = claims[i] * dt
    clear(market[INTAKE, first:last])


@kernel
def _fill_by_class(constants, m, release, fresh, block: Block):
    market = block.market
    dt, strict = constants.dt, constants.strictness
    for lane in range(market.shape[2]):
        first = market[CLAIM_FIRST, m, lane] * dt
        local = market[CLAIM_LOCAL, m, lane] * dt
        export = market[CLAIM_EXPORT, m, lane] * dt
        available = releasable(market[INVENTORY, m, lane], market[ARRIVED, m, lane], release, fresh)
        even = (ONE - strict) * served(available, first + local + export)
        after_first = max(available - first, ZERO)
        after_local = max(after_first - local, ZERO)
        short = block.scratch[LACKING, lane] > ZERO
        fill_export = even + strict * served(after_local, export) if short else ONE
        market[FILL_FIRST, m, lane] = even + strict * served(available, first) if short else ONE
        market[FILL_LOCAL, m, lane] = even + strict * served(after_first, local) if short else ONE
        market[FILL_EXPORT, m, lane] = fill_export
        market[RELEASED, m, lane] *= fill_export


@kernel
def _dispose(constants, m, surplus, block: Block):
    """Throw surplus away as far as the market's release allows."""
    market = block.market
    for lane in range(market.shape[2]):
        wanted = surplus * power(market[PRICE, m, lane], -constants.disposal_elasticity)
        spare = max(-block.scratch[LACKING, lane], ZERO)
        market[DUMPED, m, lane] = min(wanted * constants.dt, spare)
        market[EXPECTED, m, lane] += constants.follow_expectation * wanted
