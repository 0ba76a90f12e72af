"""How hard a restriction strikes: its level as the core takes it, and the supply it puts at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.chain.rules import Target
from sim.quantiles import Values, quantile
from sim.scenario.measures import Leaking
from sim.scenario.models import Time
from sim.scenario.restrictions import Dumping, ExportDuty, ExportQuota, Restriction, Technology, VatWedge
from sim.scenario.schedules import ReferenceShare, Tonnage

LEAST_FLOW = 1e-9
"""Reference flow to divide by, t a year."""


@dataclass(frozen=True)
class Level:
    """Levels of a restriction on a chain."""

    restriction: Restriction
    hit: Target
    """What it reaches; it says what a quota is measured against."""
    time: Time

    def at(self, u: Values, begin: Values, since: Values, *, step: int = 0) -> tuple[Values, Values]:
        """Level of events as the core wants it, and the share of their targets' supply they put at risk.

        Parameters
        ----------
        u: Probability that stands for the level, any shape.
        begin: Months from the start at which the level begins to hold, same shape.
        since: The same for the onset of the measure.
        step: Which of the restriction's levels: 0 at the onset, then those of its schedule.
        """
        strength = self.restriction.strengths[step]
        if isinstance(strength, (Tonnage, ReferenceShare)):
            share, grown = self._quota(strength, u, begin)
            level = share * self.hit.flow if isinstance(self.restriction, ExportQuota) else share
            # What leaks does so with or without the quota, and is not at risk.
            leak = self.restriction.leak(begin - since) if isinstance(self.restriction, Leaking) else 0.0
            return level, np.clip(1.0 - leak - share / grown, 0.0, 1.0)
        if isinstance(self.restriction, Technology):
            return quantile(strength, u) - 1.0, np.zeros(u.shape)
        level = quantile(strength, u)
        withholds = not isinstance(self.restriction, (ExportDuty, VatWedge, Dumping))
        return level, level if withholds else np.zeros(u.shape)

    def _quota(self, quota: Tonnage | ReferenceShare, u: Values, begin: Values) -> tuple[Values, Values]:
        """Quota over the reference flow, and that flow along the trend over the reference on the day."""
        periods = np.minimum(begin / 12.0 * self.time.periods_per_year, len(self.hit.growth) - 1.0).astype(int)
        grown = self.hit.growth[np.maximum(periods, 0)]
        if isinstance(quota, Tonnage):
            # A quota that alliances leave nothing to act on has no flow, and puts nothing at risk.
            return quantile(quota.t_per_year, u) / max(self.hit.flow, LEAST_FLOW), grown
        # A share is of the reference path on the day; the tonnage then stays, as quotas do.
        return quantile(quota.share_of_reference, u) * grown, grown
