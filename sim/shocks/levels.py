"""How hard a restriction strikes: its level as the core takes it, and the supply it puts at risk."""

from __future__ import annotations

import numpy as np

from sim.chain.reference import Reference
from sim.quantiles import Values, quantile
from sim.scenario import Scenario
from sim.scenario.restrictions import Denial, ExportDuty, ExportQuota, ProductionQuota, Tonnage


def levels(scenario: Scenario, reference: Reference, name: str, u: Values, onset: Values) -> tuple[Values, Values]:
    """Level of events as the core wants it, and the share of their targets' supply they put at risk.

    Parameters
    ----------
    u: Probability that stands for the level, any shape.
    onset: Months from the start, same shape.
    """
    restriction = scenario.restrictions[name]
    if isinstance(restriction, (ExportQuota, ProductionQuota)):
        quota, hit = restriction.quota, reference.targets[name]
        periods = np.minimum(onset / 12.0 * scenario.time.periods_per_year, len(hit.growth) - 1.0).astype(int)
        grown = hit.growth[np.maximum(periods, 0)]
        if isinstance(quota, Tonnage):
            share = quantile(quota.t_per_year, u) / hit.flow
        else:
            # A share is of the reference path on the day; the tonnage then stays, as quotas do.
            share = quantile(quota.share_of_reference, u) * grown
        level = share * hit.flow if isinstance(restriction, ExportQuota) else share
        return level, np.clip(1.0 - share / grown, 0.0, 1.0)
    if isinstance(restriction, ExportDuty):
        return quantile(restriction.rate, u), np.zeros(u.shape)
    cut = quantile(restriction.users if isinstance(restriction, Denial) else restriction.cut, u)
    return cut, cut
