"""Duties on imports, and ordinary ones that allies forgo."""

from __future__ import annotations

import numpy as np

from sim.chain.reference import Reference, Route
from sim.core.drivers import Firms, Levies
from sim.core.state import NEVER, Chain, records
from sim.policies.acting import Acting, Rates, Values, acting
from sim.scenario.trade_instruments import Alliance, Offtake, Tariff


def levies(reference: Reference, rates: Rates) -> list[tuple[int, int, int, float]]:
    """Route, row of its rates and account of every duty laid or forgone, and the price up to which it is laid.

    Parameters
    ----------
    rates: Takes the rates: duty over the price at the origin, below 0 where an ordinary duty is forgone.
    """
    found: list[tuple[int, int, int, float]] = []
    alliances = [row for row in acting(reference, Alliance) if row.instrument.tariff_free]
    tariffs = list(acting(reference, Tariff))
    for index, route in enumerate(reference.routes):
        paying = np.ones(reference.scenario.periods)
        for bloc in alliances:
            if bloc.instrument.joins(route.origin, route.destination):
                if route.duty > 0.0:
                    found.append((index, rates.add(-route.duty * bloc.share * paying), bloc.account, float(NEVER)))
                paying = paying * (1.0 - bloc.share)
        for tariff in tariffs:
            rate = _rate(tariff, route) * paying
            if rate.any():
                bound = tariff.instrument.only_below
                below = float(NEVER) if bound is None else float(np.log(bound))
                found.append((index, rates.add(rate), tariff.account, below))
    return found


def _rate(tariff: Acting[Tariff], route: Route) -> Values:
    """Duty that a tariff lays on a route, shape (period,)."""
    paid = tariff.instrument.covers(route.product, route.origin, route.destination)
    return tariff.weight * tariff.instrument.rate if paid else np.zeros_like(tariff.weight)


def with_offtakes(chain: Chain, reference: Reference, rates: Rates) -> Chain:
    """The chain with all firm purchases, by contract or among allies; those on one route add up."""
    volume: dict[int, Values] = {}
    for offtake in acting(reference, Offtake):
        routes = {
            index: row.flow
            for index, row in enumerate(reference.routes)
            if offtake.instrument.covers(row.product, row.origin, row.destination) and row.flow > 0.0
        }
        for index, flow in routes.items():
            share = offtake.instrument.tonnes_per_year / 12.0 * flow / sum(routes.values())
            volume[index] = volume.get(index, 0.0) + offtake.weight * share
    for bloc in acting(reference, Alliance):
        for index, row in enumerate(reference.routes):
            terms = bloc.instrument
            if terms.firm_share > 0.0 and row.product in terms.products and terms.joins(row.origin, row.destination):
                firm = terms.firm_share * row.flow / 12.0 * reference.trend.route[index]
                volume[index] = volume.get(index, 0.0) + bloc.share * firm
    rows = Firms(
        route=np.array(list(volume), dtype=np.int32),
        row=np.array([rates.add(each) for each in volume.values()], dtype=np.int32),
    )
    drivers = chain.drivers._replace(firms=records(rows, chain.markets.inventory.dtype.type))
    routes = chain.routes.copy()
    routes.firm[rows.route] = 1
    return chain._replace(drivers=drivers, routes=routes)


def with_levies(chain: Chain, found: list[tuple[int, int, int, float]]) -> Chain:
    """The chain with duties laid: their routes become controlled ones, after those that restrictions reach.

    Parameters
    ----------
    found: As `levies` returns them.
    """
    if not found:
        return chain
    precision = chain.markets.inventory.dtype.type
    routes, crossings = chain.routes.copy(), chain.crossings.copy()
    added = sorted({route for route, *_ in found if routes.control[route] < 0})
    routes.control[added] = crossings.size + np.arange(len(added))
    more = np.zeros(len(added), dtype=crossings.dtype)
    # Nobody asks for a licence there: what is decided in a period does not matter.
    more["route"], more["decide"], more["decide_fresh"] = added, 1.0, 1.0
    crossings = np.concatenate([crossings, more]).view(type(crossings))
    control = routes.control[[route for route, *_ in found]]
    crossings.taxed[control] = 1
    rows = Levies(
        crossing=control.astype(np.int32),
        row=np.array([row for _, row, _, _ in found], dtype=np.int32),
        account=np.array([account for _, _, account, _ in found], dtype=np.int32),
        below=np.array([below for *_, below in found]),
    )
    drivers = chain.drivers._replace(levies=records(rows, precision))
    return chain._replace(routes=routes, crossings=crossings, drivers=drivers)
