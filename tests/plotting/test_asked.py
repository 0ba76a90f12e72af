"""Pictures of answers kept as tables: what is read, what is refused, and that a waterfall ends where the figure is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from typer.testing import CliRunner

from sim.cli.app import app
from sim.errors import ResultError
from sim.plotting import answers, asked
from tests.plotting.test_risks import comparison


def parts() -> xr.Dataset:
    """Three causes that add up to 7."""
    return xr.Dataset(
        {
            "blame": (("metric", "cause"), [[2.0, 6.0, -1.0]]),
            "blame_error": (("metric", "cause"), [[0.1, 0.2, 0.3]]),
            "total": ("metric", [7.0]),
            "total_error": ("metric", [0.5]),
        },
        coords={"metric": ["mean(x)"], "cause": ["quota", "ban", answers.NO_RESTRICTION], "units": ("metric", ["t"])},
        attrs={"runs": 10, "title": "Made up"},
    )


def test_blame__is_a_waterfall_that_ends_at_the_figure() -> None:
    axes = answers.blame_bars(Figure().subplots(), parts().sel(metric="mean(x)"))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ban", "quota", "no restriction", "together"]
    starts = [bar.get_x() for bar in axes.patches]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(starts, [0.0, 6.0, 8.0, 0.0])
    np.testing.assert_allclose(ends, [6.0, 8.0, 7.0, 7.0])
    assert axes.get_xlabel().endswith(", t")


@pytest.mark.parametrize(("kind", "answer"), [("forest", comparison()), ("blame", parts())])
def test_plot__draws_an_answer_from_its_file(kind: str, answer: xr.Dataset, tmp_path: Path) -> None:
    answer.to_netcdf(tmp_path / "answer.nc")
    found = CliRunner().invoke(app, ["plot", str(tmp_path / "answer.nc"), "--kind", kind, "--out", f"{tmp_path}/a.svg"])
    assert found.exit_code == 0, found.output
    assert "<svg" in (tmp_path / "a.svg").read_text() and f"{kind} of" in found.stderr


def test_plot__of_another_answer_says_what_makes_the_right_one(tmp_path: Path) -> None:
    comparison().to_netcdf(tmp_path / "answer.nc")
    (tmp_path / "text.nc").write_text("no table")
    with pytest.raises(ResultError, match=r"holds no answer .* `sim blame"):
        asked.read(tmp_path / "answer.nc", "blame")
    with pytest.raises(ResultError, match="is no NetCDF"):
        asked.read(tmp_path / "text.nc", "blame")
    call = ["plot", str(tmp_path / "none.nc"), "--kind", "forest", "--out", f"{tmp_path}/a.gif", "--product", "x"]
    found = CliRunner().invoke(app, call)
    assert found.exit_code == 2 and "sim compare A B" in found.stderr
    assert "must be one of .png" in found.stderr and "no use for --product" in found.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answer.nc", "text.nc"]


def test_plot__of_an_unknown_episode_names_those_there_are(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["plot", "rare_earths_2011", "--kind", "hindcast", "--out", f"{tmp_path}/a.png"])
    assert found.exit_code == 2 and "rare_earths_2010" in found.stderr and not list(tmp_path.iterdir())
