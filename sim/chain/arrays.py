"""The reference state as plain arrays for the core."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.chain.accounts import Values
from sim.chain.constants import constants
from sim.chain.reference import Process, Reference
from sim.chain.rules import restriction_arrays
from sim.chain.stocks import covers, fresh_share, inbound
from sim.core.state import Chain, Ints, Markets, Processes, Routes, Uses

LEAST_CONVERSION = 0.01
"""Least conversion share: cash cost is never zero."""
UPSTREAM_STAGES = ("mining", "separation", "metal")
"""Stages whose markets feel a threat in full; those downstream feel `threat_downstream` of it."""


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
    rules, controlled_routes, controlled_processes = restriction_arrays(reference, dt)
    chain = Chain(
        constants=constants(reference.scenario.parameters, dt, latent_floor),
        markets=_markets(reference, dt),
        processes=_processes(reference, dt, controlled_processes),
        routes=_routes(reference, dt, controlled_routes),
        uses=_uses(reference),
        trend=reference.trend,
        restrictions=rules,
    )
    cast: Chain = _cast(chain, precision)
    return cast


def _cast(arrays: Any, precision: type[np.floating[Any]]) -> Any:
    # Numba compiles one version for each set of array types.
    if isinstance(arrays, tuple):
        return type(arrays)(*(_cast(value, precision) for value in arrays))
    if isinstance(arrays, np.ndarray):
        return np.ascontiguousarray(arrays, dtype=precision if arrays.dtype.kind == "f" else np.int32)
    return precision(arrays)


def delays(months: Values, dt: float) -> tuple[Ints, Values]:
    """Whole periods and the fraction of one more; at least one period, since arrivals come before shipments."""
    periods = np.maximum(months / dt, 1.0)
    whole = np.floor(periods + 1e-9)
    return whole.astype(np.int32), np.maximum(periods - whole, 0.0)


def ring_starts(whole: Ints) -> Ints:
    """First row of every pipeline: a pipeline keeps its delay, one more period for the fraction, and the current."""
    return np.concatenate([[0], np.cumsum(whole + 2)]).astype(np.int32)


def _markets(reference: Reference, dt: float) -> Markets:
    flows, parameters = reference.flows, reference.scenario.parameters
    rows = [reference.products[product] for product, _ in reference.markets]
    _, cover = covers(reference)
    outflow = flows.outflow / 12.0
    # Two-way trade: only what a market buys beyond what it sells sets its price.
    imports = np.maximum(flows.imports - flows.exports, 0.0) / flows.supply
    upstream = np.array([row.stage in UPSTREAM_STAGES for row in rows])
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
    )


def _processes(reference: Reference, dt: float, control: Ints) -> Processes:
    rows, parameters = reference.processes, reference.scenario.parameters
    whole, part = delays(np.array([row.lead_months for row in rows]), dt)
    inputs = [(row, product, tonnes) for row in rows for product, tonnes in row.inputs.items()]
    outputs = [(row, product, tonnes) for row in rows for product, tonnes in row.outputs.items()]
    value = {row.name + row.region: reference.unit_value(row) for row in rows}

    def share(row: Process, product: str, tonnes: float) -> float:
        return tonnes * reference.products[product].price_usd_per_kg / value[row.name + row.region]

    input_share = [share(*entry) for entry in inputs]
    spent = np.array([sum(share(row, product, t) for product, t in row.inputs.items()) for row in rows])
    conversion = np.array([row.conversion_cost / value[row.name + row.region] for row in rows])
    made = reference.flows.production
    return Processes(
        activity=np.array([row.activity for row in rows]) / 12.0,
        capacity=np.array([row.capacity for row in rows]) / 12.0,
        response=np.array(
            [parameters.margin_response_plant if row.inputs else parameters.margin_response_mine for row in rows]
        ),
        conversion_share=np.maximum(conversion, LEAST_CONVERSION),
        fixed_share=1.0 - spent,
        delay=whole,
        delay_part=part,
        ring=ring_starts(whole),
        input_start=_starts([len(row.inputs) for row in rows]),
        input_market=np.array([reference.at[product, row.region] for row, product, _ in inputs]),
        input_coefficient=np.array([tonnes for _, _, tonnes in inputs]),
        input_share=np.array(input_share),
        thrift_floor=np.array([row.thrift_floor[product] for row, product, _ in inputs]),
        output_start=_starts([len(row.outputs) for row in rows]),
        output_market=np.array([reference.at[product, row.region] for row, product, _ in outputs]),
        output_coefficient=np.array([tonnes for _, _, tonnes in outputs]),
        revenue_share=np.array([share(*entry) for entry in outputs]),
        cost_weight=np.array(
            [t * row.activity / made[reference.at[product, row.region]] for row, product, t in outputs]
        ),
        control=control,
    )


def _starts(counts: list[int]) -> Ints:
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
        ring=ring_starts(whole),
        control=control,
    )


def _uses(reference: Reference) -> Uses:
    rows = reference.uses
    sectors = [reference.sectors[row.sector] for row in rows]
    at = {(row.sector, row.region, row.product): index for index, row in enumerate(rows)}
    sector = {place: index for index, place in enumerate(dict.fromkeys((row.sector, row.region) for row in rows))}
    return Uses(
        market=np.array([reference.at[row.product, row.region] for row in rows], dtype=np.int32),
        demand=np.array([row.demand for row in rows]) / 12.0,
        elasticity=np.array([sector.elasticity_short for sector in sectors]),
        slow_elasticity=np.array([max(sector.elasticity_long - sector.elasticity_short, 0.0) for sector in sectors]),
        priority=np.array([sector.priority for sector in sectors], dtype=np.int32),
        substitute=np.array([at.get((row.sector, row.region, row.substitute), -1) for row in rows], dtype=np.int32),
        sector=np.array([sector[row.sector, row.region] for row in rows], dtype=np.int32),
    )
