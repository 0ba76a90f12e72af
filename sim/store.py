"""Write and read results with their provenance: NetCDF or Zarr, by the ending of the name.

A file appears under its final name only when it is complete: it is written beside it, under a name that ends in
`.partial`, and renamed. What a killed run leaves can be deleted; a folder being replaced waits under `.old`.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim import path_variables, variables
from sim.compression import encoding
from sim.errors import ResultError
from sim.text import as_labels, as_text
from sim.variables import PER_RUN, RUN, Variable

if TYPE_CHECKING:
    import xarray as xr

ENDINGS = (".nc", ".zarr")
FORMAT = "oreflow-results/3"
"""Attribute `format` of every result; another number means another layout."""
GROUPS: dict[str, tuple[Variable, ...]] = {
    "distribution": variables.DISTRIBUTION,
    "runs": variables.RUNS,
    "shocks": variables.SHOCKS,
    "parameters": variables.PARAMETERS,
    "capacity": variables.CAPACITY,
    "stockpiles": variables.STOCKPILES,
    "policies": variables.POLICIES,
    "years": variables.YEARS,
    "traces": variables.TRACES,
    "paths": variables.PATHS,
    "monthly": variables.MONTHLY,
    "reference": (*path_variables.REFERENCE, *path_variables.NAMES),
}
NEEDED_GROUPS = ("distribution", "runs", "shocks")
NEEDED_ATTRIBUTES = ("scenario", "seed", "runs", "oreflow_version")
NETCDF_MAGIC = b"\x89HDF\r\n\x1a\n"
TRACED = ("traces",)
"""Groups of chosen runs, which are few."""
MOST_IN_MEMORY = 2**30
"""Bytes of values by run that are read at once, unless told otherwise."""
FULL = 2**20
"""Bytes left on a disk that counts as full."""


def save(results: xr.DataTree, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write results to a file (`.nc`) or folder (`.zarr`), whole or not at all.

    Parameters
    ----------
    results: What `sim.run` returned.
    path: Where to; its folder must exist.
    overwrite: Whether a result that is already there may be replaced. Nothing else ever is.

    Returns
    -------
    The path written, links followed.

    Raises
    ------
    ResultError: The path cannot be used; nothing was written.
    OSError: Writing failed, as on a full disk; nothing is left of it.

    Example
    -------
    >>> import sim, tempfile
    >>> results = sim.run(sim.load("still", overrides=["time.years=1"]), runs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save(results, f"{folder}/still.nc")
    ...     open_results(path).attrs["runs"]
    1
    """
    final = check_target(path, overwrite=overwrite)
    labelled = results.copy()
    labelled.attrs = {**results.attrs, "format": FORMAT}
    with _beside(final) as partial:
        (_write_zarr if final.suffix == ".zarr" else _write_netcdf)(labelled, partial)
        _flush(partial)
        # A result of another process may have come to stand there meanwhile.
        _refuse_others(final, Path(path), overwrite=overwrite)
        _put_in_place(partial, final)
    return final


def complete(results: xr.DataTree, folder: Path, path: str | Path, *, overwrite: bool = False) -> Path:
    """Add groups to a Zarr folder that the other groups were written to, and put it in place, whole or not at all.

    Parameters
    ----------
    results: What `sim.run` returned that wrote its other groups to the folder.
    folder: That folder, on the same file system as the path; it stays where it is if anything fails.
    path: Where to, ending in `.zarr`.
    overwrite: Whether a result that is already there may be replaced.

    Returns
    -------
    The path written, links followed.

    Raises
    ------
    ResultError: The path cannot be used.
    OSError: Writing failed.
    """
    final = check_target(path, overwrite=overwrite)
    labelled = results.copy()
    labelled.attrs = {**results.attrs, "format": FORMAT}
    _write_zarr(labelled, folder, mode="a")
    _flush(folder)
    # A result of another process may have come to stand there meanwhile.
    _refuse_others(final, Path(path), overwrite=overwrite)
    _put_in_place(folder, final)
    return final


def check_target(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path with links followed, or say why a result cannot be written there; for use before a simulation.

    Raises
    ------
    ResultError: Unknown ending, missing or unwritable folder, or something there that may not be replaced.
    """
    final = checked_place(path, ENDINGS)
    _refuse_others(final, Path(path), overwrite=overwrite)
    return final


def checked_place(path: str | Path, endings: tuple[str, ...]) -> Path:
    """Return the path with links followed if its ending is known and its folder can be written.

    Raises
    ------
    ResultError: Unknown ending, missing or unwritable folder.
    """
    shown = Path(path)
    if shown.suffix not in endings:
        raise ResultError(f"{shown}: the ending must be one of {', '.join(endings)}")
    try:
        final = shown.resolve()
        folder = final.parent
        if not folder.is_dir():
            raise ResultError(f"{shown}: the folder {folder} does not exist; create it first")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ResultError(f"{shown}: the folder {folder} cannot be written; choose another one")
        final.exists()  # A name that is too long fails here.
    except (OSError, RuntimeError, ValueError) as error:
        raise ResultError(f"{shown}: cannot be used as a file name ({error}); choose another one") from None
    return final


def checked_file(path: str | Path, endings: tuple[str, ...], *, overwrite: bool = False) -> Path:
    """Return the path with links followed if a file that is no result can be written there.

    Raises
    ------
    ResultError: Unknown ending, missing or unwritable folder, or something there that may not be replaced.
    """
    final = checked_place(path, endings)
    if final.is_dir() or (final.exists() and not overwrite):
        raise ResultError(f"{path}: exists; choose another name, or allow it to be replaced (--overwrite)")
    return final


def open_results(path: str | Path, *, most: int = MOST_IN_MEMORY) -> xr.DataTree:
    """Read a result into memory and check that it is one.

    Parameters
    ----------
    path: A `.nc` file or `.zarr` folder that `save` or `sim run` wrote.
    most: Bytes of values by run that are read at once; of a `.zarr` folder with more, they are left on disk and read
        as they are asked for.

    Raises
    ------
    ResultError: Missing, foreign, damaged, or of another format.

    Example
    -------
    >>> open_results("none.nc")
    Traceback (most recent call last):
    sim.errors.ResultError: none.nc: does not exist; check the name and the folder
    """
    shown = Path(path)
    _check_kind(shown)
    try:
        # A file left open and then replaced can crash the NetCDF library at the next file it opens.
        with _read(shown) as opened:
            tree = _loaded(opened, shown, most)
    except (ResultError, KeyboardInterrupt):
        raise
    except Exception as error:  # The readers of both formats raise whatever they stumble over.
        raise ResultError(f"{shown}: is damaged or no oreflow result ({reason(error)})") from None
    _check_content(shown, tree)
    return _as_saved(tree)


def _loaded(opened: xr.DataTree, path: Path, most: int) -> xr.DataTree:
    """A tree in memory, but for groups of a Zarr folder that are too large for it."""
    large = {
        str(name): node.nbytes for name, node in opened.children.items() if RUN in node.sizes and name not in TRACED
    }
    if path.suffix != ".zarr" or sum(large.values()) <= most:
        return opened.load()
    tree = opened.copy()
    for name, node in opened.children.items():
        if str(name) not in large:
            tree[str(name)] = node.load()
    return tree


def is_result(path: Path) -> bool:
    """Whether a complete oreflow result stands at a path; looks at its attributes only."""
    try:
        _check_kind(path)
        with _read(path) as tree:
            return tree.attrs.get("format") == FORMAT
    except Exception:
        return False


def _refuse_others(final: Path, shown: Path, *, overwrite: bool) -> None:
    if not (final.exists() or final.is_symlink()):
        return
    if not is_result(final):
        raise ResultError(f"{shown}: exists and is not an oreflow result; it is left alone, choose another name")
    if not overwrite:
        raise ResultError(f"{shown}: exists; choose another name, or allow it to be replaced (--overwrite)")


def _of_disk(error: Exception, folder: Path) -> Exception:
    """An error in writing; a full disk, which the NetCDF library calls `HDF error`, by its name."""
    if isinstance(error, RuntimeError) and shutil.disk_usage(folder).free < FULL:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return error


@contextmanager
def _beside(final: Path) -> Iterator[Path]:
    """A name beside the final one, removed if it is still there at the end."""
    partial = final.with_name(f"{final.name}.{secrets.token_hex(4)}.partial")
    try:
        yield partial
    except (OSError, RuntimeError) as error:
        cause = _of_disk(error, final.parent)
        raise OSError(f"{final} could not be written ({reason(cause)}); nothing was saved") from cause
    finally:
        _remove(partial)


@contextmanager
def replacing(final: Path) -> Iterator[Path]:
    """A name to write a file or folder under; it takes the final name once the block ends well.

    Parameters
    ----------
    final: A path that `checked_place` returned.
    """
    with _beside(final) as partial:
        yield partial
        _flush(partial)
        _put_in_place(partial, final)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _put_in_place(partial: Path, final: Path) -> None:
    """Rename; a folder cannot be renamed over another, so the old one is kept until the new one stands."""
    if not (partial.is_dir() and final.is_dir()):
        os.replace(partial, final)
        return
    old = final.with_name(f"{final.name}.{secrets.token_hex(4)}.old")
    os.rename(final, old)
    try:
        os.rename(partial, final)
    except BaseException:
        os.rename(old, final)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _flush(path: Path) -> None:
    """Have everything on disk before the rename, or a power cut could leave an empty file under the final name."""
    for file in [path] if path.is_file() else [item for item in path.rglob("*") if item.is_file()]:
        with file.open("rb") as handle:
            os.fsync(handle.fileno())


def _write_netcdf(results: xr.DataTree, path: Path) -> None:
    results.to_netcdf(path, engine="netcdf4", format="NETCDF4", encoding=encoding(results))


def _write_zarr(results: xr.DataTree, path: Path, mode: Literal["w-", "a"] = "w-") -> None:
    text = results.map_over_datasets(as_text)
    text.attrs = results.attrs
    text.to_zarr(path, mode=mode, zarr_format=3, consolidated=False)


def _check_kind(path: Path) -> None:
    if path.suffix not in ENDINGS:
        raise ResultError(f"{path}: is not a result; give a file that ends in {' or '.join(ENDINGS)}")
    try:
        if not path.exists():
            raise ResultError(f"{path}: does not exist; check the name and the folder")
        if path.suffix == ".nc":
            if not path.is_file():
                raise ResultError(f"{path}: is not a file")
            with path.open("rb") as file:
                if file.read(len(NETCDF_MAGIC)) != NETCDF_MAGIC:
                    raise ResultError(f"{path}: is not a NetCDF 4 file, so no oreflow result")
        # Arrays of Zarr 2 can name a codec that unpickles; ours are never of that version.
        elif not (path / "zarr.json").is_file() or next(path.rglob(".zarray"), None) is not None:
            raise ResultError(f"{path}: is not a Zarr 3 folder, so no oreflow result")
    except OSError as error:
        raise ResultError(f"{path}: cannot be read ({reason(error)})") from None


def _read(path: Path) -> xr.DataTree:
    with warnings.catch_warnings():
        # What is damaged is said in one message of our own.
        warnings.simplefilter("ignore")
        return _opened(path)


def _opened(path: Path) -> xr.DataTree:
    import xarray as xr

    if path.suffix == ".nc":
        return xr.open_datatree(path, engine="netcdf4")
    return xr.open_datatree(path, engine="zarr", zarr_format=3, consolidated=False, chunks=None, cache=False)


def _check_content(path: Path, tree: xr.DataTree) -> None:
    if tree.attrs.get("format") != FORMAT:
        found = tree.attrs.get("format")
        what = f"is of format '{found}'" if isinstance(found, str) else "is no oreflow result"
        raise ResultError(f"{path}: {what}; this version reads {FORMAT}")
    lacking = [f"attribute {name}" for name in NEEDED_ATTRIBUTES if name not in tree.attrs]
    lacking += [f"group /{name}" for name in NEEDED_GROUPS if name not in tree.children]
    chosen = tree.attrs.get(PER_RUN)
    for group, declared in GROUPS.items():
        if group not in tree.children:
            continue
        kept = declared
        if group in ("runs", "years") and isinstance(chosen, str):
            kept = tuple(item for item in declared if item.name in chosen.split(","))
        lacking += [f"/{group}/{item.name}" for item in kept if not _is_there(tree[group], group, item)]
    if lacking:
        raise ResultError(f"{path}: is damaged; it lacks {', '.join(lacking)}")


def _is_there(node: Any, group: str, variable: Variable) -> bool:
    dims = (variables.QUANTILE, variables.MONTH, *variable.dims) if group == "distribution" else variable.dims
    if variable.name not in node.data_vars:
        return variable.optional
    return bool(node[variable.name].dims == dims)


def _as_saved(tree: xr.DataTree) -> xr.DataTree:
    """The tree as it was before it was written: plain attributes, labels of fixed width, other text as objects."""
    restored = tree.map_over_datasets(as_labels)
    restored.attrs = {name: _plain(value) for name, value in tree.attrs.items() if name != "format"}
    return restored


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def reason(error: BaseException) -> str:
    """What went wrong in one line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    line = " ".join(str(text).split())
    return line if len(line) <= 160 else line[:157] + "..."
