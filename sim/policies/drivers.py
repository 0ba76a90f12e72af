"""From the policies of a scenario to the chain that the core simulates."""

from __future__ import annotations

import numpy as np

from sim.chain.reference import Reference
from sim.core.state import Chain
from sim.policies.accounts import budget_years
from sim.policies.acting import Rates
from sim.policies.capital import with_capital
from sim.policies.income import with_credits, with_guarantees
from sim.policies.programmes import with_programmes
from sim.policies.trade import levies, with_levies, with_offtakes


def driven(chain: Chain, reference: Reference) -> Chain:
    """The chain with what the scenario's policies do to it; the same chain where none acts.

    Parameters
    ----------
    chain: Arrays of the reference state.
    reference: The reconciled chain they were made from.
    """
    scenario = reference.scenario
    if not any(policy.strength > 0.0 for policy in scenario.policies.values()):
        return chain
    rates = Rates()
    chain = with_offtakes(with_levies(chain, levies(reference, rates)), reference, rates)
    chain = with_guarantees(with_credits(chain, reference, rates), reference, rates)
    chain = with_programmes(with_capital(chain, reference, rates), reference)
    precision = chain.markets.inventory.dtype
    of_period, years = budget_years(scenario.time)
    table = np.array(rates.rows, dtype=precision).reshape(-1, scenario.periods)
    drivers = chain.drivers._replace(
        rate=table, year=of_period, years=np.int32(len(years)), accounts=np.int32(len(scenario.policies))
    )
    return chain._replace(drivers=drivers)
