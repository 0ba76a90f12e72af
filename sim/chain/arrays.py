"""The reference state as plain arrays for the core."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from sim.algebra import on_one_thread
from sim.chain.accounts import Values
from sim.chain.capacity import expansion_arrays
from sim.chain.constants import cast as scalars
from sim.chain.constants import constants
from sim.chain.origins import bindable, listed_outputs, origins
from sim.chain.reference import Process, Reference
from sim.chain.rules import restriction_arrays
from sim.chain.stockpiles import reserve_rows, reserves
from sim.chain.stocks import buyers, covers, fresh_share, inbound, mean_cover
from sim.core.drivers import no_drivers
from sim.core.state import (
    Chain,
    Cohorts,
    Inputs,
    Ints,
    Markets,
    Outputs,
    Processes,
    Routes,
    Tiles,
    Trend,
    Uses,
    records,
)

LEAST_CONVERSION = 0.01
"""Least conversion share: cash cost is never zero."""
UPSTREAM_STAGES = ("mining", "separation", "metal")
"""Stages whose markets feel a threat in full; those downstream feel `threat_downstream` of it."""


@on_one_thread
def core_arrays(
    reference: Reference, precision: type[np.floating[Any]] = np.float32, *, latent_floor: float = 0.0
) -> Chain:
    """The chain as plain arrays; t/month, months, USD/kg.

    Parameters
    ----------
    reference: The reconciled chain.
    precision: Single precision in runs, double in the stability certificate.
    latent_floor: 0; the certificate also uses -1, which makes the kink of latent routes two-sided.
    """
    dt = 12.0 / reference.scenario.time.periods_per_year
    restricted, expanded = restriction_arrays(reference, dt), expansion_arrays(reference, dt)
    processes, inputs, outputs = _processes(reference, dt, restricted.process_control)

    def cast(columns: Any) -> Any:
        """Columns as records of the working precision."""
        return records(columns, precision)

    tagged = origins(reference)
    numbers = constants(reference.scenario.parameters, dt, latent_floor, float(np.finfo(precision).eps))
    return Chain(
        constants=scalars(numbers, precision),
        markets=cast(_markets(reference, dt)),
        processes=cast(processes),
        inputs=cast(inputs),
        outputs=cast(outputs),
        routes=cast(_routes(reference, dt, restricted.route_control)),
        uses=cast(_uses(reference)),
        cohorts=cast(_cohorts(reference)),
        tiles=cast(_tiles(reference)),
        trend=Trend(*(np.ascontiguousarray(factors, dtype=precision) for factors in reference.trend)),
        origins=type(tagged)(*(np.ascontiguousarray(part, dtype=precision) for part in tagged)),
        rules=cast(restricted.rules),
        route_pairs=cast(restricted.route_pairs),
        plant_pairs=cast(restricted.plant_pairs),
        market_pairs=cast(restricted.market_pairs),
        watch_pairs=cast(restricted.watch_pairs),
        use_pairs=cast(restricted.use_pairs),
        crossings=cast(restricted.crossings),
        plants=restricted.plants,
        building=type(expanded.building)(*(_number(field, precision) for field in expanded.building)),
        builders=cast(expanded.builders),
        skills=cast(expanded.skills),
        projects=cast(expanded.projects),
        reserves=cast(reserves(reference, dt)),
        drivers=no_drivers(len(reference.processes), len(reference.uses), reference.scenario.periods, precision),
    )


def _number(value: Any, precision: type[np.floating[Any]]) -> Any:
    """A scalar or an array in the working precision; whole numbers stay what they are."""
    return value if isinstance(value, np.int32) else np.asarray(value, dtype=precision, order="C")[()]


def first_alike(*columns: Iterable[Hashable]) -> Ints:
    """For each entry of columns the first one that is the same in all of them.

    Example
    -------
    >>> first_alike([3, 3, 5, 3], [0.5, 0.1, 0.5, 0.5]).tolist()
    [0, 1, 2, 0]
    """
    first: dict[tuple[Hashable, ...], int] = {}
    found = [first.setdefault(entry, index) for index, entry in enumerate(zip(*columns, strict=True))]
    return np.array(found, dtype=np.int32)


def delays(months: Values, dt: float) -> tuple[Ints, Values]:
    """Whole periods and the fraction of one more; at least one period, since arrivals come before shipments."""
    periods = np.maximum(months / dt, 1.0)
    whole = np.floor(periods + 1e-9)
    return whole.astype(np.int32), np.maximum(periods - whole, 0.0)


def pipeline_rows(reference: Reference, dt: float) -> Ints:
    """Rows of each market's pipeline: the longest delay of what arrives there, in periods, a begun one in full."""
    rows = np.ones(len(reference.markets), dtype=np.int32)

    def stretch(market: int, months: float) -> None:
        """Make room for what takes some months to arrive."""
        whole, part = delays(np.array([months]), dt)
        rows[market] = max(rows[market], int(whole[0]) + int(part[0] > 0.0))

    for process in reference.processes:
        for product in process.outputs:
            stretch(reference.at[product, process.region], process.lead_months)
    for route in reference.routes:
        transit = reference.transport[route.origin, route.destination].transit_months
        stretch(reference.at[route.product, route.destination], transit)
    return rows


def _markets(reference: Reference, dt: float) -> Markets:
    flows, parameters = reference.flows, reference.scenario.parameters
    rows = [reference.products[product] for product, _ in reference.markets]
    _, cover = covers(reference)
    outflow = flows.outflow / 12.0
    # Two-way trade: only what a market buys beyond what it sells sets its price.
    imports = np.maximum(flows.imports - flows.exports, 0.0) / flows.supply
    upstream = np.array([row.stage in UPSTREAM_STAGES for row in rows])
    ahead = pipeline_rows(reference, dt)
    return Markets(
        inventory=cover * outflow,
        inbound=inbound(reference, dt),
        outflow=outflow,
        price=np.array([row.price_usd_per_kg for row in rows]),
        release=-np.expm1(-dt / (parameters.release_share * cover)),
        release_fresh=fresh_share(dt / (parameters.release_share * cover)),
        contract_share=np.array([row.contract_share for row in rows]),
        choke=np.array([row.choke for row in rows]),
        alarm_scale=np.where(upstream, 1.0, parameters.threat_downstream),
        local_share=flows.production / flows.supply,
        source_gap=np.zeros(len(rows)),
        import_weight=np.where(flows.production > 0.0, np.minimum(2.0 * imports, 1.0), 1.0),
        disposal=flows.disposal / 12.0,
        feeds=(flows.intake > 0.0).astype(np.int32),
        pipeline=_starts(ahead)[:-1],
        pipeline_rows=ahead,
        reserve=reserve_rows(reference),
    )


def _tiles(reference: Reference) -> Tiles:
    """Ranges of the markets, routes and uses of each product; all three are sorted by product."""
    products = list(dict.fromkeys(product for product, _ in reference.markets))
    owners = (
        [product for product, _ in reference.markets],
        [row.product for row in reference.routes],
        [row.product for row in reference.uses],
    )
    markets, routes, uses = (_starts([owner.count(product) for product in products]) for owner in owners)
    return Tiles(markets[:-1], markets[1:], routes[:-1], routes[1:], uses[:-1], uses[1:])


def _processes(reference: Reference, dt: float, control: Ints) -> tuple[Processes, Inputs, Outputs]:
    rows, parameters = reference.processes, reference.scenario.parameters
    whole, part = delays(np.array([row.lead_months for row in rows]), dt)
    inputs = [(row, product, tonnes) for row in rows for product, tonnes in row.inputs.items()]
    outputs = [(row, product, tonnes) for row in rows for product, tonnes in row.outputs.items()]
    value = {row.name + row.region: reference.unit_value(row) for row in rows}

    def share(row: Process, product: str, tonnes: float) -> float:
        """Value of an input or output over that of all outputs."""
        return tonnes * reference.products[product].price_usd_per_kg / value[row.name + row.region]

    spent = np.array([sum(share(row, product, t) for product, t in row.inputs.items()) for row in rows])
    conversion = np.array([row.conversion_cost / value[row.name + row.region] for row in rows])
    made = reference.flows.production
    input_starts, output_starts = (
        _starts([len(row.inputs) for row in rows]),
        _starts([len(row.outputs) for row in rows]),
    )
    processes = Processes(
        activity=np.array([row.activity for row in rows]) / 12.0,
        capacity=np.array([row.capacity for row in rows]) / 12.0,
        response=np.array(
            [parameters.margin_response_plant if row.inputs else parameters.margin_response_mine for row in rows]
        ),
        conversion_share=np.maximum(conversion, LEAST_CONVERSION),
        fixed_share=1.0 - spent,
        delay=whole,
        delay_part=part,
        input_begin=input_starts[:-1],
        input_end=input_starts[1:],
        output_begin=output_starts[:-1],
        output_end=output_starts[1:],
        control=control,
        # Capacity that follows the trend alone has one row for all.
        expansion=np.arange(len(rows), dtype=np.int32) * reference.scenario.capacity.followed,
    )
    needs = Inputs(
        market=np.array([reference.at[product, row.region] for row, product, _ in inputs], dtype=np.int32),
        coefficient=np.array([tonnes for _, _, tonnes in inputs]),
        share=np.array([share(*entry) for entry in inputs]),
        thrift_floor=np.array([row.thrift_floor[product] for row, product, _ in inputs]),
    )
    makes = Outputs(
        market=np.array([reference.at[product, row.region] for row, product, _ in outputs], dtype=np.int32),
        coefficient=np.array([tonnes for _, _, tonnes in outputs]),
        share=np.array([share(*entry) for entry in outputs]),
        cost_weight=np.array(
            [t * row.activity / made[reference.at[product, row.region]] for row, product, t in outputs]
        ),
        listed=listed_outputs(reference),
    )
    return processes, needs, makes


def _starts(counts: list[int] | Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _routes(reference: Reference, dt: float, control: Ints) -> Routes:
    rows, flows = reference.routes, reference.flows
    origin = np.array([reference.at[row.product, row.origin] for row in rows], dtype=np.int32)
    destination = np.array([reference.at[row.product, row.destination] for row in rows], dtype=np.int32)
    transport = [reference.transport[row.origin, row.destination] for row in rows]
    whole, part = delays(np.array([leg.transit_months for leg in transport]), dt)
    taxed = np.array([reference.products[row.product].price_usd_per_kg * (1.0 + row.duty) for row in rows])
    landed = taxed + np.array([leg.freight_usd_per_kg for leg in transport])
    flow = np.array([row.flow for row in rows])
    imports = flows.imports[destination]
    return Routes(
        origin=origin,
        destination=destination,
        flow=flow / 12.0,
        latent=np.array([row.latent for row in rows]) / 12.0,
        origin_share=taxed / landed,
        supply_share=flow / flows.supply[destination],
        import_share=np.divide(flow, imports, out=np.zeros_like(flow), where=imports > 0.0),
        per_landed=1.0 / landed,
        delay=whole,
        delay_part=part,
        control=control,
        firm=np.zeros(len(rows), dtype=np.int32),
    )


def _cohorts(reference: Reference) -> Cohorts:
    """Cohorts of all uses, one after the other; a sector without any buys as one, without stock."""
    cohorts = [pair for row in reference.uses for pair in buyers(reference, row)]
    return Cohorts(share=np.array([share for share, _ in cohorts]), cover=np.array([cover for _, cover in cohorts]))


def _uses(reference: Reference) -> Uses:
    rows = reference.uses
    starts = _starts([len(buyers(reference, row)) for row in rows])
    sectors = [reference.sectors[row.sector] for row in rows]
    at = {(row.sector, row.region, row.product): index for index, row in enumerate(rows)}
    sector = {place: index for index, place in enumerate(dict.fromkeys((row.sector, row.region) for row in rows))}
    market = np.array([reference.at[row.product, row.region] for row in rows], dtype=np.int32)
    elasticity = np.array([sector.elasticity_short for sector in sectors])
    slow_elasticity = np.array([max(sector.elasticity_long - sector.elasticity_short, 0.0) for sector in sectors])
    return Uses(
        market=market,
        demand=np.array([row.demand for row in rows]) / 12.0,
        elasticity=elasticity,
        slow_elasticity=slow_elasticity,
        priority=np.array([sector.priority for sector in sectors], dtype=np.int32),
        substitute=np.array([at.get((row.sector, row.region, row.substitute), -1) for row in rows], dtype=np.int32),
        sector=np.array([sector[row.sector, row.region] for row in rows], dtype=np.int32),
        cohort_begin=starts[:-1],
        cohort_end=starts[1:],
        cover=np.array([mean_cover(reference, row) for row in rows]),
        bindable=bindable(reference),
        leader=first_alike(market, elasticity, slow_elasticity),
    )
