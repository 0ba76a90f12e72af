"""A scenario ready to run: its chain as arrays, what is counted over runs, and what is kept of each."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import chain as chains
from sim.algebra import on_one_thread
from sim.chain import stability
from sim.chain.reference import Reference
from sim.core.apart import needed_by
from sim.core.full import LANES
from sim.core.state import Chain
from sim.engine import baseline, labels, machine_code, outcomes, parts
from sim.engine.chunk import CHUNK, Chunk, Clock, Drawn, by_run, lanes_of, months_of, size_of
from sim.engine.collector import Collector
from sim.engine.keepers import keepers
from sim.engine.monthly import DELIVERY, checked
from sim.engine.parts import Draw, Part, UnderWay
from sim.policies import driven
from sim.scenario import Scenario
from sim.variables import PER_RUN, RUN, SECTOR_CLASSES, Path

if TYPE_CHECKING:
    import xarray as xr

TRACED_AT_ONCE = 128
"""Runs traced in one go: every route of every one of them is kept."""


class Ensemble:
    """Simulates runs of one scenario, in any ranges and any order; counts add up over all of them."""

    @on_one_thread
    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int,
        runs: int = CHUNK,
        threads: int = 1,
        follow: Iterable[Path | str] = (),
        monthly: Collection[str] = (),
        per_run: Collection[str] | None = None,
        draw: Draw | None = None,
        reference: Reference | None = None,
        distribution: bool = True,
        sparing: bool = False,
    ) -> None:
        """Balance the chain and begin with no runs.

        Parameters
        ----------
        seed: Seed of all random draws.
        runs: Number of runs; more may follow.
        threads: Threads that simulate them.
        follow: Rows whose monthly paths are kept.
        monthly: Variables whose monthly paths are kept of all rows.
        per_run: Variables of `/runs` and `/years` that are kept; all by default.
        draw: Where shocks and projects come from instead of the seed.
        reference: The chain of the scenario, if it is balanced already.
        distribution: Whether all monthly variables are counted over runs, or only those that `per_run` needs.
        sparing: Whether little is recorded at a time, where memory is dearer than time.

        Raises
        ------
        ScenarioError: The chain cannot be balanced, or what is to be kept does not exist or is too much.
        """
        self.scenario, self.seed, self.follow = scenario, seed, tuple(follow)
        with ThreadPoolExecutor(1) as pool:  # Files are read and their digests made without Python's lock.
            looked_through = pool.submit(machine_code.discard_damaged)
            self.reference = reference or chains.build(scenario)
            looked_through.result()
        self.chosen = None if per_run is None else outcomes.known(per_run)
        exports = self.chosen is None or "lost_exports" in self.chosen
        self.chain = driven(chains.core_arrays(self.reference), self.reference, exports=exports)
        self._lanes = lanes_of(grouped=scenario.posterior is not None)
        machine_code.make_ready(needed_by(self.chain), full=self._lanes == LANES)
        self.clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
        given = scenario.posterior.sets if scenario.posterior is not None else ()
        self.sets = tuple(self._with(values) for values in given)
        counted = None if distribution else outcomes.counted(outcomes.NAMES if self.chosen is None else self.chosen)
        self._threads, self._sparing = threads, sparing
        self._size = size_of(threads, self._lanes, sparing=sparing)
        blocks = -(-min(runs, self._size) // self._lanes)
        self.collector = Collector(self.reference, self.chain, self.clock, blocks, self._lanes, counted=counted)
        self.monthly = checked(monthly, runs=runs, cells=self.clock.count * len(self.reference.markets))
        self.keepers = keepers(
            self.reference,
            self.collector,
            self.clock,
            follow=self.follow,
            monthly=self.monthly,
            per_run=self.chosen,
        )
        self._draw = draw or partial(parts.drawn, seed=seed)

    def _with(self, values: dict[str, float]) -> Chain:
        """The chain with some parameters set anew; only those may differ between runs that allow it."""
        before = self.scenario.parameters
        found = chains.tuned(self.chain, before, before.model_copy(update=values), self.clock.dt)
        assert found is not None
        return found

    @property
    def key(self) -> dict[str, Any]:
        """All that decides what its runs are and what is kept of them, but for where they are drawn from."""
        kept = [f"{keeper.group} {chosen}" for keeper in self.keepers for chosen in ("", *keeper.choice)]
        return {
            "scenario": self.scenario.text,
            "tables": self.scenario.tables.digest,
            "seed": self.seed,
            "kept": [text.strip() for text in kept],
        }

    def simulate(
        self, ranges: Sequence[range], pool: ThreadPoolExecutor, under_way: UnderWay | None = None
    ) -> Iterator[Part]:
        """Simulate and count ranges of runs; yields what is kept of each chunk.

        Parameters
        ----------
        ranges: Runs.
        pool: Threads.
        under_way: Told how far a chunk has come.
        """
        if not ranges:
            return
        size = max(min(len(each), self._size) for each in ranges)
        drawn = parts.draws(self.reference, ranges, self._draw, pool, lanes=self._lanes, size=size)
        yield from self._simulated(drawn, size, pool, under_way)

    def pick(self, numbers: Sequence[int], pool: ThreadPoolExecutor) -> Part:
        """Simulate and count chosen runs, side by side in the order given."""
        size = min(len(numbers), self._size)
        drawn = parts.draws_of(self.reference, numbers, self.seed, lanes=self._lanes, size=size)
        return parts.together(self._simulated(drawn, size, pool))

    def _simulated(
        self, drawn: Iterable[Drawn], size: int, pool: ThreadPoolExecutor, under_way: UnderWay | None = None
    ) -> Iterator[Part]:
        followed = bool(self.collector.found) or any(keeper.by_month for keeper in self.keepers)
        months = months_of(size, sparing=self._sparing) if followed else 0
        routes = DELIVERY in self.monthly
        chunk = Chunk(self.chain, self.clock, size, routes=routes, months=months, sets=self.sets, lanes=self._lanes)
        yield from parts.simulated(chunk, self.collector, self.keepers, drawn, pool, under_way)

    def per_run(self, part: Part, numbers: Sequence[int]) -> dict[str, xr.Dataset]:
        """Groups with a value for each run, labelled with the numbers of the runs."""
        coords = self._coords | {RUN: np.array(numbers)}
        kinds = [str(restriction.kind) for restriction in self.scenario.measures.values()]
        work = {
            keeper.group: partial(keeper.dataset, part.kept.get(keeper.group, {}), coords) for keeper in self.keepers
        }
        work |= {"shocks": partial(labels.shocks, part.shocks, kinds, coords)}
        with ThreadPoolExecutor(self._threads) as pool:
            tree = dict(zip(work, pool.map(lambda make: make(), work.values()), strict=True))
        return tree | ({"parameters": labels.parameters(self.scenario, numbers)} if self.sets else {})

    def distribution(self) -> xr.Dataset:
        """`/distribution` of all runs counted so far."""
        rows = {name: plan.labels for name, plan in self.collector.plans.items()}
        return labels.distribution(self.collector.found, rows, self._coords)

    def path(self) -> xr.Dataset:
        """`/reference`: the path without shocks."""
        return baseline.dataset(self.reference, self.chain, self.clock)

    def traces(self, runs: range, pool: ThreadPoolExecutor) -> xr.Dataset:
        """Simulate chosen runs again, keeping every route: the same bits, since a run depends on its number only."""
        import xarray as xr

        found = []
        size = min(len(runs), TRACED_AT_ONCE)
        chunk = Chunk(self.chain, self.clock, size, traced=True, sets=self.sets, lanes=self._lanes)
        rows = {name: plan.labels for name, plan in self.collector.plans.items()}
        draws = parts.draws(self.reference, [runs], self._draw, pool, lanes=self._lanes, size=size)
        # All months come at once.
        for months in chunk.simulated(draws, pool):
            months.wait()
            first, used = months.drawn.first, months.drawn.size
            here = self._coords | {RUN: np.arange(first, first + used)}
            paths = self.collector.paths(months.record, used, pool)
            found.append(labels.traces(paths, rows, by_run(months.record.route, used), here))
        return xr.concat(found, dim=RUN)

    @property
    def _coords(self) -> dict[str, Any]:
        return labels.coordinates(self.reference, self.clock.count)

    def provenance(self, *, runs: int, first: int) -> dict[str, Any]:
        """All that is needed to make the result again and to judge it."""
        from sim import __version__

        changes = [
            {
                "name": change.name,
                "confidence": change.confidence,
                "published": change.published,
                "reconciled": change.reconciled,
            }
            for change in self.reference.changes
        ]
        return {
            "title": self.scenario.title,
            "oreflow_version": __version__,
            "scenario": self.scenario.text,
            "scenario_file": self.scenario.path.name if self.scenario.path else "",
            "tables_digest": self.scenario.tables.digest,
            "seed": self.seed,
            "runs": runs,
            "first_run": first,
            "reconciliation": json.dumps(changes),
            "certificate": _certificate(self.scenario),
            SECTOR_CLASSES: json.dumps({row.sector: row.sector_class for row in self.scenario.tables.sectors}),
            **({} if self.chosen is None else {PER_RUN: ",".join(self.chosen)}),
        }


def _certificate(scenario: Scenario) -> str:
    """The stored stability certificate, as JSON; empty where the chain has none with these parameters and steps."""
    found = stability.stored(scenario)
    return json.dumps(asdict(found)) if found is not None else ""
