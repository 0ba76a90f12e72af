"""Calibration: an importance-weighted ensemble over the free parameters, for one episode or several.

Draws come in stages, the first from the priors, the others from what the draws so far say of each episode and of all
(`sim.questions.proposals`); one file of draws serves every choice of episodes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim import __version__, store
from sim.errors import ResultError
from sim.questions import proposals
from sim.questions.observables import Replay, recorded
from sim.questions.posteriors import Posterior
from sim.questions.proposals import Mixture
from sim.questions.weighting import Ensemble, draw, evidence
from sim.scenario.episodes import Beliefs, Episode

Values = NDArray[np.float64]
Progress = Callable[[int, int], None]
KEPT_EVERY = 10
"""Draws after which what is known is put aside."""


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
    stages = proposals.bounds(draws)
    made = Mixture(stages[0])
    ensemble = draw(beliefs, draws=stages[0], seed=seed)
    likelihood = _likelihood(ledger, ensemble, beliefs, stages[0])
    for begin, end in pairwise(stages):
        parts = proposals.components(ensemble.score, made.ratio(ensemble.score), likelihood)
        fresh, counts = proposals.proposed(beliefs, parts, seed, begin, end - begin)
        ensemble, made = ensemble.joined(fresh), Mixture(made.prior, made.parts + counts)
        likelihood = _likelihood(ledger, ensemble, beliefs, end)
    posterior = Posterior(
        ensemble=ensemble,
        ratio=made.ratio(ensemble.score),
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
