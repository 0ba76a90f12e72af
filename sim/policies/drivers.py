"""From the policies of a scenario to the chain that the core simulates."""

from __future__ import annotations

import numpy as np

from sim.chain.reference import Reference
from sim.core.state import Chain, Ints
from sim.policies.accounts import budget_years, earners
from sim.policies.acting import Rates
from sim.policies.capital import with_capital
from sim.policies.income import with_credits, with_guarantees
from sim.policies.programmes import with_aids, with_leaders, with_programmes
from sim.policies.trade import levies, with_levies, with_offtakes


def driven(chain: Chain, reference: Reference, *, exports: bool = True) -> Chain:
    """The chain with what the scenario's policies do to it, and with what is accounted for by budget year.

    Where no policy acts, all that moves is as it was.

    Parameters
    ----------
    chain: Arrays of the reference state.
    reference: The reconciled chain they were made from.
    exports: Whether exports that regions lose are followed, which takes some percent of a run where much is restricted.
    """
    scenario = reference.scenario
    of_period, years = budget_years(scenario.time)
    rows = _senders(reference, chain.crossings.route if exports else np.zeros(0, dtype=np.int32))
    followed = chain.drivers._replace(year=of_period, years=np.int32(len(years)), senders=rows)
    if scenario.policies:
        # Revenue of makers is followed wherever there are policies, at strength zero too, so that it can be compared.
        followed = followed._replace(places=_places(reference))
    chain = chain._replace(drivers=followed)
    if not any(policy.strength > 0.0 for policy in scenario.policies.values()):
        return chain
    rates = Rates()
    chain = with_offtakes(with_levies(chain, levies(reference, rates)), reference, rates)
    chain = with_guarantees(with_credits(chain, reference, rates), reference, rates)
    chain = with_aids(with_programmes(with_capital(chain, reference, rates), reference), reference, rates)
    chain = with_leaders(chain)
    precision = chain.markets.inventory.dtype
    table = np.array(rates.rows, dtype=precision).reshape(-1, scenario.periods)
    drivers = chain.drivers._replace(rate=table, accounts=np.int32(len(scenario.policies)))
    return chain._replace(drivers=drivers)


def _senders(reference: Reference, routes: Ints) -> Ints:
    """Place of the region that each restricted route leaves, in the order of the tables."""
    regions = reference.regions
    return np.array([regions.index(reference.routes[route].origin) for route in routes], dtype=np.int32)


def _places(reference: Reference) -> Ints:
    """Row of the stage and region of each process."""
    rows, stage = earners(reference), reference.scenario.tables.stage
    found = [rows.index((stage(process.recipe_name), process.region)) for process in reference.processes]
    return np.array(found, dtype=np.int32)
