"""Hindcast pictures hold the fan, every observation, and what is scored of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.colors import to_hex

from sim.plotting import hindcasts, style
from sim.questions.hindcast import Replays
from sim.scenario.episodes import Episode, EpisodeFile
from tests.small_episode import quote, series


def small() -> Replays:
    episode = Episode(
        folder=Path("small"),
        about=EpisodeFile(title="small", scenario="none.toml", years=1.0, origin="2010-02"),
        series=(series("free", base_value=10.0), series("told", role="imposed", base_value=10.0)),
        observations=(quote("free", "2010-06", 20.0), quote("free", "2010-10", 40.0), quote("told", "2010-04", 9.0)),
        history=(),
        digest="0",
    )
    rising = np.linspace(1.0, 5.0, 12)
    return Replays(episode, "2010-01", np.zeros((3, 3)), {"free": np.array([rising] * 3), "told": np.ones((3, 12))})


def test_series__draws_the_median_and_every_observation_over_its_base() -> None:
    axes = hindcasts.series(small(), "free")
    median = next(line for line in axes.lines if len(line.get_xdata()) == 12)
    np.testing.assert_allclose(median.get_ydata(), np.linspace(1.0, 5.0, 12))
    dots = next(line for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(dots.get_ydata(), [2.0, 4.0])


def test_series__leaves_imposed_observations_hollow() -> None:
    colours = []
    for name in ("free", "told"):
        axes = hindcasts.series(small(), name)
        dots = next(line for line in axes.lines if line.get_marker() == "o")
        colours.append(to_hex(dots.get_markerfacecolor()).upper())
    assert colours == [style.VERMILION, "#FFFFFF"]


def test_picture__has_a_panel_for_each_series_and_its_source() -> None:
    figure = hindcasts.picture(small(), "prior, by hand")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in shown] == ["free", "told"]
    assert figure.legends[0].get_title().get_text() == "Source: prior, by hand"
