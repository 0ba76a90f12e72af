"""Checks of a chain's tables as a whole: names, trade, mass and reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sim.scenario.base import nearest
from sim.scenario.loading import ChainTables, Loading

MASS_TOLERANCE = 1e-6
RESERVED = ("all", "default")
Market = tuple[str, str]
"""Product and region."""


def inspect(tables: ChainTables, loading: Loading) -> None:
    """Note every fault of the tables as a whole; a check is left out where a table it needs is broken.

    Parameters
    ----------
    tables: Rows that were understood.
    loading: Collects the faults.
    """
    _references(tables, loading)
    _processes(tables, loading)
    if loading.broken.isdisjoint({"chain.toml", "products.csv", "recipes.csv"}):
        _mass(tables, loading)
    if loading.broken.isdisjoint({"routes.csv", "transport.csv"}):
        _transport(tables, loading)
    # A missing name or row upstream would repeat itself as a fault of every market below.
    if not loading.faults:
        _markets(tables, loading)
    if not loading.faults:
        _reach(tables, loading)


def _references(tables: ChainTables, loading: Loading) -> None:
    known = {
        "region": ("regions.csv", [row.region for row in tables.regions]),
        "product": ("products.csv", [row.product for row in tables.products]),
        "recipe": ("recipes.csv", [row.recipe for row in tables.recipes]),
        "sector": ("sectors.csv", [row.sector for row in tables.sectors]),
        "stage": ("chain.toml", tables.meta.stages),
        "confidence": ("chain.toml", tables.meta.confidence),
    }
    columns = {
        "regions.csv": ("confidence",),
        "products.csv": ("stage", "confidence"),
        "recipes.csv": ("product", "confidence"),
        "processes.csv": ("region", "recipe", "confidence"),
        "routes.csv": ("product", "origin", "destination", "confidence"),
        "transport.csv": ("origin", "destination", "confidence"),
        "sectors.csv": ("confidence",),
        "uses.csv": ("sector", "region", "product", "substitute", "confidence"),
    }
    kinds = {"origin": "region", "destination": "region", "substitute": "product"}
    for table, names in columns.items():
        for column in names:
            kind = kinds.get(column, column)
            home, choices = known[kind]
            if home in loading.broken:
                continue
            for position, row in enumerate(getattr(tables, table.removesuffix(".csv"))):
                name = getattr(row, column)
                if name not in choices and not (column == "substitute" and not name):
                    loading.fault(table, position, column, f"is '{name}', not a known {kind}", nearest(name, choices))
    for position, region in enumerate(tables.regions):
        if region.region in RESERVED:
            cure = "give another short name"
            loading.fault("regions.csv", position, "region", f"is '{region.region}', a word scenarios use", cure)


def _processes(tables: ChainTables, loading: Loading) -> None:
    for position, row in enumerate(tables.processes):
        if row.capacity_t_per_year < row.activity_t_per_year:
            problem = f"is {row.capacity_t_per_year:g}, below the activity of {row.activity_t_per_year:g}"
            loading.fault("processes.csv", position, "capacity_t_per_year", problem, "give at least the activity")
    for position, use in enumerate(tables.uses):
        if use.substitute == use.product:
            loading.fault("uses.csv", position, "substitute", "is the product itself", "give another or none")
    made = {row.recipe for row in tables.recipes if row.coefficient > 0.0}
    for position, recipe in enumerate(tables.recipes):
        if recipe.coefficient == 0.0:
            loading.fault("recipes.csv", position, "coefficient", "is 0", "give a number or remove the row")
        elif recipe.recipe not in made:
            made.add(recipe.recipe)
            problem = f"is '{recipe.recipe}', which makes nothing"
            loading.fault("recipes.csv", position, "recipe", problem, "add a row with a coefficient above 0")


def _mass(tables: ChainTables, loading: Loading) -> None:
    content = {row.product: row.content for row in tables.products}
    first: dict[str, int] = {}
    for position, row in enumerate(tables.recipes):
        first.setdefault(row.recipe, position)
    for name, position in first.items():
        recipe = tables.recipe(name)
        inputs = {product: -amount for product, amount in recipe.items() if amount < 0.0}
        outputs = {product: amount for product, amount in recipe.items() if amount > 0.0}
        # A recipe without inputs is a mine or a collection: mass enters the chain there.
        if not inputs or not set(recipe) <= set(content):
            continue
        for element in tables.meta.elements:
            enters = sum(amount * content[product][element] for product, amount in inputs.items())
            leaves = sum(amount * content[product][element] for product, amount in outputs.items())
            if leaves > enters * (1.0 + MASS_TOLERANCE):
                problem = f"is '{name}', which makes {element}: {leaves:.4g} t out of {enters:.4g} t"
                loading.fault("recipes.csv", position, "recipe", problem, "lower its outputs or raise its inputs")


def _transport(tables: ChainTables, loading: Loading) -> None:
    linked = {(row.origin, row.destination) for row in tables.transport}
    for position, row in enumerate(tables.routes):
        if row.origin == row.destination:
            cure = "give another region or remove the row"
            loading.fault("routes.csv", position, "destination", "is the origin itself", cure)
        elif (row.origin, row.destination) not in linked:
            problem = f"is '{row.destination}', with no transport from {row.origin}"
            loading.fault("routes.csv", position, "destination", problem, "add the row to transport.csv")
            linked.add((row.origin, row.destination))


class _Flows:
    """Who brings a product to a market and who takes it, with reference flows above 0."""

    def __init__(self, tables: ChainTables) -> None:
        recipes: dict[str, dict[str, float]] = defaultdict(dict)
        for row in tables.recipes:
            recipes[row.recipe][row.product] = row.coefficient
        self.inflow: dict[Market, list[str]] = defaultdict(list)
        self.outflow: dict[Market, list[tuple[str, int, str]]] = defaultdict(list)
        self.possible: set[Market] = set()
        self.steps: list[tuple[list[Market], list[Market]]] = []
        for position, process in enumerate(tables.processes):
            takes = [(p, process.region) for p, amount in recipes[process.recipe].items() if amount < 0.0]
            makes = [(p, process.region) for p, amount in recipes[process.recipe].items() if amount > 0.0]
            if process.capacity_t_per_year > 0.0:
                self.possible.update(makes)
            if process.activity_t_per_year > 0.0:
                self.steps.append((takes, makes))
                self._add(takes, makes, ("processes.csv", position, "process"), process.process)
        for position, route in enumerate(tables.routes):
            if route.flow_t_per_year > 0.0:
                here, there = (route.product, route.origin), (route.product, route.destination)
                self.steps.append(([here], [there]))
                self._add([here], [there], ("routes.csv", position, "origin"), "route")
        for position, use in enumerate(tables.uses):
            if use.demand_t_per_year > 0.0:
                self._add([(use.product, use.region)], [], ("uses.csv", position, "product"), "use")
        self.possible.update(self.inflow)

    def _add(self, takes: Iterable[Market], makes: Iterable[Market], place: tuple[str, int, str], name: str) -> None:
        for market in takes:
            self.outflow[market].append(place)
        for market in makes:
            self.inflow[market].append(name)

    def reached(self) -> set[Market]:
        """Return the markets that mines and collection reach through processes with all their inputs."""
        found: set[Market] = set()
        waiting = self.steps
        while True:
            ready = [makes for takes, makes in waiting if found.issuperset(takes)]
            if not ready:
                return found
            waiting = [step for step in waiting if not found.issuperset(step[0])]
            found.update(market for makes in ready for market in makes)


def _markets(tables: ChainTables, loading: Loading) -> None:
    flows = _Flows(tables)
    for position, route in enumerate(tables.routes):
        if (route.product, route.origin) not in flows.possible:
            problem = f"is '{route.origin}', where nothing makes or brings {route.product}"
            loading.fault("routes.csv", position, "origin", problem, "add a process or a route into it")
    for (product, region), places in flows.outflow.items():
        others = [place for place in places if place[0] != "routes.csv"]
        if others and not flows.inflow[product, region]:
            cure = "add a process or a route that brings it"
            loading.fault(*others[0], f"takes {product} in {region}, where nothing makes or brings it", cure)
    disposable = {row.product for row in tables.products if row.disposable}
    for product, region in _sorted(market for market, makers in flows.inflow.items() if makers):
        if product not in disposable and not flows.outflow[product, region]:
            position = next(i for i, row in enumerate(tables.products) if row.product == product)
            problem = f"is '{product}', which gathers in {region} and nothing takes it"
            loading.fault("products.csv", position, "product", problem, "add a use or a route, or make it disposable")


def _sorted(markets: Iterable[Market]) -> Iterator[Market]:
    # A list first: looking up an absent market would grow the dictionary under the loop.
    yield from sorted(markets)


def _reach(tables: ChainTables, loading: Loading) -> None:
    reached = _Flows(tables).reached()
    cut_off: dict[str, dict[str, int]] = defaultdict(dict)
    for position, use in enumerate(tables.uses):
        if use.demand_t_per_year > 0.0 and (use.product, use.region) not in reached:
            cut_off[use.product].setdefault(use.region, position)
    # One fault a product: one missing process upstream cuts off every region at once.
    for product, regions in cut_off.items():
        problem = f"is '{product}', which no mine or collection reaches in {', '.join(regions)}"
        cure = "complete the processes and routes that lead there"
        loading.fault("uses.csv", min(regions.values()), "product", problem, cure)
