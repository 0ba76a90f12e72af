"""A cluster gives the bits of one machine, whatever the number of workers and whatever dies; a loss is said."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import xarray as xr

import sim
from sim.engine import cluster
from sim.engine.checkpoint import Checkpoint
from sim.errors import ClusterError
from sim.scenario import Scenario

distributed = pytest.importorskip("distributed", reason="the extra [cluster] is not installed")

TINY = Path(__file__).parents[1] / "scenario" / "data" / "tiny.toml"
RUNS = 900
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def tiny() -> Scenario:
    return sim.load(TINY, overrides=["time.years=2"])


@pytest.fixture(scope="module")
def client() -> Iterator[object]:
    """Three workers in threads of this process: as a cluster, but started in a second."""
    options = {"processes": False, "n_workers": 3, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as made, distributed.Client(made) as connected:
        yield connected


@pytest.fixture(scope="module")
def alone(tiny: Scenario) -> xr.DataTree:
    return sim.run(tiny, runs=RUNS, seed=3, first=7)


@pytest.fixture
def short_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight ranges, more than are under way at a time."""
    monkeypatch.setattr(cluster, "_length", lambda runs, threads, unit: 128)


@pytest.mark.usefixtures("short_ranges")
def test_run__on_a_cluster_gives_the_bits_of_one_machine(tiny: Scenario, alone: xr.DataTree, client: object) -> None:
    told: list[int] = []
    options = {"runs": RUNS, "seed": 3, "first": 7, "client": client}
    made = sim.run(tiny, progress=lambda done, _: told.append(done), **options)
    assert made.identical(alone)
    assert len(told) == 8 and told[-1] == RUNS and told == sorted(told)


def test_make__on_a_cluster_has_workers_write_and_gives_the_same_bits(
    tiny: Scenario, alone: xr.DataTree, client: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.engine.ensemble.size_of", lambda threads, lanes, **_: 128)
    monkeypatch.setattr("sim.engine.stream.PIECE", 128)
    monkeypatch.setattr(cluster, "_length", lambda runs, threads, unit: 512)
    sent: list[object] = []
    together = cluster.Counted
    monkeypatch.setattr(cluster, "Counted", lambda part, *rest: (sent.append(part), together(part, *rest))[1])
    with Checkpoint(tmp_path / "a.progress", pause=0.0) as kept:
        options = {"runs": RUNS, "seed": 3, "first": 7, "per_run": ("lost_output",)}
        made = sim.make(tiny, tmp_path / "a.zarr", checkpoint=kept, client=client, **options)
    assert made["runs"].lost_output.identical(alone["runs"].lost_output)
    assert made["shocks"].identical(alone["shocks"]) and made["distribution"].identical(alone["distribution"])
    assert sent == [{}] * 2 and [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


def test_make__refuses_workers_that_do_not_reach_the_folder(
    tiny: Scenario, client: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "touch", lambda self, **_: None)  # as if it were on the disk of another machine
    with pytest.raises(ClusterError, match=r"do not reach .* a name that ends in \.nc, which is written here"):
        sim.make(tiny, tmp_path / "a.zarr", runs=4, client=client)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("short_ranges")
def test_run__goes_on_from_a_cluster_to_one_machine(
    tiny: Scenario, alone: xr.DataTree, client: object, tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    def stop(done: int, wanted: int) -> None:
        if done >= 384:
            raise Killed

    options = {"runs": RUNS, "seed": 3, "first": 7}
    with pytest.raises(Killed), Checkpoint(tmp_path / "a.progress", pause=0.0) as kept:
        sim.run(tiny, checkpoint=kept, client=client, progress=stop, **options)
    assert sum(map(len, kept.done)) in range(384, 384 + 129)
    with Checkpoint(tmp_path / "a.progress") as kept:
        assert sim.run(tiny, checkpoint=kept, **options).identical(alone)


def test_run__refuses_workers_with_other_code(tiny: Scenario, client: object, monkeypatch: pytest.MonkeyPatch) -> None:
    stamps = iter(["one", "other", "one", "one", "one", "one", "one"])
    monkeypatch.setattr(cluster, "code_stamp", lambda: next(stamps))
    with pytest.raises(ClusterError, match="have another version of oreflow"):
        sim.run(tiny, runs=4, client=client)


@pytest.mark.parametrize(
    "address", ["local", "local:", "local:0", "local:-1", "local:two", "host:8786", "tcp:", "", "local:999999"]
)
def test_connected__refuses_what_is_no_address(address: str) -> None:
    with (
        pytest.raises(ClusterError, match=r"is no cluster; give tcp://host:8786, or local:4"),
        cluster.connected(address),
    ):
        pass


def test_connected__says_that_nothing_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with pytest.raises(ClusterError, match="nothing answers"), cluster.connected("tcp://127.0.0.1:9"):
        pass


def test_check_address__without_dask_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'oreflow\[cluster\]'"):
        cluster.check_address("local:2")


def test_length__gives_every_thread_some_and_no_worker_too_much() -> None:
    assert cluster._length([range(100_000)], 2) == cluster.RANGE
    assert cluster._length([range(4000)], 4) == 1024 and cluster._length([range(10)], 4) == 256
    assert cluster._cut(range(5, 1200), 512) == [range(5, 517), range(517, 1029), range(1029, 1200)]


@pytest.mark.long
def test_run__of_100_000_on_two_processes_one_killed_half_way_gives_the_same_bits() -> None:
    """Overhead is that of the clock, so the machine has to be quiet; processor time is printed beside it."""
    scenario = sim.load("baseline", overrides=["time.years=1"])
    runs = int(os.environ.get("OREFLOW_LONG_RUNS", "100000"))
    sim.run(scenario, runs=64)  # Machine code is read before anything is measured.
    took: dict[str, tuple[float, float]] = {}

    @contextmanager
    def timed(name: str, spent: Callable[[], float]) -> Iterator[None]:
        """Note seconds on the clock and of processors."""
        began, before = time.perf_counter(), spent()
        yield
        took[name] = (round(time.perf_counter() - began, 1), round(spent() - before, 1))
        print(name, took[name], flush=True)

    with timed("alone", time.process_time):
        alone = sim.run(scenario, runs=runs, threads=2)
    with cluster.connected("local:2") as client:
        client.wait_for_workers(2)
        client.run(sim.run, scenario, runs=64)
        with timed("undisturbed", lambda: time.process_time() + sum(client.run(time.process_time).values())):
            made = sim.run(scenario, runs=runs, client=client)
        assert made.identical(alone)
        killed = threading.Event()

        def progress(done: int, wanted: int) -> None:
            if done >= wanted // 2 and not killed.is_set():
                killed.set()
                os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)

        with timed("one killed", time.process_time):
            made = sim.run(scenario, runs=runs, client=client, progress=progress)
        assert killed.is_set() and made.identical(alone)
    assert took["undisturbed"][0] < 1.25 * took["alone"][0]
