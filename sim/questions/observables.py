"""What the model says of observed series: values of a path at the dates of an episode."""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sim.engine.follow import Follower, Path
from sim.scenario import Scenario, load
from sim.scenario.dates import months_between
from sim.scenario.episodes import Episode, ObservationRow, SeriesRow
from sim.scenario.parameters import Parameters

Values = NDArray[np.float64]
LEAST = 1e-3
"""Least value whose logarithm is taken: a rent of nothing is not infinitely wrong."""
PARAMETER = "parameters."
SUMMED = ("legal_exports", "leaked_exports")
"""Quantities that are summed over the months of an observation; all others are means."""


def scenario_of(episode: Episode, *overrides: str) -> Scenario:
    """The scenario of an episode over its own horizon.

    Raises
    ------
    ScenarioError: The scenario or an override has faults.
    """
    return load(episode.scenario_file, overrides=[f"time.years={episode.about.years:g}", *overrides])


def monthly(path: Path, series: SeriesRow) -> Values:
    """A series month by month in the unit of the model: price multiples, t in the month, USD/kg; shape (month,).

    Parameters
    ----------
    path: Path of one run.
    series: What to read from it.

    Raises
    ------
    KeyError: A market, route or restriction that the chain does not have.
    """
    if series.quantity in ("price", "transacted_price"):
        values = path.price if series.quantity == "price" else path.transacted
        places = [path.reference.at[product, region] for product in series.products for region in series.regions]
        return np.asarray(values[:, places].mean(axis=1))
    if series.quantity == "rent":
        names = list(path.reference.scenario.measures)
        return np.asarray(path.rent[:, [names.index(name) for name in series.products if name in names]].sum(axis=1))
    routes = [
        index
        for (product, origin, destination), index in path.route_at.items()
        if product in series.products
        and origin in series.origins
        and (destination in series.regions or not series.regions)
    ]
    legal = path.legal[:, routes]
    share = {"shipments": np.ones_like(legal), "legal_exports": legal, "leaked_exports": 1.0 - legal}
    sent = np.asarray((path.shipment[:, routes] * share[series.quantity]).sum(axis=1))
    late = round(series.months_at_sea)
    return np.concatenate([np.full(late, sent[0]), sent[: sent.size - late]])


def window(values: Values, start: str, first: str, last: str, *, summed: bool = False) -> float:
    """Mean or sum of a monthly path over the months of an observation; not a number where they are beyond its end.

    Parameters
    ----------
    values: Monthly path.
    start: First month of the path.
    first: First month of the window.
    last: Last month of it.
    summed: Whether to sum.

    Example
    -------
    >>> window(np.array([1.0, 2.0, 4.0]), "2010-01", "2010-02", "2010-03")
    3.0
    """
    begin, end = round(months_between(start, first)), round(months_between(start, last)) + 1
    if begin < 0 or end > values.size:
        return math.nan
    part = values[begin:end]
    return float(part.sum() if summed else part.mean())


def recorded(episode: Episode, rows: tuple[ObservationRow, ...]) -> Values:
    """Logarithms of observed values over their bases, shape (observation,)."""
    return np.array([math.log(row.value / episode.by_name[row.series].base_value) for row in rows])


def predicted(path: Path, episode: Episode, rows: tuple[ObservationRow, ...]) -> Values:
    """Logarithms of what a path says of the observations, over its own bases, shape (observation,).

    Parameters
    ----------
    path: Path of one run of the episode's scenario.
    episode: Episode.
    rows: Observations of it.
    """
    start = path.reference.scenario.time.start
    paths = {name: monthly(path, episode.by_name[name]) for name in dict.fromkeys(row.series for row in rows)}
    found = []
    for row in rows:
        series = episode.by_name[row.series]
        value = window(paths[row.series], start, row.first, row.last, summed=series.quantity in SUMMED)
        base = window(paths[row.series], start, series.base_from, series.base_to) if series.base_from else 1.0
        found.append(math.nan if math.isnan(value) else math.log(max(value, LEAST) / max(base, LEAST)))
    return np.array(found)


class Replay:
    """An episode ready to be replayed with other parameters."""

    def __init__(self, episode: Episode) -> None:
        """Load the scenario and build its chain once.

        Raises
        ------
        ScenarioError: The scenario has faults, or its chain cannot be balanced.
        """
        self.episode, self.scenario = episode, scenario_of(episode)
        self._plain = Follower(self.scenario)
        self._changed: tuple[tuple[str, ...], Follower] = ((), self._plain)

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides what a replay says, but for the program: tables, scenario, chain."""
        parts = (self.episode.digest, self.scenario.text, self.scenario.tables.digest)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def path(self, *overrides: str, run: int = 0) -> Path:
        """Monthly path of one run.

        Parameters
        ----------
        overrides: Keys of the scenario to set, such as `parameters.speculation=0`.
        run: Number of the run, which decides what the scenario leaves to chance.
        """
        given = [text.partition("=") for text in overrides]
        numbers = {key.removeprefix(PARAMETER): value for key, _, value in given if key.startswith(PARAMETER)}
        others = tuple(text for text in overrides if not text.startswith(PARAMETER))
        try:
            parameters = Parameters.model_validate(self.scenario.parameters.model_dump() | numbers)
        except ValidationError:
            # The reader says what is wrong, as for any override.
            return Follower(self.scenario.replace(*overrides), like=self._plain.reference).path(run=run)
        if others != self._changed[0]:
            self._changed = others, Follower(self.scenario.replace(*others), like=self._plain.reference)
        return self._changed[1].path(parameters, run=run)

    def values(self, *overrides: str, run: int = 0) -> Values:
        """What one run says of all observations, scored or not, as logarithms over its bases, shape (observation,)."""
        return predicted(self.path(*overrides, run=run), self.episode, self.episode.observations)
