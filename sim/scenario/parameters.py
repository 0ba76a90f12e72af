"""Parameters of the physics: the numbers of `sim/core/MODEL.md`, with bounds and where each comes from."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from sim.scenario.base import Described

BUILT_IN = (
    "latent_share",
    "margin_response_mine",
    "margin_response_plant",
    "release_share",
    "threat_downstream",
    "users_cover",
)
"""Parameters that stand in arrays of markets, processes, routes or users; all others are scalars of the core."""
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Months = Annotated[float, Field(gt=0.0, le=240.0)]
Factor = Annotated[float, Field(ge=0.0, le=100.0)]


class Parameters(Described):
    """Response parameters of markets, makers, traders and users.

    Time constants are in months and act as `1 - exp(-dt / tau)`. The values are judgements fitted to the price
    history of 2010-14 and of 2025, not measurements; see `sim/core/MODEL.md`, section "Values".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    price_response: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.41
    """Fall of the log quoted price for a unit rise of the log cover (`a`); above about 1 the chain is unstable."""
    cost_months: Months = 2.5
    """Time in which the cost anchor of a price follows the cost of supply (`tauC`)."""
    cost_pass_local: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.68
    """Share of a change in the cost of local production that reaches the price anchor (`kp`)."""
    cost_pass_import: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.9
    """Share of a change in landed cost without rent and duty that reaches the price anchor (`ki`)."""
    momentum_months: Months = 3.0
    """Memory of the price trend that buyers extrapolate."""
    momentum_linear: Annotated[float, Field(ge=0.0, le=1.2)] = 0.2
    """Rise of the log cover wanted for a unit of log price above its recent average (`h1`)."""
    momentum_threshold: Factor = 0.1
    """Log price trend above which speculation starts (`m0`)."""
    speculation: Factor = 0.0
    """Strength of speculation, quadratic in the trend above its threshold (`h2`): 13.9 fits 2010-12, 0 is used for
    risk because random shocks can ignite it."""
    threat_response: Factor = 5.3
    """Rise of the log cover wanted when all supply is at risk (`thr`)."""
    threat_downstream: Share = 0.32
    """Threat and speculation from alloy on, relative to those of concentrate, oxide and metal."""
    cover_bound: Annotated[float, Field(gt=1.0, le=1000.0)] = 12.0
    """Largest multiple of the normal cover that buyers ever want (bound on `n*`): 12 gives the trebling of European
    dysprosium within a month of April 2025 and the plateau at three to four and a half times after it."""
    habituation_months: Months = 24.0
    """Time in which a market gets used to a lasting threat (`tauH`)."""
    threat_lasting: Share = 0.5
    """Share of a threat that habituation leaves (`rho`)."""
    threat_fade_months: Months = 5.0
    """Time in which a threat fades once its cause is gone (`tauOff`)."""
    contract_months: Months = 1.0
    """Lag of contract prices behind landed cost (`tauK`); 4 is unstable."""
    expectation_months: Months = 6.0
    """Time in which expected outflow follows claims (`tauD`)."""
    utilisation_months: Months = 3.0
    """Time in which utilisation follows the margin (`tauU`)."""
    margin_response_mine: Factor = 0.25
    """Elasticity of utilisation to revenue over cost, mines and collection (`e`): within the 0.05-0.3 recalled for
    supply outside China; less than 0.25 lets disturbances of concentrate stocks outlast ten years."""
    margin_response_plant: Factor = 0.8
    """Elasticity of utilisation to revenue over cost, all other processes (`e`)."""
    claim_margin: Annotated[float, Field(ge=1.0, le=10.0)] = 1.1
    """Unit cost over revenue above which a process claims less at once."""
    claim_slope: Factor = 2.0
    """Steepness of that fall (assumption): above about 3 the stages over-correct one after the other, and a lasting cap
    on exports ends with a shortage at home."""
    idle_slope: Factor = 2.0
    """Steepness of idling once revenue is below cash cost (assumption, for the same reason)."""
    thrift_elasticity: Factor = 0.5
    """Long-run elasticity of an input's intensity to its price where a recipe allows thrifting (assumption: dysprosium
    at four times its price halves, which is what grain-boundary diffusion has saved)."""
    thrift_months: Months = 12.0
    """Time in which intensities follow."""
    order_response: Factor = 1.5
    """Elasticity of orders on a route to price at destination over landed cost (`eta`)."""
    order_months: Months = 2.5
    """Time in which orders follow (`tauf`)."""
    order_bound: Annotated[float, Field(ge=1.0, le=20.0)] = 3.0
    """Largest multiple of its reference flow a route is asked for (`fmax`)."""
    latent_share: Share = 0.02
    """Latent flow of a route unused in the reference, over the smaller of use at the destination and production at
    the origin."""
    rent_response: Factor = 0.37
    """Monthly log change of a licence rent per unit log excess of orders over the quota (`kl`)."""
    rent_excess_bound: Factor = 1.5
    """Bound on that log excess."""
    rent_scale: Annotated[float, Field(gt=0.0, le=10000.0)] = 14.0
    """USD/kg added to a rent inside its log (`lam0`): the unit value of Chinese exports in early 2010."""
    release_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.7
    """Share of the cover over which a market can be emptied (`phi`, judged): holders are unlike, so some run out while
    the market as a whole still has stock."""
    strictness: Share = 0.6
    """Weight of class order (priority sectors, domestic, exports) against proportional rationing."""
    users_cover: Share = 0.5
    """Part of the inventory of a market that sells to sectors which its users hold themselves, for what they use
    (judged): the cohorts of the chain say who of them has how much of it. Lines then first stop in the ninth week after
    1 April 2025; weeks 5 to 9 are on record."""
    restock_months: Months = 2.0
    """Time in which users fill their own stocks again after a shortage (assumption)."""
    slow_months: Months = 22.0
    """Time in which users substitute."""
    slow_bound_per_year: Share = 0.12
    """Most of demand that can be substituted in a year."""
    disposal_elasticity: Factor = 2.0
    """Fall of disposal of unsold surplus with price (assumption)."""
