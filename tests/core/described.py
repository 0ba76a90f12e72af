"""Small chains described in tonnes, months and USD/kg: what both the core's arrays and the reference are made from."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.core.state import NOTHING
from sim.scenario.capacity import Capacity
from sim.scenario.parameters import Parameters


@dataclass(frozen=True)
class Market:
    """One product in one region."""

    inventory: float
    outflow: float
    price: float
    contract_share: float = 0.5
    choke: float = 8.0
    alarm_scale: float = 1.0
    disposal: float = 0.0
    growth: float = 0.0


@dataclass(frozen=True)
class Input:
    """A row of a recipe: what a tonne of activity needs."""

    market: int
    coefficient: float
    floor: float = 1.0


@dataclass(frozen=True)
class Output:
    """A row of a recipe: what a tonne of activity makes."""

    market: int
    coefficient: float
    listed: bool = False
    """Whether it is tagged whatever it is made of."""


@dataclass(frozen=True)
class Process:
    """A technology in a region; `delay` whole periods and `delay_part` of the next."""

    activity: float
    capacity: float
    response: float
    conversion_share: float
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    delay: int = 1
    delay_part: float = 0.0
    growth: float = 0.0


@dataclass(frozen=True)
class Route:
    """Trade in one product between two markets."""

    origin: int
    destination: int
    flow: float
    latent: float = 0.0
    duty: float = 0.0
    freight: float = 0.0
    delay: int = 1
    delay_part: float = 0.0
    growth: float = 0.0


@dataclass(frozen=True)
class Use:
    """A sector in a region drawing on one market."""

    market: int
    demand: float
    short: float = 0.1
    long: float = 0.4
    priority: bool = False
    substitute: int | None = None
    growth: float = 0.0
    cohorts: tuple[tuple[float, float], ...] = ((1.0, 0.0),)
    """Share and cover (months) of each cohort of buyers."""
    sourced_from: float | None = None
    """Period from which a sourcing rule binds it."""


@dataclass(frozen=True)
class Target:
    """A route that a restriction acts on, with its weights before and after recovery."""

    route: int
    weight: float = 1.0
    weight_after: float = 1.0
    spared: tuple[int, int] = (0, 0)
    """Periods in which it is left alone: the first, and the one after the last."""


@dataclass(frozen=True)
class Denied:
    """A use that a denial acts on, with its weights before and after recovery."""

    use: int
    weight: float = 1.0
    weight_after: float = 1.0


@dataclass(frozen=True)
class Restriction:
    """A measure on routes, on processes or on uses."""

    kind: int
    targets: tuple[Target, ...] = ()
    processes: tuple[int, ...] = ()
    leakage: float = 0.0
    leakage_grown: float | None = None
    leakage_periods: float = 0.0
    processing: float = 1.0
    throughput: float = 1e9
    threat: float = 0.0
    validity: float = 0.0
    renewal: float = 1.0
    filed_early: float = 0.0
    on_processes: tuple[float, float] = (1.0, 1.0)
    """Weight on the processes before and after recovery, of dumping and of bans on technology."""
    watches: int = NOTHING
    """Whether its events are candidates, and prices or output decide on them."""
    watched: tuple[int, ...] = ()
    """Markets or processes that decide."""
    begins_at: float = 0.0
    full_at: float = 1.0
    first_yield: float = 1.0
    denied: tuple[Denied, ...] = ()


@dataclass(frozen=True)
class Event:
    """One time a restriction strikes; times in periods."""

    announced: float
    onset: float
    end: float
    level: float
    severity: float = 0.0
    rise: float = 0.0
    hold: float = 0.0
    recovery: float = 0.0
    mark: float = 0.0
    first_onset: float | None = None
    """Onset of the measure where this is a later step of it."""

    @property
    def since(self) -> float:
        """Time from which profile, licences and leakage count."""
        return self.onset if self.first_onset is None else self.first_onset


@dataclass(frozen=True)
class Builder:
    """What it takes to build capacity of a process; months, and people for a t/month of activity."""

    hurdle: float = 0.05
    premium: float = 0.1
    permit: float = 6.0
    construction: float = 12.0
    ramp: float = 5.0
    """Mean of each of the two stages of the ramp."""
    first_yield: float = 0.8
    closure: float = 24.0
    lifetime: float = 240.0
    people: float = 0.0
    skill: int | None = None


@dataclass(frozen=True)
class Skill:
    """Skilled people: free at the start, and trained a month."""

    free: float
    trained: float


@dataclass(frozen=True)
class Project:
    """A named project in one run; start in months, below 0 before the first period, ramp in months to 90 %."""

    process: int
    start: float
    ramp: float
    level: float


@dataclass(frozen=True)
class Expansion:
    """How the capacity of a chain answers; without `answers` only projects are followed."""

    builders: tuple[Builder, ...]
    skills: tuple[Skill, ...] = ()
    projects: tuple[Project, ...] = ()
    answers: bool = True
    given: Capacity = field(default_factory=Capacity)


@dataclass(frozen=True)
class Reserve:
    """A stockpile of what one market trades, t; shares a month, price multiples, periods."""

    market: int
    size: float
    opening: float = 0.0
    kept: float = 0.0
    loss: float = 0.0
    """Share lost a month."""
    pace: float = 0.0
    """Most it buys, t/month."""
    buy_below: float = 1e9
    outflow: float = 1e9
    """Most it releases, t/month."""
    relieves: bool = True
    relief_above: float | None = None
    sell_above: float | None = None
    begin: int = 0
    end: int = 10**9
    pool: int | None = None
    pool_kept: float = 0.0
    """Tonnes it gives nobody of."""
    pool_months: float = 1.0
    by_size: bool = False


@dataclass(frozen=True)
class Levy:
    """A duty on a route's imports, over the price at the origin."""

    route: int
    rate: float
    below: float | None = None
    """Price multiple at home up to which it is laid."""


@dataclass(frozen=True)
class Credit:
    """Money for a process, over the value of its output at reference prices."""

    process: int
    rate: float
    above: float = 0.0
    watched: tuple[int, ...] = ()
    """Markets of which one must be dearer than `above`; none: it is always paid."""


@dataclass(frozen=True)
class Guarantee:
    """A floor under the price of one output of a process, and a share above a ceiling; price multiples."""

    process: int
    floor: float
    ceiling: float = 1e9
    upside: float = 0.0
    output: int = 0
    rate: float = 1.0
    premium: float = 0.0


@dataclass(frozen=True)
class Grant:
    """Money for new capacity, thousand USD for a t/month."""

    process: int
    public: float
    private: float
    rate: float = 1.0


@dataclass(frozen=True)
class Debt:
    """A guarantee of loans for new capacity, thousand USD for a t/month; shares a step."""

    process: int
    lent: float
    fee: float = 0.0
    repaid: float = 0.0
    lost: float = 1.0
    rate: float = 1.0


@dataclass(frozen=True)
class Aid:
    """Money for what a use buys, over the reference price."""

    use: int
    rate: float


@dataclass(frozen=True)
class Firm:
    """A firm purchase on a route, t/month."""

    route: int
    rate: float


@dataclass(frozen=True)
class SmallChain:
    """The reference state in tonnes, months and USD/kg; `growth` is a log rate a month."""

    markets: tuple[Market, ...]
    processes: tuple[Process, ...]
    routes: tuple[Route, ...]
    uses: tuple[Use, ...]
    restrictions: tuple[Restriction, ...] = ()
    dt: float = 1.0
    latent_floor: float = 0.0
    parameters: Parameters = field(default_factory=Parameters)
    expansion: Expansion | None = None
    followed: bool = False
    """Whether the origin of material is followed."""
    reserves: tuple[Reserve, ...] = ()
    levies: tuple[Levy, ...] = ()
    credits: tuple[Credit, ...] = ()
    guarantees: tuple[Guarantee, ...] = ()
    grants: tuple[Grant, ...] = ()
    firms: tuple[Firm, ...] = ()
    debts: tuple[Debt, ...] = ()
    aids: tuple[Aid, ...] = ()
    research: tuple[tuple[int, float, int], ...] = ()
    """Uses whose slow elasticity a factor raises, from a period on."""
    rated: tuple[tuple[int, int], ...] = ()
    """Uses that are first class, from a period on."""
