"""oreflow: who runs short of what, when, at what price, when exports along the rare-earth chain are restricted.

Example
-------
>>> import sim
>>> scenario = sim.load("baseline")
>>> results = sim.run(scenario, runs=2, seed=1)
>>> results["distribution"].price.sel(product="dy_oxide", region="EU", quantile=0.95).dims
('time',)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.engine.checkpoint import Checkpoint
    from sim.engine.run import run
    from sim.making import make
    from sim.questions.attribution import blame
    from sim.questions.catalogue import make_catalogue, open_catalogue
    from sim.questions.comparison import compare
    from sim.questions.concentration import dependence
    from sim.questions.deciding import value_of_information
    from sim.questions.discovery import discover
    from sim.questions.exposures import exposure
    from sim.questions.foresight import indicators
    from sim.questions.frontiers import frontier
    from sim.questions.indices import factor_indices, parameter_indices
    from sim.questions.inverse import stress
    from sim.questions.losses import downstream
    from sim.questions.requirements import requirement
    from sim.questions.stockpiles import size_stockpile
    from sim.questions.tails import figures
    from sim.questions.uncertainty import sensitivity, shock_shares
    from sim.questions.until import run_until
    from sim.scenario import Scenario, load
    from sim.store import open_results, save

__version__ = "0.1.0"
_HOMES = {
    "Checkpoint": "sim.engine.checkpoint",
    "Scenario": "sim.scenario",
    "blame": "sim.questions.attribution",
    "compare": "sim.questions.comparison",
    "dependence": "sim.questions.concentration",
    "discover": "sim.questions.discovery",
    "downstream": "sim.questions.losses",
    "exposure": "sim.questions.exposures",
    "factor_indices": "sim.questions.indices",
    "figures": "sim.questions.tails",
    "frontier": "sim.questions.frontiers",
    "indicators": "sim.questions.foresight",
    "load": "sim.scenario",
    "make": "sim.making",
    "make_catalogue": "sim.questions.catalogue",
    "open_catalogue": "sim.questions.catalogue",
    "open_results": "sim.store",
    "parameter_indices": "sim.questions.indices",
    "requirement": "sim.questions.requirements",
    "run": "sim.engine",
    "run_until": "sim.questions.until",
    "save": "sim.store",
    "sensitivity": "sim.questions.uncertainty",
    "shock_shares": "sim.questions.uncertainty",
    "size_stockpile": "sim.questions.stockpiles",
    "stress": "sim.questions.inverse",
    "value_of_information": "sim.questions.deciding",
}
__all__ = [
    "Checkpoint",
    "Scenario",
    "blame",
    "compare",
    "dependence",
    "discover",
    "downstream",
    "exposure",
    "factor_indices",
    "figures",
    "frontier",
    "indicators",
    "load",
    "make",
    "make_catalogue",
    "open_catalogue",
    "open_results",
    "parameter_indices",
    "requirement",
    "run",
    "run_until",
    "save",
    "sensitivity",
    "shock_shares",
    "size_stockpile",
    "stress",
    "value_of_information",
]


def __getattr__(name: str) -> Any:
    """Import public names when they are first used: `sim --help` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
