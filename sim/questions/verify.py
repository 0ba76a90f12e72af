"""Does a stored result hold what its scenario and seed give? Runs chosen at random are simulated again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path as PathName
from typing import Any

import numpy as np
import xarray as xr

from sim import __version__, engine
from sim.errors import Fault, ResultError, ScenarioError
from sim.questions.differences import Difference, differences, of_datasets
from sim.scenario import Scenario, parse
from sim.variables import MONTH, PER_RUN, REGION, RUN, SLOT, Path

SHARE = 0.01
"""Share of the runs that is simulated again unless another is asked for."""
FEWEST = 16
"""Runs that are simulated again at least, or all."""
TOLERANCE = 0.01
"""Difference over the largest figure of a variable that another type of processor may explain: 512 runs of the
baseline, compiled with and without fused multiply-add, differ by at most 0.005."""


@dataclass(frozen=True)
class Verification:
    """What came of simulating runs of a result again."""

    runs: tuple[int, ...]
    """Numbers of the runs."""
    of: int
    """Runs in the result."""
    figures: int
    """Figures compared."""
    differing: tuple[Difference, ...]
    """Variables that are not the same to the bit."""
    version: str
    """Version that made the result."""

    @property
    def holds(self) -> bool:
        """Whether every figure is the same to the bit."""
        return not self.differing

    @property
    def relative(self) -> float:
        """Largest difference over the largest figure of its variable; infinite where one is missing."""
        return max((each.relative for each in self.differing), default=0.0)


def verify(
    results: xr.DataTree,
    *,
    share: float = SHARE,
    choice: int | None = None,
    folder: str | PathName | None = None,
    threads: int | None = None,
) -> Verification:
    """Simulate some runs of a result again, from the scenario, seed and run numbers it holds, and compare the bits.

    The runs are simulated side by side, whatever their numbers were: in other blocks and lanes than before. With a
    share of 1 the whole ensemble is simulated, and distributions, traces and provenance are compared as well. What was
    chosen to be kept, such as monthly paths, is kept again and compared.

    Parameters
    ----------
    results: What `sim.open_results` returned.
    share: Share of the runs, at least 16 of them.
    choice: Seed of the choice of runs; another choice every time by default.
    folder: Folder of the tables of the chain, if the chain is not a bundled one.
    threads: Threads; as many as the process may use processors by default.

    Raises
    ------
    ResultError: The scenario in the result cannot be run here, or its tables have changed.
    ValueError: `share` is not above 0 and at most 1.

    Example
    -------
    >>> import sim
    >>> results = sim.run(sim.load("still", overrides=["time.years=0.5"]), runs=20)
    >>> verify(results).holds
    True
    """
    if not 0.0 < share <= 1.0:
        raise ValueError("share must be above 0 and at most 1")
    scenario = embedded(results, folder=folder)
    stored = results["runs"].to_dataset()[RUN].values
    options = {"seed": int(results.attrs["seed"]), "threads": threads, **kept_of_each(results)}
    wanted = min(stored.size, max(FEWEST, int(np.ceil(share * stored.size))))
    at = np.sort(np.random.default_rng(choice).choice(stored.size, wanted, replace=False))
    if wanted == stored.size:
        made = engine.run(scenario, runs=stored.size, **options, **_of_all(results))
        kept, found = results, differences(results, made)
    else:
        made = engine.again(scenario, stored[at].tolist(), **options)
        kept = xr.DataTree.from_dict({name: results[name].to_dataset().isel({RUN: at}) for name in made.children})
        found = [each for name in made.children for each in _of_runs(str(name), kept, made)]
    figures = sum(data.size for name in made.children for data in made[name].data_vars.values())
    return Verification(
        tuple(stored[at].tolist()), stored.size, figures, tuple(found), str(results.attrs["oreflow_version"])
    )


def kept_of_each(results: xr.DataTree) -> dict[str, Any]:
    """What was chosen to be kept of each run, as options of `sim.run`.

    Example
    -------
    >>> import sim
    >>> scenario = sim.load("still", overrides=["time.years=0.5"])
    >>> results = sim.run(scenario, runs=1, follow=["price[dy_oxide, EU]"], monthly=["stopped"])
    >>> found = kept_of_each(results)
    >>> str(found["follow"][0]), found["monthly"], found["per_run"]
    ('price[dy_oxide, EU]', ('stopped',), None)
    """
    groups = {name: results[name].to_dataset() for name in ("paths", "monthly") if name in results.children}
    follow: list[Path] = []
    for name, values in groups["paths"].data_vars.items() if "paths" in groups else ():
        item = str(values.dims[2])
        there = values.isel({RUN: 0}).notnull().any(MONTH).transpose(item, REGION)
        follow += [
            Path(str(name), str(there[item].values[row]), str(there[REGION].values[column]))
            for row, column in np.argwhere(there.values)
        ]
    chosen = results.attrs.get(PER_RUN)
    return {
        "follow": tuple(follow),
        "monthly": tuple(map(str, groups["monthly"].data_vars)) if "monthly" in groups else (),
        "per_run": None if chosen is None else tuple(name for name in str(chosen).split(",") if name),
    }


def _of_all(results: xr.DataTree) -> dict[str, Any]:
    """What else a result holds of its ensemble, as options of `sim.run`."""
    return {
        "first": int(results.attrs.get("first_run", 0)),
        "traces": results["traces"].sizes[RUN] if "traces" in results.children else 0,
        "open_ended": "counts" in results.children,
    }


def embedded(results: xr.DataTree, *, folder: str | PathName | None = None) -> Scenario:
    """The scenario that a result holds, ready to run; its tables must be those it was made with.

    Parameters
    ----------
    folder: Folder that the name of a chain starts from, if the chain is not a bundled one.

    Raises
    ------
    ResultError: It cannot be read, or the tables are others.
    """
    attributes = results.attrs
    try:
        scenario = parse(json.loads(str(attributes["scenario"])), folder=None if folder is None else PathName(folder))
    except ScenarioError as error:
        version = str(attributes["oreflow_version"])
        made = "" if version == __version__ else f" (the result is of oreflow {version}, this is {__version__})"
        faults = [*error.faults, Fault("the result", "scenario", f"cannot be run here{made}", _cure(error))]
        raise ScenarioError(faults) from None
    except ValueError as error:
        raise ResultError(f"the scenario in the result is damaged ({error}); make the result again") from None
    digest = str(attributes.get("tables_digest", ""))
    if digest and digest != scenario.tables.digest:
        raise ResultError(
            f"the tables of the chain have changed since the result was made (digest {digest[:12]} then, "
            f"{scenario.tables.digest[:12]} now); give the folder of the former ones (--folder)"
        )
    return scenario


def _cure(error: ScenarioError) -> str:
    chain = any(fault.key == "chain" for fault in error.faults)
    return "give the folder of its chain (--folder)" if chain else "use the version that made it"


def _of_runs(group: str, kept: xr.DataTree, made: xr.DataTree) -> list[Difference]:
    """Differences of a group over chosen runs, among which fewer events may recur than in the whole ensemble."""
    one, other = kept[group].to_dataset(), made[group].to_dataset()
    found: list[Difference] = []
    slots = other.sizes.get(SLOT, 0)
    if one.sizes.get(SLOT, 0) > slots:
        beyond = one.onset.isel({SLOT: slice(slots, None)})
        if bool(beyond.notnull().any()):
            found.append(Difference(f"/{group}", "holds events that do not recur", int(beyond.notnull().sum()), np.inf))
        one = one.isel({SLOT: slice(slots)})
    return [*found, *of_datasets(group, one, other)]
