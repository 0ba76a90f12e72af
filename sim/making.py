"""An ensemble straight into a result file; into a Zarr folder with memory that does not grow with the runs."""

from __future__ import annotations

import ctypes
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import engine, store
from sim.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

    from sim.engine.checkpoint import Checkpoint


MOST_IN_MEMORY = 2**26
"""Bytes of values by run that are read back from a folder; more are read as they are asked for."""


def make(
    scenario: Scenario,
    path: str | Path,
    *,
    overwrite: bool = False,
    checkpoint: Checkpoint | None = None,
    **options: Any,
) -> xr.DataTree:
    """Simulate an ensemble and write its result, whole or not at all.

    Into a `.zarr` folder the groups with a value a run are written while runs are simulated, on a cluster by its
    workers; a `.nc` file is written in the end. The bits are those of `sim.run` and `sim.save`.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    path: File (`.nc`) or folder (`.zarr`) to write; its folder must exist.
    overwrite: Whether a result that is already there may be replaced.
    checkpoint: Where progress is kept; it is thrown away once the result stands.
    options: As of `sim.run`.

    Returns
    -------
    The result; of a large `.zarr` folder, groups with a value a run are read as they are asked for.

    Raises
    ------
    ResultError: The path cannot be used, or the checkpoint is of another ensemble.
    ScenarioError: The chain cannot be balanced, or what is to be kept does not exist or is too much.
    ClusterError: The workers of the client run other code, do not reach the folder, or the cluster is lost.
    OSError: Writing failed, as on a full disk; what a checkpoint holds stays.

    Example
    -------
    >>> import sim, tempfile
    >>> scenario = sim.load("still", overrides=["time.years=0.5"])
    >>> with tempfile.TemporaryDirectory() as place:
    ...     make(scenario, f"{place}/still.zarr", runs=2).identical(sim.run(scenario, runs=2))
    True
    """
    final = store.check_target(path, overwrite=overwrite)
    return write(simulate(scenario, final, checkpoint=checkpoint, **options), final, overwrite=overwrite)


@dataclass(frozen=True)
class Simulated:
    """An ensemble that is simulated and not yet a result file."""

    results: xr.DataTree
    """All groups, or those that are not in the folder."""
    folder: Path | None
    """Folder that the others were written to."""
    checkpoint: Checkpoint | None


def simulate(scenario: Scenario, path: Path, *, checkpoint: Checkpoint | None = None, **options: Any) -> Simulated:
    """Simulate an ensemble for a result file; the first half of `make`, which may be stopped at any moment.

    Parameters
    ----------
    path: File or folder that the result is for, as `store.check_target` returned it.
    checkpoint, options: As of `make`.

    Raises
    ------
    ResultError, ScenarioError, ClusterError, OSError: As of `make`.
    """
    if path.suffix != ".zarr" or any(options.get(name) is not None for name in ("more", "onto")):
        return Simulated(engine.run(scenario, checkpoint=checkpoint, **options), None, checkpoint)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.partial")
    folder = beside if checkpoint is None else checkpoint.output
    try:
        rest = engine.run(scenario, checkpoint=checkpoint, stream=folder, **options)
    except BaseException as error:
        shutil.rmtree(beside, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        raise _unwritten(path, error, checkpoint) from error
    return Simulated(rest, folder, checkpoint)


def write(found: Simulated, path: Path, *, overwrite: bool = False) -> xr.DataTree:
    """Make a result file of a simulated ensemble; the second half of `make`.

    Parameters
    ----------
    path: As of `simulate`.
    overwrite: Whether a result that is already there may be replaced.

    Returns
    -------
    The result, as `make` says.

    Raises
    ------
    ResultError: The path cannot be used.
    OSError: Writing failed.
    """
    results = found.results
    if found.folder is None:
        try:
            store.save(results, path, overwrite=overwrite)
        except OSError as error:
            if found.checkpoint is None or error.__cause__ is None:
                raise
            raise _unwritten(path, error.__cause__, found.checkpoint) from error
    else:
        try:
            store.complete(results, found.folder, path, overwrite=overwrite)
        except (OSError, RuntimeError) as error:
            raise _unwritten(path, error, found.checkpoint) from error
        finally:
            if found.checkpoint is None:
                shutil.rmtree(found.folder, ignore_errors=True)
        _give_back_memory()
        results = store.open_results(path, most=MOST_IN_MEMORY)
    if found.checkpoint is not None:
        found.checkpoint.discard()
    return results


def _give_back_memory() -> None:
    """Return to the system what has been let go, of which GNU's library keeps some 300 MB after an ensemble."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _unwritten(path: Path, error: BaseException, checkpoint: Checkpoint | None) -> OSError:
    kept = "nothing was saved" if checkpoint is None else checkpoint.left()
    return OSError(f"{path} could not be written ({store.reason(error)}); {kept}")
