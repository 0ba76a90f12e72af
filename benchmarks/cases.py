"""Named cases that speed is measured on, ready for the core."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import sim
from sim.chain import build, core_arrays
from sim.chain.reference import Reference
from sim.core.full import LANES
from sim.core.state import Chain, Events, ProjectDraws
from sim.engine.chunk import Clock
from sim.policies import driven
from sim.projects import followed
from sim.scenario import Scenario
from sim.shocks import sample


class Case(NamedTuple):
    """A bundled scenario, with keys set otherwise."""

    scenario: str
    overrides: tuple[str, ...] = ()


STAGES = '["mining", "separation", "metal", "alloy", "block", "magnet"]'
RESERVE = (
    'kind = "stockpile", regions = ["US"], days = { ndpr_oxide = 60, dy_oxide = 180, magnet_hc = 60 }, initial = 0.5, '
    "months_to_fill = 36, relief_above = 1.1, sell_above = 3.0"
)
CASES = {
    "still": Case("still"),
    "baseline": Case("baseline"),
    "everything": Case(
        "section_232",
        ('origin.listed=["CN"]', f"origin.stages={STAGES}", f"policies.reserve={{ {RESERVE} }}"),
    ),
}
"""No shocks and no growth; random restrictions, capacity that answers and named projects; these with eight kinds of
policy, a stockpile and origins followed: all physics there is."""


@dataclass(frozen=True)
class Ready:
    """A case as the core takes it, with the draws of its first runs."""

    name: str
    scenario: Scenario
    reference: Reference
    chain: Chain
    clock: Clock
    events: Events
    projects: ProjectDraws

    @property
    def entities(self) -> dict[str, int]:
        """Entities that take part: markets, processes, routes (latent ones too, since they are followed) and uses."""
        return {kind: len(getattr(self.reference, kind)) for kind in ("markets", "processes", "routes", "uses")}

    @property
    def entity_steps(self) -> int:
        """Entities times periods of one run."""
        return sum(self.entities.values()) * self.clock.periods


def load(name: str) -> Scenario:
    """The scenario of a case, or a bundled scenario as it is."""
    case = CASES.get(name, Case(name))
    return sim.load(case.scenario, overrides=list(case.overrides))


def ready(name: str, *, runs: int = LANES) -> Ready:
    """Balance the chain of a case and draw its first runs, whole blocks of them."""
    scenario = load(name)
    reference = build(scenario)
    chain = driven(core_arrays(reference), reference)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    seed = scenario.ensemble.seed
    events = sample(scenario, reference, first=0, runs=runs, seed=seed).events(clock.dt)
    projects = followed(reference, first=0, runs=runs, seed=seed)
    return Ready(name, scenario, reference, chain, clock, events, projects)


def chain_hash(chain: Chain) -> str:
    """Digest of all arrays of a chain: figures of different chains are then not compared by accident."""
    digest = hashlib.blake2b(digest_size=8)
    for part in chain:
        for array in part if isinstance(part, tuple) else (part,):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
