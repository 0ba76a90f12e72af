"""Credits and guaranteed prices of processes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.chain.reference import Process, Reference
from sim.core.drivers import Credits, Guarantees
from sim.core.state import Chain, Ints, records
from sim.policies.acting import Rates, Values, acting, supported
from sim.scenario.income_instruments import Credit, Floor, Insurance
from sim.scenario.trade_instruments import Alliance


def with_credits(chain: Chain, reference: Reference, rates: Rates) -> Chain:
    """The chain with all credits; a credit lowers cost by a share of the value of output at reference prices."""
    found: list[tuple[int, int, int, float, float, list[int]]] = []
    for paid in acting(reference, Credit):
        for index, process in supported(reference, paid.instrument.regions, paid.instrument.products):
            value = reference.unit_value(process)
            row = rates.add(paid.weight * _credit(paid.instrument, process) / value)
            found.append((index, row, paid.account, value, 0.0, []))
    found += _surges(reference, rates)
    found.sort(key=lambda entry: entry[0])
    watch = np.cumsum([0, *(len(watched) for *_, watched in found)])
    rows = Credits(
        row=_whole([entry[1] for entry in found]),
        account=_whole([entry[2] for entry in found]),
        value=np.array([entry[3] for entry in found], dtype=float),
        above=np.array([entry[4] for entry in found], dtype=float),
        watch_begin=watch[:-1].astype(np.int32),
        watch_end=watch[1:].astype(np.int32),
    )
    starts = _starts([index for index, *_ in found], len(reference.processes))
    precision = chain.markets.inventory.dtype.type
    watched = _whole([market for *_, markets in found for market in markets])
    drivers = chain.drivers._replace(credits=records(rows, precision), credit_starts=starts, watched=watched)
    return chain._replace(drivers=drivers)


def _surges(reference: Reference, rates: Rates) -> list[tuple[int, int, int, float, float, list[int]]]:
    """Credits of allies on what they make of a product that is dear in some member, with the markets they answer.

    A process that makes several of the products answers all of them, and is paid once.
    """
    found = []
    for bloc in acting(reference, Alliance):
        terms = bloc.instrument
        if terms.surge_share == 0.0:
            continue
        for index, process in supported(reference, terms.regions, terms.products):
            made = [product for product in terms.products if product in process.outputs]
            places = [(product, region) for product in made for region in terms.regions]
            watched = [reference.at[place] for place in places if place in reference.at]
            value = reference.unit_value(process)
            row = rates.add(bloc.weight * terms.surge_share * process.conversion_cost / value)
            found.append((index, row, bloc.account, value, terms.surge_above, watched))
    return found


def _credit(credit: Credit, process: Process) -> float:
    """Thousand USD for a tonne of activity."""
    if credit.usd_per_kg is not None:
        return credit.usd_per_kg * sum(
            tonnes for product, tonnes in process.outputs.items() if product in credit.products
        )
    assert credit.share_of_cost is not None, "the model asks for one of the two"
    return credit.share_of_cost * process.conversion_cost


class _Terms(NamedTuple):
    """Terms of a guaranteed price."""

    floor: float
    ceiling: float
    upside: float
    premium: float

    def over(self, price: float) -> _Terms:
        """The same as multiples of a reference price."""
        return self._replace(floor=self.floor / price, ceiling=self.ceiling / price, premium=self.premium / price)


def _floor(floor: Floor) -> _Terms:
    return _Terms(floor.usd_per_kg, floor.ceiling, floor.upside, 0.0)


def _insured(insurance: Insurance) -> _Terms:
    """Nothing is paid back above; the premium is on all output, of which only a part of each gap is covered."""
    strike = insurance.strike_usd_per_kg
    return _Terms(strike, strike, 0.0, strike * insurance.premium_share / insurance.cover)


def with_guarantees(chain: Chain, reference: Reference, rates: Rates) -> Chain:
    """The chain with all guaranteed prices, as multiples of the reference."""
    found: list[tuple[int, int, int, int, _Terms]] = []
    given: list[tuple[Floor | Insurance, int, Values, _Terms]] = []
    for floor in acting(reference, Floor):
        given.append((floor.instrument, floor.account, floor.share, _floor(floor.instrument)))
    for insurance in acting(reference, Insurance):
        covered = insurance.share * insurance.instrument.cover
        given.append((insurance.instrument, insurance.account, covered, _insured(insurance.instrument)))
    for paid, account, share, terms in given:
        price = reference.products[paid.product].price_usd_per_kg
        for index, process in supported(reference, paid.regions, (paid.product,)):
            output = int(chain.processes.output_begin[index]) + list(process.outputs).index(paid.product)
            found.append((index, rates.add(share), account, output, terms.over(price)))
    found.sort(key=lambda entry: entry[0])
    rows = Guarantees(
        row=_whole([entry[1] for entry in found]),
        account=_whole([entry[2] for entry in found]),
        output=_whole([entry[3] for entry in found]),
        **{name: np.array([getattr(row, name) for *_, row in found], dtype=float) for name in _Terms._fields},
    )
    starts = _starts([index for index, *_ in found], len(reference.processes))
    precision = chain.markets.inventory.dtype.type
    return chain._replace(drivers=chain.drivers._replace(guarantees=records(rows, precision), guarantee_starts=starts))


def _whole(numbers: list[int]) -> Ints:
    return np.array(numbers, dtype=np.int32)


def _starts(processes: list[int], count: int) -> Ints:
    """First row of each process and the end of the last, of rows in the order of processes."""
    return np.searchsorted(processes, np.arange(count + 1)).astype(np.int32)
