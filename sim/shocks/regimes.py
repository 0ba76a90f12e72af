"""Paths of the regimes: when each is in conflict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.quantiles import Numbers, Values, quantile
from sim.scenario.arrival import Regime
from sim.shocks.events import NEVER, Flags, padded

SPELLS = 16
"""Spells drawn at a time."""


@dataclass(frozen=True)
class Path:
    """A regime in every run."""

    begins: Flags
    """1 where it begins in conflict, shape (run,)."""
    switches: Values
    """Times at which it changes its state, months, `NEVER` beyond the horizon, shape (switch, run)."""

    def in_conflict(self, times: Values) -> NDArray[np.bool_]:
        """Whether it is in conflict at given times, shape (..., run); a switch counts from its own time on."""
        state = np.broadcast_to(self.begins.astype(bool), times.shape).copy()
        for switch in self.switches:
            state ^= times >= switch
        return state


def paths(regimes: Mapping[str, Regime], numbers: Numbers, horizon: float) -> dict[str, Path]:
    """Draw the paths of all regimes, each from its own stream.

    Parameters
    ----------
    horizon: Length of the horizon, months.
    """
    return {name: _path(f"regime {name}", regime, numbers, horizon) for name, regime in regimes.items()}


def _path(stream: str, regime: Regime, numbers: Numbers, horizon: float) -> Path:
    u = numbers.of(stream, "means and start", 3)
    means = 12.0 * np.array([quantile(regime.calm_years, u[0]), quantile(regime.conflict_years, u[1])])
    chance = {"calm": 0.0, "conflict": 1.0, "stationary": means[1] / means.sum(axis=0)}[regime.start]
    begins = (u[2] < chance).astype(np.int8)
    switches = np.empty((0, numbers.runs))
    last = np.zeros(numbers.runs)
    while bool((last < horizon).any()):
        spells = -np.log(numbers.of(stream, f"spells {len(switches) // SPELLS}", SPELLS))
        state = (begins + np.arange(SPELLS)[:, None]) % 2
        # An even number of spells is drawn at a time, so that each batch begins in the first state.
        lengths = spells * np.where(state == 1, means[1], means[0])
        later = np.cumsum(np.concatenate([last[None], lengths]), axis=0)[1:]
        switches, last = np.concatenate([switches, later]), later[-1]
    switches = np.where(switches < horizon, switches, NEVER)
    used = int((switches < horizon).any(axis=1).sum())
    return Path(begins, switches[:used])


def stacked(found: Mapping[str, Path], runs: int) -> tuple[Flags, Values]:
    """States at the start, shape (regime, run), and switches, shape (regime, switch, run)."""
    most = max((len(path.switches) for path in found.values()), default=0)
    begins = np.array([path.begins for path in found.values()], dtype=np.int8).reshape(len(found), runs)
    switches = [padded(path.switches[None], most, NEVER) for path in found.values()]
    return begins, np.concatenate([np.empty((0, most, runs)), *switches])
