"""Random small chains that balance by construction, and random restrictions and events for them.

Demand is drawn at the users and carried upstream with fixed shares of imports: mine -> oxide -> ... -> magnet. A
by-product made jointly with an upstream product feeds users or later stages; what is left of it is disposed of.
"""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from hypothesis import strategies as st

from sim.scenario.capacity import Capacity
from sim.scenario.parameters import Parameters
from tests.core.described import (
    Builder,
    Expansion,
    Input,
    Market,
    Output,
    Process,
    Project,
    Reserve,
    Route,
    Skill,
    SmallChain,
    Use,
)

BYPRODUCT = -1
Place = tuple[int, int]
"""Product and region of a market; the by-product has number -1."""


class Draft:
    """A chain being built upstream from its users; quantities in t/month."""

    def __init__(self, rng: Random, regions: int, stages: int, byproduct_stage: int | None) -> None:
        self.rng, self.regions, self.stages, self.byproduct_stage = rng, regions, stages, byproduct_stage
        self.need: dict[Place, float] = {}
        self.surplus: dict[Place, float] = {}
        self.uses: list[tuple[Place, float, bool, int | None]] = []
        self.flows: dict[tuple[Place, Place], float] = {}
        self.processes: list[tuple[int, float, list[tuple[Place, float, float]], list[tuple[Place, float]]]] = []
        self.price: dict[Place, float] = {}
        self._draw_uses()
        for stage in reversed(range(stages)):
            self._draw_stage(stage)

    def ask(self, place: Place, amount: float) -> None:
        """Add to what a market is asked for."""
        self.need[place] = self.need.get(place, 0.0) + amount

    def _draw_uses(self) -> None:
        rng, last = self.rng, self.stages - 1
        for region in range(self.regions):
            substitute = None
            if rng.random() < 0.5:
                self.uses.append(((last - 1, region), rng.uniform(5, 50), False, None))
                substitute = len(self.uses) - 1 if rng.random() < 0.7 else None
            self.uses.append(((last, region), rng.uniform(20, 200), False, substitute))
            if rng.random() < 0.5:
                self.uses.append(((last, region), rng.uniform(1, 20), True, None))
            if self.byproduct_stage is not None and rng.random() < 0.3:
                self.uses.append(((BYPRODUCT, region), rng.uniform(0.5, 5), False, None))
        for place, amount, _, _ in self.uses:
            self.ask(place, amount)

    def _draw_stage(self, stage: int) -> None:
        rng = self.rng
        makers = sorted(rng.sample(range(self.regions), rng.randint(1, self.regions)))
        made = self._source(stage, makers)
        start = len(self.processes)
        for region in makers:
            shares = [1.0]
            if rng.random() < 0.25:
                first = rng.uniform(0.2, 0.8)
                shares = [first, 1 - first]
            for share in shares:
                coefficient = rng.uniform(0.8, 1.2)
                activity = made[region] * share / coefficient
                inputs = self._draw_inputs(stage, region)
                for place, amount, _ in inputs:
                    self.ask(place, amount * activity)
                self.processes.append((region, activity, inputs, [((stage, region), coefficient)]))
        if stage == self.byproduct_stage:
            self._add_byproduct(makers, start)

    def _draw_inputs(self, stage: int, region: int) -> list[tuple[Place, float, float]]:
        rng = self.rng
        if stage == 0:
            return []
        inputs: list[tuple[Place, float, float]] = [((stage - 1, region), rng.uniform(1, 1.6), 1.0)]
        if self.byproduct_stage is not None and stage > self.byproduct_stage and rng.random() < 0.4:
            inputs.append(((BYPRODUCT, region), rng.uniform(0.01, 0.06), rng.choice([0.4, 0.7, 1.0])))
        return inputs

    def _source(self, product: int, makers: list[int]) -> dict[int, float]:
        """Shipments that meet the need of every region, and what each maker has to make."""
        made = dict.fromkeys(makers, 0.0)
        for region in range(self.regions):
            need = self.need.get((product, region), 0.0)
            others = [maker for maker in makers if maker != region]
            imported = 0.0 if not others else self.rng.choice([0.0, self.rng.uniform(0.05, 0.6)])
            imported = need if region not in makers else imported * need
            weights = [self.rng.uniform(0.2, 1) for _ in others]
            for maker, weight in zip(others, weights, strict=True):
                amount = imported * weight / sum(weights)
                made[maker] += amount
                if amount > 0:
                    self.flows[(product, maker), (product, region)] = amount
            if region in makers:
                made[region] += need - imported
        for maker in makers:
            if made[maker] == 0.0:  # a maker without customers supplies a small user at home
                self.uses.append(((product, maker), 1.0, False, None))
                self.ask((product, maker), 1.0)
                made[maker] = 1.0
        return made

    def _add_byproduct(self, makers: list[int], start: int) -> None:
        made = self._source(BYPRODUCT, makers)
        activity = dict.fromkeys(makers, 0.0)
        for region, amount, _, _ in self.processes[start:]:
            activity[region] += amount
        slack = self.rng.uniform(1.0, 1.3)
        coefficient = slack * max(made[maker] / activity[maker] for maker in makers)
        for region, _, _, outputs in self.processes[start:]:
            outputs.append(((BYPRODUCT, region), coefficient))
        for maker in makers:
            self.surplus[BYPRODUCT, maker] = coefficient * activity[maker] - made[maker]


def _draw_cohorts(rng: Random) -> tuple[tuple[float, float], ...]:
    """Share and cover (months) of up to four cohorts; some keep no stock."""
    weights = [rng.uniform(0.2, 1.0) for _ in range(rng.randint(1, 4))]
    return tuple((weight / sum(weights), rng.choice([0.0, 0.1, rng.uniform(0.2, 6.0)])) for weight in weights)


def _replaced_in_turn(uses: tuple[Use, ...], rng: Random) -> tuple[Use, ...]:
    """Uses of which some substitutes are replaced by what they replace."""
    turned = list(uses)
    for index, use in enumerate(uses):
        if use.substitute is not None and rng.random() < 0.3:
            turned[use.substitute] = replace(uses[use.substitute], substitute=index)
    return tuple(turned)


def balanced_chain(
    seed: int, *, regions: int = 3, stages: int = 4, dt: float = 1.0, growth: float = 0.0, cover: float = 1.0,
    parameters: Parameters | None = None,
) -> SmallChain:  # fmt: skip
    """A random chain in balance.

    Parameters
    ----------
    dt: Months a period; the same seed gives the same chain at any `dt`, but for covers that have to be raised.
    growth: Largest log growth a month; entities grow at rates of their own, so the chain does not stay in balance.
    cover: Smallest cover drawn, months.
    """
    rng = Random(seed)
    byproduct_stage = rng.choice([None, 0, 0, 1]) if stages > 2 else None
    draft = Draft(rng, regions, stages, byproduct_stage)
    places = _places(draft)
    markets = _draw_markets(draft, places, dt, cover, parameters or Parameters())
    processes = _draw_processes(draft, places, markets, dt)
    routes = _draw_routes(draft, places, markets, dt)
    uses = tuple(
        Use(places[place], amount, rng.uniform(0.05, 0.3), rng.uniform(0.3, 0.9), priority, substitute)
        for place, amount, priority, substitute in draft.uses
    )
    buyers = Random(f"buyers of {seed}")
    uses = tuple(replace(use, cohorts=_draw_cohorts(buyers)) for use in uses)
    uses = _replaced_in_turn(uses, Random(f"substitutes of {seed}"))
    small = SmallChain(tuple(markets), tuple(processes), tuple(routes), uses, (), dt, 0.0, parameters or Parameters())
    if growth:
        small = replace(small, **{
            name: tuple(replace(row, growth=rng.uniform(-growth, growth)) for row in getattr(small, name))
            for name in ("markets", "processes", "routes", "uses")
        })  # fmt: skip
    return _with_origin(small, list(places), Random(f"origin of {seed}"))


def _with_origin(small: SmallChain, places: list[Place], rng: Random) -> SmallChain:
    """The chain with random regions and products listed; only half of the chains are followed."""
    regions = {region for region in {region for _, region in places} if rng.random() < 0.5}
    products = {product for product in {product for product, _ in places} if rng.random() < 0.5}

    def listed(output: Output) -> Output:
        product, region = places[output.market]
        return replace(output, listed=region in regions and product in products)

    processes = [replace(process, outputs=tuple(map(listed, process.outputs))) for process in small.processes]
    return replace(small, processes=tuple(processes), followed=rng.random() < 0.5)


def _places(draft: Draft) -> dict[Place, int]:
    used = {place for place, *_ in draft.uses} | {place for pair in draft.flows for place in pair}
    for _, _, inputs, outputs in draft.processes:
        used |= {place for place, *_ in inputs} | {place for place, _ in outputs}
    return {place: number for number, place in enumerate(sorted(used))}


def released(cover: float, dt: float, release_share: float) -> float:
    """Months of outflow that a market at the reference can release in a period, of its stock and of what arrives."""
    decay = dt / (release_share * cover)
    share = -math.expm1(-decay)
    return cover * share + dt * (1 - share / decay)


def _draw_markets(
    draft: Draft, places: dict[Place, int], dt: float, cover: float, parameters: Parameters
) -> list[Market]:
    rng = draft.rng
    outflow = dict.fromkeys(places, 0.0)
    for place, amount, *_ in draft.uses:
        outflow[place] += amount
    for _, activity, inputs, _ in draft.processes:
        for place, coefficient, _ in inputs:
            outflow[place] += coefficient * activity
    for (origin, _), amount in draft.flows.items():
        outflow[origin] += amount
    markets, price = [], {product: 5.0 * 2.5**product for product in range(-1, draft.stages)}
    for place in places:
        months = cover + rng.uniform(0, 3)
        disposal = draft.surplus.get(place, 0.0)
        total = outflow[place] + disposal
        while released(months, dt, parameters.release_share) < 1.12 * dt:
            months *= 1.05
        markets.append(Market(
            inventory=months * total, outflow=total, price=price[place[0]] * rng.uniform(0.95, 1.05),
            contract_share=rng.uniform(0, 0.9), choke=rng.uniform(3, 12),
            alarm_scale=1.0 if place[0] < 2 else parameters.threat_downstream, disposal=disposal,
        ))  # fmt: skip
    return markets


def _draw_lead(rng: Random, longest: float, dt: float) -> tuple[int, float]:
    periods = max(1.0, rng.choice([rng.uniform(0.5, longest), 1.0, 1.5]) / dt)
    return int(periods), periods - int(periods)


def _draw_processes(draft: Draft, places: dict[Place, int], markets: list[Market], dt: float) -> list[Process]:
    rng, processes = draft.rng, []
    for _, activity, inputs, outputs in draft.processes:
        worth = sum(coefficient * markets[places[place]].price for place, coefficient in outputs)
        paid = sum(coefficient * markets[places[place]].price for place, coefficient, _ in inputs) / worth
        delay, part = _draw_lead(rng, 3.0, dt)
        processes.append(Process(
            activity=activity, capacity=activity * rng.uniform(1.02, 1.5), response=0.8 if inputs else 0.1,
            conversion_share=(1 - paid) * rng.uniform(0.5, 0.9),
            inputs=tuple(Input(places[place], coefficient, floor) for place, coefficient, floor in inputs),
            outputs=tuple(Output(places[place], coefficient) for place, coefficient in outputs),
            delay=delay, delay_part=part,
        ))  # fmt: skip
    return processes


def _draw_routes(draft: Draft, places: dict[Place, int], markets: list[Market], dt: float) -> list[Route]:
    rng, routes = draft.rng, []
    for origin in places:
        for destination in places:
            if origin[0] != destination[0] or origin == destination:
                continue
            flow = draft.flows.get((origin, destination), 0.0)
            latent = 0.02 * min(markets[places[origin]].outflow, markets[places[destination]].outflow)
            if flow == 0.0 and rng.random() < 0.5:
                continue
            delay, part = _draw_lead(rng, 2.0, dt)
            freight = markets[places[origin]].price * rng.uniform(0.01, 0.1)
            routes.append(Route(
                places[origin], places[destination], flow, 0.0 if flow else latent,
                duty=rng.choice([0.0, 0.05]), freight=freight, delay=delay, delay_part=part,
            ))  # fmt: skip
    return routes


def expanded(small: SmallChain, seed: int) -> SmallChain:
    """The chain with capacity that answers fast, people that may lack, and projects that run, come or never do."""
    rng = Random(f"capacity of {seed}")
    skills = tuple(Skill(rng.uniform(1, 20), rng.uniform(0.1, 3)) for _ in range(2))
    builders = tuple(
        Builder(
            hurdle=rng.uniform(0.005, 0.05), premium=rng.uniform(0, 0.3), permit=rng.uniform(0.5, 4),
            construction=rng.uniform(1, 9), ramp=rng.uniform(0.5, 4), first_yield=rng.uniform(0.5, 1),
            closure=rng.uniform(2, 12), lifetime=rng.uniform(24, 120), people=rng.uniform(0, 1),
            skill=rng.choice([None, 0, 1]),
        )
        for _ in small.processes
    )  # fmt: skip
    starts = [rng.choice([-rng.uniform(0, 12), rng.uniform(0, 20), 3e37]) for _ in range(3)]
    projects = []
    for start in starts:
        p = rng.randrange(len(small.processes))
        level = small.processes[p].activity * rng.uniform(0.1, 0.6)
        projects.append(Project(p, start, rng.uniform(2, 20), level))
    given = Capacity(
        expectation_months=rng.uniform(1, 12), order_response=rng.uniform(1, 5), order_bound_per_year=0.8,
        dead_zone=rng.uniform(0.01, 0.05), cancel_margin=rng.uniform(0.05, 0.3),
    )  # fmt: skip
    return replace(small, expansion=Expansion(builders, skills, tuple(projects), rng.random() < 0.8, given))


@st.composite
def chains(draw: st.DrawFn, *, dt: float | None = None, growth: bool = False, speculation: bool = False) -> SmallChain:
    """Small chains without restrictions."""
    step = draw(st.sampled_from([1.0, 0.5, 12 / 52])) if dt is None else dt
    parameters = Parameters(speculation=draw(st.sampled_from([0.0, 3.0]))) if speculation else Parameters()
    return balanced_chain(
        draw(st.integers(0, 10**6)), regions=draw(st.integers(2, 4)), stages=draw(st.integers(2, 5)), dt=step,
        growth=draw(st.sampled_from([0.0, 0.01])) if growth else 0.0, parameters=parameters,
    )  # fmt: skip


def stocked(small: SmallChain, seed: int) -> SmallChain:
    """The chain with stockpiles of some markets, of all rules."""
    rng = Random(f"stockpiles of {seed}")
    reserves = []
    for m, market in enumerate(small.markets):
        if rng.random() < 0.4:
            continue
        size = market.outflow * rng.choice([0.05, 0.5, rng.uniform(0.5, 4)])
        reserves.append(Reserve(
            m, size, opening=size * rng.choice([0.0, 1.0, rng.random()]), kept=size * rng.choice([0.0, 0.5, 1.0]),
            loss=rng.choice([0.0, 0.01]), pace=size * rng.uniform(0.02, 0.3), buy_below=rng.choice([0.9, 1.25, 1e9]),
            outflow=size * rng.choice([0.1, 1.0, 100.0]), relieves=rng.random() < 0.8,
            relief_above=rng.choice([None, 1.0, 1.3]), sell_above=rng.choice([None, 1.35, 2.0]),
            begin=rng.choice([0, 7]), end=rng.choice([30, 10**9]),
        ))  # fmt: skip
    return replace(small, reserves=tuple(reserves))
