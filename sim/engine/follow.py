"""One run, followed closely: monthly paths with the licence rent and what part of trade was legal.

For questions that try many sets of parameters; `Follower` builds the arrays once for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim import chain as chains
from sim.chain import Reference
from sim.core import allocate, fields, loop
from sim.core.apart import needed_by
from sim.engine import machine_code
from sim.engine.chunk import Clock
from sim.policies import driven
from sim.projects import followed as projects_followed
from sim.scenario import Scenario
from sim.scenario.measures import Leaking
from sim.scenario.parameters import Parameters
from sim.scenario.restrictions import ExportQuota
from sim.shocks import sample

LANES = 16
"""Runs simulated side by side: the fewest that fill a vector; the first of them is kept."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Path:
    """Monthly path of one run; the first axis is always the month."""

    reference: Reference
    price: Values
    """Quoted price over its reference, shape (month, market)."""
    transacted: Values
    """Transacted price over its reference, shape (month, market)."""
    shipment: Values
    """Shipments, t in the month, shape (month, route)."""
    legal: Values
    """Share of each route that was declared at the end of the month, shape (month, route)."""
    rent: Values
    """Licence rent of each restriction at the end of the month, USD/kg, shape (month, restriction)."""
    stopped: Values
    """Need that stood still for want of material, t in the month, shape (month, sector in a region)."""

    @cached_property
    def route_at(self) -> dict[tuple[str, str, str], int]:
        """Position of each route by product, origin and destination."""
        return {
            (route.product, route.origin, route.destination): index for index, route in enumerate(self.reference.routes)
        }


def follow(scenario: Scenario, *, run: int = 0, seed: int | None = None, like: Reference | None = None) -> Path:
    """Simulate one run of a scenario and return its monthly path.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    run: Number of the run: its shocks are those of the same run of `sim.run`.
    seed: Seed of all random draws; the scenario's `ensemble.seed` by default.
    like: Reference state of a scenario that differs in restrictions and parameters only; to reconcile the chain
        anew takes most of the time.

    Raises
    ------
    ScenarioError: The chain cannot be balanced.

    Example
    -------
    >>> from sim.scenario import load
    >>> path = follow(load("still", overrides=["time.years=1"]))
    >>> path.price.shape[0], round(float(abs(path.price - 1.0).max()), 4)
    (12, 0.0)
    """
    return Follower(scenario, like=like).path(run=run, seed=seed)


class Follower:
    """A scenario made ready once, to be followed with other parameters: what they leave alone is not made again."""

    def __init__(self, scenario: Scenario, *, like: Reference | None = None) -> None:
        """Build the chain and its arrays.

        Parameters
        ----------
        scenario: What `sim.load` returned.
        like: As for `follow`.

        Raises
        ------
        ScenarioError: The chain cannot be balanced.
        """
        self.reference = chains.build(scenario) if like is None else _retuned(like, scenario)
        self._clock = Clock(scenario.periods, scenario.time.periods_per_year)
        self._stretches = _stretches(scenario, self._clock)
        self._chain = driven(chains.core_arrays(self.reference), self.reference, exports=False)
        machine_code.make_ready(needed_by(self._chain), full=False)
        self._start = allocate.block_at_reference(self._chain, LANES)

    def path(self, parameters: Parameters | None = None, *, run: int = 0, seed: int | None = None) -> Path:
        """Simulate one run and return its monthly path.

        Parameters
        ----------
        parameters: In place of those that the scenario has for the run.
        run: Number of the run.
        seed: Seed of all random draws; the scenario's `ensemble.seed` by default.
        """
        scenario, clock = self.reference.scenario, self._clock
        wanted = scenario.parameters_of(run) if parameters is None else parameters
        chain = chains.tuned(self._chain, scenario.parameters, wanted, clock.dt)
        if chain is None:
            other = scenario.model_copy(update={"parameters": wanted})
            return Follower(other, like=self.reference).path(run=run, seed=seed)
        seed = scenario.ensemble.seed if seed is None else seed
        events = sample(scenario, self.reference, first=run, runs=LANES, seed=seed).events(clock.dt)
        projects = projects_followed(self.reference, first=run, runs=LANES, seed=seed)
        block = allocate.copy(self._start)
        kept = allocate.monthly_record(chain, clock.count, 1, LANES, traced_routes=True)
        record = allocate.of_block(kept, 0)
        legal, rent = np.ones((clock.count, chain.routes.size)), np.zeros((clock.count, chain.rules.size))
        for begin, end in self._stretches:
            loop.simulate(chain, events, projects, 0, begin, end, clock.months, clock.weights, block, record)
            month = clock.months[end - 1]
            rent[month] = block.restriction[fields.RENT, :, 0]
            declared = block.crossing[fields.LEGAL, :, 0].astype(float)
            sent = declared + block.crossing[fields.FREE, :, 0]
            legal[month, chain.crossings.route] = np.divide(declared, sent, out=np.ones_like(sent), where=sent > 0.0)
        first = {
            name: getattr(record, name)[..., 0].astype(float) for name in ("price", "transacted", "route", "stopped")
        }
        return Path(
            reference=self.reference,
            price=first["price"],
            transacted=first["transacted"],
            shipment=first["route"],
            legal=legal,
            rent=rent,
            stopped=first["stopped"],
        )


def _retuned(like: Reference, scenario: Scenario) -> Reference:
    """The reference state with other restrictions and parameters; built anew where more than these differ."""
    before = like.scenario
    same = all(getattr(before, key) == getattr(scenario, key) for key in ("chain", "time", "growth", "capacity"))
    same &= before.ensemble.chain_draw == scenario.ensemble.chain_draw
    if not same or before.parameters.latent_share != scenario.parameters.latent_share:
        return chains.build(scenario)
    found = replace(like, scenario=scenario)
    # Neither flows nor trend know restrictions or parameters.
    vars(found).update(flows=like.flows, trend=like.trend)
    return found


def _stretches(scenario: Scenario, clock: Clock) -> list[tuple[int, int]]:
    """Periods simulated in one go: a month each where rent or smuggling is to be read after it, else all of them.

    Entering the compiled core takes as long as ten periods in it.
    """
    watched = any(
        isinstance(measure, ExportQuota) or (isinstance(measure, Leaking) and measure.leak(np.zeros(1))[0] > 0.0)
        for measure in scenario.measures.values()
    )
    if not watched:
        return [(0, clock.periods)]
    begins = np.flatnonzero(np.diff(clock.months, prepend=-1)).tolist()
    return list(pairwise([*begins, clock.periods]))
