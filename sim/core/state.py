"""Plain arrays that enter and leave the core.

Arrays of the chain are one-dimensional (one number per entity); arrays of the state have a last axis of lanes, the
runs simulated side by side. `float` below means single precision in runs, double in the stability certificate.
Symbols in brackets are those of `MODEL.md`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.int32]


class Constants(NamedTuple):
    """Parameters of the physics as scalars of the working precision; the names are those of the scenario."""

    dt: np.floating  # months a period
    months_a_year: np.floating
    price_response: np.floating
    follow_cost: np.floating  # each follow_x is k(tau), the step a period takes towards its target
    cost_pass_local: np.floating
    cost_pass_import: np.floating
    follow_momentum: np.floating
    momentum_linear: np.floating
    momentum_threshold: np.floating
    speculation: np.floating
    threat_response: np.floating
    log_cover_bound: np.floating
    follow_habit: np.floating
    threat_lasting: np.floating
    fade_threat: np.floating
    follow_contract: np.floating
    follow_expectation: np.floating
    follow_utilisation: np.floating
    claim_margin: np.floating
    claim_slope: np.floating
    idle_slope: np.floating
    thrift_elasticity: np.floating
    follow_thrift: np.floating
    order_response: np.floating
    follow_order: np.floating
    order_bound: np.floating
    latent_floor: np.floating
    rent_step: np.floating  # kl dt
    rent_excess_bound: np.floating
    rent_scale: np.floating
    strictness: np.floating
    follow_slow: np.floating
    slow_bound: np.floating  # most substitution a period
    disposal_elasticity: np.floating


class Markets(NamedTuple):
    """One product in one region; shape (market,)."""

    inventory: Floats  # S0, t
    inbound: Floats  # I0, t
    outflow: Floats  # D0, t/month
    price: Floats  # V, USD/kg
    release: Floats  # share of inventory a period can release
    release_fresh: Floats  # share of what arrives in a period that it can release
    contract_share: Floats  # phi
    choke: Floats  # price multiple that halves use
    alarm_scale: Floats  # s
    local_share: Floats  # s_loc
    source_gap: Floats  # 1 where the market has no supply in the reference, else 0
    import_weight: Floats  # w
    disposal: Floats  # t/month


class Processes(NamedTuple):
    """Technologies in regions; rows of a process are `start[p]:start[p + 1]`."""

    activity: Floats  # A0, t/month
    capacity: Floats  # t/month
    response: Floats  # e
    conversion_share: Floats  # v
    fixed_share: Floats  # 1 - sum of a_i
    delay: Ints  # whole periods from start to output
    delay_part: Floats  # fraction of the next period
    ring: Ints  # first row of the process's pipeline, shape (process + 1,)
    input_start: Ints
    input_market: Ints
    input_coefficient: Floats
    input_share: Floats  # a_i
    thrift_floor: Floats
    output_start: Ints
    output_market: Ints
    output_coefficient: Floats
    revenue_share: Floats  # b_j
    cost_weight: Floats  # share of the process in local output of the market, per output row
    control: Ints  # row among restricted processes, -1 if none


class Routes(NamedTuple):
    """Trade in one product between two markets; shape (route,)."""

    origin: Ints
    destination: Ints
    flow: Floats  # f0, t/month
    latent: Floats  # lat, t/month
    origin_share: Floats  # alpha
    supply_share: Floats  # s_r
    import_share: Floats  # omega_r
    per_landed: Floats  # 1 / landed0, kg/USD
    delay: Ints
    delay_part: Floats
    ring: Ints
    control: Ints  # row among restricted routes, -1 if none


class Uses(NamedTuple):
    """A sector in a region drawing on one market; shape (use,)."""

    market: Ints
    demand: Floats  # d0, t/month
    elasticity: Floats  # e_short
    slow_elasticity: Floats  # e_long - e_short
    priority: Ints
    substitute: Ints  # the use that takes over, -1 if none
    sector: Ints  # row of the use's sector and region


class Trend(NamedTuple):
    """Growth factors, shape (entity, period)."""

    process: Floats
    route: Floats
    use: Floats
    disposal: Floats


class Restrictions(NamedTuple):
    """What each restriction can act on; pairs of a restriction are `start[k]:start[k + 1]`."""

    kind: Ints  # BAN, LICENSING, QUOTA, DUTY, PRODUCTION_QUOTA, OUTAGE
    leakage: Floats
    processing: Floats  # k(processing time) of licences, a share a period
    throughput: Floats
    threat: Floats
    route_start: Ints
    route_control: Ints  # row among restricted routes
    route_weight: Floats
    route_weight_after: Floats
    process_start: Ints
    process_control: Ints
    market_start: Ints
    market: Ints
    market_weight: Floats  # W
    market_weight_after: Floats  # W'
    controlled_route: Ints  # route of each row of control
    controlled_process: Ints


class Chain(NamedTuple):
    """The reference state and everything that does not change in a run."""

    constants: Constants
    markets: Markets
    processes: Processes
    routes: Routes
    uses: Uses
    trend: Trend
    restrictions: Restrictions


class Events(NamedTuple):
    """Shocks of a chunk of runs, shape (restriction, slot, run); times in periods, absent events at 3e38."""

    announced: Floats
    onset: Floats
    end: Floats
    level: Floats
    severity: Floats
    rise: Floats
    hold: Floats
    recovery: Floats


class State(NamedTuple):
    """Everything one period hands to the next; shape (entity, lane)."""

    inventory: Floats
    inbound: Floats
    log_price: Floats
    average: Floats  # average log price, for momentum
    anchor: Floats  # C
    contract: Floats  # K
    expected: Floats  # D
    threat: Floats
    habit: Floats
    utilisation: Floats
    intensity: Floats  # theta, (input row, lane)
    order: Floats
    queue: Floats  # (restricted route, lane)
    rent: Floats  # (restriction, lane)
    substituted: Floats  # s
    process_ring: Floats  # (ring row, lane): activity, t a period
    route_ring: (
        Floats  # (ring row, lane): shipments, t; the row of the current period holds claims, t/month, until filled
    )


class Work(NamedTuple):
    """Scratch of a block; shape (entity, lane)."""

    struck: Floats  # (restriction, 1): whether in force in some lane the period before
    active: Floats  # (restriction, lane)
    level: Floats
    fresh: Floats
    alarm: Floats
    withheld: Floats  # (restricted route, lane)
    licensed: Floats
    approval: Floats
    processing: Floats
    throughput: Floats
    duty: Floats
    leakage: Floats
    route_rent: Floats
    legal: Floats
    free: Floats
    factor: Floats  # (restricted process, lane)
    quota: Floats
    rent_paid: Floats  # (restriction, lane) USD/kg
    total: Floats  # (1, lane): legal orders of a quota group
    severity: Floats  # (market, lane)
    price: Floats  # P
    transacted: Floats  # B
    calm: Floats  # N
    source: Floats
    landed: Floats
    unit_cost: Floats
    claim_first: Floats
    claim_local: Floats
    claim_export: Floats
    dumped: Floats
    fill_first: Floats
    fill_local: Floats
    fill_export: Floats
    arrived: Floats  # t a period
    released: Floats
    intake: Floats  # t taken in by local makers and users
    wanted: Floats  # (process, lane), t/month
    done: Floats
    cost: Floats  # (1, lane) sums over the rows of one process
    revenue: Floats
    choke: Floats
    pinched: Floats
    lacking: Floats  # (1, lane) claims beyond what one market may release
    target: Floats  # log of the utilisation aimed at
    use_wanted: Floats  # (use, lane), t/month
    destroyed: Floats
    sold: Floats


class Record(NamedTuple):
    """Record of a block of runs, shape (month, entity, lane): monthly averages of prices, sums of tonnes.

    The last four are sums over the horizon, shape (entity, lane). A chunk of runs has one more axis, of blocks, in
    front: a block then writes one stretch of memory and not a slice of every row.
    """

    price: Floats
    transacted: Floats
    inventory: Floats
    flow: Floats  # outflow delivered, t
    intake: Floats  # taken in by local makers and users at reference intensities, t
    sector: Floats  # sold to each sector of each region, t
    route: Floats  # shipments, t; zero rows unless traced
    destroyed: Floats  # (use, lane) t
    rationed: Floats  # (use, lane) t
    rent: Floats  # (restriction, lane) rent paid, thousand USD
    sender_loss: Floats  # (restriction, lane) exports not sent while in force, thousand USD at reference prices


BAN, LICENSING, QUOTA, DUTY, PRODUCTION_QUOTA, OUTAGE = range(6)
