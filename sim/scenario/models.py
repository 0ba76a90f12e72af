"""The scenario: everything a run needs, frozen and closed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, model_validator

from sim.errors import Fault, ScenarioError
from sim.scenario.arrival import Regime
from sim.scenario.base import Count, Model, Name, defect
from sim.scenario.belief import Posterior
from sim.scenario.capacity import Capacity
from sim.scenario.dates import Month, months_between
from sim.scenario.measures import Measure
from sim.scenario.parameters import Parameters
from sim.scenario.policies import Policy
from sim.scenario.provenance import Origin, Provenance
from sim.scenario.restrictions import Dumping, Outage, PatentBarrier, Restriction, spilled
from sim.scenario.tables import ChainTables
from sim.scenario.trade_instruments import Alliance

SPILLOVER = ".spillover"
"""What follows the name of a restriction in that of its spillover; no restriction may have a full stop in its own."""


class Time(Model):
    """The horizon and its steps."""

    start: Month
    """First month simulated."""
    years: Annotated[float, Field(gt=0.0, le=50.0)]
    """Length of the horizon."""
    periods_per_year: Literal[12, 24, 52] = 24
    """Steps in a year; 12 is for quick looks only."""

    @property
    def periods(self) -> int:
        """Number of periods in the horizon."""
        return round(self.years * self.periods_per_year)

    def months_to(self, at: str) -> float:
        """Return the months from the start to a date; negative before the start."""
        return months_between(self.start, at)

    @model_validator(mode="after")
    def _has_a_period(self) -> Self:
        if self.periods < 1:
            raise defect(f"is {self.years:g}, less than one period", "give a longer horizon", key="years")
        return self


class Ensemble(Model):
    """How many runs, and which random numbers."""

    runs: Annotated[int, Field(ge=1, le=10_000_000)] = 1000
    """Number of runs."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 20250404
    """Seed of all random draws; scenarios with one seed share their shocks."""
    chain_draw: Count = 0
    """Which reconciled chain to run on; 0 is the central one."""


class Scenario(Model):
    """One question to the engine: a chain, a horizon and the restrictions that may strike."""

    title: str
    """One line that names the scenario."""
    description: str = ""
    """What it asks, in a few sentences."""
    chain: str = "rare_earths_2024"
    """Name of a bundled chain, or a folder of tables relative to the scenario file."""
    time: Time
    """The horizon and its steps."""
    ensemble: Ensemble = Ensemble()
    """How many runs, and which random numbers."""
    growth: bool = True
    """Whether demand grows at the rates of the sectors; false keeps it still."""
    parameters: Parameters = Parameters()
    """Response parameters of markets, makers, traders and users."""
    posterior: Posterior | None = None
    """Sets of parameters that runs take in turn; none means `parameters` for all runs."""
    capacity: Capacity = Capacity()
    """Capacity beyond the trend; off unless asked for."""
    regimes: dict[Name, Regime] = Field(default_factory=dict)
    """Calm and conflict by region or bloc; they scale the hazards of what it imposes."""
    restrictions: dict[Name, Restriction] = Field(default_factory=dict)
    """Restrictions that may strike, by name; the name keys the random draws."""
    origin: Origin | None = None
    """Regions and stages whose material is followed to its users; none follows nothing, and costs nothing."""
    provenance: dict[Name, Provenance] = Field(default_factory=dict)
    """Sourcing rules by name: users who take only material free of the origin, from a date on."""
    policies: dict[Name, Policy] = Field(default_factory=dict)
    """Instruments of policy by name."""
    discount_rate: Annotated[float, Field(ge=0.0, le=0.5)] = 0.03
    """Rate a year at which public and private money of later years counts less, from the start of the horizon on. A
    judgement: the United States used 3 % for social time preference from 2003 to 2023 and 2 % since (recalled)."""

    _path: Path | None = PrivateAttr(default=None)
    _folder: Path | None = PrivateAttr(default=None)
    _data: dict[str, Any] = PrivateAttr(default_factory=dict)
    _tables: ChainTables | None = PrivateAttr(default=None)

    @property
    def path(self) -> Path | None:
        """File the scenario was read from; none if it was made in memory."""
        return self._path

    @property
    def folder(self) -> Path | None:
        """Folder that the name of the chain is relative to; none if only bundled chains can be named."""
        return self._folder

    @property
    def text(self) -> str:
        """The scenario in full as JSON, defaults and inherited values included; `parse` reads it back."""
        return self.model_dump_json(indent=2, by_alias=True)

    @property
    def tables(self) -> ChainTables:
        """Tables of the chain the scenario stands on."""
        if self._tables is None:
            fault = Fault("scenario", "chain", "was not read", "make the scenario by sim.scenario.load or parse")
            raise ScenarioError([fault])
        return self._tables

    @property
    def periods(self) -> int:
        """Number of periods in the horizon."""
        return self.time.periods

    def parameters_of(self, run: int) -> Parameters:
        """Parameters of a run."""
        return self.parameters if self.posterior is None else self.posterior.of_run(run, self.parameters)

    @property
    def measures(self) -> dict[str, Restriction]:
        """All that may strike: the restrictions, then what spills over from each, named `NAME.spillover`."""
        spills = {f"{name}{SPILLOVER}": spilled(restriction) for name, restriction in self.restrictions.items()}
        return self.restrictions | {name: ban for name, ban in spills.items() if ban is not None}

    def spares(self, restriction: Measure, region: str) -> bool:
        """Return whether an alliance keeps an export measure of one member from another throughout the horizon."""
        return self.spared_periods(restriction, region, throughout=True) == (0, self.periods)

    def spared_periods(self, restriction: Measure, region: str, *, throughout: bool = False) -> tuple[int, int]:
        """Return for which periods an alliance keeps an export measure of one member from another.

        Parameters
        ----------
        throughout: Whether to count alliances that act for the whole horizon, and no others; else only the others.

        Returns
        -------
        The first period, and the one after the last: those of which at least half lie within its dates.
        """
        if isinstance(restriction, (Outage, Dumping, PatentBarrier)):
            return 0, 0
        for policy in self.policies.values():
            if isinstance(policy, Alliance) and policy.exempt and policy.joins(restriction.by, region):
                span = policy.span(self.time) if policy.strength > 0.0 else (0, 0)
                if (span == (0, self.periods)) is throughout and span[0] < span[1]:
                    return span
        return 0, 0

    def replace(self, *overrides: str) -> Scenario:
        """Return a new scenario with keys set as on the command line, such as `time.years=3`."""
        # The reader stands on this module, so it can be named only once both exist.
        from sim.scenario.reader import rebuild

        return rebuild(self, overrides)

    def without(self, *names: str) -> Scenario:
        """Return a new scenario without some of its policies; an unknown name is a fault."""
        from sim.scenario.reader import rebuild

        return rebuild(self, without=names)
