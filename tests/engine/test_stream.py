"""Output of each run on disk as it comes: the bits of a result made in memory, whatever dies, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.engine import stream as module
from sim.engine.checkpoint import Checkpoint
from sim.errors import ResultError, ScenarioError
from sim.results import portions
from sim.results.summary import summarise
from sim.scenario import Scenario

TINY = Path(__file__).parents[1] / "scenario" / "data" / "tiny.toml"
RUNS, CHUNK, PIECE = 700, 128, 256
WHOLE = {"runs": RUNS, "seed": 3, "first": 7}
OPTIONS = WHOLE | {"per_run": ("peak_price", "lost_output")}
"""Few variables, since every array of a folder takes some milliseconds."""


@pytest.fixture(scope="module")
def tiny() -> Scenario:
    """Two regions, two years; restrictions recur, so that ranges of runs have different numbers of events."""
    return sim.load(TINY, overrides=["time.years=2"])


@pytest.fixture(scope="module")
def in_memory(tiny: Scenario) -> xr.DataTree:
    return sim.run(tiny, **OPTIONS)


@pytest.fixture(scope="module")
def whole(tiny: Scenario) -> xr.DataTree:
    """With all variables."""
    return sim.run(tiny, **WHOLE)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three pieces of two chunks each, the last with 188 runs."""
    monkeypatch.setattr("sim.engine.ensemble.size_of", lambda threads, lanes, **_: CHUNK)
    monkeypatch.setattr(module, "PIECE", PIECE)


class Killed(BaseException):
    """Stands for a process that ends."""


def killed_after(tiny: Scenario, out: Path, runs: int) -> Checkpoint:
    """A checkpoint of a run that was ended once so many runs, of whole pieces, were told to be done."""

    def stop(done: int, wanted: int) -> None:
        if done >= runs:
            raise Killed

    with pytest.raises(Killed), Checkpoint(out.with_name("a.progress"), pause=0.0) as kept:
        sim.make(tiny, out, checkpoint=kept, progress=stop, **OPTIONS)
    return kept


def ended(told: list[int]) -> list[int]:
    """Of what was told, the ends of chunks: months of a chunk are told of too."""
    return [done for done in told if done % CHUNK == 0 or done == RUNS]


def resumed(tiny: Scenario, out: Path, **options: object) -> tuple[xr.DataTree, list[int]]:
    """The result of the same call, and how many runs were done whenever it told of the end of a chunk."""
    told: list[int] = []
    with Checkpoint(out.with_name("a.progress"), **options) as kept:  # type: ignore[arg-type]
        made = sim.make(tiny, out, checkpoint=kept, progress=lambda done, _: told.append(done), **OPTIONS)
    return made, ended(told)


def test_make__gives_the_bits_of_a_result_made_in_memory(
    tiny: Scenario, in_memory: xr.DataTree, tmp_path: Path
) -> None:
    told: list[int] = []
    made = sim.make(tiny, tmp_path / "a.zarr", progress=lambda done, _: told.append(done), **OPTIONS)
    assert made.identical(in_memory) and sim.open_results(tmp_path / "a.zarr").identical(in_memory)
    assert ended(told) == [*range(CHUNK, RUNS, CHUNK), RUNS] and told == sorted(told)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    for group in ("runs", "shocks"):
        for name, values in made[group].data_vars.items():
            assert values.dtype == in_memory[group][name].dtype and values.attrs == in_memory[group][name].attrs


def test_make__with_paths_months_policies_and_capacity_gives_the_same_bits(tmp_path: Path) -> None:
    scenario = sim.load("allied_strategy", overrides=["time.years=1.5"])
    options = {"runs": 5, "traces": 1, "open_ended": True, "monthly": ["stopped"], "follow": ["price[dy_oxide, EU]"]}
    made = sim.make(scenario, tmp_path / "a.zarr", **options)
    assert {"policies", "capacity", "paths", "monthly", "counts", "traces"} <= set(made.children)
    assert made.identical(sim.run(scenario, **options))


@pytest.mark.long
@pytest.mark.parametrize("runs", [PIECE, RUNS])
def test_make__goes_on_where_it_was_killed_to_the_same_bits(
    tiny: Scenario, in_memory: xr.DataTree, tmp_path: Path, runs: int
) -> None:
    kept = killed_after(tiny, tmp_path / "a.zarr", runs)
    assert kept.done == [range(7, 7 + runs)] and not (tmp_path / "a.zarr").exists()
    made, told = resumed(tiny, tmp_path / "a.zarr")
    assert made.identical(in_memory)
    assert told == ([*range(runs + CHUNK, RUNS, CHUNK), RUNS] if runs < RUNS else [])
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


@pytest.mark.parametrize("lost", ["a chunk", pytest.param("the output", marks=pytest.mark.long)])
def test_make__says_that_output_is_lost_and_makes_it_again(
    tiny: Scenario, in_memory: xr.DataTree, tmp_path: Path, lost: str
) -> None:
    kept = killed_after(tiny, tmp_path / "a.zarr", 2 * PIECE)
    if lost == "a chunk":
        next(kept.output.glob("runs/lost_output/c/1/*/*")).unlink()
    else:
        kept.output.rename(tmp_path / "elsewhere")
    said: list[str] = []
    made, told = resumed(tiny, tmp_path / "a.zarr", tell=said.append)
    assert made.identical(in_memory) and told[0] == CHUNK
    assert len(said) == 1 and "output of its runs is missing" in said[0] and "simulated again" in said[0]


def test_make__does_not_take_up_progress_of_another_kind_of_file(tiny: Scenario, tmp_path: Path) -> None:
    killed_after(tiny, tmp_path / "a.zarr", PIECE)
    with (
        pytest.raises(ResultError, match="another kind of file"),
        Checkpoint(tmp_path / "a.progress") as kept,
    ):
        sim.make(tiny, tmp_path / "a.nc", checkpoint=kept, **OPTIONS)
    assert kept.output.is_dir()


@pytest.mark.long
def test_make__on_a_full_disk_keeps_what_it_has(
    tiny: Scenario, in_memory: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, pieces = module.Stream._write, []

    def full(self: module.Stream, *given: object) -> object:
        pieces.append(given)
        if len(pieces) == 2:
            raise OSError(28, "No space left on device")
        return write(self, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(module.Stream, "_write", full)
        said = r"could not be written \(No space left on device\); 256 runs are kept in .*a.progress; the same command"
        with pytest.raises(OSError, match=said), Checkpoint(tmp_path / "a.progress", pause=0.0) as kept:
            sim.make(tiny, tmp_path / "a.zarr", checkpoint=kept, **OPTIONS)
    assert resumed(tiny, tmp_path / "a.zarr")[0].identical(in_memory)


def test_make__without_a_checkpoint_leaves_nothing_behind(tiny: Scenario, tmp_path: Path) -> None:
    def stop(done: int, wanted: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        sim.make(tiny, tmp_path / "a.zarr", progress=stop, **OPTIONS)
    assert not list(tmp_path.iterdir())


def test_run__of_a_stream_into_a_folder_that_exists_is_refused(tiny: Scenario, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist yet"):
        sim.run(tiny, runs=4, stream=tmp_path)
    with pytest.raises(ValueError, match="goes on is kept in memory"):
        sim.run(tiny, runs=4, stream=tmp_path / "a", more=lambda _: 4)


def test_stored__refuses_more_events_than_it_can_hold(
    tiny: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_EVENTS", 0)
    with pytest.raises(ResultError, match=r"events of one restriction in one run, more than a \.zarr result can hold"):
        sim.make(tiny, tmp_path / "a.zarr", runs=4)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("chosen", "ending"),
    [pytest.param(["lost_output", "peak_price"], ".zarr", marks=pytest.mark.long), ([], ".nc")],
)
def test_make__keeps_the_chosen_variables_only(
    tiny: Scenario, whole: xr.DataTree, tmp_path: Path, chosen: list[str], ending: str
) -> None:
    made = sim.make(tiny, tmp_path / f"a{ending}", per_run=chosen, **WHOLE)
    again = sim.open_results(tmp_path / f"a{ending}")
    assert set(again["runs"].data_vars) == set(chosen) and again.identical(made)
    np.testing.assert_array_equal(again["runs"].run, whole["runs"].run)
    for name in chosen:
        assert again["runs"][name].identical(whole["runs"][name])
    assert again["distribution"].identical(whole["distribution"])
    found = summarise(again)
    assert "product_saved" in found.lacking and not found.shortages and not found.sectors
    assert bool(found.products) == ("months_dear" in chosen) and found.restrictions == summarise(whole).restrictions


def test_run__refuses_to_keep_what_does_not_exist(tiny: Scenario) -> None:
    with pytest.raises(ScenarioError, match=r"--per-run: lost_outputs is no variable of /runs or /years; did you mean"):
        sim.run(tiny, runs=4, per_run=["lost_outputs"])


def test_open_results__leaves_large_groups_on_disk_and_says_the_same_of_them(
    tiny: Scenario, in_memory: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sim.make(tiny, tmp_path / "a.zarr", **OPTIONS).identical(in_memory)
    monkeypatch.setattr(portions, "PORTION", 10_000)
    monkeypatch.setattr("sim.results.quantiles.AT_ONCE", 1000)
    large = sim.open_results(tmp_path / "a.zarr", most=0)
    assert not large["runs"].peak_price.variable._in_memory and large["distribution"].price.variable._in_memory
    assert summarise(large) == summarise(in_memory)
    assert not large["runs"].peak_price.variable._in_memory
    assert large.identical(in_memory)
