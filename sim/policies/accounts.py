"""What policies cost and bring, by instrument and budget year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.core.drivers import PAID, PRIVATE, SIDES
from sim.core.state import Ints
from sim.policies.acting import Acting, Values, acting
from sim.policies.capital import public_share
from sim.policies.programmes import added_tonnes
from sim.scenario.capital_instruments import Finance, Guarantee, Hub
from sim.scenario.dates import parse
from sim.scenario.income_instruments import Floor, Insurance
from sim.scenario.models import Scenario, Time
from sim.scenario.programmes import Feed, Research, Workforce

CONTINGENT = (Floor, Insurance, Guarantee)
"""Instruments that cost the public something only if prices or plants fall: their cost is a contingent liability."""


def budget_years(time: Time) -> tuple[Ints, list[int]]:
    """Budget year of each period, from 0, and the calendar years of the horizon.

    Example
    -------
    >>> of_period, years = budget_years(Time(start="2025-07", years=1, periods_per_year=12))
    >>> of_period.tolist(), years
    ([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1], [2025, 2026])
    """
    start = parse(time.start)
    months = start.month - 1 + np.floor(12.0 / time.periods_per_year * np.arange(time.periods) + 1e-9)
    of_period = (months // 12).astype(np.int32)
    return of_period, [start.year + year for year in range(int(of_period[-1]) + 1)]


def earners(reference: Reference) -> list[tuple[str, str]]:
    """Stages and regions in which something is made, in the order of the chain."""
    tables = reference.scenario.tables
    stages, regions = list(tables.meta.stages), [row.region for row in tables.regions]
    found = {(tables.stage(row.recipe_name), row.region) for row in reference.processes}
    return sorted(found, key=lambda place: (stages.index(place[0]), regions.index(place[1])))


def money(reference: Reference, ledger: Values, starts: Values) -> dict[str, NDArray[np.float32]]:
    """Public cost, receipts, private money and guaranteed debt, million USD, shape (run, instrument, year).

    And net cost today, and the part of it that depends on how the run goes: what guaranteed prices, insurances and
    guarantees of loans pay, less what they receive; shape (run, instrument).

    Parameters
    ----------
    ledger: What the core booked, thousand USD, shape (side x year x instrument, run).
    starts: Months from the start of the horizon at which each followed project starts, shape (project, run).
    """
    scenario = reference.scenario
    of_period, years = budget_years(scenario.time)
    shape = (SIDES, len(years), len(scenario.policies), ledger.shape[1])
    booked = ledger.reshape(shape) / 1e3 if ledger.size else np.zeros((*shape[:3], starts.shape[1]))
    for account, each_period in _budgeted(reference):
        booked[PAID, :, account] += np.bincount(of_period, each_period, minlength=len(years))[:, None]
    _award(reference, starts, of_period, booked)
    paid, received, private, owed = booked.transpose(0, 3, 2, 1)
    worth = present_worth(scenario)[:-1]
    contingent = [isinstance(policy, CONTINGENT) for policy in scenario.policies.values()]
    found = {
        "public_cost": paid,
        "public_receipts": received,
        "private_money": private,
        "guaranteed_debt": owed,
        "net_public_cost": (paid - received) @ worth,
        "contingent_cost": np.where(contingent, (paid - received) @ worth, 0.0),
    }
    return {name: values.astype(np.float32) for name, values in found.items()}


def present_worth(scenario: Scenario) -> Values:
    """What a dollar in the middle of each budget year, and at last one at the end, is worth at the start."""
    of_period, _ = budget_years(scenario.time)
    middle = np.bincount(of_period, np.arange(len(of_period)) + 0.5) / np.bincount(of_period)
    at = np.append(middle, len(of_period))
    return np.asarray((1.0 + scenario.discount_rate) ** -(at / scenario.time.periods_per_year))


def _budgeted(reference: Reference) -> list[tuple[int, Values]]:
    """Money that does not depend on a run: account, and million USD of each period."""
    time = reference.scenario.time
    length = 1.0 / time.periods_per_year
    found: list[tuple[int, Values]] = []
    for hub in acting(reference, Hub):
        found.append((hub.account, hub.weight * hub.instrument.musd_per_year * length))
    for research in acting(reference, Research):
        found.append((research.account, research.weight * research.instrument.musd_per_year * length))
    for programme in acting(reference, Workforce):
        terms = programme.instrument
        people = terms.people_per_year * len(terms.regions) * len(terms.stages)
        found.append((programme.account, programme.weight * people * terms.usd_per_person / 1e6 * length))
    for feed in acting(reference, Feed):
        tonnes = added_tonnes(feed, time) * len(feed.instrument.regions)
        found.append((feed.account, tonnes * feed.instrument.usd_per_t / 1e6 * length))
    return found


def _award(reference: Reference, starts: Values, of_period: Ints, booked: Values) -> None:
    """Book the money for named projects in the year in which each starts."""
    scenario = reference.scenario
    for given in acting(reference, Finance) if scenario.capacity.projects else ():
        for place, row in enumerate(scenario.tables.projects):
            if not given.instrument.supports(row) or row.status == "started":
                continue
            plant = scenario.tables.technology(row.recipe, row.region)
            assert plant is not None, "the checks of the tables ask for a technology of every project"
            capital = row.capex_musd or row.capacity_t_per_year * plant.capex_usd_per_t_per_year / 1e6
            public = capital * public_share(given.instrument, plant, scenario.discount_rate)
            _enter(given, starts[place], public, of_period, booked, PAID, scenario.time)
            _enter(
                given,
                starts[place],
                capital * (1.0 - given.instrument.share),
                of_period,
                booked,
                PRIVATE,
                scenario.time,
            )


def _enter(
    given: Acting[Finance], start: Values, amount: float, of_period: Ints, booked: Values, side: int, time: Time
) -> None:
    """Enter an amount in the year of the period in which a project starts, if money is given then."""
    period = np.floor(start / 12.0 * time.periods_per_year)
    within = (period >= 0) & (period < time.periods)
    at = np.where(within, period, 0).astype(int)
    runs = np.arange(start.size)
    booked[side, of_period[at], given.account, runs] += np.where(within, given.share[at] * amount, 0.0)
