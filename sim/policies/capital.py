"""What capital costs makers, how long building takes, and who is trained for it."""

from __future__ import annotations

import numpy as np

from sim.chain.capacity import STAGES_OF_CONSTRUCTION, hurdle, leaving, ramp_stages, technology
from sim.chain.reference import Reference
from sim.core.building import Building
from sim.core.drivers import Debts, Grants, Records
from sim.core.state import Chain, records
from sim.policies.acting import Rates, Values, acting, supported
from sim.scenario.capital_instruments import Finance, Guarantee, Hub, Loan, Permits
from sim.scenario.dynamics import TechnologyRow
from sim.scenario.programmes import Workforce


def annuity(rate: float, years: float) -> float:
    """Yearly payment that pays back 1 over some years.

    Parameters
    ----------
    rate: Interest a year; 0 spreads it evenly.

    Example
    -------
    >>> round(annuity(0.05, 20.0), 4), annuity(0.0, 20.0)
    (0.0802, 0.05)
    """
    return 1.0 / years if rate == 0.0 else float(rate / -np.expm1(-years * np.log1p(rate)))


def relief(finance: Finance, row: TechnologyRow) -> float:
    """Share of the capital charge that public money takes off the maker."""
    if not isinstance(finance, Loan):
        return finance.share
    years = row.lifetime_years
    return finance.share * (1.0 - annuity(finance.rate, years) / annuity(row.cost_of_capital, years))


def public_share(finance: Finance, row: TechnologyRow, discount_rate: float) -> float:
    """What it costs the public, over the capital cost of the plant.

    A grant costs what is granted. A loan costs what its payments are worth less than the money lent, at the rate at
    which the government borrows, and what is lost: below 0 where it brings more than it costs.
    """
    if not isinstance(finance, Loan):
        return finance.share
    years = row.lifetime_years
    paid_back = annuity(finance.rate, years) / annuity(discount_rate, years) * (1.0 - finance.expected_loss)
    return finance.share * (1.0 - paid_back)


def with_capital(chain: Chain, reference: Reference, rates: Rates) -> Chain:
    """The chain with cheaper capital, shorter lead times and more people; nothing where capacity is fixed."""
    if not reference.scenario.capacity.followed:
        return chain
    building = _timed(_trained(_financed(chain.building, reference), reference), reference)
    grants, debts = _grants(chain, reference, rates), _debts(chain, reference, rates)
    return chain._replace(building=building, drivers=chain.drivers._replace(grants=grants, debts=debts))


def _financed(building: Building, reference: Reference) -> Building:
    """Hurdles with public money for capital cost."""
    periods, hurdles = reference.scenario.periods, building.hurdle.copy()
    borne: dict[int, Values] = {}
    for given in acting(reference, Finance):
        for index, process in supported(reference, given.instrument.regions, given.instrument.products):
            share = relief(given.instrument, technology(reference, process))
            borne[index] = borne.get(index, np.ones(periods)) * (1.0 - share * given.share)
    for backed in acting(reference, Guarantee):
        for index, process in supported(reference, backed.instrument.regions, backed.instrument.products):
            share = _guaranteed(backed.instrument, technology(reference, process))
            borne[index] = borne.get(index, np.ones(periods)) * (1.0 - share * backed.share)
    for index, shares in borne.items():
        process = reference.processes[index]
        levels, place = np.unique(shares, return_inverse=True)
        found = [hurdle(reference, process, technology(reference, process), borne=float(level))[0] for level in levels]
        hurdles[index] = np.array(found)[place]
    return building._replace(hurdle=hurdles)


def _guaranteed(terms: Guarantee, row: TechnologyRow) -> float:
    """Share of the capital charge that cheaper loans take off the maker, less the fee; not below 0."""
    years = row.lifetime_years
    cheaper = 1.0 - annuity(terms.rate, years) / annuity(row.cost_of_capital, years) - terms.fee
    return terms.share * max(cheaper, 0.0)


def _timed(building: Building, reference: Reference) -> Building:
    """Lead times with permits that may not take longer, and with sites and teams shared in hubs."""
    months = float(building.step) * 12.0 / reference.scenario.time.periods_per_year
    permit, construction, ramp = building.permit.copy(), building.construction.copy(), building.ramp.copy()
    for rule in acting(reference, Permits):
        for index, process in supported(reference, rule.instrument.regions, rule.instrument.products):
            longest = technology(reference, process).permit_months
            spared = rule.share * max(longest - rule.instrument.most_months, 0.0)
            permit[index] = np.maximum(permit[index], leaving(longest - spared, months))
    for hub in acting(reference, Hub):
        for index, process in supported(reference, hub.instrument.regions, hub.instrument.products):
            row = technology(reference, process)
            stage = row.construction_months / STAGES_OF_CONSTRUCTION
            built = stage * (1.0 - hub.share * (1.0 - hub.instrument.construction_factor))
            usual = ramp_stages(row.ramp_months, row.initial_yield)
            run_in = usual * (1.0 - hub.share * (1.0 - hub.instrument.ramp_factor))
            construction[index] = np.maximum(construction[index], leaving(built, months))
            ramp[index] = np.maximum(ramp[index], leaving(run_in, months))
    kind = building.permit.dtype
    return building._replace(permit=permit.astype(kind), construction=construction.astype(kind), ramp=ramp.astype(kind))


def _trained(building: Building, reference: Reference) -> Building:
    """People trained in a step."""
    months = float(building.step) * 12.0 / reference.scenario.time.periods_per_year
    trained = building.trained.copy()
    for programme in acting(reference, Workforce):
        for index, row in enumerate(reference.scenario.tables.skills):
            if row.region in programme.instrument.regions and row.stage in programme.instrument.stages:
                added = programme.weight * programme.instrument.people_per_year * months / 12.0
                trained[index] += added.astype(trained.dtype)
    return building._replace(trained=trained)


def _grants(chain: Chain, reference: Reference, rates: Rates) -> Records:
    """Public and private money for what is ordered; thousand USD for a t/month."""
    scenario = reference.scenario
    found: list[tuple[int, int, int, float, float]] = []
    for given in acting(reference, Finance) if scenario.capacity.answers else ():
        row = rates.add(given.share)
        for index, process in supported(reference, given.instrument.regions, given.instrument.products):
            plant = technology(reference, process)
            capital = 12.0 * plant.capex_usd_per_t_per_year / 1e3
            public = capital * public_share(given.instrument, plant, scenario.discount_rate)
            found.append((row, given.account, index, public, capital * (1.0 - given.instrument.share)))
    whole = np.array([entry[:3] for entry in found], dtype=np.int32).reshape(-1, 3).T
    money = np.array([entry[3:] for entry in found], dtype=float).reshape(-1, 2).T
    columns = Grants(row=whole[0], account=whole[1], process=whole[2], public=money[0], private=money[1])
    return records(columns, chain.markets.inventory.dtype.type)


def _debts(chain: Chain, reference: Reference, rates: Rates) -> Records:
    """Debt that the public guarantees as capacity is ordered; thousand USD for a t/month."""
    steps_a_year = reference.scenario.time.periods_per_year / float(chain.building.step)
    found: list[tuple[int, int, int, float, Guarantee]] = []
    for given in acting(reference, Guarantee) if reference.scenario.capacity.answers else ():
        row = rates.add(given.share)
        for index, process in supported(reference, given.instrument.regions, given.instrument.products):
            capital = 12.0 * technology(reference, process).capex_usd_per_t_per_year / 1e3
            found.append((row, given.account, index, capital * given.instrument.share, given.instrument))
    terms = [entry[4] for entry in found]
    columns = Debts(
        row=np.array([entry[0] for entry in found], dtype=np.int32),
        account=np.array([entry[1] for entry in found], dtype=np.int32),
        process=np.array([entry[2] for entry in found], dtype=np.int32),
        lent=np.array([entry[3] for entry in found], dtype=float),
        fee=np.array([row.fee for row in terms], dtype=float),
        repaid=np.array([min(1.0 / (row.years * steps_a_year), 1.0) for row in terms], dtype=float),
        lost=np.array([1.0 - row.recovery for row in terms], dtype=float),
    )
    return records(columns, chain.markets.inventory.dtype.type)
