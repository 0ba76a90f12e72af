"""Who is served when a market cannot serve all (`MODEL.md`, sections 8 and 10)."""

from __future__ import annotations

from sim.core.jit import kernel
from sim.core.lanes import any_positive
from sim.core.mathx import ONE, ZERO, power
from sim.core.state import Chain, State, Work


@kernel
def clear_claims(work: Work):
    """Begin the sums of claims."""
    markets, lanes = work.claim_first.shape
    for m in range(markets):
        for lane in range(lanes):
            work.claim_first[m, lane] = ZERO
            work.claim_local[m, lane] = ZERO
            work.claim_export[m, lane] = ZERO


@kernel
def served(available, claimed):
    """Share of a claim that what is available serves."""
    return available / claimed if claimed > available else ONE


@kernel
def releasable(inventory, arrived, release, fresh):
    """What a market can release in a period: what arrives during it has had less time to leave."""
    return max(inventory - arrived, ZERO) * release + arrived * fresh


@kernel
def ration(chain: Chain, now, state: State, work: Work):
    """Fill of each class of claims from what each market may release, disposal of surplus, and expected outflow."""
    markets, constants = chain.markets, chain.constants
    dt = constants.dt
    for m in range(markets.inventory.size):
        release, fresh = markets.release[m], markets.release_fresh[m]
        for lane in range(state.inventory.shape[1]):
            claims = work.claim_first[m, lane] + work.claim_local[m, lane] + work.claim_export[m, lane]
            available = releasable(state.inventory[m, lane], work.arrived[m, lane], release, fresh)
            work.lacking[0, lane] = claims * dt - available
            work.dumped[m, lane] = max(available - claims * dt, ZERO)
            work.released[m, lane] = ZERO
            work.intake[m, lane] = ZERO
            state.expected[m, lane] += constants.follow_expectation * (claims - state.expected[m, lane])
        if any_positive(work.lacking[0]):
            _fill_by_class(m, release, fresh, constants, state, work)
        else:
            for lane in range(state.inventory.shape[1]):
                work.fill_first[m, lane] = ONE
                work.fill_local[m, lane] = ONE
                work.fill_export[m, lane] = ONE
        _dispose(m, markets.disposal[m] * chain.trend.disposal[m, now], constants, state, work)


@kernel
def _fill_by_class(m, release, fresh, constants, state: State, work: Work):
    dt, strict = constants.dt, constants.strictness
    for lane in range(state.inventory.shape[1]):
        first = work.claim_first[m, lane] * dt
        local = work.claim_local[m, lane] * dt
        export = work.claim_export[m, lane] * dt
        available = releasable(state.inventory[m, lane], work.arrived[m, lane], release, fresh)
        even = (ONE - strict) * served(available, first + local + export)
        after_first = max(available - first, ZERO)
        after_local = max(after_first - local, ZERO)
        short = work.lacking[0, lane] > ZERO
        work.fill_first[m, lane] = even + strict * served(available, first) if short else ONE
        work.fill_local[m, lane] = even + strict * served(after_first, local) if short else ONE
        work.fill_export[m, lane] = even + strict * served(after_local, export) if short else ONE


@kernel
def _dispose(m, surplus, constants, state: State, work: Work):
    """Throw surplus away as far as the market's release, in `work.dumped`, allows."""
    if surplus > ZERO:
        for lane in range(state.inventory.shape[1]):
            wanted = surplus * power(work.price[m, lane], -constants.disposal_elasticity)
            work.dumped[m, lane] = min(wanted * constants.dt, work.dumped[m, lane])
            state.expected[m, lane] += constants.follow_expectation * wanted
    else:
        for lane in range(state.inventory.shape[1]):
            work.dumped[m, lane] = ZERO
