"""The command killed, interrupted, crowded out and starved: nothing is lost, and what is said is clear."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from sim.engine.checkpoint import Checkpoint

TINY = Path(__file__).parents[1] / "scenario" / "data" / "tiny.toml"
posix = pytest.mark.skipif(sys.platform == "win32", reason="uses POSIX signals and file locks")
pytestmark = posix


def arguments(runs: int, out: Path, years: str = "2") -> list[str]:
    return ["run", str(TINY), "--set", f"time.years={years}", "--runs", str(runs), "--seed", "4", "--out", str(out)]


def started(
    runs: int, out: Path, *, years: str = "2", more: tuple[str, ...] = (), **environment: str
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sim", *arguments(runs, out, years), *more]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=os.environ | environment, **pipes)  # type: ignore[call-overload]


def waited(process: subprocess.Popen[str], folder: Path, pattern: str) -> None:
    """Wait until a file of progress is there."""
    for _ in range(6000):
        if any(folder.glob(pattern)):
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    pytest.fail("no progress was written")


def test_run__interrupted_keeps_its_progress_and_says_how_to_go_on(tmp_path: Path) -> None:
    out = tmp_path / "a.nc"
    process = started(50_000_000, out)
    waited(process, tmp_path / "a.nc.progress", "counts-*.npz")
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    error = process.communicate(timeout=120)[1]
    assert process.returncode == 130 and "Traceback" not in error
    assert "runs are kept in" in error and "a.nc.progress; the same command goes on" in error
    assert [path.name for path in tmp_path.iterdir()] == ["a.nc.progress"]
    found = CliRunner().invoke(app, arguments(64, out))  # another command is not served with it
    assert found.exit_code == 2 and "another number of runs" in found.stderr and not out.exists()
    found = CliRunner().invoke(app, [*arguments(64, out), "--overwrite"])
    assert found.exit_code == 0 and [path.name for path in tmp_path.iterdir()] == ["a.nc"]


def test_run__leaves_a_file_alone_that_another_process_makes(tmp_path: Path) -> None:
    with Checkpoint(tmp_path / "a.nc.progress"):
        found = CliRunner().invoke(app, arguments(4, tmp_path / "a.nc"))
        assert found.exit_code == 2
        assert "another process is at work on this; wait until it is done, or choose another name" in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_run__with_a_cluster_that_is_none_writes_nothing(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, [*arguments(4, tmp_path / "a.nc"), "--cluster", "moon"])
    assert found.exit_code == 2 and "local:4 for four processes here" in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_run__with_chosen_variables_says_what_is_left_out_and_can_be_verified(tmp_path: Path) -> None:
    out = tmp_path / "a.zarr"
    found = CliRunner().invoke(app, [*arguments(20, out), "--per-run", "lost_output, time_to_surviv"])
    assert found.exit_code == 2 and "did you mean time_to_survive?" in found.stderr and not list(tmp_path.iterdir())
    found = CliRunner().invoke(app, [*arguments(20, out), "--per-run", "none"])
    assert found.exit_code == 0 and [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    assert "not kept of each run (--per-run) is left out" in found.stdout
    assert not sim.open_results(out)["runs"].data_vars
    found = CliRunner().invoke(app, ["verify", str(out), "--folder", str(TINY.parent)])
    assert found.exit_code == 0 and "the same to the bit" in " ".join(found.stdout.split())
    found = CliRunner().invoke(app, ["tails", str(out), "--metric", "tail95(lost_output)"])
    assert (
        found.exit_code == 2
        and "the result has no lost_output; make it again, with all variables (--per-run)" in found.stderr
    )


def test_verify_and_diff__say_what_they_found(tmp_path: Path) -> None:
    shutil.copytree(TINY.parent / "tiny", tmp_path / "tiny")
    one, other, spoilt = (tmp_path / f"{name}.nc" for name in ("one", "other", "spoilt"))
    results = sim.run(sim.load(TINY, overrides=["time.years=2"]), runs=40, seed=4)
    sim.save(results, one)
    sim.save(results, other)
    results["runs"]["peak_price"].values[...] *= 1.5
    sim.save(results, spoilt)

    def told(*words: str) -> tuple[int, str]:
        """Exit code and what was told, in one line whatever the width."""
        done = CliRunner().invoke(app, list(words))
        return done.exit_code, " ".join(done.output.split())

    verify = ["--folder", str(tmp_path), "--choice", "1"]
    code, found = told("verify", str(one), *verify)
    assert code == 0 and "16 of 40 runs" in found and "the same to the bit" in found
    code, found = told("verify", str(spoilt), *verify)
    assert code == 1 and "/runs/peak_price differs in" in found
    assert "the file was changed, or the program was" in found
    code, found = told("diff", str(one), str(other))
    assert code == 0 and "the same to the bit" in found
    code, found = told("diff", str(one), str(spoilt))
    assert code == 1 and "differ in 1 places" in found
    code, found = told("diff", str(one), str(tmp_path / "none.nc"))
    assert code == 2 and "none.nc: does not exist" in found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.long
def test_run__on_a_full_disk_says_so_and_goes_on_where_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    out = small_disk / "a.nc"
    process = started(20_000, out)
    error = process.communicate(timeout=600)[1]
    assert process.returncode == 1 and "Traceback" not in error
    assert "could not be written (No space left on device)" in error
    assert "the same command goes on" in error or "nothing was written" in error
    assert not out.exists() and not list(small_disk.glob("*.partial"))
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    process = started(20_000, out)
    assert process.communicate(timeout=600)[0] is None and process.returncode == 0
    undisturbed = sim.run(sim.load(TINY, overrides=["time.years=2"]), runs=20_000, seed=4)
    assert sim.open_results(out).identical(undisturbed)


@pytest.mark.long
@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_run__killed_at_random_points_ends_as_if_undisturbed(tmp_path: Path, ending: str) -> None:
    """SIGKILL or SIGINT until the command ends by itself; then again from the start."""
    times = int(os.environ.get("OREFLOW_LONG_KILLS", "50")) // 2
    runs, out = 40_000, tmp_path / f"a{ending}"
    undisturbed = sim.run(sim.load(TINY, overrides=["time.years=1.5"]), runs=runs, seed=4)
    rng, killed, ended = random.Random(ending), {signal.SIGKILL: 0, signal.SIGINT: 0}, 0
    while sum(killed.values()) < times:
        began, process = time.time(), started(runs, out, years="1.5")
        sign, folder = rng.choice([signal.SIGKILL, signal.SIGINT]), tmp_path / f"a{ending}.progress"
        if rng.random() < 0.7:
            waited_for_progress(process, folder)
        while (
            sign == signal.SIGINT
            and process.poll() is None
            and not ((folder / "key.json").exists() and (folder / "key.json").stat().st_mtime > began)
        ):
            time.sleep(0.02)  # Python has a word of its own for who interrupts it while it starts.
        time.sleep(rng.uniform(0.0, 2.0))
        process.send_signal(sign)
        error = process.communicate(timeout=600)[1]
        assert "Traceback" not in error, error
        assert process.returncode in (0, -signal.SIGKILL, 130), error
        killed[sign] += process.returncode != 0
        print({each.name: count for each, count in killed.items()}, "ended", ended, flush=True)
        assert not out.exists() or sim.open_results(out).identical(undisturbed)
        if process.returncode == 0 or out.exists():
            ended += 1
            shutil.rmtree(out) if out.is_dir() else out.unlink()
            shutil.rmtree(tmp_path / f"a{ending}.progress", ignore_errors=True)
    assert started(runs, out, years="1.5").wait() == 0
    assert sim.open_results(out).identical(undisturbed)
    assert all(killed.values())


def waited_for_progress(process: subprocess.Popen[str], folder: Path) -> None:
    """Wait until there is progress or the process has ended."""
    while process.poll() is None and not any(folder.glob("counts-*.npz")):
        time.sleep(0.02)


@pytest.mark.long
@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati"}, {"LC_ALL": "C", "TZ": "America/St_Johns"}],
    ids=["Turkish, Kiritimati", "C, St John's"],
)
def test_run__knows_no_locale_and_no_time_zone(tmp_path: Path, environment: dict[str, str]) -> None:
    out = tmp_path / "a.nc"
    assert started(64, out, **environment).wait() == 0
    assert sim.open_results(out).identical(sim.run(sim.load(TINY, overrides=["time.years=2"]), runs=64, seed=4))


def rotten(path: Path) -> None:
    """Change a letter of a file and not its times, as a failing disk does."""
    content, times = bytearray(path.read_bytes()), path.stat()
    content[len(content) // 2] ^= 64
    path.write_bytes(bytes(content))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.long
@pytest.mark.parametrize("damage", ["emptied", "cut short", "rotten"])
def test_run__compiles_anew_where_the_cache_is_damaged(tmp_path: Path, damage: str) -> None:
    from sim.core import jit
    from sim.engine.machine_code import discard_damaged

    cache = tmp_path / "cache"
    shutil.copytree(jit.cache_folder(), cache / jit.cache_folder().name)
    assert not discard_damaged(cache / jit.cache_folder().name)
    for path in cache.rglob("*simulate*.nb?"):
        if damage == "rotten":
            rotten(path)
        else:
            path.write_bytes(path.read_bytes()[: 100 if damage == "cut short" else 0])
    process = started(4, tmp_path / "a.nc", OREFLOW_CACHE_DIR=str(cache))
    error = process.communicate(timeout=1200)[1]
    assert process.returncode == 0 and "Traceback" not in error


@pytest.mark.long
def test_run__compiles_in_a_folder_of_its_own_where_the_cache_cannot_be_written(tmp_path: Path) -> None:
    """A file stands where the folder should be: not even the superuser can write there."""
    from sim.core import jit

    (tmp_path / "cache").write_text("in the way")
    spare = tmp_path / "temporary" / f"oreflow-{os.getuid()}"
    shutil.copytree(jit.cache_folder(), spare / jit.cache_folder().name)
    places = {"OREFLOW_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "temporary")}
    process = started(4, tmp_path / "a.nc", **places)
    error = process.communicate(timeout=1200)[1]
    assert process.returncode == 0 and "Traceback" not in error
    assert (tmp_path / "cache").read_text() == "in the way" and (tmp_path / "a.nc").exists()


@pytest.mark.long
def test_run__of_two_processes_that_write_one_file_leaves_one_result(tmp_path: Path) -> None:
    for ending in (".nc", ".zarr"):
        out = tmp_path / f"a{ending}"
        both = [started(3000, out), started(3000, out)]
        errors = [process.communicate(timeout=600)[1] for process in both]
        assert sorted(process.returncode for process in both) == [0, 2], errors
        assert not any("Traceback" in error for error in errors)
        assert sum("at work on this" in error or "exists; choose another" in error for error in errors) == 1
        undisturbed = sim.run(sim.load(TINY, overrides=["time.years=2"]), runs=3000, seed=4)
        assert sim.open_results(out).identical(undisturbed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.nc", "a.zarr"]


@pytest.mark.long
def test_run__that_loses_the_scheduler_says_so_and_goes_on_without_it(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
    out, runs, address = tmp_path / "a.zarr", 60_000, "tcp://127.0.0.1:18786"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "18786", "--no-dashboard"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]
    scheduler, helper = (subprocess.Popen(command, **quiet) for command in (dask, worker))  # type: ignore[call-overload]
    try:
        process = started(runs, out, more=("--cluster", address))
        waited(process, tmp_path / "a.zarr.progress", "counts-*.npz")
        scheduler.kill()
        error = process.communicate(timeout=300)[1]
    finally:
        for each in (scheduler, helper):
            each.kill()
            each.wait()
    assert process.returncode == 1 and "Traceback" not in error, error[-2000:]
    assert "the cluster is lost" in error and "runs are kept in" in error
    assert not out.exists()
    assert started(runs, out).wait() == 0
    undisturbed = sim.run(sim.load(TINY, overrides=["time.years=2"]), runs=runs, seed=4)
    assert sim.open_results(out).identical(undisturbed)


@pytest.mark.long
def test_run__without_the_compiler_gives_the_same_labels_and_close_values(tmp_path: Path) -> None:
    out = tmp_path / "a.nc"
    process = started(2, out, years="1.5", NUMBA_DISABLE_JIT="1")
    assert "Traceback" not in process.communicate(timeout=1200)[1] and process.returncode == 0
    slow, fast = sim.open_results(out), sim.run(sim.load(TINY, overrides=["time.years=1.5"]), runs=2, seed=4)
    assert {path: set(node.variables) for path, node in slow.to_dict().items()} == {
        path: set(node.variables) for path, node in fast.to_dict().items()
    }
    # Single precision without fused multiply-add: paths differ in the fifth digit; a quantile may fall into the next
    # bin, of 1 % of a price and half a point of a share.
    for name, values in fast["runs"].data_vars.items():
        largest = float(np.nanmax(np.abs(values.values), initial=1e-3))
        np.testing.assert_allclose(slow["runs"][name].values, values.values, rtol=1e-4, atol=1e-4 * largest)
    for name, values in fast["distribution"].data_vars.items():
        np.testing.assert_allclose(slow["distribution"][name].values, values.values, rtol=0.011, atol=0.0051)
