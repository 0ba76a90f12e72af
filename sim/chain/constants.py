"""Parameters of a scenario as the scalars the core works with."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core.state import Chain, Constants
from sim.scenario.parameters import BUILT_IN, Parameters


def constants(parameters: Parameters, dt: float, latent_floor: float, rounding: float) -> Constants:
    """Scalars of the core, before the cast to the working precision.

    Parameters
    ----------
    dt: Months a period.
    latent_floor: Least price advantage that a latent route feels; 0 in runs.
    rounding: Relative rounding error of the working precision.
    """

    def follow(months: float) -> float:
        """Step that a period takes towards a target, `k(tau)`."""
        return -math.expm1(-dt / months)

    given = parameters
    numbers = dict(
        dt=dt,
        months_a_year=12.0,
        price_response=given.price_response,
        follow_cost=follow(given.cost_months),
        cost_pass_local=given.cost_pass_local,
        cost_pass_import=given.cost_pass_import,
        follow_momentum=follow(given.momentum_months),
        momentum_linear=given.momentum_linear,
        momentum_threshold=given.momentum_threshold,
        speculation=given.speculation,
        threat_response=given.threat_response,
        log_cover_bound=math.log(given.cover_bound),
        follow_habit=follow(given.habituation_months),
        threat_lasting=given.threat_lasting,
        fade_threat=follow(given.threat_fade_months),
        follow_contract=follow(given.contract_months),
        follow_expectation=follow(given.expectation_months),
        follow_utilisation=follow(given.utilisation_months),
        claim_margin=given.claim_margin,
        claim_slope=given.claim_slope,
        idle_slope=given.idle_slope,
        thrift_elasticity=given.thrift_elasticity,
        follow_thrift=follow(given.thrift_months),
        order_response=given.order_response,
        follow_order=follow(given.order_months),
        order_bound=given.order_bound,
        latent_floor=latent_floor,
        rent_step=given.rent_response * dt,
        rent_excess_bound=given.rent_excess_bound,
        rent_scale=given.rent_scale,
        strictness=given.strictness,
        follow_restock=follow(given.restock_months),
        full=1.0 - 16.0 * rounding,
        follow_slow=follow(given.slow_months),
        slow_bound=given.slow_bound_per_year * dt / 12.0,
        disposal_elasticity=given.disposal_elasticity,
    )
    return Constants(**{name: np.float64(number) for name, number in numbers.items()})


def cast(numbers: Constants, precision: type[np.floating[Any]]) -> Constants:
    """Scalars of the core in the working precision."""
    return type(numbers)(*(precision(number) for number in numbers))


def tuned(chain: Chain, before: Parameters, after: Parameters, dt: float) -> Chain | None:
    """A chain with other parameters, or none where it has to be built anew.

    Parameters
    ----------
    chain: Arrays of the reference state, in single precision or double.
    before: Parameters it was built with.
    after: Parameters wanted.
    dt: Months a period.
    """
    if any(getattr(before, name) != getattr(after, name) for name in BUILT_IN):
        return None
    precision = chain.markets.inventory.dtype.type
    numbers = constants(after, dt, float(chain.constants.latent_floor), float(np.finfo(precision).eps))
    return chain._replace(constants=cast(numbers, precision))
