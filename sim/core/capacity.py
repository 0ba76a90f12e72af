"""Capacity that answers margins, named projects and the people both need (`MODEL.md`, section 12)."""

from __future__ import annotations

import numpy as np

from sim.core import support
from sim.core.fields import (
    ADDED,
    ADVANCE,
    CLOCK,
    COST,
    EQUIPMENT,
    EXPANSION,
    FIRST_YIELD,
    FOUNDATIONS,
    FREE_PEOPLE,
    LEAD,
    LEAD_FACTOR,
    LOG_MARGIN,
    LOST,
    MARGIN,
    ORDERED,
    PEOPLE_NEEDED,
    PERMITS,
    RUN_IN,
    RUNNING_IN,
    SERVED,
    SPREAD,
    STARTED,
    STARTING,
    STRUCTURES,
    UNDER_WAY,
    YIELD_FACTOR,
)
from sim.core.jit import kernel, topic
from sim.core.lanes import any_below, any_positive, clear, of_block
from sim.core.mathx import ONE, TWO, ZERO, clip, exp, log
from sim.core.state import NEVER, Block, Chain, ProjectDraws

ALMOST = np.float32(1e-6)
"""Least part of a project that is still to come at the start, to divide by."""


@kernel
def steps(chain: Chain, now):
    """Whether capacity moves at the end of this period: every `stride` periods, where it answers at all."""
    return chain.builders.size > 0 and (now + 1) % chain.building.stride == 0


@kernel
def orders(margin, spread, under_way, run_in, hurdle, premium, building):
    """Capacity ordered in a step, as a share of capacity on trend."""
    incentive = max(margin - premium * np.sqrt(spread) - hurdle, ZERO)
    room = max(run_in - under_way / building.underway_bound, ZERO)
    return room * min(building.order_response * incentive, building.order_bound)


@kernel
def unbuilt(margin, dead_zone):
    """Share of what wears out and of what the trend adds that is not built: margins do not pay for it."""
    return clip(-margin / dead_zone - ONE, ZERO, ONE)


@kernel
def ramped(age, ramp):
    """Share of its final level that a project has reached."""
    return clip(age / ramp, ZERO, ONE)


@kernel
def eager(margin, cancel_margin):
    """Pace of projects: full down to a margin of `-cancel_margin`, none below twice that."""
    return clip(TWO + margin / cancel_margin, ZERO, ONE)


@topic
def set_clocks(draws: ProjectDraws, first, block: Block):
    """Clocks of all projects at the start of the horizon; those that run already have started."""
    for j in range(block.project.shape[1]):
        for lane in range(block.project.shape[2]):
            start = draws.start[j, first + lane]
            block.project[CLOCK, j, lane] = -start
            block.project[STARTED, j, lane] = start if start <= ZERO else NEVER


@kernel
def expect(chain: Chain, process, p, now, block: Block):
    """Expected margin and its spread, and what they make makers order, close and leave unbuilt."""
    capacity, scratch, building, builder = block.capacity, block.scratch, chain.building, chain.builders[p]
    fixed, conversion, follow = process.fixed_share, process.conversion_share, building.follow_margin
    hurdle, premium = building.hurdle[p, now], builder.premium
    for lane in range(scratch.shape[1]):
        surprise = scratch[LOG_MARGIN, lane] - capacity[MARGIN, p, lane]
        capacity[MARGIN, p, lane] += follow * surprise
        capacity[SPREAD, p, lane] += follow * (surprise * surprise - capacity[SPREAD, p, lane])
    if building.answers > ZERO:
        for lane in range(scratch.shape[1]):
            margin, spread = capacity[MARGIN, p, lane], capacity[SPREAD, p, lane]
            under_way, run_in = capacity[UNDER_WAY, p, lane], capacity[RUN_IN, p, lane]
            capacity[ORDERED, p, lane] = orders(margin, spread, under_way, run_in, hurdle, premium, building)
        _lose(chain, builder, p, now, fixed, conversion, block)


@kernel
def _lose(chain: Chain, builder, p, now, fixed, conversion, block: Block):
    """Capacity closed for good, and what is not built to keep up with wear and trend; a share of that on trend."""
    capacity, scratch, building = block.capacity, block.scratch, chain.building
    clear(capacity[LOST, p])
    if any_below(capacity[MARGIN, p], ZERO):
        before, after = building.growth[p, max(now - building.stride, 0)], building.growth[p, now]
        due = builder.wear + max(after / before - ONE, ZERO)
        closure, slope = builder.closure, chain.constants.idle_slope
        for lane in range(scratch.shape[1]):
            margin, cost = capacity[MARGIN, p, lane], scratch[COST, lane]
            cash = margin + log((cost + fixed) / (cost + conversion))
            idle = ONE - exp(slope * min(cash, ZERO))
            lost = min(closure * idle + due * unbuilt(margin, building.dead_zone), ONE)
            capacity[LOST, p, lane] = (lost if margin < ZERO else ZERO) * capacity[RUN_IN, p, lane]


@topic
def build(chain: Chain, draws: ProjectDraws, first, now, block: Block):
    """Move what is under way by a step, as fast as there are people to start it up."""
    clear(block.skill[PEOPLE_NEEDED])
    for p in range(chain.builders.size):
        _set_technology(chain.processes[p].control, p, block)
        _need_people(chain, chain.builders[p], p, now, block)
    for j in range(chain.projects.size):
        _prepare_project(chain, draws, j, first, block)
    _share_people(chain, now, block)
    for p in range(chain.builders.size):
        _pass_on(chain.building, chain.builders[p], p, now, block)
    if support.financed(chain):
        support.grant(chain, now, block)
        support.owe(chain, now, block)
    for j in range(chain.projects.size):
        _advance_project(chain, draws, j, first, now, block)


@kernel
def _set_technology(control, p, block: Block):
    """Lead times and first yield of a process under the bans in force."""
    if control >= 0:
        for lane in range(block.capacity.shape[2]):
            block.capacity[LEAD, p, lane] = block.plant[LEAD_FACTOR, control, lane]
            block.capacity[FIRST_YIELD, p, lane] = block.plant[YIELD_FACTOR, control, lane]


@kernel
def _need_people(chain: Chain, builder, p, now, block: Block):
    """Count the people who start up new plants of a process in this step."""
    capacity, skill = block.capacity, builder.skill
    if skill >= 0 and any_positive(capacity[STARTING, p]):
        share = (
            builder.people * chain.processes[p].activity * chain.building.growth[p, now] * chain.building.ramp[p, now]
        )
        for lane in range(capacity.shape[2]):
            need = share * capacity[STARTING, p, lane] / capacity[LEAD, p, lane]
            block.skill[PEOPLE_NEEDED, skill, lane] += need


@kernel
def _prepare_project(chain: Chain, draws: ProjectDraws, j, first, block: Block):
    """How far the clock of a project would go in this step, and the people it needs for that."""
    p, building = chain.projects[j].process, chain.building
    capacity, project = block.capacity, block.project
    for lane in range(project.shape[2]):
        pace = eager(capacity[MARGIN, p, lane], building.cancel_margin) / capacity[LEAD, p, lane]
        project[ADVANCE, j, lane] = building.step * pace
    people, skill = chain.builders[p].people, chain.builders[p].skill
    if skill >= 0:
        lanes = project.shape[2]
        ramps, levels = of_block(draws.ramp[j], first, lanes), of_block(draws.level[j], first, lanes)
        for lane in range(lanes):
            clock = project[CLOCK, j, lane]
            gain = ramped(clock + project[ADVANCE, j, lane], ramps[lane]) - ramped(clock, ramps[lane])
            block.skill[PEOPLE_NEEDED, skill, lane] += people * levels[lane] * gain


@kernel
def _share_people(chain: Chain, now, block: Block):
    """Share of the people needed that there are; those who go are gone, some are trained, some leave."""
    skill = block.skill
    for s in range(chain.skills.size):
        row, trend, trained = chain.skills[s], chain.building.people[s, now], chain.building.trained[s, now]
        for lane in range(skill.shape[2]):
            free, need = skill[FREE_PEOPLE, s, lane], skill[PEOPLE_NEEDED, s, lane]
            served = min(free / need, ONE) if need > ZERO else ONE
            skill[SERVED, s, lane] = served
            left = free - served * need + trained - row.leaving * free - trend
            skill[FREE_PEOPLE, s, lane] = max(left, ZERO)


@kernel
def _pass_on(building, builder, p, now, block: Block):
    """Pass capacity of a process on from stage to stage, and find what of it makes output."""
    capacity, skill = block.capacity, builder.skill
    moves = any_positive(capacity[UNDER_WAY, p]) or any_positive(capacity[ORDERED, p])
    if moves or any_positive(capacity[LOST, p]):
        permit, construction, ramp = building.permit[p, now], building.construction[p, now], building.ramp[p, now]
        first_yield = builder.first_yield
        for lane in range(capacity.shape[2]):
            pace = ONE / capacity[LEAD, p, lane]
            served = block.skill[SERVED, skill, lane] if skill >= 0 else ONE
            permitted = permit * pace * capacity[PERMITS, p, lane]
            founded = construction * pace * capacity[FOUNDATIONS, p, lane]
            raised = construction * pace * capacity[STRUCTURES, p, lane]
            equipped = construction * pace * capacity[EQUIPMENT, p, lane]
            started = ramp * pace * served * capacity[STARTING, p, lane]
            run_in = ramp * pace * capacity[RUNNING_IN, p, lane]
            capacity[PERMITS, p, lane] += capacity[ORDERED, p, lane] - permitted
            capacity[FOUNDATIONS, p, lane] += permitted - founded
            capacity[STRUCTURES, p, lane] += founded - raised
            capacity[EQUIPMENT, p, lane] += raised - equipped
            capacity[STARTING, p, lane] += equipped - started
            capacity[RUNNING_IN, p, lane] += started - run_in
            capacity[RUN_IN, p, lane] += run_in - capacity[LOST, p, lane]
            early = capacity[PERMITS, p, lane] + capacity[FOUNDATIONS, p, lane] + capacity[STRUCTURES, p, lane]
            starting = capacity[EQUIPMENT, p, lane] + capacity[STARTING, p, lane] + capacity[RUNNING_IN, p, lane]
            capacity[UNDER_WAY, p, lane] = early + starting
            good = first_yield * capacity[FIRST_YIELD, p, lane]
            capacity[EXPANSION, p, lane] = capacity[RUN_IN, p, lane] + good * capacity[RUNNING_IN, p, lane]
    clear(capacity[ADDED, p])


@kernel
def _advance_project(chain: Chain, draws: ProjectDraws, j, first, now, block: Block):
    """Move the clock of a project, slower where people lack, and add what it has reached to its process."""
    p, step, end = chain.projects[j].process, chain.building.step, np.float32(now + 1)
    skill = chain.builders[p].skill
    capacity, project = block.capacity, block.project
    lanes = project.shape[2]
    starts, ramps = of_block(draws.start[j], first, lanes), of_block(draws.ramp[j], first, lanes)
    levels = of_block(draws.level[j], first, lanes)
    for lane in range(lanes):
        start, ramp = starts[lane], ramps[lane]
        clock, advance = project[CLOCK, j, lane], project[ADVANCE, j, lane]
        served = block.skill[SERVED, skill, lane] if skill >= 0 else ONE
        advance *= served if clock + advance > ZERO else ONE
        begins = clock < ZERO and clock + advance >= ZERO
        clock += advance
        project[CLOCK, j, lane] = clock
        reached = end - step * (clock / advance if advance > ZERO else ZERO)
        started = project[STARTED, j, lane]
        project[STARTED, j, lane] = reached if begins else started
        done, share = ramped(-start, ramp), ramped(clock, ramp)
        worse = capacity[FIRST_YIELD, p, lane]
        added = levels[lane] * (share - done) / max(ONE - done, ALMOST)
        capacity[ADDED, p, lane] += max(added, ZERO) * (worse + (ONE - worse) * share)
