"""Output of each run to a Zarr folder as it is simulated, so that memory does not grow with the runs.

Runs are written in pieces: every array has one chunk for each piece, so that processes that write other pieces never
meet, and a piece that is written again, as after a fault, is the same piece. Arrays are laid out once, by whoever has
the first piece done, in a folder that is renamed when it is complete. Events of a restriction have more places than are
ever used; chunks without any event are not written, and the places left over are cut off in the end.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.chunk import WIDEST
from sim.engine.parts import Part, Stored, together
from sim.errors import ResultError
from sim.text import as_text
from sim.variables import RUN, SLOT

if TYPE_CHECKING:
    import xarray as xr

    from sim.engine.ensemble import Ensemble

PIECE = WIDEST
"""Runs of a piece: some 40 MB of the bundled chain, twice that while it is written; 4,000 files for 100,000 runs."""
MOST_EVENTS = 1024
"""Events of a restriction in a run that can be written."""
Groups = Mapping[str, "xr.Dataset"]
Arrays = dict[str, Any]
"""Arrays of a folder, open, by their paths."""


@dataclass(frozen=True)
class Stream:
    """A folder that takes the output of each run; every process that writes to it has one of its own.

    Example
    -------
    >>> import sim, tempfile, xarray as xr
    >>> with tempfile.TemporaryDirectory() as place:
    ...     results = sim.run(sim.load("still", overrides=["time.years=0.5"]), runs=2, stream=f"{place}/runs.zarr")
    ...     stored = xr.open_zarr(f"{place}/runs.zarr", group="runs", consolidated=False).sizes["run"]
    >>> "runs" in results.children, stored
    (False, 2)
    """

    folder: Path
    first: int
    """Number of the first run."""
    runs: int

    @property
    def piece(self) -> int:
        """Runs of a piece; the last may be shorter."""
        return min(PIECE, self.runs)

    def stored(self, ensemble: Ensemble, parts: Iterable[Part]) -> Iterator[Stored]:
        """Write parts, in order and without gaps within a piece; yields each piece once it is on disk.

        Raises
        ------
        ResultError: A restriction has more events in a run than can be written.
        OSError: Writing failed.
        """
        waiting: list[Part] = []
        opened: Arrays = {}
        for part in parts:
            waiting.append(part)
            end = self.first + self.runs
            due = min(end, waiting[0].first + self.piece - (waiting[0].first - self.first) % self.piece)
            if part.stop == due:
                # The piece holds copies: what it is made of goes before it is labelled and written.
                piece, waiting = together(waiting), []
                yield self._write(ensemble, piece, opened)
        if waiting:
            raise ValueError("the parts do not fill their pieces")

    def lacks(self, ranges: Iterable[range]) -> bool:
        """Whether chunks of some of these runs, all of whole pieces, are not on disk."""
        if not (self.folder / "zarr.json").is_file():
            return True
        wanted = [each for runs in ranges for each in runs[:: self.piece]]
        for name, sizes in self._arrays():
            if SLOT in sizes:
                continue  # Not written where there is no event.
            for run in wanted:
                place = [str((run - self.first) // self.piece) if dim == RUN else "0" for dim in sizes]
                chunk = self.folder.joinpath(name, "c", *place)
                if 0 not in sizes.values() and not chunk.is_file():
                    return True
        return False

    def finish(self, slots: int) -> None:
        """Number the runs and the events, of which there are as many places as in the run that has most."""
        import xarray as xr
        import zarr

        numbers = {RUN: np.arange(self.first, self.first + self.runs), SLOT: np.arange(slots)}
        dims: dict[str, set[str]] = {}
        for name, sizes in self._arrays():
            dims.setdefault(name.split("/")[0], set()).update(sizes)
            if SLOT in sizes:
                _cut(self.folder / name / "zarr.json", list(sizes).index(SLOT), slots)
        for group in self._groups():
            used = {RUN, *dims.get(group, ())} & set(numbers)
            coords = {dim: numbers[dim] for dim in numbers if dim in used}
            # Its attributes say which variables are coordinates; to add to a group leaves only what is added.
            before = dict(zarr.open_group(self.folder, path=group, mode="r").attrs)
            xr.Dataset(coords=coords).to_zarr(self.folder, group=group, mode="a", zarr_format=3, consolidated=False)
            zarr.open_group(self.folder, path=group, mode="r+").attrs.update(before)

    def _write(self, ensemble: Ensemble, part: Part, opened: Arrays) -> Stored:
        import zarr

        groups = ensemble.per_run(part, range(part.first, part.stop))
        slots = int(part.shocks.onset.shape[1])
        if slots > MOST_EVENTS:
            raise ResultError(
                f"the scenario has {slots:,} events of one restriction in one run, more than a .zarr result can hold "
                f"({MOST_EVENTS:,}); shorten its horizon, or write a .nc file"
            )
        if not self.folder.exists():
            self._lay_out(groups)
        begin = part.first - self.first
        at = {RUN: slice(begin, begin + part.stop - part.first), SLOT: slice(0, slots)}
        for group, data in groups.items():
            for name, values in _of_runs(data):
                path = f"{group}/{name}"
                if path not in opened:  # To open one takes longer than to write a small piece.
                    opened[path] = zarr.open_array(self.folder, path=path, mode="r+", zarr_format=3)
                opened[path][tuple(at.get(str(dim), slice(None)) for dim in values.dims)] = values.values
        return Stored(part.first, part.stop, slots)

    def _lay_out(self, groups: Groups) -> None:
        """Make the folder with all arrays of the groups, empty, unless another process has."""
        import xarray as xr

        partial = self.folder.with_name(f"{self.folder.name}.{secrets.token_hex(4)}.partial")
        try:
            xr.Dataset().to_zarr(partial, mode="w-", zarr_format=3, consolidated=False)
            for group, data in groups.items():
                arrays = dict(_of_runs(data))
                rest = data.drop_vars([*arrays, *(set(data.coords) & {RUN, SLOT})])
                as_text(rest).to_zarr(partial, group=group, mode="a", zarr_format=3, consolidated=False)
                for name, values in arrays.items():
                    self._lay_out_one(partial, f"{group}/{name}", values)
            os.rename(partial, self.folder)
        except OSError:
            if not self.folder.exists():
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def _lay_out_one(self, folder: Path, name: str, values: xr.DataArray) -> None:
        import zarr
        from zarr.codecs import ZstdCodec

        shape = {str(dim): size for dim, size in values.sizes.items()} | {RUN: self.runs}
        chunks = {dim: max(size, 1) for dim, size in shape.items()} | {RUN: self.piece}
        if SLOT in shape:
            shape[SLOT], chunks[SLOT] = MOST_EVENTS, 1
        zarr.create_array(
            folder,
            name=name,
            shape=tuple(shape.values()),
            chunks=tuple(chunks.values()),
            dtype=values.dtype,
            fill_value=np.nan if values.dtype.kind == "f" else -1,
            # A checksum in every chunk: damage is found when it is read.
            compressors=ZstdCodec(level=1, checksum=True),
            attributes=dict(values.attrs),
            dimension_names=tuple(shape),
            config={"write_empty_chunks": SLOT not in shape},
            zarr_format=3,
        )

    def _groups(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.glob("*/zarr.json"))

    def _arrays(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Names of the arrays with a value a run, with sizes by dimension."""
        for path in sorted(self.folder.glob("*/*/zarr.json")):
            found = json.loads(path.read_text(encoding="utf-8"))
            sizes = dict(zip(found.get("dimension_names") or (), found.get("shape", ()), strict=True))
            if RUN in sizes and path.parent.name != RUN:
                yield path.parent.relative_to(self.folder).as_posix(), sizes


def _of_runs(data: xr.Dataset) -> Iterator[tuple[str, xr.DataArray]]:
    """Variables of a group with a value for each run."""
    for name, values in data.data_vars.items():
        if RUN in values.dims:
            yield str(name), values


def _cut(metadata: Path, axis: int, size: int) -> None:
    """Shorten an axis of an array, beyond which nothing was written."""
    found = json.loads(metadata.read_text(encoding="utf-8"))
    found["shape"][axis] = size
    partial = metadata.with_name(f"{metadata.name}.partial")
    partial.write_text(json.dumps(found), encoding="utf-8")
    os.replace(partial, metadata)
