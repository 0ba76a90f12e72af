"""What enters and leaves the core: records of the chain, arrays of events, of a block of runs and of its record.

The chain is plain records, one an entity; arrays of a block have a last axis of lanes, the runs simulated side by side.
Both exist once for each class of entities, since the compiler's time grows with the number of arrays and not with their
size. `float` below means single precision in runs, double in the stability certificate. Symbols in brackets are those
of `MODEL.md`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.addresses import by_address
from sim.core.building import Building
from sim.core.drivers import Drivers

Floats = NDArray[np.floating]
Ints = NDArray[np.int32]
Records = Any
"""A `numpy.recarray`: its fields are arrays in Python, and those of one record are scalars in the core."""

BAN, LICENSING, QUOTA, DUTY, PRODUCTION_QUOTA, OUTAGE, DUMPING, TECHNOLOGY_BAN, PATENT_BARRIER, DENIAL = range(10)
NOTHING, PRICES, OUTPUT = range(3)
NEVER = np.float32(3e38)
"""Time of an event or a start that does not come, and a bound that does not bind."""


@by_address
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
    follow_restock: np.floating
    full: np.floating  # fullness that differs from 1 by rounding only
    follow_slow: np.floating
    slow_bound: np.floating  # most substitution a period
    disposal_elasticity: np.floating


class Markets(NamedTuple):
    """One product in one region."""

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
    feeds: Ints  # whether local processes draw on it; these flags are 1 or 0
    pipeline: Ints  # first row of the market's pipeline
    pipeline_rows: Ints
    reserve: Ints  # row of the stockpile of it, -1 if none


class Processes(NamedTuple):
    """Technologies in regions; their inputs are `input_begin:input_end`, their outputs likewise."""

    activity: Floats  # A0, t/month
    capacity: Floats  # t/month
    response: Floats  # e
    conversion_share: Floats  # v
    fixed_share: Floats  # 1 - sum of a_i
    delay: Ints  # whole periods from start to output
    delay_part: Floats  # fraction of the next period
    input_begin: Ints
    input_end: Ints
    output_begin: Ints
    output_end: Ints
    control: Ints  # row among restricted processes, -1 if none
    expansion: Ints  # row of its capacity


class Inputs(NamedTuple):
    """What a tonne of activity needs."""

    market: Ints
    coefficient: Floats
    share: Floats  # a_i
    thrift_floor: Floats


class Outputs(NamedTuple):
    """What a tonne of activity makes."""

    market: Ints
    coefficient: Floats
    share: Floats  # b_j
    cost_weight: Floats  # share of the process in local output of the market
    listed: Ints  # whether it is tagged whatever it is made of; 1 or 0


class Routes(NamedTuple):
    """Trade in one product between two markets."""

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
    control: Ints  # row among restricted routes, -1 if none
    firm: Ints  # 1 where some of it is bought firmly, else 0


class Uses(NamedTuple):
    """A sector in a region drawing on one market."""

    market: Ints
    demand: Floats  # d0, t/month
    elasticity: Floats  # e_short
    slow_elasticity: Floats  # e_long - e_short
    priority: Ints
    substitute: Ints  # the use that takes over, -1 if none
    sector: Ints  # row of the use's sector and region
    cohort_begin: Ints
    cohort_end: Ints
    cover: Floats  # mean of the cohorts' covers, months
    bindable: Ints  # whether some rule may bind its users to free material; 1 or 0
    leader: Ints  # the first use that feels the same price in the same way; itself where it is the first


class Cohorts(NamedTuple):
    """Buyers of a use with a like stock of their own."""

    share: Floats  # q
    cover: Floats  # h, months of their use


class Tiles(NamedTuple):
    """The markets of one product, the routes between them and the uses of it: few enough to stay in a core's cache."""

    market_begin: Ints
    market_end: Ints
    route_begin: Ints
    route_end: Ints
    use_begin: Ints
    use_end: Ints


@by_address
class Trend(NamedTuple):
    """Growth factors, shape (entity, period)."""

    process: Floats
    route: Floats
    use: Floats
    disposal: Floats


@by_address
class Origins(NamedTuple):
    """Tagged material; without markets and uses where a scenario names no origin, and then nothing is followed."""

    share: Floats  # gamma at the reference, shape (market,)
    sourcing: Floats  # share of each use's users that sourcing rules bind, shape (use, period)


class Rules(NamedTuple):
    """Restrictions; what each acts on are the pairs `route_begin:route_end` and so on."""

    kind: Ints  # BAN and so on, see above
    leakage: Floats  # y, at onset
    leakage_grown: Floats  # y'; the same where it does not grow
    leakage_pace: Floats  # one over the periods of its growth, 0 where it does not grow
    validity: Floats  # periods after which licences expire together, 0 if never
    lapse: Floats  # share of them not renewed in time
    throughput: Floats
    threat: Floats
    watches: Ints  # NOTHING, PRICES, OUTPUT: what decides whether a candidate comes
    begins_at: Floats  # x_0, multiple from which it may come
    full_at: Floats  # x_1, multiple from which it comes for sure
    route_begin: Ints
    route_end: Ints
    plant_begin: Ints
    plant_end: Ints
    market_begin: Ints
    market_end: Ints
    watch_begin: Ints
    watch_end: Ints
    first_yield: Floats  # factor on the first yield of new plants
    use_begin: Ints
    use_end: Ints


class Pairs(NamedTuple):
    """A restriction and one thing it acts on."""

    target: Ints  # row among restricted routes or restricted processes, market, or use
    weight: Floats  # w, W
    weight_after: Floats  # w', W'
    spared_from: Ints  # periods in which the target is spared, begin and end; none where they are equal
    spared_to: Ints


class Crossings(NamedTuple):
    """Restricted routes."""

    route: Ints
    decide: Floats  # k(processing time) of licences, a share a period
    decide_fresh: Floats  # share of a period's applications decided within it
    filed: Floats  # share of a steady queue filed before the onset
    licensed: Ints  # 1 where a licence may be asked for, else 0
    taxed: Ints  # 1 where an extra duty or a licence rent may fall due, else 0


class Reserves(NamedTuple):
    """Stockpiles of one product in one region; at most one a market."""

    market: Ints
    most: Floats  # its size, t; not named so, since every record has a size of its own
    opening: Floats  # t at the start
    kept: Floats  # t kept for priority sectors; all of it where nobody else is served
    loss: Floats  # share of what it holds that is lost in a period
    pace: Floats  # most it buys, t/month
    buy_below: Floats  # price multiple up to which it buys
    outflow: Floats  # most it releases, t a period
    relieves: Ints  # whether it releases to served claims that are cut; 1 or 0
    relief_above: Floats  # price multiple above which priority sectors also get what they would give up
    sell_above: Floats  # price multiple above which it sells into the market what is not kept
    begin: Ints  # first period in which it buys and releases
    end: Ints  # first period in which it no longer does
    pool: Ints  # number of its pool, -1 if none
    pool_kept: Floats  # t it gives nobody of
    pool_follow: Floats  # share of what is on its way from the pool that arrives in a period
    pool_ahead: Floats  # periods of lack that it asks for
    pool_by_size: Ints  # whether it may have its part of all sizes, and not what it lacks; 1 or 0
    pool_begin: Ints  # first period in which the pool lends
    pool_end: Ints


@by_address
class Chain(NamedTuple):
    """The reference state and all that does not change in a run: records, but for constants, trend and origins."""

    constants: Constants
    markets: Records
    processes: Records
    inputs: Records
    outputs: Records
    routes: Records
    uses: Records
    cohorts: Records
    tiles: Records
    trend: Trend
    origins: Origins
    rules: Records
    route_pairs: Records
    plant_pairs: Records
    market_pairs: Records
    watch_pairs: Records  # market or process, and its weight
    use_pairs: Records
    crossings: Records
    plants: Ints  # process of each restricted process
    building: Building
    builders: Records
    skills: Records
    projects: Records
    reserves: Records
    drivers: Drivers


@by_address
class Events(NamedTuple):
    """Shocks of a chunk of runs, shape (restriction, slot, run); times in periods, absent events at 3e38."""

    announced: Floats
    onset: Floats
    since: Floats  # profile, licences and leakage count from it: the onset, of the first step in those of a schedule
    end: Floats
    level: Floats
    severity: Floats
    rise: Floats
    hold: Floats
    recovery: Floats
    mark: Floats  # of a candidate of a restriction that reacts, in [0, 1); one that does not come is struck out


@by_address
class ProjectDraws(NamedTuple):
    """Projects as drawn for a chunk of runs, shape (project, run); times in periods, no start at 3e38."""

    start: Floats  # below 0 before the horizon
    ramp: Floats  # from the start to the level, in a line; above 0
    level: Floats  # activity added in the end, t/month


@by_address
class Block(NamedTuple):
    """Runs simulated side by side; shape (field, entity, lane), with the fields of `sim.core.fields`."""

    market: Floats
    process: Floats
    input: Floats
    route: Floats
    use: Floats
    cohort: Floats
    sector: Floats
    restriction: Floats
    crossing: Floats
    plant: Floats
    scratch: Floats  # (field, lane)
    sums: Floats  # (field, market of a product, lane)
    pipeline: Floats  # (row, lane): t that will arrive; a market has one row for each period to come
    origin: Floats  # (field, market, lane); without markets where origins are not followed
    tagged: Floats  # (row, lane): tagged part of the pipeline; without rows where origins are not followed
    capacity: Floats
    skill: Floats
    project: Floats
    reserve: Floats
    ledger: Floats  # (row, lane): thousand USD by side, budget year and instrument
    debt: Floats  # (row, lane): thousand USD that the public guarantees
    revenue: Floats  # (row, lane): thousand USD that makers earned, by budget year and place
    exports: Floats  # (row, lane): thousand USD of exports not sent, by budget year and region


@by_address
class Record(NamedTuple):
    """Record of a block of runs, shape (month, entity, lane): monthly averages of prices, sums of tonnes.

    The last thirteen are of the horizon as a whole, shape (entity, lane). A chunk of runs has one more axis, of blocks,
    in front: a block then writes one stretch of memory and not a slice of every row.
    """

    price: Floats
    transacted: Floats
    inventory: Floats
    flow: Floats  # outflow delivered, t
    intake: Floats  # taken in by local makers and users at reference intensities, t
    sector: Floats  # used by each sector of each region, t
    stopped: Floats  # wanted by it at the price and not had, from supply or own stock, t
    route: Floats  # shipments, t; zero rows unless traced
    content: Floats  # tagged share of what is taken in, (month, market, lane); zero rows unless origins are followed
    reserve: Floats  # (month, field and stockpile, lane): `RESERVE_RECORD` of `sim.core.fields`, field after field
    destroyed: Floats  # (use, lane) t
    rationed: Floats  # (use, lane) t
    substituted: Floats  # (use, lane) t, less what is taken over from other uses
    saved: Floats  # (input, lane) t, by thrift
    held_up: Floats  # (input, lane) t of activity that did not run for want of the input
    rent: Floats  # (restriction, lane) rent paid, thousand USD
    sender_loss: Floats  # (restriction, lane) exports not sent while in force, thousand USD at reference prices
    capacity: Floats  # (process, lane) at the end, t/month; zero rows where it follows the trend alone
    project_start: Floats  # (project, lane) periods from the start of the horizon
    ledger: Floats  # (row, lane) thousand USD by side, budget year and instrument
    revenue: Floats  # (row, lane) thousand USD that makers earned, by budget year and place
    exports: Floats  # (row, lane) thousand USD of exports not sent under restrictions, by budget year and region
    lost: Floats  # (row, lane) t destroyed and rationed since the start, by budget year, at its end, and sector


def records(columns: NamedTuple, precision: type[np.floating[Any]]) -> Records:
    """Columns of one class of entities as records, numbers with a fraction in the working precision."""
    named = columns._asdict()
    fields = [(name, precision if np.asarray(column).dtype.kind == "f" else np.int32) for name, column in named.items()]
    found = np.recarray(len(next(iter(named.values()))), dtype=np.dtype(fields, align=True))
    for name, column in named.items():
        found[name] = column
    return found
