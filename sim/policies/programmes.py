"""Rationing classes, more feed, more substitution and money for buyers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sim.chain.arrays import first_alike
from sim.chain.reference import Reference
from sim.core.drivers import Aids
from sim.core.state import Chain, Ints, records
from sim.policies.acting import Acting, Rates, Values, acting
from sim.scenario.models import Time
from sim.scenario.programmes import DemandSupport, Feed, Priority, Research


def with_programmes(chain: Chain, reference: Reference) -> Chain:
    """The chain as programmes change it."""
    growth = chain.building.growth.copy()
    for feed in acting(reference, Feed):
        for index, process in enumerate(reference.processes):
            if process.recipe_name == feed.instrument.recipe and process.region in feed.instrument.regions:
                added = added_tonnes(feed, reference.scenario.time) / process.activity
                growth[index] += added.astype(growth.dtype)
    drivers = chain.drivers._replace(research=_researched(chain, reference), rated=_rated(chain, reference))
    return chain._replace(drivers=drivers, building=chain.building._replace(growth=growth))


def _researched(chain: Chain, reference: Reference) -> Values:
    """Factor on the slow elasticity of each use, shape (use, period); no rows where there is no research."""
    found = chain.drivers.research.astype(float)
    for research in acting(reference, Research):
        if not found.size:
            found = np.ones((len(reference.uses), reference.scenario.periods))
        for index, use in enumerate(reference.uses):
            if use.sector in research.instrument.sectors and use.region in research.instrument.regions:
                found[index] *= 1.0 + research.weight * research.instrument.raises
    return found.astype(chain.drivers.research.dtype)


def _rated(chain: Chain, reference: Reference) -> Ints:
    """Where a rating puts a use into the first class: periods of which at least half lie within its dates."""
    found = chain.drivers.rated
    for rating in acting(reference, Priority):
        if not found.size:
            found = np.zeros((len(reference.uses), reference.scenario.periods), dtype=np.int32)
        begin, end = rating.instrument.span(reference.scenario.time)
        for index, use in enumerate(reference.uses):
            if use.sector in rating.instrument.sectors and use.region in rating.instrument.regions:
                found[index, begin:end] = 1
    return found


def with_aids(chain: Chain, reference: Reference, rates: Rates) -> Chain:
    """The chain with money for what sectors buy."""
    found: list[tuple[int, int, int, float]] = []
    for support in acting(reference, DemandSupport):
        terms = support.instrument
        for index, use in enumerate(reference.uses):
            if use.sector in terms.sectors and use.region in terms.regions and use.product in terms.products:
                price = reference.products[use.product].price_usd_per_kg
                share = terms.share_of_price if terms.usd_per_kg is None else terms.usd_per_kg / price
                assert share is not None, "the model asks for one of the two"
                found.append((index, rates.add(support.weight * share), support.account, price))
    found.sort(key=lambda entry: entry[0])
    rows = Aids(
        row=np.array([entry[1] for entry in found], dtype=np.int32),
        account=np.array([entry[2] for entry in found], dtype=np.int32),
        price=np.array([entry[3] for entry in found], dtype=float),
    )
    starts = np.searchsorted([entry[0] for entry in found], np.arange(len(reference.uses) + 1)).astype(np.int32)
    aids = records(rows, chain.markets.inventory.dtype.type)
    return chain._replace(drivers=chain.drivers._replace(aids=aids, aid_starts=starts))


def with_leaders(chain: Chain) -> Chain:
    """The chain whose uses follow only those that get the same aids and whose research is the same."""
    drivers, uses = chain.drivers, chain.uses.copy()
    researched = [factors.tobytes() for factors in drivers.research] or [b""] * uses.size
    aided = [tuple(drivers.aids.row[begin:end]) for begin, end in pairwise(drivers.aid_starts)]
    uses.leader[:] = first_alike(uses.leader, researched, aided)
    return chain._replace(uses=uses)


def added_tonnes(feed: Acting[Feed], time: Time) -> Values:
    """Activity that a programme adds in a region, t a year, shape (period,)."""
    step = 12.0 / time.periods_per_year
    begins = time.months_to(feed.instrument.start) if feed.instrument.start is not None else 0.0
    age = step * (np.arange(time.periods) + 0.5) - begins
    reached = np.clip(age / feed.instrument.months, 0.0, 1.0)
    return np.asarray(feed.weight * reached * feed.instrument.tonnes_per_year)
