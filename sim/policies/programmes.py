"""Rationing classes, more feed and more substitution: facts of the chain that a programme changes."""

from __future__ import annotations

import numpy as np

from sim.chain.reference import Reference
from sim.core.state import Chain
from sim.policies.acting import Acting, Values, acting
from sim.scenario.models import Time
from sim.scenario.programmes import Feed, Priority, Research


def with_programmes(chain: Chain, reference: Reference) -> Chain:
    """The chain as programmes change it."""
    uses, growth = chain.uses.copy(), chain.building.growth.copy()
    for rating in acting(reference, Priority):
        for index, use in enumerate(reference.uses):
            if use.sector in rating.instrument.sectors and use.region in rating.instrument.regions:
                uses.priority[index] = 1
    for research in acting(reference, Research):
        for index, use in enumerate(reference.uses):
            if use.sector in research.instrument.sectors and use.region in research.instrument.regions:
                uses.slow_elasticity[index] *= 1.0 + research.instrument.strength * research.instrument.raises
    for feed in acting(reference, Feed):
        for index, process in enumerate(reference.processes):
            if process.recipe_name == feed.instrument.recipe and process.region in feed.instrument.regions:
                added = added_tonnes(feed, reference.scenario.time) / process.activity
                growth[index] += added.astype(growth.dtype)
    return chain._replace(uses=uses, building=chain.building._replace(growth=growth))


def added_tonnes(feed: Acting[Feed], time: Time) -> Values:
    """Activity that a programme adds in a region, t a year, shape (period,)."""
    step = 12.0 / time.periods_per_year
    begins = time.months_to(feed.instrument.start) if feed.instrument.start is not None else 0.0
    age = step * (np.arange(time.periods) + 0.5) - begins
    reached = np.clip(age / feed.instrument.months, 0.0, 1.0)
    return np.asarray(feed.weight * reached * feed.instrument.tonnes_per_year)
