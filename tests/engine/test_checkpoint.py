"""Progress on disk: taken up to the bit, never mixed, and never in the way of a simulation."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.engine import checkpoint as module
from sim.engine import run as engine_run
from sim.engine.checkpoint import Checkpoint, merged
from sim.engine.parts import missing, part_of, together
from sim.errors import ProgressWarning, ResultError
from sim.scenario import Scenario

TINY = Path(__file__).parents[1] / "scenario" / "data" / "tiny.toml"
RUNS, SMALL = 700, 128
GROUPS = ("distribution", "runs", "years", "shocks")


@pytest.fixture(scope="module")
def tiny() -> Scenario:
    """Two regions, two years."""
    return sim.load(TINY, overrides=["time.years=2"])


@pytest.fixture(scope="module")
def undisturbed(tiny: Scenario) -> xr.DataTree:
    return sim.run(tiny, runs=RUNS, seed=3, threads=2)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six chunks instead of two."""
    monkeypatch.setattr("sim.engine.ensemble.size_of", lambda threads, lanes, **_: SMALL)


class Killed(BaseException):
    """Stands for a process that ends."""


def killed_after(tiny: Scenario, folder: Path, runs: int, pause: float = 0.0) -> Checkpoint:
    """A checkpoint of a run that was ended once so many runs were done."""

    def stop(done: int, wanted: int) -> None:
        if done >= runs:
            raise Killed

    with pytest.raises(Killed), Checkpoint(folder, pause=pause) as kept:
        sim.run(tiny, runs=RUNS, seed=3, checkpoint=kept, progress=stop)
    return kept


def resumed(tiny: Scenario, folder: Path, **options: object) -> tuple[xr.DataTree, list[int]]:
    """The result of the same call, and how many runs were done whenever it told of the end of a chunk."""
    told: list[int] = []
    with Checkpoint(folder, **options) as kept:  # type: ignore[arg-type]
        results = sim.run(tiny, runs=RUNS, seed=3, checkpoint=kept, progress=lambda done, _: told.append(done))
    return results, [done for done in told if done % SMALL == 0 or done == RUNS]


@pytest.mark.parametrize("runs", [SMALL, RUNS])
def test_run__goes_on_where_it_was_killed_to_the_same_bits(
    tiny: Scenario, undisturbed: xr.DataTree, tmp_path: Path, runs: int
) -> None:
    kept = killed_after(tiny, tmp_path / "a.progress", runs)
    assert kept.done == [range(runs)]
    results, told = resumed(tiny, tmp_path / "a.progress")
    assert results.identical(undisturbed)
    assert told == [min(done, RUNS) for done in range(runs + SMALL, RUNS + SMALL, SMALL)]


def test_run__killed_again_and_again_gives_the_same_bits(
    tiny: Scenario, undisturbed: xr.DataTree, tmp_path: Path
) -> None:
    for time_killed in range(1, 4):
        killed_after(tiny, tmp_path / "a.progress", time_killed * SMALL)
    assert resumed(tiny, tmp_path / "a.progress")[0].identical(undisturbed)


def test_checkpoint__of_runs_with_gaps_is_filled(tiny: Scenario, undisturbed: xr.DataTree, tmp_path: Path) -> None:
    """As a cluster leaves it, where later runs may be done before earlier ones."""
    folder = tmp_path / "a.progress"
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed), Checkpoint(folder, pause=0.0) as kept:
        patch.setitem(engine_run.__globals__, "missing", lambda done, wanted: [range(128, 256), range(384, RUNS)])

        def stop(done: int, wanted: int) -> None:
            if done == 256:
                raise Killed

        sim.run(tiny, runs=RUNS, seed=3, checkpoint=kept, progress=stop)
    assert kept.done == [range(128, 256), range(384, 512)]
    assert resumed(tiny, folder)[0].identical(undisturbed)


def test_checkpoint__holds_runs_whose_counts_were_not_written_as_not_done(
    tiny: Scenario, undisturbed: xr.DataTree, tmp_path: Path
) -> None:
    """A process killed between the runs and their counts, and while writing."""
    folder = tmp_path / "a.progress"
    killed_after(tiny, folder, 3 * SMALL)
    copies = {path.name: path.read_bytes() for path in folder.iterdir()}
    killed_after(tiny, folder, 5 * SMALL)
    for path in folder.glob("counts-*"):
        path.unlink()
    for name, content in copies.items():
        (folder / name).write_bytes(content)
    (folder / "counts-000000000999.npz.partial").write_bytes(b"PK half of it")
    assert len(list(folder.glob("runs-*"))) == 5
    results, told = resumed(tiny, folder)
    assert results.identical(undisturbed) and told[0] == 4 * SMALL


@pytest.mark.parametrize("spoil", ["truncate", "flip", "remove", "foreign", "pickle"])
def test_checkpoint__that_is_damaged_is_said_and_made_again(
    tiny: Scenario, undisturbed: xr.DataTree, tmp_path: Path, spoil: str
) -> None:
    folder = tmp_path / "a.progress"
    killed_after(tiny, folder, 4 * SMALL)
    counts = next(folder.glob("counts-*"))
    content = counts.read_bytes()
    if spoil == "truncate":
        counts.write_bytes(content[: len(content) // 2])
    elif spoil == "flip":
        middle = len(content) // 2
        counts.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif spoil == "remove":
        next(folder.glob("runs-*")).unlink()
    elif spoil == "foreign":
        np.savez(counts, done=np.array([[0, 4 * SMALL]]))
    else:
        np.savez(counts, done=np.array([{"a": 1}], dtype=object))
    said: list[str] = []
    results, told = resumed(tiny, folder, tell=said.append)
    assert results.identical(undisturbed) and told[0] == SMALL
    assert len(said) == 1 and "is damaged" in said[0] and "simulated again" in said[0]


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"seed": 4}, "seed"),
        ({"runs": RUNS + 1}, "number of runs"),
        ({"first": 128}, "first run"),
        ({"years": 3}, "scenario"),
    ],
)
def test_checkpoint__of_another_ensemble_is_never_mixed_in(
    tiny: Scenario, tmp_path: Path, other: dict[str, int], word: str
) -> None:
    folder = tmp_path / "a.progress"
    killed_after(tiny, folder, SMALL)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    changed = tiny.replace(f"time.years={other.pop('years')}") if "years" in other else tiny
    said = f"progress of another ensemble \\(another {word}\\)"
    with pytest.raises(ResultError, match=said), Checkpoint(folder) as kept:
        sim.run(changed, checkpoint=kept, **({"runs": RUNS, "seed": 3} | other))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_checkpoint__of_another_version_is_never_mixed_in(
    tiny: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_after(tiny, tmp_path / "a.progress", SMALL)
    monkeypatch.setattr(module, "code_stamp", lambda: "newer")
    with pytest.raises(ResultError, match="another version of oreflow"):
        resumed(tiny, tmp_path / "a.progress")


def test_checkpoint__of_another_ensemble_is_thrown_away_when_told_to(
    tiny: Scenario, undisturbed: xr.DataTree, tmp_path: Path
) -> None:
    folder = tmp_path / "a.progress"
    with Checkpoint(folder, pause=0.0) as kept:
        sim.run(tiny, runs=SMALL, seed=9, checkpoint=kept)
    assert resumed(tiny, folder, replace=True)[0].identical(undisturbed)


def test_checkpoint__on_a_full_disk_is_said_and_the_run_goes_on(
    tiny: Scenario, undisturbed: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a.progress"
    killed_after(tiny, folder, 2 * SMALL)

    def full(path: Path, arrays: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(module, "_save", full)
        with pytest.warns(ProgressWarning, match=r"progress cannot be kept \(No space left on device\)"):
            results, _ = resumed(tiny, folder, pause=0.0)
    assert results.identical(undisturbed)
    again, told = resumed(tiny, folder)
    assert again.identical(undisturbed) and told[0] == 3 * SMALL  # what was on disk before is still there


def test_checkpoint__on_a_disk_that_is_full_for_a_while_keeps_all_that_follows(
    tiny: Scenario, undisturbed: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room for runs and not for their counts, twice; then for both."""
    folder, save, failed = tmp_path / "a.progress", module._save, []

    def full(path: Path, arrays: object) -> None:
        if path.name.startswith("counts") and len(failed) < 2:
            failed.append(path)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        save(path, arrays)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.warns(ProgressWarning) as said:
        patch.setattr(module, "_save", full)
        killed_after(tiny, folder, 4 * SMALL)
    assert len(failed) == 2 and len(said) == 1
    again, told = resumed(tiny, folder)
    assert again.identical(undisturbed) and told[0] == 5 * SMALL


def test_checkpoint__is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "a.progress"
    with Checkpoint(folder), pytest.raises(ResultError, match="another process is at work"):
        Checkpoint(folder).__enter__()
    assert not folder.exists()
    with Checkpoint(folder):
        pass


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_checkpoint__leaves_alone_what_is_not_progress(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "a.progress"
    if kind == "file":
        folder.write_text("mine")
    elif kind == "folder":
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
    else:
        folder.symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ResultError, match="is in the way"):
        Checkpoint(folder).__enter__()
    assert folder.is_symlink() if kind == "link" else (folder / "mine.txt" if kind == "folder" else folder).is_file()


@pytest.mark.parametrize(
    ("chunk", "file", "written"),
    [(2.0, 1.0, []), (10.0, 0.75, [30.0, 61.5]), (10.0, 5.0, [30.0])],
    ids=["a short run never", "cheap files again", "dear files once"],
)
def test_checkpoint__writes_no_more_often_than_a_twentieth_of_the_time_allows(
    tiny: Scenario,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chunk: float,
    file: float,
    written: list[float],
) -> None:
    """Six chunks of so many seconds each; a file of runs, and then one of counts, takes so many more."""
    now, begun = 0.0, []
    add, save = Checkpoint.add, module._save

    def added(*given: object) -> None:
        nonlocal now
        now += chunk
        add(*given)  # type: ignore[arg-type]

    def saved(path: Path, arrays: dict[str, np.ndarray]) -> None:
        nonlocal now
        if path.name.startswith(module.RUNS):
            begun.append(now)
        now += file
        save(path, arrays)

    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    monkeypatch.setattr(Checkpoint, "add", added)
    monkeypatch.setattr(module, "_save", saved)
    with Checkpoint(tmp_path / "a.progress") as kept:
        sim.run(tiny, runs=RUNS, seed=3, checkpoint=kept)
    assert begun == written


def test_parts__come_apart_and_together_again(tiny: Scenario, tmp_path: Path) -> None:
    folder = tmp_path / "a.progress"
    killed_after(tiny, folder, 3 * SMALL)
    parts = [part_of(module._read(path)) for path in sorted(folder.glob("runs-*"), reverse=True)]
    whole = together(parts)
    assert (whole.first, whole.stop) == (0, 3 * SMALL)
    for name, array in part_of(whole.arrays()).arrays().items():
        np.testing.assert_array_equal(array, whole.arrays()[name])
    with pytest.raises(ValueError, match="gaps"):
        together(parts[::2])


def test_missing_and_merged__undo_each_other() -> None:
    done = [range(3, 5), range(9, 10)]
    assert merged([*missing(done, range(1, 12)), *done]) == [range(1, 12)]
    assert missing([], range(2, 4)) == [range(2, 4)] and missing([range(0, 9)], range(2, 4)) == []


SCRIPT = """
import sys, sim
from sim.engine import ensemble
ensemble.size_of = lambda threads, lanes, **_: 128
scenario = sim.load(sys.argv[1], overrides=["time.years=2"])
with sim.Checkpoint(sys.argv[2], pause=0.0) as kept:
    sim.run(scenario, runs=100_000_000, seed=3, checkpoint=kept)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_checkpoint__of_a_process_killed_outright_is_whole(tiny: Scenario, tmp_path: Path) -> None:
    folder = tmp_path / "a.progress"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(TINY), str(folder)])
    for _ in range(2400):
        if any(folder.glob("counts-*")):
            break
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    key = json.loads((folder / "key.json").read_text())
    assert key["seed"] == 3 and key["runs"] == 100_000_000
    # The lock died with the process, and what it left can be read.
    with Checkpoint(folder, tell=pytest.fail) as kept, pytest.raises(Killed):

        def stop(done: int, wanted: int) -> None:
            raise Killed

        sim.run(tiny, runs=100_000_000, seed=3, checkpoint=kept, progress=stop)
    assert kept.done and kept.done[0].start == 0 and kept.done[0].stop % 128 == 0
