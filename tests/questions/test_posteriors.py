"""Posterior files keep what was found, and say what is wrong with a file that is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sim
from sim.errors import ScenarioError
from sim.questions import posteriors
from sim.questions.posteriors import Posterior
from sim.questions.weighting import draw, effective
from sim.scenario.episodes import episodes, read_beliefs


@pytest.fixture
def posterior() -> Posterior:
    ensemble = draw(read_beliefs(), draws=4, seed=1)
    likelihood = {"old": np.log([1.0, 1.0, 2.0, 4.0]), "new": np.log([1.0, 3.0, 1.0, 1.0])}
    return Posterior(ensemble, np.zeros(4), likelihood, {"seed": "1", "draws": "4"})


def test_weight__multiplies_the_likelihoods_of_the_episodes_asked_for(posterior: Posterior) -> None:
    np.testing.assert_allclose(posterior.weight([]), 0.25)
    np.testing.assert_allclose(posterior.weight(["old"]), np.array([1.0, 1.0, 2.0, 4.0]) / 8.0)
    np.testing.assert_allclose(posterior.weight(["old", "new"]), np.array([1.0, 3.0, 2.0, 4.0]) / 10.0)
    with pytest.raises(ScenarioError, match=r"olld was not fitted; did you mean old\?"):
        posterior.weight(["olld"])


def test_read__gives_back_what_was_written(posterior: Posterior, tmp_path: Path) -> None:
    posteriors.write(posterior, tmp_path / "p.csv")
    found = posteriors.read(tmp_path / "p.csv")
    assert found.ensemble.names == posterior.ensemble.names and found.provenance == posterior.provenance
    np.testing.assert_allclose(found.ensemble.values, posterior.ensemble.values, rtol=1e-5)
    np.testing.assert_allclose(found.weight(["new"]), posterior.weight(["new"]), rtol=1e-5)


def test_read__lists_every_damaged_draw(posterior: Posterior, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    posteriors.write(posterior, path)
    lines = path.read_text().splitlines()
    lines[-1], lines[-2] = lines[-1].replace(",", ",x", 1), lines[-2].rpartition(",")[0]
    path.write_text("\n".join(lines))
    with pytest.raises(ScenarioError) as caught:
        posteriors.read(path)
    assert "draw 3 is not a row" in str(caught.value) and "draw 4 is not a row" in str(caught.value)


def test_read__refuses_a_table_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("a,b\n1,2\n")
    with pytest.raises(
        ScenarioError, match="header is not that of a posterior; give a file that `sim calibrate` wrote"
    ):
        posteriors.read(tmp_path / "p.csv")


def test_bundled__keep_more_than_a_few_effective_draws() -> None:
    found = posteriors.read("rare_earths")
    assert effective(found.weight(["rare_earths_2010"])) > 20.0
    assert effective(found.weight(["rare_earths_2010", "rare_earths_2025"])) > 25.0
    assert effective(found.weight(["rare_earths_2025"])) > 200.0


def test_spread_over_runs__stands_for_the_weights_in_any_first_few_sets() -> None:
    found = posteriors.read("rare_earths")
    weight, response = found.weight(["rare_earths_2025"]), found.ensemble.values[:, 0]
    given = posteriors.spread_over_runs("rare_earths", ["rare_earths_2025"], 64)
    scenario = sim.load("still", overrides=[given])
    assert scenario.posterior is not None and "fitted to rare_earths_2025: 64 sets" in scenario.posterior.source
    taken = np.array([each["price_response"] for each in scenario.posterior.sets])
    deviation = np.sqrt(weight @ (response - weight @ response) ** 2)
    for first in (16, 32, 64):
        assert abs(taken[:first].mean() - weight @ response) < 3.0 * deviation / np.sqrt(first)


def test_bundled__stand_on_the_episodes_and_priors_that_are_bundled() -> None:
    for name in posteriors.bundled():
        found = posteriors.read(name)
        assert set(found.likelihood) <= set(episodes()) and set(found.ensemble.names) == set(read_beliefs().priors)
