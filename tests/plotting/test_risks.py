from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from sim.plotting import risks, style


def curve(lowest: float) -> xr.Dataset:
    share, factors = np.array([[0.9, 0.4, lowest]]), {"share": 1.0, "low": 0.9, "high": 1.1}
    return xr.Dataset(
        {name: (("horizon", "threshold"), factor * share) for name, factor in factors.items()},
        coords={"horizon": [risks.WHOLE], "threshold": [1e4, 2e4, 3e4]},
        attrs={"runs": 100, "units": "million USD", "quantity": "lost_output", "meaning": "Lost."},
    )


def comparison() -> xr.Dataset:
    rows = {
        "value": [10.0, 12.0, 7.0, 10.5],
        "difference": [0.0, 2.0, -3.0, 0.5],
        "difference_low": [0.0, 1.0, -4.0, -1.0],
        "difference_high": [0.0, 3.0, -2.0, 2.0],
        "unpaired_error": [1.0, 1.0, 1.0, 1.0],
    }
    names = ["base", "more", "less", "open"]
    return xr.Dataset(
        {name: (("metric", "scenario"), [values]) for name, values in rows.items()},
        coords={"metric": ["mean(x)"], "scenario": names, "units": ("metric", ["t"])},
        attrs={"base": "base", "runs": 100, "seed": 1},
    )


def test_exceedance__has_a_logarithmic_axis_only_where_shares_become_small() -> None:
    assert risks.exceedance(curve(0.01)).get_yscale() == "log"
    assert risks.exceedance(curve(0.3)).get_yscale() == "linear"


def test_exceedance__shows_large_money_in_billions_with_its_meaning() -> None:
    axes = Figure().subplots()
    assert risks.exceedance(curve(0.01), ax=axes) is axes
    assert axes.get_xlabel() == "Lost, billion USD" and axes.get_title(loc="left") == "lost_output"
    assert axes.xaxis.get_major_formatter()(2e4, 0) == "20"


def test_forest__colours_what_is_sure_and_leaves_out_the_base() -> None:
    axes = risks.forest(comparison(), "mean(x)")
    assert [label.get_text() for label in axes.get_yticklabels()] == ["more", "less", "open"]
    dots = [to_hex(line.get_color()).upper() for line in axes.lines if line.get_marker() == "o"]
    assert dots == [style.VERMILION, style.GREEN, style.GREY]
    assert axes.get_xlabel() == "difference, t"


def test_forest_figure__has_a_panel_a_metric_and_its_source() -> None:
    figure = risks.forest_figure(comparison())
    assert len(figure.axes) == 1 and "the same draws" in figure.get_supxlabel()
