"""The reduced chain in stockpyl: a serial network for each region, with its own base-stock policies and pauses.

stockpyl has no prices: a demand source of this file looks at the inventory of magnets before each period.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.against.model import (
    COVER,
    DEMAND,
    ELASTICITY,
    HIGHEST,
    LEAD,
    LEAST,
    PERIODS,
    REGIONS,
    SLOPE,
    STAGES,
    STOPPED_STAGE,
    STRUCK,
    Paths,
    Stops,
)


def simulate(stops: Stops) -> Paths:
    """Simulate all runs, each region as a network of its own."""
    paths = Paths(*(np.empty((PERIODS, REGIONS, stops.begin.size)) for _ in range(2)))
    for run in range(stops.begin.size):
        for region in range(REGIONS):
            stop = (int(stops.begin[run]), int(stops.end[run])) if STRUCK[region] else (PERIODS, PERIODS)
            _region(region, stop, paths.price[:, region, run], paths.owed[:, region, run])
    return paths


def _region(region: int, stop: tuple[int, int], price: Any, owed: Any) -> None:
    """One region of one run."""
    from stockpyl import sim as stockpyl

    demand = DEMAND[region]
    network = _network(demand, stop)
    last = network.nodes_by_index[STAGES - 1]
    stockpyl.initialize(network, PERIODS)
    level = last.initial_inventory_level
    for now in range(PERIODS):
        hand = max(level, 0.0)
        price[now] = min(max(max(hand / (COVER[-1] * demand), LEAST) ** -SLOPE, 1.0), HIGHEST)
        last.demand_source.demand_list = [demand * price[now] ** -ELASTICITY] * PERIODS
        stockpyl.step(network, consistency_checks="N")
        (level,) = last.state_vars[now].inventory_level.values()  # of its one product
        owed[now] = max(-level, 0.0)


def _network(demand: float, stop: tuple[int, int]) -> Any:
    """Stages in a line at the reference; the stage after separation gets nothing while exports are stopped."""
    from stockpyl.disruption_process import DisruptionProcess
    from stockpyl.supply_chain_network import serial_system

    stopped = [stop[0] <= now < stop[1] for now in range(PERIODS)]
    pause = DisruptionProcess(random_process_type="E", disruption_type="SP", disruption_state_list=stopped)
    stages = range(STAGES)
    return serial_system(
        num_nodes=STAGES,
        node_order_in_system=list(stages),
        node_order_in_lists=list(stages),
        demand_type="D",
        demand_list=[demand] * PERIODS,
        shipment_lead_time=list(LEAD),
        policy_type="BS",
        base_stock_level=[(COVER[stage] + LEAD[stage]) * demand for stage in stages],
        initial_inventory_level=[COVER[stage] * demand for stage in stages],
        initial_orders=[demand] * STAGES,
        initial_shipments=[demand] * STAGES,
        disruption_process=[pause if stage == STOPPED_STAGE + 1 else None for stage in stages],
    )
