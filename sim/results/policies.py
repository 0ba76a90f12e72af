"""What each policy costs and brings, over runs."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr

from sim.results.lookup import variable
from sim.results.portions import of_each_run
from sim.results.quantiles import Spread, spread
from sim.variables import INSTRUMENT, YEAR


@dataclass(frozen=True)
class PolicyRow:
    """Money of one policy over the horizon, million USD."""

    name: str
    kind: str
    cost: float
    """Public money paid, mean over runs."""
    receipts: float
    """Public receipts, mean over runs."""
    net: Spread
    """Public cost less receipts, discounted to the start of the horizon."""
    mean_net: float
    """Mean of the same."""
    private: float
    """Private money that goes with it, mean over runs."""
    contingent: Spread | None
    """Of a contingent liability the same as `net`; none of other policies."""
    most_owed: Spread
    """Private debt that the public guarantees at the end of the year in which it is highest."""


def policies(results: xr.DataTree) -> tuple[PolicyRow, ...]:
    """Policies in the order of the scenario; none where it has none.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    """
    if "policies" not in results.children:
        return ()
    group = results["policies"].to_dataset()
    sums = {
        name: of_each_run(variable(results, "policies", name), lambda part: part.sum(YEAR))
        for name in ("public_cost", "public_receipts", "private_money")
    }
    net = variable(results, "policies", "net_public_cost")
    contingent, owed = (variable(results, "policies", name) for name in ("contingent_cost", "guaranteed_debt"))
    rows = []
    for name in group[INSTRUMENT].values.tolist():
        here = {INSTRUMENT: name}
        depends = bool((contingent.sel(here) != 0.0).any())
        means = {key: float(values.sel(here).mean()) for key, values in sums.items()}
        rows.append(
            PolicyRow(
                name=str(name),
                kind=str(group["kind"].sel(here).item()),
                cost=means["public_cost"],
                receipts=means["public_receipts"],
                net=spread(net.sel(here).values),
                mean_net=float(net.sel(here).mean()),
                private=means["private_money"],
                contingent=spread(contingent.sel(here).values) if depends else None,
                most_owed=spread(owed.sel(here).max(YEAR).values),
            )
        )
    return tuple(rows)
