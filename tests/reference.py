"""A second implementation of one period of the model, written from `sim/core/MODEL.md` alone.

Slow, obvious, in double precision: one run, lists. It shares no code with the core; what the core is given as arrays is
worked out here a second time from tonnes, prices and months. Section numbers are those of the page.
"""

from __future__ import annotations

import math
from collections import deque

from sim.core.state import DUMPING, OUTAGE, PATENT_BARRIER, PRODUCTION_QUOTA, QUOTA, TECHNOLOGY_BAN
from tests.core.described import Event, SmallChain
from tests.core.reference_accounts import Accounts, under_way
from tests.core.reference_buyers import Buyers
from tests.core.reference_capacity import Capacities, Plant, cash_gap
from tests.core.reference_origin import Origin
from tests.core.reference_reactions import Candidates
from tests.core.reference_rules import Control, choked, clip, cut, fills, force, releasable, rent_after, restrict_route
from tests.core.reference_shares import Shares
from tests.core.reference_stockpile import Stockpiles
from tests.core.reference_support import credited, felt, firm, first_class, levied, researched, topped_up


class Run(Shares):
    """One simulated history: `step` advances it by a period; the attributes are the state and the last flows.

    Parameters
    ----------
    chain: The reference state.
    events: Events of each restriction.
    """

    def __init__(self, chain: SmallChain, events: list[list[Event]]) -> None:
        super().__init__(chain)
        self.now = 0
        self.candidates = [Candidates(chain, *each) for each in zip(chain.restrictions, events, strict=True)]
        self.price, self.wanted = [1.0] * len(chain.markets), [p.activity for p in chain.processes]
        markets, dt = chain.markets, chain.dt
        self.inventory = [m.inventory for m in markets]
        self.process_pipeline = [deque([p.activity * dt] * (p.delay + 2), p.delay + 2) for p in chain.processes]
        self.route_pipeline = [deque([r.flow * dt] * (r.delay + 2), r.delay + 2) for r in chain.routes]
        self.inbound = under_way(self)
        self.position = [s + i for s, i in zip(self.inventory, self.inbound, strict=True)]
        self.log_price, self.average, self.anchor = ([0.0] * len(markets) for _ in range(3))
        self.contract = [1.0] * len(markets)
        self.expected = [m.outflow for m in markets]
        self.threat, self.habit = [0.0] * len(markets), [0.0] * len(markets)
        self.utilisation = [1.0] * len(chain.processes)
        self.intensity = [[1.0] * len(p.inputs) for p in chain.processes]
        self.order = [r.flow for r in chain.routes]
        self.queue = [0.0] * len(chain.routes)
        self.licensed = [0.0] * len(chain.routes)
        self.rent = [0.0] * len(chain.restrictions)
        self.substituted = [0.0] * len(chain.uses)
        self.accounts = Accounts(chain)
        self.capacities = Capacities(chain) if chain.expansion is not None else None
        self.origin = Origin(chain)
        self.stockpiles = Stockpiles(chain)
        self.buyers = [Buyers(use, dt, self.follow(chain.parameters.restock_months)) for use in chain.uses]

    @property
    def fullness(self) -> list[float]:
        """Stock of every cohort over its target, 1 where it keeps none."""
        return [full for buyers in self.buyers for full in buyers.fullness]

    def step(self) -> None:
        """Advance by one period, in the order of the page."""
        self._restrict()
        self._alarm()
        self._arrive()
        self._quote()
        self._transact()
        self._plan()
        self._follow_costs()
        self._want()
        self._order()
        self._restrict_trade()
        self.stockpiles.offer(self)
        self._ration()
        self.stockpiles.relieve(self)
        self._execute()
        if self.capacities is not None and self.capacities.moves(self.now):
            self.capacities.step(self.now, self.margins, self.cash_gaps, self.lead, self.good)
        self.now += 1

    def plant(self, p: int) -> Plant:
        """Capacity of a process: that of the trend alone where it does not answer."""
        return self.capacities.plants[p] if self.capacities is not None else Plant()

    def own_growth(self, p: int) -> float:
        """Trend factor g of the capacity of a process."""
        return self.capacities.growth(p, self.now) if self.capacities else self.growth(self.chain.processes[p])

    def able(self, p: int) -> float:
        """Capacity of a process without restrictions, t/month."""
        plant = self.plant(p)
        return self.chain.processes[p].capacity * self.own_growth(p) * plant.expansion + plant.added

    # 1. Restrictions in force

    def _restrict(self) -> None:
        rules = self.chain.restrictions
        before = [math.exp(p.growth * max(self.now - 1, 0) * self.chain.dt) for p in self.chain.processes]
        for candidates in self.candidates:
            candidates.decide(self.now, self.price, self.wanted, before)
        self.forces = [force(self.now, each.rule, each.came) for each in self.candidates]
        self.controls = {t.route: Control() for rule in rules for t in rule.targets}
        self.factor = [1.0] * len(self.chain.processes)
        self.cost_factor = [1.0] * len(self.chain.processes)
        self.activity_quota = [math.inf] * len(self.chain.processes)
        self.lead, self.good = [1.0] * len(self.chain.processes), [1.0] * len(self.chain.processes)
        for rule, now in zip(rules, self.forces, strict=True):
            for target in rule.targets:
                restrict_route(rule, now, target, self.controls[target.route])
            for p in rule.processes:
                process = self.chain.processes[p]
                if rule.kind in (TECHNOLOGY_BAN, PATENT_BARRIER):
                    self.lead[p] *= 1 + rule.on_processes[0] * now.level
                    self.good[p] *= max(1 - rule.on_processes[0] * now.active * (1 - rule.first_yield), 0.0)
                if rule.kind == OUTAGE:
                    self.factor[p] *= 1 - clip(now.level, 0.0, 1.0)
                if rule.kind == DUMPING:
                    self.cost_factor[p] *= 1 - cut(now, *rule.on_processes)
                if rule.kind == PRODUCTION_QUOTA and now.active > 0:
                    free = (1 - now.active) * process.capacity * self.own_growth(p)
                    self.activity_quota[p] = min(
                        self.activity_quota[p], now.active * now.level * process.activity + free
                    )

    def _alarm(self) -> None:
        severity = [0.0] * len(self.chain.markets)
        for k in range(len(self.chain.restrictions)):
            for m, share in enumerate(self.at_risk(k, self.forces[k].fresh)):
                severity[m] += self.forces[k].alarm * share
        par = self.chain.parameters
        for m, raw in enumerate(severity):
            risk = min(1.0, raw)
            wish = max(0.0, risk - (1 - par.threat_lasting) * self.habit[m])
            faded = self.threat[m] + self.follow(par.threat_fade_months) * (wish - self.threat[m])
            self.threat[m] = wish if wish > self.threat[m] else faded
            self.habit[m] += self.follow(par.habituation_months) * (risk - self.habit[m])

    # 2. Arrivals

    def _arrive(self) -> None:
        self.arrived = [0.0] * len(self.chain.markets)
        for process, pipe in zip(self.chain.processes, self.process_pipeline, strict=True):
            activity = (1 - process.delay_part) * pipe[process.delay - 1] + process.delay_part * pipe[process.delay]
            for output in process.outputs:
                self.arrived[output.market] += output.coefficient * activity
        for route, pipe in zip(self.chain.routes, self.route_pipeline, strict=True):
            arriving = (1 - route.delay_part) * pipe[route.delay - 1] + route.delay_part * pipe[route.delay]
            self.arrived[route.destination] += arriving
        for m, amount in enumerate(self.arrived):
            self.inventory[m] += amount
            self.inbound[m] -= amount
        self.origin.arrive()

    # 3. Quoted price, 4. Transacted price

    def _quote(self) -> None:
        par, bound = self.chain.parameters, math.log(self.chain.parameters.cover_bound)
        self.calm_log_price = [0.0] * len(self.chain.markets)
        for m, market in enumerate(self.chain.markets):
            position = (self.inventory[m] + self.inbound[m]) / self.position[m]
            cover = max(position / (self.expected[m] / market.outflow), 1e-6)
            momentum = self.log_price[m] - self.average[m]
            burst = par.speculation * market.alarm_scale * max(momentum - par.momentum_threshold, 0.0) ** 2
            wish = clip(par.momentum_linear * momentum + burst, -bound, bound)
            alarmed = min(wish + par.threat_response * market.alarm_scale * self.threat[m], bound)
            self.log_price[m] = clip(self.anchor[m] - par.price_response * (math.log(cover) - alarmed), -3.0, 5.0)
            self.calm_log_price[m] = self.log_price[m] - par.price_response * (alarmed - wish)
            self.average[m] += self.follow(par.momentum_months) * (self.log_price[m] - self.average[m])

    def _transact(self) -> None:
        markets, par = self.chain.markets, self.chain.parameters
        self.price = [math.exp(x) for x in self.log_price]
        self.transacted, self.calm = [], []
        for m, market in enumerate(markets):
            phi = market.contract_share
            self.transacted.append(phi * self.contract[m] + (1 - phi) * self.price[m])
            self.calm.append(phi * self.contract[m] + (1 - phi) * math.exp(self.calm_log_price[m]))
        self.plain_landed, self.landed = [], []
        source = [0.0] * len(markets)
        for r, route in enumerate(self.chain.routes):
            value, price = markets[route.origin].price, self.price[route.origin]
            alpha = value * (1 + route.duty) / self.landed_value[r]
            duty = max(self.controls.get(r, Control()).duty + levied(self.chain, r), -15 / 16)
            rent = sum(self.rent[k] for k, rule in enumerate(self.chain.restrictions) if rule.kind == QUOTA
                       and any(t.route == r for t in rule.targets))  # fmt: skip
            self.plain_landed.append(alpha * price + 1 - alpha)
            self.landed.append(self.plain_landed[r] + (price * value * duty + rent) / self.landed_value[r])
            if route.flow > 0:
                source[route.destination] += route.flow / self.supply[route.destination] * self.landed[r]
        for m in range(len(markets)):
            local = self.local[m] / self.supply[m] * self.price[m] if self.supply[m] > 0 else self.price[m]
            self.contract[m] += self.follow(par.contract_months) * (source[m] + local - self.contract[m])

    def _follow_costs(self) -> None:
        par = self.chain.parameters
        for m in range(len(self.chain.markets)):
            net = max(self.imports[m] - self.exports[m], 0.0)
            weight = 1.0 if self.local[m] == 0 else min(1.0, 2 * net / self.supply[m])
            abroad, cost = 0.0, 0.0
            for r, route in enumerate(self.chain.routes):
                if route.destination == m and route.flow > 0:
                    plain = self.plain_landed[r]
                    control = self.controls.get(r, Control())
                    capped = control.withheld > 0 or control.licensed > 0
                    felt = max(math.log(plain), 0.0) if capped else math.log(plain)
                    passed = par.cost_pass_import * felt + math.log(self.landed[r] / plain)
                    abroad += route.flow / self.imports[m] * passed
            for p, process in enumerate(self.chain.processes):
                for output in process.outputs:
                    if output.market == m:
                        cost += process.activity * output.coefficient / self.local[m] * self.unit_cost[p]
            home = par.cost_pass_local * math.log(cost) if self.local[m] > 0 else 0.0
            target = weight * abroad + (1 - weight) * home
            self.anchor[m] += self.follow(par.cost_months) * (target - self.anchor[m])

    # 5. Activity

    def _plan(self) -> None:
        par = self.chain.parameters
        self.unit_cost, self.wanted, self.margins, self.cash_gaps = [], [], [], []
        for p, process in enumerate(self.chain.processes):
            paid = sum(
                a * theta * self.calm[i.market]
                for a, theta, i in zip(self.cost_shares[p], self.intensity[p], process.inputs, strict=True)
            )
            paid = credited(self.chain, p, paid, self.price)
            cost = (paid + 1 - sum(self.cost_shares[p])) * self.cost_factor[p]
            revenue = sum(
                b * self.transacted[o.market] for b, o in zip(self.revenue_shares[p], process.outputs, strict=True)
            )
            revenue += topped_up(self.chain, p, self.revenue_shares[p], self.transacted)
            margin, cash = revenue / cost, revenue / ((paid + process.conversion_share) * self.cost_factor[p])
            goal = margin**process.response * min(1.0, cash**par.idle_slope)
            use = self.utilisation[p] + self.follow(par.utilisation_months) * (goal - self.utilisation[p])
            self.utilisation[p] = clip(use, 0.0, 5.0)
            gate = min(1.0, (par.claim_margin * margin) ** par.claim_slope)
            chokes = [choked(self.calm[i.market], self.chain.markets[i.market].choke) for i in process.inputs]
            usual = process.activity * self.own_growth(p) * self.plant(p).expansion + self.plant(p).added
            limits = usual * self.utilisation[p], self.able(p) * self.factor[p], self.activity_quota[p]
            self.unit_cost.append(cost)
            self.margins.append(math.log(margin))
            self.cash_gaps.append(cash_gap(process, paid, 1 - sum(self.cost_shares[p])))
            self.wanted.append(min(limits) * gate * min([1.0, *chokes]))

    def _thrift(self) -> None:
        par = self.chain.parameters
        for p, process in enumerate(self.chain.processes):
            for i, row in enumerate(process.inputs):
                if row.floor < 1:
                    goal = clip(self.calm[row.market] ** -par.thrift_elasticity, row.floor, 1.0 / row.floor)
                    self.intensity[p][i] += self.follow(par.thrift_months) * (goal - self.intensity[p][i])

    # 6. Demand of users

    def _want(self) -> None:
        chain, par = self.chain, self.chain.parameters
        bound = par.slow_bound_per_year * chain.dt / 12
        self.service, self.destroyed, self.replaced, self.use_wanted = [], [], [], []
        extra = [0.0] * len(chain.uses)
        for u, use in enumerate(chain.uses):
            price = felt(chain, u, self.transacted[use.market])
            service = use.demand * self.growth(use)
            short = price**-use.short * choked(price, chain.markets[use.market].choke)
            slow = (use.long - use.short) * researched(chain, u, self.now)
            step = self.follow(par.slow_months) * (slow * math.log(price) - self.substituted[u])
            self.substituted[u] += clip(step, -bound, bound)
            gone = max(1 - math.exp(-self.substituted[u]), 0.0)
            if use.substitute is not None:
                extra[use.substitute] += service * short * gone
            self.service.append(service)
            self.use_wanted.append(service * short * math.exp(-self.substituted[u]))
            self.destroyed.append(service * max(1 - short, 0.0))
            self.replaced.append(service * min(short, 1.0) * gone)
        self.use_wanted = [a + b for a, b in zip(self.use_wanted, extra, strict=True)]
        self.replaced = [a - b for a, b in zip(self.replaced, extra, strict=True)]

    # 7. Orders and shipments

    def _order(self) -> None:
        par, markets = self.chain.parameters, self.chain.markets
        for r, route in enumerate(self.chain.routes):
            ratio = self.price[route.destination] / self.landed[r]
            grown = self.expected[route.destination] / markets[route.destination].outflow
            usual = route.flow * min(ratio**par.order_response, par.order_bound)
            target = (usual + route.latent * max(ratio - 1, self.chain.latent_floor)) * grown
            self.order[r] += self.follow(par.order_months) * (target - self.order[r])

    def _restrict_trade(self) -> None:
        chain = self.chain
        self.legal, self.free = list(self.order), [0.0] * len(chain.routes)
        for r, control in self.controls.items():
            route = chain.routes[r]
            bound = (route.flow + route.latent * (chain.parameters.order_bound - 1)) * self.growth(route)
            self.free[r], legal = control.leakage * self.order[r], (1 - control.leakage) * self.order[r]
            legal = min(legal, (1 - control.withheld) * bound) if control.withheld > 0 else legal
            self.legal[r] = self._license(r, control, legal, bound)
        for k, rule in enumerate(chain.restrictions):
            if rule.kind == QUOTA:
                self._ration_quota(k, [t.route for t in rule.targets])

    def _license(self, r: int, control: Control, legal: float, bound: float) -> float:
        if control.processing == 0:
            return legal
        dt, licensed = self.chain.dt, control.licensed > 0
        approval = control.approval if licensed else 1.0
        applied, share = control.licensed * legal * dt, self.follow(control.processing)
        at_once = 1 - share * control.processing / dt
        begun, self.licensed[r] = max(control.licensed - self.licensed[r], 0.0), control.licensed
        self.queue[r] += control.filed * (1 - at_once) / share * begun * legal * dt
        decided = self.queue[r] * share + applied * at_once
        self.queue[r] += applied
        granted = min(approval * decided, control.throughput * bound * dt if licensed else math.inf)
        self.queue[r] -= decided * granted / (approval * decided) if granted > 0 else decided
        return (1 - control.licensed) * legal + granted / dt

    def _ration_quota(self, k: int, routes: list[int]) -> None:
        par, active = self.chain.parameters, self.forces[k].active
        if active == 0:
            self.rent[k] = 0.0
            return
        quota, wanted = self.forces[k].level, 12 * sum(self.legal[r] for r in routes)
        for r in routes:
            self.legal[r] *= 1 - active + active * (min(1.0, quota / wanted) if wanted > 0 else 1.0)
        self.rent[k] = rent_after(self.rent[k], wanted, quota, active, par, self.chain.dt)

    # 8. Rationing

    def _ration(self) -> None:
        chain, par, dt = self.chain, self.chain.parameters, self.chain.dt
        claims = [[0.0, 0.0, 0.0] for _ in chain.markets]
        for u, (use, buyers, wanted) in enumerate(zip(chain.uses, self.buyers, self.use_wanted, strict=True)):
            rank = 0 if first_class(chain, u, self.now) else 1
            claims[use.market][rank] += buyers.order(wanted, self.growth(use))
        self.firm = [0.0] * len(chain.markets)
        for p, process in enumerate(chain.processes):
            for i, row in enumerate(process.inputs):
                claims[row.market][1] += row.coefficient * self.intensity[p][i] * self.wanted[p] * dt
        for r, route in enumerate(chain.routes):
            claimed, kept = self.free[r] + self.legal[r], firm(chain, r, self.free[r] + self.legal[r])
            claims[route.origin][0] += kept * dt
            self.firm[route.origin] += kept * dt
            claims[route.origin][2] += (claimed - kept) * dt
        for stock in self.stockpiles.stocks:
            claims[stock.row.market][1] += stock.buying * dt
        self.claims, self.fill, self.dumped, self.release, self.firm_fill = claims, [], [], [], []
        for m, market in enumerate(chain.markets):
            release = releasable(market, par.release_share, dt, self.inventory[m], self.arrived[m])
            self.release.append(release)
            self.fill.append(fills(release, (claims[m][0], claims[m][1], claims[m][2]), par.strictness))
            self.firm_fill.append(self.fill[m][0])
            surplus = market.disposal * self.growth(market) * self.price[m] ** -par.disposal_elasticity * dt
            self.dumped.append(max(min(surplus, release - sum(claims[m])), 0.0))
            rate = (sum(claims[m]) + surplus) / dt
            self.expected[m] += self.follow(par.expectation_months) * (rate - self.expected[m])

    # 9. Execution

    def _execute(self) -> None:
        chain, dt = self.chain, self.chain.dt
        self.released = [0.0] * len(chain.markets)
        added = [0.0] * len(chain.markets)
        self.done, self.shipment, self.sold = [], [], []
        for p, process in enumerate(chain.processes):
            done = self.wanted[p] * dt * min([1.0, *(self.fill[i.market][1] for i in process.inputs)])
            self.done.append(done)
            self.process_pipeline[p].appendleft(done)
            for i, row in enumerate(process.inputs):
                self.released[row.market] += row.coefficient * self.intensity[p][i] * done
            for output in process.outputs:
                added[output.market] += output.coefficient * done
        for r, route in enumerate(chain.routes):
            claimed, last = self.free[r] + self.legal[r], self.fill[route.origin][2]
            shipped = dt * (claimed * last + firm(chain, r, claimed) * (self.firm_fill[route.origin] - last))
            self.shipment.append(shipped)
            self.route_pipeline[r].appendleft(shipped)
            self.released[route.origin] += shipped
            added[route.destination] += shipped
        for u, fill in enumerate(self.origin.part(self)):
            self.sold.append(self.buyers[u].buy(fill))
            self.released[chain.uses[u].market] += self.sold[u]
        self.stockpiles.pass_on(self)
        self.origin.carry(self)
        for m in range(len(chain.markets)):
            self.inventory[m] -= self.released[m] + self.dumped[m]
            self.inbound[m] += added[m]
        self.accounts.add(self)
        self._thrift()
