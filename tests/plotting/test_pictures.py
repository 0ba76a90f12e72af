from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr
from matplotlib import image
from matplotlib.figure import Figure

import sim
from sim import plotting
from sim.errors import ResultError
from sim.plotting import style


def pixels(figure: Figure) -> np.ndarray:
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=60)
    written.seek(0)
    return np.asarray(image.imread(written))[..., :3]


def has_colour(picture: np.ndarray, colour: str) -> bool:
    from matplotlib.colors import to_rgb

    return bool((np.abs(picture - np.array(to_rgb(colour))).max(axis=2) < 0.05).any())


def test_fan__has_units_title_and_bands_that_hold_the_median(results: xr.DataTree) -> None:
    axes = plotting.fan(results, "price", of="dy_oxide", region="EU")
    assert axes.get_title(loc="left") == "Dy oxide, EU: quoted price"
    assert axes.get_ylabel() == "quoted price over its reference"
    assert len(axes.collections) == 3 and axes.get_yscale() == "log"
    assert any("8 runs" in text.get_text() for text in axes.texts)
    assert all(label.get_text().startswith("x") for label in axes.get_yticklabels())
    low, high = (axes.collections[0].get_datalim(axes.transData).intervaly for _ in range(2))
    median = axes.lines[0].get_ydata()
    assert low[0] <= np.min(median) and np.max(median) <= high[1]


def test_fan__draws_on_the_axes_it_is_given(results: xr.DataTree) -> None:
    axes = Figure().subplots()
    assert plotting.fan(results, "shortage", of="magnet_hc", region="US", ax=axes) is axes
    assert axes.get_ylabel() == "intake missing"
    assert axes.get_yticklabels()[-1].get_text().endswith(" %")


def test_fan__of_sectors_and_stages(results: xr.DataTree) -> None:
    assert "service demand" in plotting.fan(results, "shortage", of="defence", region="US").get_ylabel()
    assert "Metal" in plotting.fan(results, "price", of="metal", region="JP").get_title(loc="left")


def test_fan__marks_dated_restrictions_at_their_date(results: xr.DataTree) -> None:
    dates = style.dated_onsets(results)
    assert abs(dates[0] - style.date_number(np.datetime64("2025-04-15"))) < 4.0


def test_fan_figure__names_its_source(results: xr.DataTree) -> None:
    figure = plotting.fan_figure(results, "price", of="dy_oxide", region="EU")
    assert figure.get_supxlabel() == f"Source: oreflow {sim.__version__}, scenario controls_2025, 8 runs, seed 20250404"
    picture = pixels(figure)
    assert has_colour(picture, style.BLUE) and picture.std() > 0.05


def test_stages__has_a_column_for_every_stage_but_scrap(results: xr.DataTree) -> None:
    figure = plotting.stages(results, "EU")
    titles = [axes.get_title() for axes in figure.axes[:7]]
    assert titles == ["mining", "separation", "metal", "alloy", "block", "magnet", "component"]
    assert len(figure.axes) == 14 and "EU, 8 runs" in figure.get_suptitle()
    picture = pixels(figure)
    assert has_colour(picture, style.BLUE) and has_colour(picture, style.VERMILION)


def test_stages__says_where_a_region_does_not_use_a_stage(results: xr.DataTree) -> None:
    texts = [text.get_text() for axes in plotting.stages(results, "MY").axes for text in axes.texts]
    assert "not used here" in texts


def test_stages__of_a_result_without_shocks_is_flat_and_labelled() -> None:
    quiet = sim.run(sim.load("still", overrides=["time.years=1"]), runs=2)
    figure = plotting.stages(quiet, "world")
    assert has_colour(pixels(figure), style.BLUE)
    with pytest.raises(ResultError, match="no restrictions"):
        plotting.shocks(quiet)


def test_percent_ticks__say_what_they_stand_at() -> None:
    axes = Figure().add_subplot()
    style.percent_ticks(axes.yaxis)
    written = axes.yaxis.get_major_formatter()
    assert [written(share, 0) for share in (0.0, 0.025, 0.1, 1.0)] == ["0 %", "2.5 %", "10 %", "100 %"]


def test_shocks__has_a_row_for_every_restriction(results: xr.DataTree) -> None:
    figure = plotting.shocks(results)
    titles = [axes.get_title(loc="left") for axes in figure.axes[::2]]
    assert len(figure.axes) == 2 * results["shocks"].sizes["restriction"]
    assert all("strikes 100 % of runs" in title for title in titles)
    assert titles[0].startswith(next(iter(sim.load("controls_2025").restrictions.values())).title)
    picture = pixels(figure)
    assert has_colour(picture, style.VERMILION)


def test_pictures__leave_the_global_state_alone(results: xr.DataTree) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    pixels(plotting.stages(results, "US"))
    plotting.shocks(results)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(("months", "most", "labels"), [(12, 8, 6), (36, 8, 6), (120, 8, 5), (120, 4, 2)])
def test_date_axis__has_few_labels(months: int, most: int, labels: int) -> None:
    time = np.datetime64("2025-01", "M") + np.arange(months)
    axes = Figure().subplots()
    style.date_axis(axes, xr.DataArray(time.astype("datetime64[ns]"), dims="time"), most=most)
    texts = [label.get_text() for label in axes.get_xticklabels()]
    assert len(texts) == labels and texts[0].strip()[-4:] in ("2025", "2026")


@pytest.mark.parametrize(("high", "scale"), [(1.0, "linear"), (3.0, "linear"), (8.0, "log"), (140.0, "log")])
def test_multiple_axis__is_logarithmic_for_large_ranges_only(high: float, scale: str) -> None:
    axes = Figure().subplots()
    style.multiple_axis(axes, 0.99, high)
    assert axes.get_yscale() == scale
    assert 2 <= len(axes.get_yticks()) <= style.MOST_TICKS + 2
