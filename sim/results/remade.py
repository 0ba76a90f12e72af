"""The chain a result stands on, made again from what the result says of itself."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from sim import chain as chains
from sim.chain.reference import Reference
from sim.errors import ResultError, ScenarioError
from sim.results.lookup import scenario_data
from sim.scenario import Scenario, parse


def scenario(results: xr.DataTree, *, folder: Path | None = None) -> Scenario:
    """The scenario of a result with the tables it was made from.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    folder: Folder that the scenario's chain is relative to; the working folder by default. Bundled chains need none.

    Raises
    ------
    ResultError: The tables are not found, or are others than those of the result.
    """
    try:
        found = parse(scenario_data(results), folder=Path.cwd() if folder is None else folder)
    except ScenarioError as error:
        name = scenario_data(results).get("chain", "")
        reason = str(error).splitlines()[0]
        raise ResultError(f"the chain '{name}' of the result cannot be read again ({reason})") from None
    kept = str(results.attrs.get("tables_digest", ""))
    if kept and kept != found.tables.digest:
        raise ResultError(
            f"the tables of chain '{found.chain}' have changed since the result was made "
            f"({found.tables.digest[:12]} now, {kept[:12]} then); run the scenario again"
        )
    return found


def reference(results: xr.DataTree, *, folder: Path | None = None) -> Reference:
    """The reconciled chain of a result; parameters and errors as for `scenario`.

    Example
    -------
    >>> import sim
    >>> results = sim.run(sim.load("still", overrides=["time.years=1"]), runs=1)
    >>> len(reference(results).regions)
    13
    """
    return chains.build(scenario(results, folder=folder))
