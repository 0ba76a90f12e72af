"""`sim.run`: the same bits however the work is cut, the reference kept, and all that is needed to run again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import xarray as xr

import sim
from sim.chain import build
from sim.core.full import LANES
from sim.engine import ensemble as ensembles
from sim.engine import run as engine_run
from sim.engine.chunk import CHUNK, SLICE, Tasks, size_of
from sim.scenario import Scenario, parse

Differing = Callable[..., list[str]]
SEED = 3


def some(results: xr.DataTree, group: str, runs: slice) -> xr.Dataset:
    return results[group].to_dataset().isel(run=runs)


def unequal(one: xr.Dataset, other: xr.Dataset) -> list[str]:
    """Variables not equal bit for bit; a range in which nothing recurs has fewer slots for events."""
    slots = min(one.sizes.get("event", 0), other.sizes.get("event", 0))
    found = [] if np.array_equal(one.run.values, other.run.values) else ["run"]
    for name in one.data_vars:
        first, second = one[name], other[name]
        if "event" in first.dims:
            beyond = [each.isel(event=slice(slots, None)) for each in (first, second)]
            if not all(bool((each.isnull() if each.dtype.kind == "f" else each == -1).all()) for each in beyond):
                found.append(f"{name} beyond slot {slots}")
            first, second = first.isel(event=slice(slots)), second.isel(event=slice(slots))
        if not np.array_equal(first.values, second.values, equal_nan=first.dtype.kind == "f"):
            found.append(str(name))
    return found


def test_run__gives_the_same_bits_for_any_number_of_threads(
    scenario: Scenario, ensemble: xr.DataTree, differing: Differing
) -> None:
    alone = sim.run(scenario, runs=128, seed=SEED, threads=1, traces=3)
    assert not differing(alone, ensemble, "distribution", "runs", "shocks", "traces")
    assert alone.attrs == ensemble.attrs
    assert float(ensemble["runs"].peak_price.max()) > 1.5  # something happened


@pytest.mark.parametrize("months", [1, 7, 12])
def test_run__gives_the_same_bits_for_any_number_of_months_recorded_at_once(
    scenario: Scenario, ensemble: xr.DataTree, differing: Differing, months: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.engine.chunk.SLICE", months)
    assert not differing(
        sim.run(scenario, runs=128, seed=SEED, traces=3), ensemble, "distribution", "runs", "shocks", "traces"
    )


@pytest.mark.parametrize(("first", "runs"), [(100, 28), (0, 40), (63, 2)])
def test_run__gives_a_run_the_same_bits_in_any_range(
    scenario: Scenario, ensemble: xr.DataTree, first: int, runs: int
) -> None:
    part = sim.run(scenario, runs=runs, seed=SEED, first=first, threads=2)
    for group in ("runs", "shocks"):
        assert not unequal(part[group].to_dataset(), some(ensemble, group, slice(first, first + runs)))


def test_run__gives_the_same_bits_with_chunks_of_more_threads(scenario: Scenario, differing: Differing) -> None:
    assert size_of(5, LANES) > CHUNK
    few, many = (sim.run(scenario, runs=CHUNK + 4, seed=SEED, threads=threads) for threads in (1, 5))
    assert not differing(few, many, "distribution", "runs", "shocks")


@pytest.mark.parametrize("months", [2, 6])
def test_run__gives_the_same_bits_for_any_size_of_chunks(
    scenario: Scenario, differing: Differing, months: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = scenario.replace("time.years=0.5")
    whole = sim.run(short, runs=5 * LANES, seed=SEED)
    monkeypatch.setattr("sim.engine.chunk.SLICE", months)
    monkeypatch.setattr(ensembles, "size_of", lambda threads, lanes, **_: LANES)  # five chunks, of three records
    assert not differing(sim.run(short, runs=5 * LANES, seed=SEED), whole, "distribution", "runs", "years", "shocks")


def test_run__gives_a_run_the_same_bits_across_chunks(scenario: Scenario, ensemble: xr.DataTree) -> None:
    many = sim.run(scenario, runs=CHUNK + 4, seed=SEED, threads=2)  # a second chunk of four runs
    for group in ("runs", "shocks"):
        assert not unequal(some(many, group, slice(128)), some(ensemble, group, slice(128)))
    tail = sim.run(scenario, runs=4, seed=SEED, first=CHUNK, threads=2)
    assert not unequal(some(many, "runs", slice(CHUNK, None)), tail["runs"].to_dataset())
    for name in ("price", "shortage"):
        both = xr.concat([many["distribution"][f"{name}_maximum"], tail["distribution"][f"{name}_maximum"]], "part")
        np.testing.assert_array_equal(both.max("part").values, many["distribution"][f"{name}_maximum"].values)


def test_run__gives_other_runs_for_another_seed(scenario: Scenario, ensemble: xr.DataTree) -> None:
    other = sim.run(scenario, runs=8, seed=SEED + 1)
    assert not np.array_equal(other["shocks"].onset.values[:, 0], ensemble["shocks"].onset.values[:, 0, :8])


def test_run__traces_are_the_runs_that_were_counted(scenario: Scenario, ensemble: xr.DataTree) -> None:
    paths, counted = ensemble["traces"], ensemble["runs"].to_dataset().isel(run=slice(3))
    np.testing.assert_array_equal(paths.price.max("time").values, counted.peak_price.values)
    later = sim.run(scenario, runs=2, seed=SEED, first=1, traces=2)["traces"]
    np.testing.assert_array_equal(later.price.values, paths.price.isel(run=[1, 2]).values)
    np.testing.assert_array_equal(later.run.values, [1, 2])


NULL = {
    "ban": {"kind": "ban", "cut": 0.0},
    "duty": {"kind": "export_duty", "rate": 0.0},
    "crossing": {"kind": "outage", "acts_on": "crossing", "cut": 0.0},
    "capacity": {"kind": "outage", "cut": 0.0},
    "wide quota": {"kind": "export_quota", "quota": {"t_per_year": 1e7}},
    "wide production quota": {"kind": "production_quota", "quota": {"share_of_reference": 50.0}},
}


@pytest.mark.parametrize("name", NULL)
def test_run__is_not_changed_by_a_restriction_that_withholds_nothing(name: str, differing: Differing) -> None:
    base = sim.load("controls_2025").replace("time.years=1")
    data: dict[str, Any] = json.loads(base.text)
    null = {"by": "CN", "products": ["ndpr_oxide", "dy_oxide"], "threat": 0.0, "duration": "permanent"}
    data["restrictions"]["nothing"] = null | {"onset": {"at": "2025-02"}} | NULL[name]
    with_null = sim.run(parse(data), runs=4, seed=SEED)
    assert not differing(with_null, sim.run(base, runs=4, seed=SEED), "distribution")


@pytest.fixture(scope="module")
def calm() -> xr.DataTree:
    return sim.run(sim.load("still"), runs=2, traces=1, threads=1)


def test_run__of_a_still_chain_keeps_every_price_and_flow(calm: xr.DataTree) -> None:
    paths = calm["traces"]
    assert paths.time.size == 120
    for name in ("price", "transacted_price", "inventory"):
        values = paths[name].values
        assert np.nanmax(np.abs(values - 1.0)) < 1e-4, name
        assert np.isfinite(values).any(axis=(2, 3)).all()
    shipped = paths.shipment.values
    used = np.array([route.flow > 0.0 for route in build(sim.load("still")).routes])
    assert used.sum() > 300
    assert np.abs(shipped[..., used] / shipped[:, :1, used] - 1.0).max() < 1e-4
    # Latent routes open by rounding only: with a hundredth of a tonne a month none matters.
    assert shipped[..., ~used].max() < 0.01


def test_run__of_a_still_chain_ships_the_reference_flows(calm: xr.DataTree) -> None:
    routes = build(sim.load("still")).routes
    shipped = calm["traces"].shipment.values[0, 0]
    for route, tonnes in zip(routes, shipped, strict=True):
        if route.flow > 0.0:
            assert tonnes == pytest.approx(route.flow / 12.0, rel=1e-4)


def test_run__of_a_still_chain_has_no_shortage_and_no_loss(calm: xr.DataTree) -> None:
    found, runs = calm["distribution"], calm["runs"]
    for name in ("shortage", "sector_shortage", "stage_shortage"):
        assert float(found[f"{name}_maximum"].max()) < 1e-5, name
    for name in ("months_dear", "shortage_months", "licence_rent", "sender_loss"):
        assert float(runs[name].sum()) == 0.0, name
    # Rounding of a few parts in a million over ten years of use.
    use = sum(row.demand_t_per_year for row in sim.load("still").tables.uses) * 10.0
    for name in ("shortage_tonnes", "rationed_tonnes"):
        assert abs(float(runs[name].isel(run=0).sum())) < 1e-5 * use, name
    assert np.isnan(runs.time_to_survive.values).all() and np.isnan(runs.time_to_recover.values).all()


def test_run__of_a_still_chain_moves_the_usual_tonnes(calm: xr.DataTree) -> None:
    flow, reference = calm["distribution"].flow_mean, build(sim.load("still"))
    moves = reference.flows.outflow - reference.flows.disposal > 1e-6
    assert moves.sum() > 150
    for (product, region), leaves in zip(reference.markets, moves, strict=True):
        if leaves:
            assert float(abs(flow.sel(product=product, region=region) - 1.0).max()) < 1e-4, (product, region)


def test_run__keeps_what_is_needed_to_run_again(
    scenario: Scenario, ensemble: xr.DataTree, differing: Differing
) -> None:
    kept = ensemble.attrs
    again = parse(json.loads(kept["scenario"]))
    repeated = sim.run(again, runs=kept["runs"], seed=kept["seed"], first=kept["first_run"], traces=3)
    assert not differing(repeated, ensemble, "distribution", "runs", "shocks", "traces")
    assert again.tables.digest == kept["tables_digest"]
    assert kept["oreflow_version"] == sim.__version__ and kept["title"] == scenario.title
    listed = json.loads(kept["reconciliation"])
    assert listed and set(listed[0]) == {"name", "confidence", "published", "reconciled"}


def test_run__takes_runs_and_seed_from_the_scenario(differing: Differing) -> None:
    small = sim.load("still").replace("time.years=0.5", "ensemble.runs=3", "ensemble.seed=8")
    found = sim.run(small)
    assert found.attrs["runs"] == found["runs"].sizes["run"] == 3 and found.attrs["seed"] == 8


def test_run__tells_its_progress(scenario: Scenario) -> None:
    told: list[tuple[int, int]] = []
    wanted = CHUNK + 4
    sim.run(scenario.replace("time.years=0.25"), runs=wanted, progress=lambda done, of: told.append((done, of)))
    assert told == [(CHUNK, wanted), (wanted, wanted)]


def test_run__tells_of_months_before_the_first_runs_are_done(scenario: Scenario) -> None:
    told: list[tuple[int, int]] = []
    months, wanted = 2 * SLICE + 8, 2 * (2 * SLICE + 8)
    longer = scenario.replace(f"time.years={months / 12}")
    sim.run(longer, runs=wanted, progress=lambda done, of: told.append((done, of)))
    assert told == [(2 * SLICE, wanted), (4 * SLICE, wanted), (wanted, wanted)]


@pytest.mark.parametrize(
    "wrong",
    [{"runs": 0}, {"first": -1}, {"traces": 5}, {"traces": -1}, {"threads": 0}, {"threads": -1}],
)
def test_run__refuses_numbers_out_of_range(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        sim.run(sim.load("still").replace("time.years=0.25"), **({"runs": 4} | wrong))


@pytest.mark.parametrize("known", [True, False])
def test_run__uses_the_threads_asked_for_on_any_system(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    asked: list[int] = []
    pool = engine_run.__globals__["ThreadPoolExecutor"]

    def counted(threads: int) -> Any:
        asked.append(threads)
        return pool(threads)

    monkeypatch.setitem(engine_run.__globals__, "ThreadPoolExecutor", counted)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    if not known:  # as on macOS and Windows
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    sim.run(sim.load("still").replace("time.years=0.25"), runs=1, threads=3)
    assert asked == [3]


def test_run__without_a_distribution_has_the_same_values_of_each_run() -> None:
    scenario = sim.load("baseline", overrides=["time.years=0.5"])
    counted = ["lost_output", "shortage_months", "peak_price"]
    by_month = ["weeks_stopped", "shortage_tonnes", "time_to_survive", "time_to_recover"]
    totals = ["lost_output", "rationed_tonnes", "licence_rent", "product_held_up"]
    whole = sim.run(scenario, runs=8)
    for kept in (counted, by_month, totals, [*totals, "months_dear"]):
        alone = sim.run(scenario, runs=8, per_run=kept, distribution=False)
        assert "distribution" not in alone.children and "reference" not in alone.children
        xr.testing.assert_identical(alone["runs"].to_dataset()[kept], whole["runs"].to_dataset()[kept])
        assert set(alone["runs"].data_vars) == set(kept)
        assert xr.DataTree.identical(alone["capacity"], whole["capacity"])


def test_run__without_a_distribution_values_what_stockpiles_keep_at_the_last_price() -> None:
    stockpile = 'policies.reserve={ kind = "stockpile", regions = ["US"], days = { dy_oxide = 180 }, initial = 0.5 }'
    scenario = sim.load("baseline", overrides=["time.years=0.5", stockpile])
    whole = sim.run(scenario, runs=4)
    alone = sim.run(scenario, runs=4, per_run=["lost_output"], distribution=False)
    assert xr.DataTree.identical(alone["stockpiles"], whole["stockpiles"])
    assert xr.DataTree.identical(alone["policies"], whole["policies"])


def test_run__without_a_distribution_goes_on_with_nothing() -> None:
    scenario = sim.load("baseline", overrides=["time.years=0.5"])
    with pytest.raises(ValueError, match="goes on"):
        sim.run(scenario, runs=8, distribution=False, open_ended=True)


def test_simulate__makes_room_once_however_small_the_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, made = sim.load("still", overrides=["time.years=0.25"]), []

    class Counted(ensembles.Chunk):
        """A chunk that says when it is made."""

        def __init__(self, *given: Any, **named: Any) -> None:
            made.append(1)
            super().__init__(*given, **named)

    monkeypatch.setattr(ensembles, "Chunk", Counted)
    ensemble = ensembles.Ensemble(scenario, seed=SEED, per_run=["lost_output"], distribution=False)
    with ThreadPoolExecutor(2) as pool:
        parts = list(ensemble.simulate([range(at, at + 1) for at in range(0, 12, 2)], pool))
    assert [part.first for part in parts] == list(range(0, 12, 2)) and len(made) == 1


def test_simulate__has_the_next_months_simulated_while_some_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario, begun, counted = sim.load("still", overrides=["time.years=0.5"]), [], []
    monkeypatch.setattr("sim.engine.chunk.SLICE", 2)
    monkeypatch.setattr(ensembles, "size_of", lambda threads, lanes, **_: LANES)
    ensemble = ensembles.Ensemble(scenario, seed=SEED, runs=LANES)
    add = ensemble.collector.add

    class Noting(ThreadPoolExecutor):
        """Threads that note what they are given to simulate."""

        def submit(self, work: Any, /, *given: Any, **named: Any) -> Any:
            if getattr(work, "__func__", None) is ensembles.Chunk._advance:
                begun.append(given[-1])
            return super().submit(work, *given, **named)

    def noting(*given: Any, shift: int) -> Tasks:
        counted.append((shift, len(begun)))
        return add(*given, shift=shift)

    monkeypatch.setattr(ensemble.collector, "add", noting)
    with Noting(2) as pool:
        list(ensemble.simulate([range(2 * LANES)], pool))
    assert begun == [0, 2, 4, 0, 2, 4]
    assert counted == [(0, 2), (2, 3), (4, 4), (0, 5), (2, 6), (4, 6)]
