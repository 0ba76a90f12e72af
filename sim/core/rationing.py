"""Who is served when a market cannot serve all (`MODEL.md`, sections 8 and 10)."""

from __future__ import annotations

from sim.core.jit import kernel
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
def ration(chain: Chain, now, state: State, work: Work):
    """Fill of each class of claims from what each market may release, disposal of surplus, and expected outflow."""
    markets, constants = chain.markets, chain.constants
    dt, strict = constants.dt, constants.strictness
    for m in range(markets.inventory.size):
        surplus, release = markets.disposal[m] * chain.trend.disposal[m, now], markets.release[m]
        for lane in range(state.inventory.shape[1]):
            first = work.claim_first[m, lane] * dt
            local = work.claim_local[m, lane] * dt
            export = work.claim_export[m, lane] * dt
            claims = first + local + export
            available = state.inventory[m, lane] * release
            even = (ONE - strict) * served(available, claims)
            after_first = max(available - first, ZERO)
            work.fill_first[m, lane] = even + strict * served(available, first)
            work.fill_local[m, lane] = even + strict * served(after_first, local)
            work.fill_export[m, lane] = even + strict * served(max(after_first - local, ZERO), export)
            work.dumped[m, lane] = max(available - claims, ZERO)
            work.released[m, lane] = ZERO
            state.expected[m, lane] += constants.follow_expectation * (claims / dt - state.expected[m, lane])
        if surplus > ZERO:
            for lane in range(state.inventory.shape[1]):
                wanted = surplus * power(work.price[m, lane], -constants.disposal_elasticity)
                work.dumped[m, lane] = min(wanted * dt, work.dumped[m, lane])
                state.expected[m, lane] += constants.follow_expectation * wanted
        else:
            for lane in range(state.inventory.shape[1]):
                work.dumped[m, lane] = ZERO
