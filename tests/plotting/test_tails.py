"""What is drawn of spells and of budgets is what the answers say, and a kept answer gives the same picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from typer.testing import CliRunner

from sim import plotting
from sim.cli.app import app
from sim.errors import ResultError
from sim.plotting import asked, tails
from tests.plotting.test_risks import curve

SOURCE = {"title": "By hand", "runs": 100, "seed": 3, "oreflow_version": "0"}


def lasting() -> xr.Dataset:
    """Four months; the last rests on too few runs."""
    rows = {"value": [0.6, 0.5, 0.3, 0.1], "low": [0.5, 0.4, 0.2, 0.05], "high": [0.7, 0.6, 0.4, 0.2]}
    words = np.array(["", "", "", "only 10 of 100 runs show the event"], dtype=object)
    return xr.Dataset(
        {name: ("months", values) for name, values in rows.items()} | {"warning": ("months", words)},
        coords={"months": [1, 2, 3, 4]},
        attrs={**SOURCE, "condition": "shortage[ore, EU] > 0.1"},
    )


def money() -> xr.Dataset:
    """Two years, of which the first brings money in; no run lies beyond the 99 % quantile."""
    value = np.array([[-10.0, 20.0], [5.0, 40.0], [7.0, 60.0]])
    high = value + 2.0
    high[2] = np.inf
    words = np.array([["", ""], ["few", ""], ["fewer", "fewer"]], dtype=object)
    dims = ("statistic", "year")
    return xr.Dataset(
        {"value": (dims, value), "low": (dims, value - 1.0), "high": (dims, high), "warning": (dims, words)},
        coords={"statistic": ["mean", "q95", "q99"], "year": [2025, 2026]},
        attrs={**SOURCE, "quantity": "public_cost"},
    )


def drawn(axes: Axes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Dots of each set of error bars, shape (2, dot), and ends of the bars, shape (dot, 2)."""
    found = []
    for each in axes.containers:
        if isinstance(each, ErrorbarContainer):
            dots = np.array(each.lines[0].get_data(), dtype=float)
            ends = np.array([segment[:, 1] for segment in each.lines[2][0].get_segments()])
            found.append((dots, ends))
    return found


def texts(axes: Axes) -> list[str]:
    return [each.get_text() for each in axes.texts]


def test_spells__are_the_shares_with_their_intervals_and_hollow_where_runs_are_few() -> None:
    axes = Figure().subplots()
    assert plotting.spells(lasting(), ax=axes) is axes
    (sure, sure_ends), (few, few_ends) = drawn(axes)
    np.testing.assert_allclose(sure, [[1, 2, 3], [0.6, 0.5, 0.3]])
    np.testing.assert_allclose(sure_ends, [[0.5, 0.7], [0.4, 0.6], [0.2, 0.4]])
    np.testing.assert_allclose(few, [[4], [0.1]])
    np.testing.assert_allclose(few_ends, [[0.05, 0.2]])
    assert axes.containers[1].lines[0].get_markerfacecolor() == "white"
    assert {"60 %", "30 %"} <= set(texts(axes))
    assert "Careful, 4 months: only 10 of 100 runs show the event" in texts(axes)
    assert axes.get_title(loc="left") == "How often shortage[ore, EU] > 0.1 lasts"
    assert axes.get_ylim()[1] > 0.7 and axes.get_xlabel() == "months in a row, at least"


def test_spells__without_warnings_have_no_hollow_dots_and_no_note() -> None:
    axes = plotting.spells(lasting().isel(months=slice(0, 3)))
    assert len(drawn(axes)) == 1 and not any("Careful" in text for text in texts(axes))


def test_budget__has_a_bar_for_what_is_expected_and_marks_for_the_tails() -> None:
    axes = Figure().subplots()
    assert plotting.budget(money(), ax=axes) is axes
    bars = [bar.get_height() for bar in axes.patches[:2]]
    assert bars == [-10.0, 20.0]
    for (dots, ends), values in zip(drawn(axes), money().value.values, strict=True):
        np.testing.assert_allclose(dots[1], values)
        np.testing.assert_allclose(np.round(dots[0]), [2025, 2026])
        np.testing.assert_allclose(ends[:, 0], values - 1.0)
    ends = [ends[:, 1].tolist() for _, ends in drawn(axes)]
    assert ends == [[-8.0, 22.0], [7.0, 42.0], [7.0, 60.0]]  # The last have no end, but an arrow.
    arrows = [each for each in axes.texts if getattr(each, "arrow_patch", None) is not None]
    assert [each.xy[1] for each in arrows] == [7.0, 60.0]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text().split(" (")[0] for text in legend.get_texts()] == ["expected", "1 in 20", "1 in 100"]
    assert axes.get_ylabel() == "million USD" and axes.get_ylim()[0] < -11.0
    note = next(text for text in texts(axes) if text.startswith("Careful"))
    assert note.splitlines() == ["Careful, 1 in 20, 2025: few", "Careful, 1 in 100: fewer"]


def test_budget__of_nothing_spent_can_be_drawn() -> None:
    none = money()
    for name in ("value", "low", "high"):
        none[name][:] = 0.0
    axes = plotting.budget(none)
    assert [bar.get_height() for bar in axes.patches] == [0.0, 0.0] and axes.get_ylim()[0] == 0.0


def test_picture__has_a_panel_for_each_answer_in_their_order_and_its_source() -> None:
    first = curve(0.01).assign_attrs(SOURCE)
    figure = tails.picture(first, lasting(), money())
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert titles == ["lost_output", "How often shortage[ore, EU] > 0.1 lasts", "Public cost by budget year"]
    assert "By hand, 100 runs, seed 3" in figure.get_supxlabel()


@pytest.mark.parametrize(("kind", "answer"), [("spells", lasting()), ("budget", money())])
def test_plot__draws_the_kept_answer(kind: str, answer: xr.Dataset, tmp_path: Path) -> None:
    answer.to_netcdf(tmp_path / "answer.nc")
    found = CliRunner().invoke(app, ["plot", str(tmp_path / "answer.nc"), "--kind", kind, "--out", f"{tmp_path}/a.svg"])
    assert found.exit_code == 0, found.output
    assert (tmp_path / "a.svg").stat().st_size > 5_000
    for other in {"spells", "budget", "value"} - {kind}:
        with pytest.raises(ResultError, match="holds no answer"):
            asked.read(tmp_path / "answer.nc", other)
