"""Episodes of history are read whole, and their faults all at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario.episodes import episodes, read_beliefs, read_episode
from sim.scenario.parameters import Parameters


@pytest.mark.parametrize("name", ["rare_earths_2010", "rare_earths_2025"])
def test_episode__gives_every_value_a_source_and_a_base_it_can_stand_on(name: str) -> None:
    episode = read_episode(name)
    assert episode.scored and all(row.source and row.confidence for row in episode.observations)
    for row in episode.observations:
        assert episode.by_name[row.series].base_to < row.first, row.series
    assert all(row.last <= episode.about.origin for row in episode.history)


def test_episode__scores_nothing_that_was_imposed() -> None:
    episode = read_episode("rare_earths_2010")
    scored = {row.series for row in episode.scored}
    assert "japan_arrivals" in scored and "japan_trough" not in scored


def test_beliefs__free_only_parameters_that_exist_inside_their_bounds() -> None:
    priors = read_beliefs().priors
    assert priors
    for name, prior in priors.items():
        for value in prior.distribution.span(1e-4):
            assert getattr(Parameters.model_validate({name: value}), name) == value


def test_read_episode__lists_all_faults_with_file_row_and_cure(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(episodes()["rare_earths_2025"], folder)
    observed = (folder / "observed.csv").read_text().replace("dy_europe,2025-12,2025-12", "dy_europ,2025-12,2025-11")
    (folder / "observed.csv").write_text(observed)
    history = (folder / "history.csv").read_text() + "Dy,2025-09,2025-09,300,somewhere,verified\n"
    (folder / "history.csv").write_text(history)
    with pytest.raises(ScenarioError) as caught:
        read_episode(str(folder))
    text = str(caught.value)
    assert "mine/observed.csv: row 4 series names 'dy_europ', not a known series; did you mean dy_europe?" in text
    assert "mine/observed.csv: row 4 last is '2025-11', before the first; swap them" in text
    assert "after the forecast's origin 2025-03; give only what was known then" in text


def test_read_episode__names_the_nearest_known_one() -> None:
    with pytest.raises(ScenarioError, match="rare_earth_2025 is not an episode; did you mean rare_earths_2025"):
        read_episode("rare_earth_2025")
