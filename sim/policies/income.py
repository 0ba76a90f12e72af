"""Credits and guaranteed prices of processes."""

from __future__ import annotations

import numpy as np

from sim.chain.reference import Process, Reference
from sim.core.drivers import Credits, Guarantees
from sim.core.state import Chain, Ints, records
from sim.policies.acting import Rates, acting, supported
from sim.scenario.income_instruments import Credit, Floor


def with_credits(chain: Chain, reference: Reference, rates: Rates) -> Chain:
    """The chain with all credits; a credit lowers cost by a share of the value of output at reference prices."""
    found: list[tuple[int, int, int, float]] = []
    for paid in acting(reference, Credit):
        for index, process in supported(reference, paid.instrument.regions, paid.instrument.products):
            value = reference.unit_value(process)
            row = rates.add(paid.weight * _credit(paid.instrument, process) / value)
            found.append((index, row, paid.account, value))
    found.sort(key=lambda entry: entry[0])
    rows = Credits(
        row=_whole([row for _, row, _, _ in found]),
        account=_whole([account for _, _, account, _ in found]),
        value=np.array([value for *_, value in found], dtype=float),
    )
    starts = _starts([index for index, *_ in found], len(reference.processes))
    precision = chain.markets.inventory.dtype.type
    return chain._replace(drivers=chain.drivers._replace(credits=records(rows, precision), credit_starts=starts))


def _credit(credit: Credit, process: Process) -> float:
    """Thousand USD for a tonne of activity."""
    if credit.usd_per_kg is not None:
        return credit.usd_per_kg * sum(
            tonnes for product, tonnes in process.outputs.items() if product in credit.products
        )
    assert credit.share_of_cost is not None, "the model asks for one of the two"
    return credit.share_of_cost * process.conversion_cost


def with_guarantees(chain: Chain, reference: Reference, rates: Rates) -> Chain:
    """The chain with all guaranteed prices, as multiples of the reference."""
    found: list[tuple[int, int, int, int, Floor]] = []
    for floor in acting(reference, Floor):
        product = floor.instrument.product
        for index, process in supported(reference, floor.instrument.regions, (product,)):
            output = int(chain.processes.output_begin[index]) + list(process.outputs).index(product)
            found.append((index, rates.add(floor.share), floor.account, output, floor.instrument))
    found.sort(key=lambda entry: entry[0])
    terms = [row for *_, row in found]
    price = np.array([reference.products[row.product].price_usd_per_kg for row in terms])
    rows = Guarantees(
        row=_whole([entry[1] for entry in found]),
        account=_whole([entry[2] for entry in found]),
        output=_whole([entry[3] for entry in found]),
        floor=np.array([row.usd_per_kg for row in terms]) / price,
        ceiling=np.array([row.ceiling for row in terms]) / price,
        upside=np.array([row.upside for row in terms], dtype=float),
    )
    starts = _starts([index for index, *_ in found], len(reference.processes))
    precision = chain.markets.inventory.dtype.type
    return chain._replace(drivers=chain.drivers._replace(guarantees=records(rows, precision), guarantee_starts=starts))


def _whole(numbers: list[int]) -> Ints:
    return np.array(numbers, dtype=np.int32)


def _starts(processes: list[int], count: int) -> Ints:
    """First row of each process and the end of the last, of rows in the order of processes."""
    return np.searchsorted(processes, np.arange(count + 1)).astype(np.int32)
