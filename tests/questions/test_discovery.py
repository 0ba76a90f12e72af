"""Boxes of drawn shocks, against one that was planted."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.errors import MetricError
from sim.plotting import discovery as picture
from sim.questions.discovery import boxed, discover


@pytest.fixture(scope="module")
def planted() -> xr.Dataset:
    """Runs with x above 0.7 and y below 0.4 are bad, of four inputs."""
    pytest.importorskip("prim")
    rows = dict(zip("xyzw", np.random.default_rng(1).random((4, 1200)), strict=True))
    return boxed(rows, (rows["x"] > 0.7) & (rows["y"] < 0.4))


def test_boxed__finds_the_planted_box_and_limits_nothing_else(planted: xr.Dataset) -> None:
    assert sorted(planted.input.values.tolist()) == ["x", "y"]
    x, y = planted.sel(input="x"), planted.sel(input="y")
    assert abs(float(x.limit_low) - 0.7) < 0.05 and float(x.limit_high) > 0.95
    assert abs(float(y.limit_high) - 0.4) < 0.05 and float(y.limit_low) < 0.05


def test_boxed__is_judged_on_other_runs(planted: xr.Dataset) -> None:
    assert float(planted.coverage) > 0.8 and float(planted.density) > 0.8
    assert float(planted.mass_low) < 0.3 * 0.4 < float(planted.mass_high)


def test_boxed__of_chance_alone_promises_nothing() -> None:
    pytest.importorskip("prim")
    generator = np.random.default_rng(2)
    rows = dict(zip("xyzw", generator.random((4, 1200)), strict=True))
    found = boxed(rows, generator.random(1200) < 0.2)
    # On its own runs the box would hold far more bad ones than a fifth.
    assert float(found.density_low) < 0.2 < float(found.density_high)


def test_discover__wants_bad_runs_and_drawn_shocks(results: xr.DataTree) -> None:
    with pytest.raises(MetricError, match=r"has dates only|dates only|sets \d+ runs apart"):
        discover(results, "lost_output[cars, EU] > 3")


def test_picture__names_the_limits(planted: xr.Dataset) -> None:
    figure = picture(planted.assign_attrs(metric="bad", title="planted", runs=1200))
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any(text.startswith("from 0.7") for text in words) and any(text.startswith("to 0.3") for text in words)
