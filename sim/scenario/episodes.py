"""Episodes of history: what was imposed, what was observed, and what is known of the parameters before looking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, ValidationError, model_validator

from sim.errors import Fault, ScenarioError
from sim.scenario.base import Model, Name, Positive, Share, defect, label, nearest, show, unknown
from sim.scenario.dates import Month, months_between
from sim.scenario.distributions import Distribution
from sim.scenario.faults import translate
from sim.scenario.loading import Loading
from sim.scenario.rows import NameList, Number, PositiveCell, Row, Text
from sim.scenario.sources import read_toml, scenario_root
from sim.scenario.tables import read_rows

FOLDER, PRIORS = "episodes", "priors.toml"


class SeriesRow(Row):
    """A quantity that was observed, and where it stands in the model."""

    key: ClassVar[tuple[str, ...]] = ("series",)

    series: Text
    """Name of the series."""
    title: Text
    """What tables and pictures call it."""
    quantity: Literal["price", "transacted_price", "shipments", "legal_exports", "leaked_exports", "rent"]
    """Quantity of the model; a price is the mean over the regions, tonnes are sums over products and places."""
    products: NameList = ()
    """Products; of a rent, the restriction that earns it."""
    regions: NameList = ()
    """Regions of a price; destinations of shipments, where none means all."""
    origins: NameList = ()
    """Origins of shipments."""
    months_at_sea: Annotated[Number, Field(ge=0.0, le=12.0)] = 0.0
    """Whole months from a shipment to its count at the destination."""
    base_from: Month | Literal[""] = ""
    """First month of the base that values are divided by; empty for absolute values."""
    base_to: Month | Literal[""] = ""
    """Last month of the base."""
    base_value: PositiveCell = 1.0
    """Recorded value of the base, in the unit of the observations times their factor."""
    role: Literal["scored", "imposed", "seen", "context"]
    """`imposed` values went into the scenario, `seen` ones into the choice of a parameter, and what moves `context` is
    not in the scenario; none of these is scored."""
    history: str = ""
    """Series of `history.csv` from which the reference forecasts are made; empty for none."""
    unit: Text
    """Unit of the recorded values."""


class Window(Row):
    """Something known of a series over some months."""

    key: ClassVar[tuple[str, ...]] = ("series", "first", "last")

    series: Text
    """Series it belongs to."""
    first: Month
    """First month of the mean or sum."""
    last: Month
    """Last month."""


class ObservationRow(Window):
    """One observed value."""

    recorded: PositiveCell
    """Value as the source gives it."""
    factor: PositiveCell = 1.0
    """What it is multiplied by, such as 1/1.17 to take out a tax."""
    error: PositiveCell
    """Standard deviation of its logarithm: quotation range, dating and conversion (judged)."""

    @property
    def value(self) -> float:
        """Value in the unit of the series."""
        return self.recorded * self.factor


class HistoryRow(Window):
    """A price before the episode, for the reference forecasts."""

    value: PositiveCell
    """Price, USD/kg."""


class Prior(Model):
    """What is known of a parameter before the episodes are looked at."""

    distribution: Distribution
    """Distribution of the parameter."""
    source: Annotated[str, Field(min_length=1)]
    """Where it comes from; says so where it is judged."""


class Discrepancy(Model):
    """How far a right model may still be off: a Gaussian process in log values; the same for all episodes."""

    sd: Positive
    """Standard deviation of the log of a value."""
    months: Positive
    """Time over which it forgets."""
    shared: Share
    """Correlation between two series at one time."""
    source: Annotated[str, Field(min_length=1)]
    """Where it comes from."""


class Beliefs(Model):
    """Priors of the free parameters and the discrepancy of the model, one for all episodes."""

    discrepancy: Discrepancy
    """How far a right model may still be off."""
    priors: dict[Name, Prior]
    """Priors by the name of the parameter."""


class EpisodeFile(Model):
    """What `episode.toml` says."""

    title: str
    """One line that names the episode."""
    description: str = ""
    """What happened, and what is imposed."""
    scenario: str
    """Scenario file with the measures and their dates, in the folder of the episode; it may extend a bundled one."""
    years: Positive
    """Years simulated."""
    origin: Month
    """Month from which the reference forecasts look ahead: the last before the episode."""
    inside: tuple[str, ...] = ()
    """Regions inside the restrictions, whose prices tables list apart."""
    knockouts: dict[Name, tuple[str, ...]] = Field(default_factory=dict)
    """Overrides that take a term out, by the name of what is taken out."""

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if not self.title.strip():
            raise defect("is empty", "give a title", key="title")
        return self


@dataclass(frozen=True)
class Episode:
    """An episode as its tables tell it."""

    folder: Path
    about: EpisodeFile
    series: tuple[SeriesRow, ...]
    observations: tuple[ObservationRow, ...]
    history: tuple[HistoryRow, ...]
    digest: str
    """SHA-256 of its tables."""

    @property
    def name(self) -> str:
        """Name of the episode, that of its folder."""
        return self.folder.name

    @property
    def scenario_file(self) -> Path:
        """Scenario that holds the measures."""
        return self.folder / self.about.scenario

    @cached_property
    def by_name(self) -> dict[str, SeriesRow]:
        """Series by name."""
        return {row.series: row for row in self.series}

    @cached_property
    def scored(self) -> tuple[ObservationRow, ...]:
        """Observations that are neither imposed nor seen when a parameter was chosen, in the order of the table."""
        return tuple(row for row in self.observations if self.by_name[row.series].role == "scored")


def episodes() -> dict[str, Path]:
    """Folders of the bundled episodes by name."""
    return {path.parent.name: path.parent for path in sorted((scenario_root() / FOLDER).glob("*/episode.toml"))}


def read_episode(name: str) -> Episode:
    """Return an episode: a bundled one by name, or the path of its folder.

    Raises
    ------
    ScenarioError: It is not known, or its files have faults; all of them are listed.

    Example
    -------
    >>> read_episode("rare_earths_2025").about.origin
    '2025-03'
    """
    folder = episodes().get(name, Path(name))
    if not (folder / "episode.toml").is_file():
        cure = nearest(name, episodes(), otherwise=f"give one of {', '.join(episodes())}, or a folder of tables")
        raise ScenarioError([Fault(label(name), "", "is not an episode", cure)])
    loading = Loading(folder)
    about = _about(loading)
    series = read_rows(loading, "series.csv", SeriesRow)
    observations = read_rows(loading, "observed.csv", ObservationRow)
    history = read_rows(loading, "history.csv", HistoryRow)
    if about is not None and loading.broken.isdisjoint({"series.csv", "observed.csv", "history.csv"}):
        _check(loading, about, series, observations, history)
    if loading.faults or about is None:
        raise ScenarioError(loading.faults)
    return Episode(folder, about, series, observations, history, loading.digest.hexdigest())


def read_beliefs(path: Path | None = None) -> Beliefs:
    """Return the priors and the discrepancy: the bundled ones, or those of a file.

    Example
    -------
    >>> read_beliefs().priors["threat_response"].distribution.dist
    'lognorm'
    """
    place = path or scenario_root() / FOLDER / PRIORS
    data = read_toml(place, place.name)
    try:
        return Beliefs.model_validate(data, strict=True)
    except ValidationError as error:
        raise ScenarioError(translate(error, Beliefs, lambda at: (place.name, ".".join(map(str, at))))) from None


def _about(loading: Loading) -> EpisodeFile | None:
    """What `episode.toml` says; none where it has faults."""
    file = loading.file("episode.toml")
    try:
        data = read_toml(loading.folder / "episode.toml", file)
        return EpisodeFile.model_validate(data, strict=True)
    except ScenarioError as error:
        loading.faults += error.faults
    except ValidationError as error:
        loading.faults += translate(error, EpisodeFile, lambda at: (file, ".".join(map(str, at))))
    return None


def _check(
    loading: Loading,
    about: EpisodeFile,
    series: tuple[SeriesRow, ...],
    observations: tuple[ObservationRow, ...],
    history: tuple[HistoryRow, ...],
) -> None:
    """Note names that do not exist, spans that end before they begin, and history that knows the episode."""
    names, past = {row.series for row in series}, {row.series for row in history}
    for position, row in enumerate(series):
        if (row.base_from == "") != (row.base_to == ""):
            loading.fault("series.csv", position, "base_to", "stands alone", "give both ends of the base, or none")
        if row.history:
            for column, problem, cure in unknown("history", [row.history], past, "series of history.csv"):
                loading.fault("series.csv", position, column, problem, cure)
    tables: dict[str, tuple[Window, ...]] = {"observed.csv": observations, "history.csv": history}
    for table, rows in tables.items():
        for position, span in enumerate(rows):
            if months_between(span.first, span.last) < 0.0:
                loading.fault(table, position, "last", f"is {show(span.last)}, before the first", "swap them")
    for position, entry in enumerate(observations):
        for column, problem, cure in unknown("series", [entry.series], names, "series"):
            loading.fault("observed.csv", position, column, problem, cure)
    for position, past_row in enumerate(history):
        if months_between(about.origin, past_row.last) > 0.0:
            problem = f"is {show(past_row.last)}, after the forecast's origin {about.origin}"
            loading.fault("history.csv", position, "last", problem, "give only what was known then")
