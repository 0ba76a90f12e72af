"""The compiled entry: a block of runs through periods, topics in the order of `MODEL.md`."""

from __future__ import annotations

import numpy as np

from sim.core import demand, flow, price, production, rationing, record, restrictions, trade
from sim.core.jit import entry, kernel
from sim.core.state import Chain, Events, Record, State, Work


@kernel
def _period(chain: Chain, events: Events, spans, first, now, state: State, work: Work):
    restrictions.events_in_force(chain.restrictions, events, spans, first, np.float32(now), work)
    restrictions.set_controls(chain, now, work)
    restrictions.raise_alarm(chain, state, work)
    restrictions.set_rents(chain, state, work)
    flow.arrive(chain, now, state, work)
    price.quote(chain, state, work)
    price.start_sources(chain, work)
    rationing.clear_claims(work)
    production.plan(chain, now, state, work)
    demand.want(chain, now, state, work)
    demand.claim(chain, work)
    trade.order(chain, now, state, work)
    trade.ration_quotas(chain, state, work)
    trade.claim_restricted(chain, now, state, work)
    price.follow_sources(chain, state, work)
    rationing.ration(chain, now, state, work)
    flow.produce(chain, now, state, work)
    flow.ship(chain, now, state, work)
    flow.sell(chain, work)
    flow.draw_down(chain, state, work)
    production.thrift(chain, state, work)


@entry
def simulate(
    chain: Chain, events: Events, first, begin, end, months, weights, state: State, work: Work, results: Record
):
    """Simulate periods `begin` to `end` of one block of runs, in place.

    Parameters
    ----------
    first: Run of the block's first lane, in `events`.
    months: Month of each period, shape (period,).
    weights: One over the number of periods in that month, shape (period,), in the working precision.
    state: State before period `begin`; after the call that before period `end`.
    results: Monthly record of the block to add to; arrays without rows are skipped.
    """
    restrictions.clear_controls(chain, work)
    spans = restrictions.event_spans(events, first, work.active.shape[1])
    for now in range(begin, end):
        _period(chain, events, spans, first, now, state, work)
        begins = now == 0 or months[now] != months[now - 1]
        record.record_period(chain, now, months[now], begins, weights[now], state, work, results)
