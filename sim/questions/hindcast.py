"""Hindcast: what a model that knew the measures would have said, held against what was observed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim import store
from sim.errors import MissingExtra
from sim.quantiles import Numbers
from sim.questions import references
from sim.questions.observables import Replay, monthly, predicted, recorded, window
from sim.questions.weighting import Ensemble, covariance
from sim.scenario.dates import months_between
from sim.scenario.episodes import Discrepancy, Episode, ObservationRow, SeriesRow

Values = NDArray[np.float64]
Progress = Callable[[int, int], None]
PRICES = ("price", "transacted_price")
GROUPS = ("outside", "inside", "quantities")
LEAST_QUOTES = 3
"""Observations below which a series has no peak to speak of."""
LEVELS = (0.5, 0.9)
"""Shares of the forecast that the intervals hold."""
FORECAST = (0.05, 0.25, 0.75, 0.95)
"""Quantiles of the forecast that tables list."""
NOISES = 20
"""Draws of discrepancy and error of observation for each simulated path."""


@dataclass(frozen=True)
class Replays:
    """An episode replayed with a number of equally likely parameter sets."""

    episode: Episode
    start: str
    """First month of the paths."""
    found: Values
    """Modelled log values of all observations, shape (draw, observation)."""
    fans: dict[str, Values]
    """Monthly paths of the series over their bases by name, shape (draw, month)."""


@dataclass(frozen=True)
class Score:
    """A forecast of one series against its observations; errors and widths are in log units."""

    series: str
    observations: int
    error: float
    """Root mean square of the log of median over observation."""
    bias: float
    """Mean of the same: above 0 the model is too high."""
    crps: float
    """Continuous ranked probability score of the forecast, mean over the observations."""
    covered: tuple[float, ...]
    """Share of observations inside the intervals of 50 and 90 %."""
    width: float
    """Mean width of the 90 % interval."""
    reversion_crps: float
    """CRPS of the mean-reverting AR(1); not a number where there is no history."""
    multiples_crps: float
    """CRPS of the ensemble of past multiples; not a number where there is no history."""
    multiples_width: float
    """Mean width of the 90 % interval of past multiples; not a number where there is no history."""

    @property
    def beats_both(self) -> bool:
        """Whether the CRPS is below that of both reference forecasts."""
        return self.crps < min(self.reversion_crps, self.multiples_crps)


@dataclass(frozen=True)
class Peak:
    """Height and date of the highest observed value of a series, and the decline after it."""

    series: str
    observed: float
    modelled: float
    """Median over the draws of the highest value in the months observed, a multiple of the base."""
    observed_month: float
    """Months from the start of the scenario to the middle of the quote."""
    modelled_month: float
    """Median over the draws."""
    observed_half_life: float
    """Months from the peak to half of it, from a straight line in logs between quotes; infinite if not seen."""
    modelled_half_life: float
    """Months from the modelled peak to half of it."""


def replay(
    episode: Episode,
    ensemble: Ensemble,
    picks: NDArray[np.intp],
    *,
    overrides: Sequence[str] = (),
    ready: Replay | None = None,
    progress: Progress | None = None,
) -> Replays:
    """Replay an episode with a number of parameter sets; draw `i` of an ensemble meets the shocks of run `i`.

    Parameters
    ----------
    episode: Episode.
    ensemble: Draws of the parameters.
    picks: Draws that stand for it with equal weights; those named twice are simulated once.
    overrides: Further keys of the scenario to set.
    ready: The episode as `Replay` holds it, where it is replayed again and again.
    progress: Called with the draws done and wanted.

    Raises
    ------
    ScenarioError: The scenario or an override has faults.
    """
    ready = Replay(episode) if ready is None else ready
    unique, inverse = np.unique(picks, return_inverse=True)
    rows, paths = [], []
    for done, draw in enumerate(unique.tolist(), start=1):
        path = ready.path(*ensemble.overrides(draw), *overrides, run=draw)
        rows.append(predicted(path, episode, episode.observations))
        paths.append([monthly(path, series) for series in episode.series])
        if progress is not None:
            progress(done, unique.size)
    start = ready.scenario.time.start
    fans = {
        series.series: np.array([over_base(one[position], series, start) for one in paths])[inverse]
        for position, series in enumerate(episode.series)
    }
    return Replays(episode, start, np.array(rows)[inverse], fans)


def forecast(replays: Replays, discrepancy: Discrepancy, seed: int) -> Values:
    """Forecast of every observation: parameter sets with discrepancy and error of observation around each.

    Parameters
    ----------
    replays: What `replay` returned.
    discrepancy: How far a right model may still be off; one draw of it runs through all series and dates.
    seed: Seed of those draws.

    Returns
    -------
    Log values, shape (member, observation).
    """
    rows = replays.episode.observations
    factor = np.linalg.cholesky(covariance(replays.episode, rows, discrepancy))
    members = NOISES * len(replays.found)
    noise = ndtri(Numbers(seed, 0, members).of("hindcast", "discrepancy", len(rows)))
    return np.asarray(np.repeat(replays.found, NOISES, axis=0) + (factor @ noise).T)


def scores(replays: Replays, discrepancy: Discrepancy, *, seed: int) -> list[Score]:
    """Scores of every series that is neither imposed nor seen before, in the order of the tables.

    Parameters
    ----------
    replays: What `replay` returned.
    discrepancy: How far a right model may still be off.
    seed: Seed of its draws.

    Raises
    ------
    MissingExtra: `scoringrules` is not installed.
    """
    episode, members = replays.episode, forecast(replays, discrepancy, seed)
    found = []
    for name in dict.fromkeys(row.series for row in episode.scored):
        places = [index for index, row in enumerate(episode.observations) if row.series == name]
        rows = tuple(episode.observations[index] for index in places)
        found.append(_score(episode, rows, replays.found[:, places], members[:, places]))
    return found


def _score(episode: Episode, rows: tuple[ObservationRow, ...], found: Values, members: Values) -> Score:
    """Score of one series: medians of the parameter sets, and the forecast that is spread around them."""
    crps = _crps()
    observed, series = recorded(episode, rows), episode.by_name[rows[0].series]
    off = np.median(found, axis=0) - observed
    spans = [np.quantile(members, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0) for level in LEVELS]
    reversion, multiples, width = [np.nan], [np.nan], [np.nan]
    if series.history:
        auto = [
            references.autoregression(episode, series.history, row.first, row.last, members.shape[0]) for row in rows
        ]
        past = [references.past_multiples(episode, row.first, row.last) for row in rows]
        reversion = [float(crps(value, ensemble)) for value, ensemble in zip(observed, auto, strict=True)]
        multiples = [float(crps(value, ensemble)) for value, ensemble in zip(observed, past, strict=True)]
        width = [references.spread(ensemble, LEVELS[-1]) for ensemble in past]
    return Score(
        series=series.series,
        observations=len(rows),
        error=float(np.sqrt(np.mean(off**2))),
        bias=float(np.mean(off)),
        crps=float(np.mean([crps(value, members[:, place]) for place, value in enumerate(observed)])),
        covered=tuple(float(np.mean((low <= observed) & (observed <= high))) for low, high in spans),
        width=float(np.mean(spans[-1][1] - spans[-1][0])),
        reversion_crps=float(np.mean(reversion)),
        multiples_crps=float(np.mean(multiples)),
        multiples_width=float(np.mean(width)),
    )


def need_scoring() -> None:
    """Say that the library for scores is missing before anything is simulated.

    Raises
    ------
    MissingExtra: `scoringrules` is not installed.
    """
    if find_spec("scoringrules") is None:
        raise MissingExtra("scoring needs the package scoringrules; install it with `pip install 'oreflow[hindcast]'`")


def _crps() -> Callable[[float, Values], float]:
    """CRPS of an ensemble; the library takes seconds to import, so only scoring pays for it."""
    need_scoring()
    import scoringrules

    def crps(observed: float, members: Values) -> float:
        """Continuous ranked probability score, by the quantile form, whose cost grows with the sorted members only."""
        return float(scoringrules.crps_ensemble(observed, members, estimator="qd", backend="numpy"))

    return crps


def over_base(values: Values, series: SeriesRow, start: str) -> Values:
    """A monthly path as its series counts it: over its base, or as it is where it has none.

    Parameters
    ----------
    values: Monthly path.
    series: Its series.
    start: First month of the path.
    """
    return values / window(values, start, series.base_from, series.base_to) if series.base_from else values


def peaks(replays: Replays) -> list[Peak]:
    """Height, date and decline of each scored price, observed and modelled."""
    episode, found = replays.episode, []
    for name in dict.fromkeys(row.series for row in episode.scored):
        rows = [row for row in episode.observations if row.series == name]
        if episode.by_name[name].quantity in PRICES and len(rows) >= LEAST_QUOTES:
            found.append(_peak(replays, name, tuple(rows)))
    return found


def _peak(replays: Replays, name: str, rows: tuple[ObservationRow, ...]) -> Peak:
    """Peak of one series among its quotes, and of the paths over the months they span."""
    start = replays.start
    values = np.exp(recorded(replays.episode, rows))
    dates = np.array([0.5 * (months_between(start, row.first) + months_between(start, row.last)) for row in rows])
    order = np.argsort(dates, kind="stable")
    dates, values = dates[order], values[order]
    begin, end = int(dates[0]), int(dates[-1]) + 1
    paths = replays.fans[name][:, begin:end]
    tops = paths.argmax(axis=1)
    each = np.arange(end - begin, dtype=float)
    halves = [half_life(each, path) for path in paths]
    top = int(values.argmax())
    return Peak(
        series=name,
        observed=float(values[top]),
        modelled=float(np.median(paths.max(axis=1))),
        observed_month=float(dates[top]),
        modelled_month=float(begin + np.median(tops)),
        observed_half_life=half_life(dates, values),
        modelled_half_life=float(np.median(halves)),
    )


def half_life(dates: Values, values: Values) -> float:
    """Time from the highest value until half of it, on straight lines in logs; infinite if it is never reached.

    Example
    -------
    >>> half_life(np.array([0.0, 1.0, 3.0]), np.array([1.0, 4.0, 1.0]))
    1.0
    """
    top = int(values.argmax())
    level = np.log(0.5 * values[top])
    logs = np.log(values)
    for place in range(top + 1, values.size):
        if logs[place] <= level:
            part = (logs[place - 1] - level) / (logs[place - 1] - logs[place])
            return float(dates[place - 1] + part * (dates[place] - dates[place - 1]) - dates[top])
    return float("inf")


def knockouts(
    episode: Episode, ensemble: Ensemble, picks: NDArray[np.intp], *, progress: Progress | None = None
) -> dict[str, dict[str, float]]:
    """Root mean square log error of the median by group of series, with all terms and with each taken out.

    Parameters
    ----------
    episode: Episode; its file says what is taken out.
    ensemble: Draws of the parameters.
    picks: Draws that stand for it with equal weights.
    progress: Called with the replays done and wanted.

    Returns
    -------
    Errors by what is taken out (`all terms` first) and by group.
    """
    ready = Replay(episode)
    cases: dict[str, tuple[str, ...]] = {"all terms": (), **episode.about.knockouts}
    scored = [index for index, row in enumerate(episode.observations) if row in episode.scored]
    observed = recorded(episode, episode.observations)
    groups = {name: [i for i in scored if group_of(episode, i) == name] for name in GROUPS}
    found = {}
    for done, (case, overrides) in enumerate(cases.items(), start=1):
        off = np.median(replay(episode, ensemble, picks, overrides=overrides, ready=ready).found, axis=0) - observed
        found[case] = {
            name: float(np.sqrt(np.mean(off[places] ** 2)))
            for name, places in {"all": scored, **groups}.items()
            if places
        }
        if progress is not None:
            progress(done, len(cases))
    return found


def group_of(episode: Episode, index: int) -> str:
    """Group of an observation: prices inside the origin of the measures, prices outside, or quantities."""
    series = episode.by_name[episode.observations[index].series]
    if series.quantity not in PRICES:
        return "quantities"
    return "inside" if set(series.regions) <= set(episode.about.inside) else "outside"


def write_rows(replays: Replays, discrepancy: Discrepancy, path: Path, *, seed: int) -> None:
    """Write every observation with what the model says of it as CSV, whole or not at all.

    Parameters
    ----------
    replays: What `replay` returned.
    discrepancy: How far a right model may still be off.
    path: A path that `sim.store.checked_file` returned.
    seed: Seed of the draws of the discrepancy.
    """
    episode, text = replays.episode, io.StringIO()
    quantiles = np.exp(np.quantile(forecast(replays, discrepancy, seed), FORECAST, axis=0))
    medians, observed = np.exp(np.median(replays.found, axis=0)), np.exp(recorded(episode, episode.observations))
    rows = csv.writer(text, lineterminator="\n")
    heads = ("series", "role", "first", "last", "observed", "median")
    rows.writerow([*heads, *(f"forecast_q{100 * level:02.0f}" for level in FORECAST)])
    for row, seen, middle, bounds in zip(episode.observations, observed, medians, quantiles.T, strict=True):
        values = (seen, middle, *bounds)
        role = episode.by_name[row.series].role
        rows.writerow([row.series, role, row.first, row.last, *(f"{value:.5g}" for value in values)])
    with store.replacing(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")
