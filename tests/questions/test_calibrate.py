"""Calibration on a model that is a straight line, where the answer is known; and what an interruption leaves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.errors import ResultError
from sim.questions import calibrate as calibrations
from sim.questions.calibrate import calibrate, errors, fits
from sim.questions.observables import recorded
from sim.questions.proposals import Component, Mixture, bounds, tempered
from sim.questions.weighting import contraction, covariance, effective
from sim.scenario.episodes import Beliefs, Discrepancy, Episode, Prior

LAW = {"dist": "norm", "mean": 0.0, "sd": 1.0}
BELIEFS = Beliefs(
    discrepancy=Discrepancy(sd=0.2, months=12.0, shared=0.0, source="by hand"),
    priors={name: Prior.model_validate({"distribution": LAW, "source": "by hand"}) for name in ("slope", "idle")},
)


class Line:
    """A model whose log values are all the first parameter; it counts its simulations."""

    asked = 0
    digest = "line"

    def __init__(self, episode: Episode) -> None:
        self.episode = episode

    def values(self, *overrides: str, run: int = 0) -> np.ndarray:
        Line.asked += 1
        return np.full(len(self.episode.observations), float(overrides[0].rpartition("=")[2]))


@pytest.fixture(autouse=True)
def straight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrations, "Replay", Line)
    Line.asked = 0


def test_calibrate__finds_the_posterior_of_a_straight_line(episode: Episode) -> None:
    found = calibrate([episode], BELIEFS, draws=1200, seed=1)
    weight = found.posterior.weight(["small"])
    spread = np.linalg.inv(covariance(episode, episode.scored, BELIEFS.discrepancy))
    seen = np.log([2.0, 4.0, 1.0, 1.5])
    precision = 1.0 + spread.sum()
    assert effective(weight) > 200.0
    assert weight @ found.posterior.ensemble.values[:, 0] == pytest.approx((spread @ seen).sum() / precision, abs=0.02)
    # With 200 effective draws a variance is known to a tenth: three of these.
    shrunk = contraction(found.posterior.ensemble, weight)
    assert shrunk["slope"] == pytest.approx(1.0 - 1.0 / precision, abs=0.03) and abs(shrunk["idle"]) < 0.3
    assert fits(found.posterior) == [(), ("small",)]
    assert errors(found, ("small",))["small"] < errors(found, ())["small"]


class Plane(Line):
    """A model whose log values are four combinations of twelve parameters: its posterior is Gaussian and known."""

    slopes = 0.25 * np.random.default_rng(5).normal(size=(4, 12))

    def values(self, *overrides: str, run: int = 0) -> np.ndarray:
        return Plane.slopes @ [float(text.rpartition("=")[2]) for text in overrides]


def test_calibrate__keeps_many_effective_draws_of_a_narrow_posterior_in_twelve_dimensions(
    episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibrations, "Replay", Plane)
    names = [f"p{number}" for number in range(12)]
    prior = Prior.model_validate({"distribution": LAW, "source": "by hand"})
    beliefs = Beliefs(discrepancy=BELIEFS.discrepancy, priors=dict.fromkeys(names, prior))
    monkeypatch.setattr(Episode, "scored", property(lambda self: self.observations[:4]))
    few = Episode(episode.folder, episode.about, episode.series, episode.observations[:4], (), episode.digest)
    found = calibrate([few], beliefs, draws=1500, seed=1)
    weight, score = found.posterior.weight(["small"]), found.posterior.ensemble.score
    slopes = Plane.slopes
    precision = np.eye(12) + slopes.T @ np.linalg.solve(covariance(few, few.scored, beliefs.discrepancy), slopes)
    seen = recorded(few, few.scored)
    mean = np.linalg.solve(
        precision, slopes.T @ np.linalg.solve(covariance(few, few.scored, beliefs.discrepancy), seen)
    )
    spread = np.sqrt(np.diag(np.linalg.inv(precision)))
    # Draws of the prior alone leave one or two.
    assert effective(weight) > 50.0
    assert np.abs((weight @ score - mean) / spread).max() < 4.0 / np.sqrt(effective(weight))


def test_calibrate__goes_on_where_it_was_interrupted(episode: Episode, tmp_path: Path) -> None:
    whole = calibrate([episode], BELIEFS, draws=40, seed=1)

    def stop(done: int, wanted: int) -> None:
        if done == 31:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        calibrate([episode], BELIEFS, draws=40, seed=1, checkpoint=tmp_path / "work.npz", progress=stop)
    Line.asked = 0
    again = calibrate([episode], BELIEFS, draws=40, seed=1, checkpoint=tmp_path / "work.npz")
    assert Line.asked == 10
    np.testing.assert_array_equal(again.posterior.weight(["small"]), whole.posterior.weight(["small"]))


def test_calibrate__refuses_the_checkpoint_of_another_calibration(episode: Episode, tmp_path: Path) -> None:
    place = tmp_path / "work.npz"
    calibrate([episode], BELIEFS, draws=10, seed=1, checkpoint=place)
    with pytest.raises(ResultError, match="is the checkpoint of another calibration; give another file"):
        calibrate([episode], BELIEFS, draws=10, seed=2, checkpoint=place)
    place.write_bytes(b"no archive")
    with pytest.raises(ResultError, match="is not a checkpoint"):
        calibrate([episode], BELIEFS, draws=10, seed=1, checkpoint=place)


def test_tempered__leaves_a_likelihood_alone_that_many_draws_share() -> None:
    flat = tempered(np.array([0.0, -0.1, 0.1, 0.0] * 10), 20.0)
    assert effective(flat) > 39.0


def test_ratio__weighs_draws_of_a_mixture_back_to_the_prior() -> None:
    # Half of the draws come from the prior, half from a proposal off it: the mean of the weights is that of a density.
    generator = np.random.default_rng(2)
    part = Component(np.array([1.0, -1.0]), 0.25 * np.eye(2))
    tails = np.sqrt(generator.chisquare(5.0, size=(20_000, 1)) / 5.0)
    proposed = part.mean + 0.5 * generator.normal(size=(20_000, 2)) / tails
    score = np.concatenate([generator.normal(size=(20_000, 2)), proposed])
    weight = np.exp(Mixture(20_000, ((part, 20_000),)).ratio(score))
    assert weight.mean() == pytest.approx(1.0, abs=0.02) and weight.max() <= 2.0 + 1e-9
    np.testing.assert_allclose(weight @ score / weight.sum(), 0.0, atol=0.03)


def test_bounds__end_at_the_draws_wanted_and_never_go_back() -> None:
    for draws in (8, 10, 41, 1500):
        assert bounds(draws)[-1] == draws and bounds(draws) == sorted(set(bounds(draws)))
