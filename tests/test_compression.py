"""What of a NetCDF result is compressed: what gets smaller, and only that."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray as xr

from sim.compression import SMALL, encoding

RUNS = SMALL // 4 // 3 + 1


@pytest.fixture
def tree() -> xr.DataTree:
    """Arrays of three regions a run: random, mostly nothing, whole numbers, without any value; and a small one."""
    random = np.random.default_rng(1).random((RUNS, 3), dtype=np.float32)
    rare = np.where(random > 0.9, random, np.float32(0.0))
    arrays = {
        "random": (("run", "region"), random),
        "rare": (("run", "region"), rare),
        "turned": (("region", "run"), rare.T),
        "count": (("run", "region"), (random * 9).astype(np.int32)),
        "none": (("run", "slot"), np.zeros((RUNS, 0), dtype=np.float32)),
        "few": (("region",), random[0]),
        "name": (("region",), np.array(["a", "b", "c"])),
    }
    return xr.DataTree.from_dict({"runs": xr.Dataset(arrays)})


def test_encoding__compresses_what_gets_smaller(tree: xr.DataTree) -> None:
    found = encoding(tree)["/runs"]
    assert {name for name, terms in found.items() if terms["zlib"]} == {"rare", "turned", "count", "few"}
    assert found["random"] == {"zlib": False} and "none" not in found and "name" not in found


def test_encoding__is_what_a_file_gets_and_changes_no_value(tree: xr.DataTree, tmp_path: Path) -> None:
    tree.to_netcdf(tmp_path / "a.nc", encoding=encoding(tree))
    with netCDF4.Dataset(tmp_path / "a.nc") as file:
        assert file["runs"]["rare"].filters()["zlib"] and not file["runs"]["random"].filters()["zlib"]
    with xr.open_datatree(tmp_path / "a.nc") as read:
        for name in ("random", "rare", "turned", "count", "few"):
            assert np.array_equal(read["runs"][name].values, tree["runs"][name].values), name


def test_encoding__holds_for_a_result_that_was_read_compressed(tree: xr.DataTree, tmp_path: Path) -> None:
    everything = {"/runs": {"random": {"zlib": True}}}
    tree.to_netcdf(tmp_path / "a.nc", encoding=everything)
    with xr.open_datatree(tmp_path / "a.nc") as read:
        read.to_netcdf(tmp_path / "b.nc", encoding=encoding(read))
    with netCDF4.Dataset(tmp_path / "b.nc") as file:
        assert not file["runs"]["random"].filters()["zlib"]
