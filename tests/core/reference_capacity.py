"""For the reference, from `sim/core/MODEL.md`, section 12: capacity, people and projects of one run."""

from __future__ import annotations

import math

from tests.core.described import Builder, Process, Project, SmallChain
from tests.core.reference_rules import clip


class Plant:
    """Capacity of one process; shares of its capacity on trend."""

    def __init__(self) -> None:
        self.margin = self.spread = 0.0
        self.stages = [0.0] * 6
        """Permits, three of construction, starting up, running in."""
        self.run_in = self.expansion = 1.0
        self.added = 0.0

    def expect(self, margin: float, follow: float) -> None:
        """Follow the margin of the day."""
        surprise = margin - self.margin
        self.margin += follow * surprise
        self.spread += follow * (surprise**2 - self.spread)


class Capacities:
    """Capacity of all processes; `step` at the end of every period, with margins of that period.

    Parameters
    ----------
    chain: Its `expansion` must be there.
    """

    def __init__(self, chain: SmallChain) -> None:
        assert chain.expansion is not None
        self.chain, self.given = chain, chain.expansion
        self.plants = [Plant() for _ in chain.processes]
        self.free = [skill.free for skill in self.given.skills]
        self.clocks = [-project.start / chain.dt for project in self.given.projects]
        self.stride = max(1, round(1 / chain.dt))
        self.months = self.stride * chain.dt

    def moves(self, now: int) -> bool:
        """Whether a step ends with this period."""
        return (now + 1) % self.stride == 0

    def growth(self, p: int, now: int) -> float:
        """Growth of a process along the trend."""
        if any(project.process == p for project in self.given.projects):
            return 1.0
        return math.exp(self.chain.processes[p].growth * max(now, 0) * self.chain.dt)

    def gained(self, p: int, now: int) -> float:
        """Growth of a process along the trend over the last step, not below 0; relative to the reference."""
        return max(self.growth(p, now) - self.growth(p, now - self.stride), 0.0)

    def leaving(self, tau: float) -> float:
        """r(tau): share of a stage that leaves it in a step."""
        return min(1.0, self.months / tau)

    def step(self, now: int, margins: list[float], cash_gap: list[float], lead: list[float], good: list[float]) -> None:
        """Move by one step.

        Parameters
        ----------
        margins: ln q of each process.
        cash_gap: ln of cost over cost without margins.
        lead, good: Factors of bans on technology on times and on first yield.
        """
        par = self.given.given
        follow = 1 - math.exp(-self.months / par.expectation_months)
        ordered, lost = [], []
        for p, plant in enumerate(self.plants):
            plant.expect(margins[p], follow)
            ordered.append(self._order(plant, self.given.builders[p]) if self.given.answers else 0.0)
            lost.append(self._lose(p, plant, now, cash_gap[p]) if self.given.answers else 0.0)
        advance = [
            self.stride * clip(2 + self.plants[j.process].margin / par.cancel_margin, 0.0, 1.0) / lead[j.process]
            for j in self.given.projects
        ]
        served = self._share(now, lead, advance)
        for p, plant in enumerate(self.plants):
            self._pass_on(plant, self.given.builders[p], ordered[p], lost[p], lead[p], good[p], served)
            plant.added = 0.0
        for j, project in enumerate(self.given.projects):
            skill = self.given.builders[project.process].skill
            slowed = skill is not None and self.clocks[j] + advance[j] > 0
            self.clocks[j] += advance[j] * (served[skill] if slowed and skill is not None else 1.0)
            self.plants[project.process].added += self._output(project, self.clocks[j], good[project.process])

    def _order(self, plant: Plant, builder: Builder) -> float:
        par = self.given.given
        incentive = max(plant.margin - builder.premium * math.sqrt(plant.spread) - builder.hurdle, 0.0)
        pace = min(par.order_response * incentive, par.order_bound_per_year)
        return max(plant.run_in - sum(plant.stages) / par.underway_bound, 0.0) * pace * self.months / 12

    def _lose(self, p: int, plant: Plant, now: int, gap: float) -> float:
        if plant.margin >= 0:
            return 0.0
        builder = self.given.builders[p]
        idle = 1 - min(1.0, math.exp(plant.margin + gap)) ** self.chain.parameters.idle_slope
        unbuilt = clip(-plant.margin / self.given.given.dead_zone - 1, 0.0, 1.0)
        due = self.leaving(builder.lifetime) + self.gained(p, now) / self.growth(p, now - self.stride)
        return plant.run_in * min(self.leaving(builder.closure) * idle + due * unbuilt, 1.0)

    def _ramped(self, project: Project, clock: float) -> float:
        return clip(0.9 * clock * self.chain.dt / project.ramp, 0.0, 1.0)

    def _output(self, project: Project, clock: float, good: float) -> float:
        before, reached = self._ramped(project, -project.start / self.chain.dt), self._ramped(project, clock)
        if before == 1:
            return 0.0
        return project.level * max(reached - before, 0.0) / (1 - before) * (good + (1 - good) * reached)

    def _share(self, now: int, lead: list[float], advance: list[float]) -> list[float]:
        """Share of the people needed that there are, by skill; the stocks move."""
        needed, trend = [0.0] * len(self.free), [0.0] * len(self.free)
        for p, builder in enumerate(self.given.builders):
            if builder.skill is not None:
                people = builder.people * self.chain.processes[p].activity
                starts = self.leaving(builder.ramp) * self.plants[p].stages[4] / lead[p]
                needed[builder.skill] += people * self.growth(p, now) * starts
                trend[builder.skill] += people * self.gained(p, now)
        for j, project in enumerate(self.given.projects):
            builder = self.given.builders[project.process]
            if builder.skill is not None:
                gain = self._ramped(project, self.clocks[j] + advance[j]) - self._ramped(project, self.clocks[j])
                needed[builder.skill] += builder.people * project.level * gain
        served = []
        for s, skill in enumerate(self.given.skills):
            served.append(min(1.0, self.free[s] / needed[s]) if needed[s] > 0 else 1.0)
            trained = skill.trained * self.months
            kept = min(1.0, trained / skill.free) * self.free[s]
            self.free[s] = max(self.free[s] - served[s] * needed[s] + trained - kept - trend[s], 0.0)
        return served

    def _pass_on(
        self, plant: Plant, builder: Builder, ordered: float, lost: float, lead: float, good: float, served: list[float]
    ) -> None:
        third = builder.construction / 3
        means = [builder.permit, third, third, third, builder.ramp, builder.ramp]
        people = 1.0 if builder.skill is None else served[builder.skill]
        leave = [self.leaving(mean) / lead * stage for mean, stage in zip(means, plant.stages, strict=True)]
        leave[4] *= people
        enter = [ordered, *leave[:5]]
        plant.stages = [s + i - o for s, i, o in zip(plant.stages, enter, leave, strict=True)]
        plant.run_in += leave[5] - lost
        plant.expansion = plant.run_in + builder.first_yield * good * plant.stages[5]


def cash_gap(process: Process, paid: float, fixed: float) -> float:
    """ln of cost over cost without margins, both over output value at the reference."""
    return math.log((paid + fixed) / (paid + process.conversion_share))
