"""Content in the results: there when asked for, right where the tables leave no doubt, without effect on the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim import variables

Differing = Callable[..., list[str]]
ORIGIN = 'origin={ listed = ["CN"], stages = ["mining", "separation", "metal", "alloy", "block", "magnet"] }'
SETS = ("time.years=1", "growth=false")
RUNS = 16


@pytest.fixture(scope="module")
def plain() -> xr.DataTree:
    return sim.run(sim.load("controls_2025", overrides=SETS), runs=RUNS, seed=3, traces=2)


@pytest.fixture(scope="module")
def followed() -> xr.DataTree:
    return sim.run(sim.load("controls_2025", overrides=[*SETS, ORIGIN]), runs=RUNS, seed=3, traces=2)


def test_content__is_there_only_where_an_origin_is_named(plain: xr.DataTree, followed: xr.DataTree) -> None:
    for group in ("distribution", "traces"):
        assert "content" not in plain[group] and "content" in followed[group]
    assert followed["distribution"].content.dims == ("quantile", "time", "product", "region")
    assert followed["traces"].content.dims == ("run", "time", "product", "region")
    assert followed["distribution"].content.attrs["long_name"] == variables.CONTENT.meaning


def test_content__changes_no_bit_of_anything_else(
    plain: xr.DataTree, followed: xr.DataTree, differing: Differing
) -> None:
    names = {f"content{end}" for end in ("", *(f"_{name}" for name in variables.STATISTICS))}
    for group in ("distribution", "traces"):
        rest = xr.DataTree.from_dict({group: followed[group].to_dataset().drop_vars(names, errors="ignore")})
        assert not differing(plain, rest, group)
    assert not differing(plain, followed, "runs", "shocks")


def test_content__is_whole_without_another_source_and_none_without_this_one(followed: xr.DataTree) -> None:
    content = followed["distribution"].content_mean
    assert float(content.sel(product="magnet_smco", region="EU").min()) > 0.999
    assert float(content.sel(product="magnet_hc", region="CN").min()) > 0.999
    assert float(content.sel(product="ndpr_oxide", region="MY").max(skipna=True).fillna(0.0)) < 1e-6


def test_content__crosses_borders_inside_products(followed: xr.DataTree) -> None:
    # Motors that the US puts together or buys hold magnets of Chinese blocks, alloy, metal or oxide.
    content = followed["traces"].content.sel(region="US")
    motors = content.sel(product="motor_hc").isel(time=0)
    assert float(motors.min()) > 0.8


def test_content__of_the_world_is_between_those_of_its_markets(followed: xr.DataTree) -> None:
    content = followed["traces"].content.sel(product="magnet_std")
    regions = content.drop_sel(region="world")
    world = content.sel(region="world")
    assert bool(((world >= regions.min("region")) & (world <= regions.max("region"))).all())
    assert 0.5 < float(world.mean()) < 1.0


def test_content__is_the_reference_share_before_anything_happens() -> None:
    scenario = sim.load("still", overrides=["time.years=2", ORIGIN])
    content = sim.run(scenario, runs=2)["distribution"].content_mean
    first = content.isel(time=0)
    assert float(np.abs(content - first).max()) < 1e-4


def test_content__is_saved_and_read_again(followed: xr.DataTree, plain: xr.DataTree, tmp_path: Path) -> None:
    for name, results in (("with", followed), ("without", plain)):
        path = sim.save(results, tmp_path / f"{name}.nc")
        read = sim.open_results(path)
        assert ("content" in read["distribution"]) == ("content" in results["distribution"])
