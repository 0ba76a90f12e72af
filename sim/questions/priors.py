"""Ranges of the response parameters within which they cannot be told apart by what is known.

Only `slow_bound_per_year` has a published source; other ranges are judgements around the values that fit the price
histories of 2010-14 and 2025, wide enough to hold what those fits leave open, and are marked so. Whether the chain is
stable at each draw is not checked: `sim check` says so of one set of parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

JUDGED = "judged: about a third either side of the value fitted to 2010-14 and 2025"


@dataclass(frozen=True)
class Prior:
    """Range of a parameter; all values in it are held equally likely."""

    low: float
    high: float
    source: str


PRIORS: dict[str, Prior] = {
    "price_response": Prior(0.28, 0.54, JUDGED),
    "cost_pass_local": Prior(0.5, 0.85, JUDGED),
    "momentum_linear": Prior(0.0, 0.4, "judged: none to twice the fitted value; not identified by 2025 alone"),
    "threat_response": Prior(3.5, 7.0, JUDGED),
    "threat_downstream": Prior(0.15, 0.5, JUDGED),
    "cover_bound": Prior(8.0, 16.0, JUDGED),
    "habituation_months": Prior(12.0, 36.0, "judged: half to one and a half times the fitted value"),
    "threat_fade_months": Prior(3.0, 8.0, JUDGED),
    "margin_response_mine": Prior(
        0.25, 0.35, "0.05-0.3 recalled for supply outside China; below 0.25 stocks of concentrate do not settle"
    ),
    "margin_response_plant": Prior(0.5, 1.1, JUDGED),
    "thrift_elasticity": Prior(
        0.2, 0.8, "judged: about the dysprosium that grain-boundary diffusion has saved at four times its price"
    ),
    "order_response": Prior(1.0, 2.0, JUDGED),
    "latent_share": Prior(0.005, 0.03, "judged: about the value at which the bundled chain is stable"),
    "release_share": Prior(0.55, 0.8, "judged: holders are unlike; a market must release 1.1 times its outflow"),
    "strictness": Prior(0.3, 0.9, "judged: half to one and a half times the value of model fits"),
    "users_cover": Prior(0.3, 0.7, "judged: first line stops five to nine weeks after April 2025"),
    "slow_bound_per_year": Prior(
        0.06,
        0.15,
        "up to 10 % of demand a year was substituted after 2010 (Sprecher et al. 2017, doi:10.1021/acs.est.6b05751)",
    ),
    "slow_months": Prior(14.0, 30.0, JUDGED),
}
"""Ranges by name of the parameter."""
