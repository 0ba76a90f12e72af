"""Scenario to reconciled reference state: labels for people, tonnes for the arrays of the core."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.algebra import on_one_thread
from sim.chain import accounts as ledger
from sim.chain.accounts import Accounts, Market, Values
from sim.chain.latent import latent_routes
from sim.chain.reconcile import Change, changes, drawn, reconcile
from sim.core.state import Trend
from sim.scenario import Scenario
from sim.scenario.dynamics import CohortRow
from sim.scenario.rows import ProductRow, RouteRow, SectorRow, TransportRow

if TYPE_CHECKING:
    from sim.chain.rules import Target

LEAST_TONNES = 1e-6
"""Entries below this many tonnes a year are dropped: they only cost time."""


@dataclass(frozen=True)
class Process:
    """A recipe run in a region; tonnes a year."""

    name: str
    region: str
    recipe: dict[str, float]
    thrift_floor: dict[str, float]
    activity: float
    capacity: float
    conversion_cost: float
    lead_months: float
    recipe_name: str
    """Name of the recipe in the tables."""

    @property
    def inputs(self) -> dict[str, float]:
        """Tonnes consumed for a tonne of activity, by product."""
        return {product: -coefficient for product, coefficient in self.recipe.items() if coefficient < 0.0}

    @property
    def outputs(self) -> dict[str, float]:
        """Tonnes made for a tonne of activity, by product."""
        return {product: coefficient for product, coefficient in self.recipe.items() if coefficient > 0.0}


@dataclass(frozen=True)
class Route:
    """Trade in one product between two regions; tonnes a year. A latent route carries nothing in the reference."""

    product: str
    origin: str
    destination: str
    flow: float
    latent: float
    duty: float


@dataclass(frozen=True)
class Use:
    """A sector in a region drawing on a product; tonnes a year."""

    sector: str
    region: str
    product: str
    demand: float
    substitute: str


@dataclass(frozen=True)
class MarketFlows:
    """Sources and outlets of every market, t a year, shape (market,)."""

    production: Values
    imports: Values
    intake: Values
    sales: Values
    exports: Values
    disposal: Values

    @property
    def supply(self) -> Values:
        """Production and imports."""
        return self.production + self.imports

    @property
    def outflow(self) -> Values:
        """All that leaves, disposal included."""
        return self.intake + self.sales + self.exports + self.disposal


@dataclass(frozen=True)
class Reference:
    """The reconciled chain of a scenario, before any shock."""

    scenario: Scenario
    markets: tuple[Market, ...]
    """Product and region of each market."""
    processes: tuple[Process, ...]
    routes: tuple[Route, ...]
    uses: tuple[Use, ...]
    disposal: Values
    """Surplus disposed of, t a year, shape (market,)."""
    changes: tuple[Change, ...]
    """What reconciliation moved by more than 5 %."""

    @cached_property
    def at(self) -> dict[Market, int]:
        """Index of each market."""
        return {market: index for index, market in enumerate(self.markets)}

    @cached_property
    def process_at(self) -> dict[tuple[str, str], int]:
        """Index of each process by recipe and region."""
        return {(row.recipe_name, row.region): index for index, row in enumerate(self.processes)}

    @cached_property
    def products(self) -> dict[str, ProductRow]:
        """Products by name."""
        return {row.product: row for row in self.scenario.tables.products}

    @cached_property
    def sectors(self) -> dict[str, SectorRow]:
        """Sectors by name."""
        return {row.sector: row for row in self.scenario.tables.sectors}

    @cached_property
    def cohorts(self) -> dict[str, list[CohortRow]]:
        """Cohorts of buyers by sector."""
        found: defaultdict[str, list[CohortRow]] = defaultdict(list)
        for row in self.scenario.tables.cohorts:
            found[row.sector].append(row)
        return dict(found)

    @cached_property
    def transport(self) -> dict[tuple[str, str], TransportRow]:
        """Transport by origin and destination."""
        return {(row.origin, row.destination): row for row in self.scenario.tables.transport}

    @property
    def regions(self) -> tuple[str, ...]:
        """Regions in the order of the tables."""
        return tuple(row.region for row in self.scenario.tables.regions)

    @cached_property
    def flows(self) -> MarketFlows:
        """Sources and outlets of every market."""
        sums: defaultdict[str, Values] = defaultdict(lambda: np.zeros(len(self.markets)))
        for process in self.processes:
            for product, coefficient in process.recipe.items():
                side = "production" if coefficient > 0.0 else "intake"
                sums[side][self.at[product, process.region]] += abs(coefficient) * process.activity
        for route in self.routes:
            sums["exports"][self.at[route.product, route.origin]] += route.flow
            sums["imports"][self.at[route.product, route.destination]] += route.flow
        for use in self.uses:
            sums["sales"][self.at[use.product, use.region]] += use.demand
        sides = ("production", "imports", "intake", "sales", "exports")
        return MarketFlows(**{side: sums[side] for side in sides}, disposal=self.disposal)

    @cached_property
    def trend(self) -> Trend:
        """Growth factors of the reference path, shape (entity, period)."""
        # Growth stands on the flows declared here.
        from sim.chain.trend import trend_factors

        return trend_factors(self)

    @cached_property
    def targets(self) -> dict[str, Target]:
        """What each restriction of the scenario reaches, by name."""
        from sim.chain.rules import target

        return {name: target(self, restriction) for name, restriction in self.scenario.measures.items()}

    def unit_value(self, process: Process) -> float:
        """Value of the outputs of a tonne of activity at reference prices, thousand USD."""
        return sum(
            coefficient * self.products[product].price_usd_per_kg for product, coefficient in process.outputs.items()
        )


@on_one_thread
def build(scenario: Scenario) -> Reference:
    """Reconcile the tables of a scenario into its reference state.

    Parameters
    ----------
    scenario: A loaded scenario.

    Returns
    -------
    The reference state, the same for the same tables and `ensemble.chain_draw`.

    Raises
    ------
    ScenarioError: The tables cannot be balanced.
    """
    published = drawn(ledger.collect(scenario.tables), scenario.ensemble.chain_draw)
    return _assemble(scenario, published, reconcile(published, file=scenario.chain))


def _assemble(scenario: Scenario, published: Accounts, values: Values) -> Reference:
    tables = scenario.tables
    activity, flow, demand, disposal = published.split(values)
    through = np.abs(published.balance) @ values
    kept = np.flatnonzero(through > LEAST_TONNES)
    disposed = np.zeros(len(published.markets))
    disposed[list(published.disposals)] = disposal
    processes = _processes(scenario, activity)
    sectors = {row.sector: index for index, row in enumerate(tables.sectors)}
    regions = {row.region: index for index, row in enumerate(tables.regions)}
    uses = [
        Use(row.sector, row.region, row.product, tonnes, row.substitute)
        for row, tonnes in zip(tables.uses, demand, strict=True)
        if tonnes > LEAST_TONNES
    ]
    routes = [
        Route(row.product, row.origin, row.destination, tonnes, 0.0, row.duty)
        for row, tonnes in zip(tables.routes, flow, strict=True)
        if tonnes > LEAST_TONNES
    ]
    markets = tuple(published.markets[index] for index in kept)
    # The core takes a product's markets, routes and uses together.
    product = {name: index for index, name in enumerate(dict.fromkeys(name for name, _ in markets))}
    trade = [*routes, *_latent(scenario, processes, routes, uses)]
    return Reference(
        scenario=scenario,
        markets=markets,
        processes=processes,
        routes=tuple(sorted(trade, key=lambda route: product[route.product])),
        uses=tuple(sorted(uses, key=lambda use: (product[use.product], sectors[use.sector], regions[use.region]))),
        disposal=disposed[kept],
        changes=changes(published, values),
    )


def _processes(scenario: Scenario, activity: Values) -> tuple[Process, ...]:
    tables = scenario.tables
    recipes = {row.recipe: tables.recipe(row.recipe) for row in tables.recipes}
    floors = {(row.recipe, row.product): row.thrift_floor for row in tables.recipes}
    return tuple(
        Process(
            name=row.process,
            region=row.region,
            recipe=recipes[row.recipe],
            thrift_floor={product: floors[row.recipe, product] for product in recipes[row.recipe]},
            activity=tonnes,
            # Reconciliation moves activity; utilisation, not capacity, is what was judged beside it.
            capacity=tonnes * row.capacity_t_per_year / row.activity_t_per_year,
            conversion_cost=row.conversion_cost_usd_per_kg,
            lead_months=row.lead_months,
            recipe_name=row.recipe,
        )
        for row, tonnes in zip(tables.processes, activity, strict=True)
        if tonnes > LEAST_TONNES
    )


def _latent(scenario: Scenario, processes: tuple[Process, ...], routes: list[Route], uses: list[Use]) -> list[Route]:
    made: defaultdict[Market, float] = defaultdict(float)
    taken: defaultdict[Market, float] = defaultdict(float)
    for process in processes:
        for product, coefficient in process.recipe.items():
            side = made if coefficient > 0.0 else taken
            side[product, process.region] += abs(coefficient) * process.activity
    for use in uses:
        taken[use.product, use.region] += use.demand
    real = {(route.product, route.origin, route.destination) for route in routes}
    duties = _usual_duties(scenario.tables.routes)
    share = scenario.parameters.latent_share
    return [
        Route(product, origin, destination, 0.0, tonnes, duties.get((product, origin), 0.0))
        for product, origin, destination, tonnes in latent_routes(scenario.tables, real, made, taken, share)
    ]


def _usual_duties(routes: tuple[RouteRow, ...]) -> dict[Market, float]:
    """Lowest duty on a product out of a region: what every route from there pays, such as tax not refunded."""
    lowest: dict[Market, float] = {}
    for row in routes:
        lowest[row.product, row.origin] = min(row.duty, lowest.get((row.product, row.origin), np.inf))
    return lowest


def relative_gap(reference: Reference) -> float:
    """Largest imbalance of a market over its supply: zero but for rounding."""
    flows: Any = reference.flows
    return float(np.max(np.abs(flows.supply - flows.outflow) / flows.supply))
