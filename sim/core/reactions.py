"""Restrictions that answer the state of the chain (`MODEL.md`, section 1)."""

from __future__ import annotations

import numpy as np

from sim.core.apart import apart
from sim.core.fields import PRICE, UNTIL, WANTED, WATCHED
from sim.core.jit import kernel
from sim.core.mathx import ONE, ZERO, clip
from sim.core.state import NEVER, NOTHING, OUTPUT, Block, Chain, Events


@kernel
def expected(chain: Chain):
    """Whether some restriction answers the state of the chain."""
    watches, found = chain.rules.watches, False
    for k in range(watches.size):
        found |= watches[k] != NOTHING
    return found


@apart(expected)
def decide(chain: Chain, events: Events, spans, first, now, block: Block):
    """Let candidates announced in a period come, or strike them out.

    Parameters
    ----------
    now: Number of the period.
    """
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        if rule.watches != NOTHING:
            watched = False
            for slot in range(spans.shape[1]):
                if spans[k, slot, 0] < np.float32(now) + ONE and np.float32(now) < spans[k, slot, 1]:
                    if not watched:
                        _watch(chain, rule, now, block)
                        watched = True
                    _decide_one(rule, events, k, slot, first, np.float32(now), block)


@kernel
def _watch(chain: Chain, rule, now, block: Block):
    """Multiple of the reference that the restriction sees: that of the period before, 1 in the first."""
    market, process, row = block.market, block.process, block.scratch[WATCHED]
    total = ZERO
    for lane in range(row.size):
        row[lane] = ZERO
    for index in range(rule.watch_begin, rule.watch_end):
        target, weight = chain.watch_pairs[index].target, chain.watch_pairs[index].weight
        if rule.watches == OUTPUT:
            total += weight * chain.processes[target].activity * chain.trend.process[target, max(now - 1, 0)]
            for lane in range(row.size):
                row[lane] += weight * process[WANTED, target, lane]
        else:
            total += weight
            for lane in range(row.size):
                row[lane] += weight * market[PRICE, target, lane]
    for lane in range(row.size):
        row[lane] = row[lane] / total if now > 0 else ONE


@kernel
def _decide_one(rule, events: Events, k, slot, first, now, block: Block):
    """The candidate of one slot, in the period that holds its announcement."""
    for lane in range(block.scratch.shape[1]):
        run = first + lane
        announced = events.announced[k, slot, run]
        if announced < now + ONE and (announced >= now or now == ZERO):
            begins, full = rule.begins_at, rule.full_at
            provoked = clip((block.scratch[WATCHED, lane] - begins) / (full - begins), ZERO, ONE)
            over = max(announced, ZERO) >= block.restriction[UNTIL, k, lane]
            if over and events.mark[k, slot, run] < provoked:
                block.restriction[UNTIL, k, lane] = events.end[k, slot, run]
            else:
                events.announced[k, slot, run] = NEVER
                events.onset[k, slot, run] = NEVER
