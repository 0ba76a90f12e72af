from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim import store
from sim.errors import ResultError

ENDINGS = (".nc", ".zarr")


@pytest.fixture(scope="module")
def results() -> xr.DataTree:
    return sim.run(sim.load("controls_2025", overrides=["time.years=1"]), runs=8, traces=2)


@pytest.fixture(scope="module")
def quiet() -> xr.DataTree:
    """A result without any restriction, so with dimensions of no length."""
    return sim.run(sim.load("still", overrides=["time.years=1"]), runs=2)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("ending", ENDINGS)
def test_save__comes_back_identical(results: xr.DataTree, tmp_path: Path, ending: str) -> None:
    path = store.save(results, tmp_path / f"a{ending}")
    again = store.open_results(path)
    xr.testing.assert_identical(results, again)
    for node in results.subtree:
        for name, values in node.variables.items():
            assert again[node.path].variables[name].dtype == values.dtype, (node.path, name)
    assert {name: type(value) for name, value in again.attrs.items()} == {
        name: type(value) for name, value in results.attrs.items()
    }
    assert names(tmp_path) == [f"a{ending}"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_save__keeps_infinite_durations_missing_events_and_text(
    results: xr.DataTree, tmp_path: Path, ending: str
) -> None:
    changed = results.copy(deep=True)
    changed["shocks"]["onset"][1, 0, 3] = np.nan
    changed.attrs["title"] = "Größe, 稀土 'x'\nsecond line"
    changed.attrs["seed"] = 2**62 + 1
    again = store.open_results(store.save(changed, tmp_path / f"a{ending}"))
    assert np.isinf(again["shocks"].duration.sel(restriction="heavy_oxides")).all()
    assert np.isnan(again["shocks"].onset[1, 0, 3])
    assert again["shocks"].kind.values.tolist() == results["shocks"].kind.values.tolist()
    assert again.attrs["title"] == changed.attrs["title"] and again.attrs["seed"] == 2**62 + 1
    assert again["distribution"].time.dtype == results["distribution"].time.dtype


@pytest.mark.parametrize("ending", ENDINGS)
def test_save__bears_a_result_without_restrictions(quiet: xr.DataTree, tmp_path: Path, ending: str) -> None:
    again = store.open_results(store.save(quiet, tmp_path / f"a{ending}"))
    assert again["shocks"].sizes["restriction"] == 0
    xr.testing.assert_identical(quiet, again)


@pytest.mark.parametrize("ending", ENDINGS)
def test_save__replaces_a_result_only_when_asked(
    results: xr.DataTree, quiet: xr.DataTree, tmp_path: Path, ending: str
) -> None:
    path = store.save(results, tmp_path / f"a{ending}")
    with pytest.raises(ResultError, match="exists; choose another name"):
        store.save(quiet, path)
    assert store.open_results(path).attrs["runs"] == 8
    store.save(quiet, path, overwrite=True)
    assert store.open_results(path).attrs["runs"] == 2
    assert names(tmp_path) == [f"a{ending}"]


def foreign(path: Path) -> None:
    """Something of the user's own under the name of a result."""
    if path.suffix == ".nc":
        xr.Dataset({"mine": ("x", [1.0])}).to_netcdf(path)
    else:
        path.mkdir()
        (path / "precious.txt").write_text("mine")


@pytest.mark.parametrize("ending", ENDINGS)
def test_save__never_replaces_what_is_no_result(results: xr.DataTree, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    foreign(path)
    with pytest.raises(ResultError, match="is not an oreflow result; it is left alone"):
        store.save(results, path, overwrite=True)
    assert path.exists() and names(tmp_path) == [f"a{ending}"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.csv", "ending must be one of .nc, .zarr"),
        ("a", "ending must be"),
        ("none/a.nc", "none does not exist; create it first"),
        ("x" * 300 + ".nc", "cannot be used as a file name"),
    ],
)
def test_check_target__refuses_what_cannot_be_written(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ResultError, match=message):
        store.check_target(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_check_target__refuses_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ResultError, match="cannot be written"):
        store.check_target(tmp_path / "a.nc")


def test_check_target__refuses_a_folder_that_is_reported_unwritable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ResultError, match="cannot be written; choose another one"):
        store.check_target(tmp_path / "a.nc")


@pytest.mark.parametrize(
    ("name", "content"), [("a.nc", b""), ("a.nc", b"not a file of ours"), ("a.nc", store.NETCDF_MAGIC + b"\0" * 4000)]
)
def test_open_results__of_a_damaged_file_is_one_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ResultError):
        store.open_results(tmp_path / name)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_open_results__of_a_truncated_file_is_one_error(results: xr.DataTree, tmp_path: Path, share: float) -> None:
    path = store.save(results, tmp_path / "a.nc")
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ResultError, match=r"a\.nc"):
        store.open_results(path)


def test_open_results__of_a_zarr_folder_that_lacks_an_array_is_an_error(results: xr.DataTree, tmp_path: Path) -> None:
    path = store.save(results, tmp_path / "a.zarr")
    (path / "runs" / "peak_price" / "zarr.json").unlink()
    with pytest.raises(ResultError, match="damaged"):
        store.open_results(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_open_results__of_a_foreign_or_missing_file_is_an_error(tmp_path: Path, ending: str) -> None:
    with pytest.raises(ResultError, match="does not exist"):
        store.open_results(tmp_path / f"b{ending}")
    foreign(tmp_path / f"a{ending}")
    with pytest.raises(ResultError, match="no oreflow result"):
        store.open_results(tmp_path / f"a{ending}")


def test_open_results__of_another_format_says_which(results: xr.DataTree, tmp_path: Path) -> None:
    later = results.copy()
    later.attrs["format"] = "oreflow-results/4"
    later.to_netcdf(tmp_path / "a.nc", engine="netcdf4")
    with pytest.raises(ResultError, match="format 'oreflow-results/4'; this version reads oreflow-results/3"):
        store.open_results(tmp_path / "a.nc")


def test_open_results__names_what_a_result_lacks(results: xr.DataTree, tmp_path: Path) -> None:
    poorer = results.copy()
    poorer["runs"] = xr.DataTree(poorer["runs"].to_dataset().drop_vars("peak_price"))
    with pytest.raises(ResultError, match="lacks /runs/peak_price"):
        store.open_results(store.save(poorer, tmp_path / "a.nc"))


def test_open_results__refuses_zarr_of_a_version_whose_codecs_can_run_code(
    results: xr.DataTree, tmp_path: Path
) -> None:
    path = store.save(results, tmp_path / "a.zarr")
    (path / "evil").mkdir()
    (path / "evil" / ".zarray").write_text('{"filters": [{"id": "pickle"}]}')
    with pytest.raises(ResultError, match="no oreflow result"):
        store.open_results(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_save__leaves_nothing_when_writing_fails(
    results: xr.DataTree, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        assert path.name.endswith(".partial") and path.exists()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_flush", full)
    with pytest.raises(OSError, match=r"No space left on device.*nothing was saved"):
        store.save(results, tmp_path / f"a{ending}")
    assert names(tmp_path) == []


def test_save__keeps_the_old_folder_when_the_rename_fails(
    results: xr.DataTree, quiet: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.save(results, tmp_path / "a.zarr")
    rename = os.rename

    def failing(source: Path, target: Path) -> None:
        if str(source).endswith(".partial"):
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="could not be written"):
        store.save(quiet, path, overwrite=True)
    assert store.open_results(path).attrs["runs"] == 8
    assert names(tmp_path) == ["a.zarr"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("old", [False, True])
def test_save__killed_leaves_no_half_file_under_the_final_name(tmp_path: Path, ending: str, old: bool) -> None:
    """The process is killed when all is written and nothing renamed: the worst moment there is."""
    script = f"""
        import os, signal
        import xarray as xr
        from sim import store
        results = xr.DataTree.from_dict({{"runs": xr.Dataset({{"x": ("run", [1.0, 2.0])}})}})
        if {old}:
            store.save(results, "a{ending}")
        store._flush = lambda path: os.kill(os.getpid(), signal.SIGKILL)
        store.save(results, "a{ending}", overwrite=True)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=tmp_path, check=False)
    assert done.returncode == -signal.SIGKILL
    left = [name for name in names(tmp_path) if name != f"a{ending}"]
    assert len(left) == 1 and left[0].endswith(".partial")
    assert (tmp_path / f"a{ending}").exists() == old
    if old:
        assert store.is_result(tmp_path / f"a{ending}")


def test_save__follows_a_link(results: xr.DataTree, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.nc").symlink_to(tmp_path / "real" / "a.nc")
    store.save(results, tmp_path / "link.nc")
    assert (tmp_path / "link.nc").is_symlink() and (tmp_path / "real" / "a.nc").is_file()
