"""Calibration: an importance-weighted ensemble over the free parameters, for one episode or several.

Draws come in three stages: first from the priors, then from Gaussians on the normal scale of the priors, fitted to what
the draws so far say of each episode and of all (adaptive multiple importance sampling, Cornuet et al. 2012, Scand. J.
Stat. 39:798). Weights divide by the mixture of all stages (Owen and Zhou 2000, J. Am. Stat. Assoc. 95:135), so that one
file of draws serves every choice of episodes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from sim import __version__, store
from sim.errors import ResultError
from sim.quantiles import Numbers
from sim.questions.observables import Replay, recorded
from sim.questions.posteriors import Posterior
from sim.questions.weighting import Ensemble, at_scores, draw, effective, evidence, weights
from sim.scenario.episodes import Beliefs, Episode

Values = NDArray[np.float64]
Progress = Callable[[int, int], None]
KEPT_EVERY = 10
"""Draws after which what is known is put aside."""
LEAST_EFFECTIVE = 20.0
"""Effective draws below which the likelihood is tempered before the proposals of the next stage are fitted."""
STAGES = (0.4, 0.7, 1.0)
"""Share of the draws made by the end of each stage."""
WIDENED = 1.3
"""Factor on the fitted covariance of a proposal: one too narrow makes a few weights huge, one too wide wastes draws."""


@dataclass(frozen=True)
class Component:
    """A Gaussian proposal on the normal scale of the priors."""

    mean: Values
    covariance: Values


@dataclass(frozen=True)
class Calibration:
    """Weighted draws, and what each of them says of the episodes."""

    episodes: tuple[Episode, ...]
    posterior: Posterior
    known: dict[str, Values]
    """Modelled log values of all observations by episode, shape (draw, observation)."""


def calibrate(
    episodes: Sequence[Episode],
    beliefs: Beliefs,
    *,
    draws: int,
    seed: int,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Weigh draws of the free parameters by how well each replays the episodes.

    Parameters
    ----------
    episodes: Episodes to replay with every draw.
    beliefs: Priors and discrepancy.
    draws: Number of draws, of all stages together; draw `i` meets the shocks of run `i`.
    seed: Seed of all random numbers.
    checkpoint: File (`.npz`) that keeps what is known, and from which an interrupted calibration goes on.
    progress: Called with the simulations done and wanted.

    Raises
    ------
    ScenarioError: A scenario has faults.
    ResultError: The checkpoint is of another calibration.
    """
    ledger = _Ledger(episodes, beliefs, draws, seed, checkpoint, progress)
    bounds = [round(share * draws) for share in STAGES]
    parts: list[Component] = []
    shares = np.array([bounds[0] / draws])
    ensemble = draw(beliefs, draws=bounds[0], seed=seed)
    likelihood = _likelihood(ledger, ensemble, beliefs, bounds[0])
    for begin, end in pairwise(bounds):
        fresh = list(_components(ensemble.score, _ratio(ensemble.score, parts, shares), likelihood))
        ensemble = ensemble.joined(_proposed(beliefs, fresh, seed, begin, end - begin))
        parts += fresh
        shares = np.append(shares * begin, np.full(len(fresh), (end - begin) / len(fresh))) / end
        likelihood = _likelihood(ledger, ensemble, beliefs, end)
    posterior = Posterior(
        ensemble=ensemble,
        ratio=_ratio(ensemble.score, parts, shares),
        likelihood=likelihood,
        provenance={
            "oreflow_version": __version__,
            "seed": str(seed),
            "draws": str(draws),
            "episodes": "; ".join(f"{replay.episode.name} {replay.digest[:12]}" for replay in ledger.replays),
            "beliefs": hashlib.sha256(beliefs.model_dump_json().encode()).hexdigest()[:12],
        },
    )
    return Calibration(tuple(episodes), posterior, ledger.known)


def _likelihood(ledger: _Ledger, ensemble: Ensemble, beliefs: Beliefs, count: int) -> dict[str, Values]:
    """Log likelihood of the first draws by episode; what was not simulated yet is."""
    return {
        replay.episode.name: evidence(replay.episode, ledger.run(replay, ensemble, count), beliefs.discrepancy)
        for replay in ledger.replays
    }


def fits(posterior: Posterior) -> list[tuple[str, ...]]:
    """Choices of episodes to fit: none, each alone, and all together where there are several."""
    names = tuple(posterior.likelihood)
    return [(), *((name,) for name in names), *([names] if len(names) > 1 else [])]


def errors(found: Calibration, fit: Sequence[str]) -> dict[str, float]:
    """Root mean square log error of the weighted medians on the scored observations, by episode.

    Parameters
    ----------
    found: What `calibrate` returned.
    fit: Episodes fitted; none stands for the prior.
    """
    weight = found.posterior.weight(fit)
    off = {}
    for episode in found.episodes:
        scored = [index for index, row in enumerate(episode.observations) if row in episode.scored]
        medians = np.array([median(found.known[episode.name][:, index], weight) for index in scored])
        off[episode.name] = float(np.sqrt(np.mean((medians - recorded(episode, episode.scored)) ** 2)))
    return off


def median(values: Values, weight: Values) -> float:
    """Weighted median.

    Example
    -------
    >>> median(np.array([3.0, 1.0, 2.0]), np.array([0.2, 0.2, 0.6]))
    2.0
    """
    order = np.argsort(values)
    return float(values[order][np.searchsorted(np.cumsum(weight[order]), 0.5)])


class _Ledger:
    """Simulations done so far, kept in memory and, on request, in a file."""

    def __init__(
        self,
        episodes: Sequence[Episode],
        beliefs: Beliefs,
        draws: int,
        seed: int,
        file: Path | None,
        progress: Progress | None,
    ) -> None:
        """Take up what a checkpoint knows."""
        self.replays = [Replay(episode) for episode in episodes]
        digests = [replay.digest for replay in self.replays]
        text = "\n".join([__version__, beliefs.model_dump_json(), str(draws), str(seed), *digests])
        self.key, self.file, self.progress = hashlib.sha256(text.encode()).hexdigest(), file, progress
        self.known = {episode.name: np.full((draws, len(episode.observations)), np.nan) for episode in episodes}
        if file is not None and file.exists():
            self._take_up(file)

    def run(self, replay: Replay, ensemble: Ensemble, count: int) -> Values:
        """Modelled log values of all observations with the first draws, shape (draw, observation)."""
        known = self.known[replay.episode.name]
        for index in np.flatnonzero(np.isnan(known[:count]).any(axis=1)).tolist():
            known[index] = replay.values(*ensemble.overrides(index), run=index)
            if (index + 1) % KEPT_EVERY == 0 or index + 1 == count:
                self._put_aside()
            if self.progress is not None:
                done = sum(int(np.sum(~np.isnan(rows).any(axis=1))) for rows in self.known.values())
                self.progress(done, sum(map(len, self.known.values())))
        return known[:count]

    def _take_up(self, file: Path) -> None:
        """Read a checkpoint.

        Raises
        ------
        ResultError: It is of another calibration, or none.
        """
        cure = "give another file, or remove it to start anew"
        try:
            with np.load(file) as kept:
                if str(kept["key"]) != self.key:
                    raise ResultError(f"{file}: is the checkpoint of another calibration; {cure}")
                for name, rows in self.known.items():
                    rows[...] = kept[name]
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise ResultError(f"{file}: is not a checkpoint ({error}); {cure}") from None

    def _put_aside(self) -> None:
        """Write the checkpoint, whole or not at all."""
        if self.file is not None:
            with store.replacing(self.file) as partial, partial.open("wb") as out:
                np.savez_compressed(out, allow_pickle=False, key=np.array(self.key), **self.known)


def tempered(log_likelihood: Values, least: float) -> Values:
    """Weights with the likelihood raised to the highest power, at most 1, that leaves enough effective draws.

    Parameters
    ----------
    log_likelihood: Of each draw.
    least: Effective draws wanted.

    Example
    -------
    >>> weight = tempered(np.array([0.0, -1000.0, -1000.0, -1000.0]), 2.0)
    >>> round(effective(weight), 3)
    2.0
    """
    least = min(least, 0.5 * log_likelihood.size)
    if effective(weights(log_likelihood)) >= least:
        return weights(log_likelihood)
    power = brentq(lambda power: effective(weights(power * log_likelihood)) - least, 0.0, 1.0)
    return weights(power * log_likelihood)


def _components(score: Values, ratio: Values, likelihood: dict[str, Values]) -> Iterator[Component]:
    """Proposals of a stage: one for each episode and, of several, one for all together.

    Parameters
    ----------
    score: Normal scores of the draws so far, shape (draw, parameter).
    ratio: Log density of the prior over that of what they were drawn from, shape (draw,).
    likelihood: Their log likelihood by episode.
    """
    targets = list(likelihood.values())
    if len(targets) > 1:
        targets.append(np.sum(targets, axis=0))
    for target in targets:
        weight = tempered(ratio + target, LEAST_EFFECTIVE)
        mean = weight @ score
        around = score - mean
        fitted = (weight[:, None] * around).T @ around
        # A few effective draws cannot tell the correlations of a dozen parameters: half of what they say is believed.
        shrunk = 0.5 * fitted + 0.5 * np.diag(np.diag(fitted)) + 0.05 * np.eye(score.shape[1])
        yield Component(mean, WIDENED * shrunk)


def _proposed(beliefs: Beliefs, parts: Sequence[Component], seed: int, first: int, count: int) -> Ensemble:
    """Draws of the second stage, each from the components in turn."""
    plain = draw(beliefs, draws=count, seed=seed, first=first)
    numbers = Numbers(seed, first, count).of("calibration", "component", 1)[0]
    chosen = np.minimum((numbers * len(parts)).astype(int), len(parts) - 1)
    score = np.array(
        [
            parts[part].mean + np.linalg.cholesky(parts[part].covariance) @ row
            for part, row in zip(chosen, plain.score, strict=True)
        ]
    )
    return at_scores(beliefs, score)


def _ratio(score: Values, parts: Sequence[Component], shares: Values) -> Values:
    """Log density of the prior over that of the mixture of all stages, shape (draw,).

    Parameters
    ----------
    score: Normal scores of the draws, shape (draw, parameter).
    parts: Proposals of the stages after the first.
    shares: Shares of the draws: from the prior, then from each proposal.
    """
    size = score.shape[1]
    prior = multivariate_normal(np.zeros(size), np.eye(size)).logpdf(score)
    late = [multivariate_normal(part.mean, part.covariance).logpdf(score) for part in parts]
    return np.asarray(prior - logsumexp(np.array([prior, *late]).T + np.log(shares), axis=1))
