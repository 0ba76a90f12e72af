"""Progress of an ensemble on disk, so that a run that was killed goes on where it stood.

A folder holds `key.json` (what is being made), `counts-N.npz` (all that has been counted, and of which runs) and
`runs-A-B.npz` (what is kept of runs A to B - 1), or `output.zarr` where the output of each run goes there as it comes.
Each file is written under another name and renamed when it is
complete, counts after the runs they count; so whatever dies, the folder holds a state that was true at some time.
Older counts are removed last. Arrays are read without unpickling; the archives carry checksums.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sim.engine import tallies
from sim.engine.collector import Collector
from sim.engine.parts import Part, Stored, part_of, together
from sim.engine.stream import Stream
from sim.errors import ProgressWarning, ResultError
from sim.locks import is_locked

ENDING = ".progress"
FORMAT = "oreflow-progress/1"
SHARE = 0.05
"""Most of the time of a run that may be spent on writing its progress."""
SOONEST = 25.0
"""Seconds between two times of writing, at least: the first, whose cost is not known yet, takes 1.2 s of `baseline`."""
KEY, LOCK, COUNTS, RUNS, OUTPUT = "key.json", "lock", "counts", "runs", "output.zarr"
OURS = re.compile(r"(key\.json|lock|reach|(counts|runs)(-\d{12}){1,2}\.npz|output\.zarr(\.\w+)?)(\.partial)?")
"""Names that a folder of progress may hold."""
WORDS = {
    "format": "format",
    "code": "version of oreflow or of a library",
    "scenario": "scenario",
    "tables": "chain",
    "seed": "seed",
    "first": "first run",
    "runs": "number of runs",
    "kept": "choice of what is kept",
    "output": "kind of file",
}
"""Entries of a key, as a message calls them."""
UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)


@lru_cache(maxsize=1)
def code_stamp() -> str:
    """Fingerprint of all that decides the figures: the source of the package and the libraries it calculates with."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    libraries = [f"{name} {version(name)}" for name in ("numpy", "numba", "llvmlite", "scipy")]
    digest.update(repr((libraries, platform.machine())).encode())
    return digest.hexdigest()


class Checkpoint:
    """A folder of progress, held by one process at a time.

    Example
    -------
    >>> import sim, tempfile
    >>> scenario = sim.load("still", overrides=["time.years=0.5"])
    >>> with tempfile.TemporaryDirectory() as place, Checkpoint(f"{place}/still.progress", pause=0.0) as kept:
    ...     results = sim.run(scenario, runs=2, checkpoint=kept)
    ...     kept.done
    [range(0, 2)]
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        replace: bool = False,
        pause: float | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Name a folder; nothing is read or written yet.

        Parameters
        ----------
        folder: Where to keep progress; made if need be, in a folder that exists.
        replace: Whether progress of another ensemble that is there may be thrown away.
        pause: Seconds between two times of writing; by default so many that writing takes 5 % of the time.
        tell: Called with what a user should know of damage or a full disk; by default a `ProgressWarning` is raised.
        """
        self.folder = Path(folder)
        self.done: list[range] = []
        """Ranges of runs whose output and counts are on disk."""
        self._replace, self._pause = replace, pause
        self._tell = tell or (lambda text: warnings.warn(text, ProgressWarning, stacklevel=3))
        self._cost = 0.0
        self._looked = time.monotonic()
        self._waiting: list[Part | Stored] = []
        self._stream: Stream | None = None
        self._slots = 0
        self._told = ""
        self._lock: Any = None

    @property
    def output(self) -> Path:
        """Where the output of each run goes, if it is written as it comes."""
        return self.folder.resolve() / OUTPUT

    def __enter__(self) -> Self:
        """Take hold of the folder.

        Raises
        ------
        ResultError: Another process holds it, or something else stands there.
        """
        if self.folder.is_symlink() or (self.folder.exists() and not self._is_ours()):
            raise ResultError(f"{self.folder}: is in the way of keeping progress; move it or choose another name")
        self.folder.mkdir(exist_ok=True)
        self._lock = (self.folder / LOCK).open("ab")
        if not is_locked(self._lock):
            self._lock.close()
            self._lock = None
            cure = "wait until it is done, or choose another name"
            raise ResultError(f"{self.folder}: another process is at work on this; {cure}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the folder."""
        self.close()

    def close(self) -> None:
        """Let go of the folder, which stays if it holds progress."""
        if self._lock is None:
            return
        if not self._numbered(COUNTS):
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()
        self._lock = None

    def begin(
        self, key: Mapping[str, Any], collector: Collector, stream: Stream | None = None
    ) -> list[Part] | list[Stored]:
        """Take up what is there of an ensemble; its counts go into the collector.

        Parameters
        ----------
        key: All that decides the ensemble; what belongs to another one is never taken up.
        collector: An empty collector.
        stream: Where the output of each run goes, if not here.

        Raises
        ------
        ResultError: The folder holds progress of another ensemble.
        """
        self._stream = stream
        kind = "in memory" if stream is None else f"pieces of {stream.piece}"
        wanted: dict[str, Any] = {"format": FORMAT, "code": code_stamp(), "output": kind, **key}
        self._clear_of_others(wanted)
        parts: list[Part] | list[Stored] = []
        for path in reversed(self._numbered(COUNTS)):
            try:
                parts = self._restored(path, collector)
                break
            except UNREADABLE as error:
                self._tell(f"{path}: is damaged ({reason(error)}); what only it held is simulated again")
        self.done = merged(range(part.first, part.stop) for part in parts)
        self._tidy()
        with written(self.folder / KEY) as partial:
            partial.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
        self._looked = time.monotonic()
        return parts

    def add(self, part: Part | Stored, collector: Collector, pool: Executor) -> None:
        """Note a part that the collector has counted; write now and then.

        A disk that is full does not end a simulation: it is said, and what is on disk already stays.
        """
        self._waiting.append(part)
        now = time.monotonic()
        pause = self._cost / SHARE if self._pause is None else self._pause
        if now - self._looked < max(pause, SOONEST if self._pause is None else 0.0):
            return
        try:
            self._write(collector, pool)
        except OSError as error:
            self._drop_uncounted()
            self._tell_once(f"{self.folder}: progress cannot be kept ({reason(error)}); the simulation goes on")
        self._looked = time.monotonic()
        self._cost = self._looked - now

    def left(self) -> str:
        """What is on disk, to end a message with."""
        runs = sum(map(len, self.done))
        return f"{runs:,} runs are kept in {self.folder}; the same command goes on" if runs else "nothing was written"

    def discard(self) -> None:
        """Throw the progress away, as when the result stands; the folder stays held until it is let go."""
        for path in [*self._numbered(COUNTS), *self._numbered(RUNS), self.folder / KEY]:
            path.unlink(missing_ok=True)
        for output in self.folder.glob(f"{OUTPUT}*"):
            shutil.rmtree(output, ignore_errors=True)
        self.done = []

    def _is_ours(self) -> bool:
        """Whether a folder holds nothing but progress."""
        if not self.folder.is_dir():
            return False
        return all(OURS.fullmatch(path.name) for path in self.folder.iterdir())

    def _clear_of_others(self, wanted: Mapping[str, Any]) -> None:
        if not self._numbered(COUNTS):
            self.discard()
            return
        try:
            found = json.loads((self.folder / KEY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if found == wanted:
            return
        if self._replace:
            self.discard()
            return
        known = found if isinstance(found, dict) else {}
        others = [WORDS[name] for name in WORDS if known.get(name) != wanted.get(name)]
        raise ResultError(
            f"{self.folder}: holds progress of another ensemble (another {' and '.join(others)}); finish that one by "
            "its own command, choose another name, or throw it away (--overwrite, or delete the folder)"
        )

    def _restored(self, path: Path, collector: Collector) -> list[Part] | list[Stored]:
        arrays = _read(path)
        ranges = [range(*bounds) for bounds in arrays["done"].tolist()]
        if self._stream is not None:
            self._slots = int(arrays["slots"])
            if self._stream.lacks(ranges):
                raise ValueError("output of its runs is missing")
            tallies.merge(collector, arrays)
            return [Stored(each.start, each.stop, self._slots) for each in ranges]
        parts = [part_of(_read(file)) for file in self._numbered(RUNS) if _inside(_bounds(file), ranges)]
        if merged(range(part.first, part.stop) for part in parts) != ranges:
            raise ValueError("files of its runs are missing")
        tallies.merge(collector, arrays)
        return parts

    def _write(self, collector: Collector, pool: Executor) -> None:
        for several in _adjacent(part for part in self._waiting if isinstance(part, Part)):
            part = together(several)
            _save(self.folder / f"{RUNS}-{part.first:012d}-{part.stop:012d}.npz", part.arrays())
        done = merged([*self.done, *(range(part.first, part.stop) for part in self._waiting)])
        self._slots = max([self._slots, *(part.slots for part in self._waiting if isinstance(part, Stored))])
        counted = tallies.packed(collector, pool) | {"done": np.array([[each.start, each.stop] for each in done])}
        counted["slots"] = np.array(self._slots)
        _save(self.folder / f"{COUNTS}-{sum(map(len, done)):012d}.npz", counted)
        self.done, self._waiting = done, []
        for older in self._numbered(COUNTS)[:-1]:
            older.unlink()

    def _tidy(self) -> None:
        """Remove runs that no counts hold, and what a killed process was writing."""
        for path in self.folder.glob("*.partial"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        self._drop_uncounted()
        if not self.done:
            self.discard()

    def _drop_uncounted(self) -> None:
        """Remove runs that no counts hold; they are written again, with others, once there is room for their counts."""
        for path in self._numbered(RUNS):
            if not _inside(_bounds(path), self.done):
                path.unlink(missing_ok=True)

    def _tell_once(self, text: str) -> None:
        """Tell what happens again and again the first time only."""
        if text != self._told:
            self._told = text
            self._tell(text)

    def _numbered(self, kind: str) -> list[Path]:
        return sorted(self.folder.glob(f"{kind}-*.npz"))


def merged(ranges: Iterable[range]) -> list[range]:
    """Ranges in order, those that touch as one.

    Example
    -------
    >>> merged([range(4, 6), range(0, 2), range(2, 4), range(8, 9)])
    [range(0, 6), range(8, 9)]
    """
    found: list[range] = []
    for each in sorted(ranges, key=lambda each: each.start):
        if found and found[-1].stop == each.start:
            found[-1] = range(found[-1].start, each.stop)
        else:
            found.append(each)
    return found


def _adjacent(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Parts in order, those that touch together."""
    group: list[Part] = []
    for part in sorted(parts, key=lambda part: part.first):
        if group and group[-1].stop != part.first:
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _bounds(path: Path) -> range:
    """Runs in a file, by its name."""
    begin, stop = path.stem.split("-")[1:]
    return range(int(begin), int(stop))


def _inside(inner: range, outer: Iterable[range]) -> bool:
    return any(each.start <= inner.start and inner.stop <= each.stop for each in outer)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _save(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    with written(path) as partial, partial.open("wb") as file:
        # By name, since an array may be called as savez calls its own arguments.
        np.savez(file, **arrays)  # type: ignore[arg-type]


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A name to write a file under, which takes its final name, on disk and whole, once the block ends well."""
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def reason(error: BaseException) -> str:
    """What went wrong in a few words."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:160]
