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
    from sim.engine.run import run
    from sim.questions.attribution import blame
    from sim.questions.inverse import stress
    from sim.questions.uncertainty import sensitivity, shock_shares
    from sim.scenario import Scenario, load
    from sim.store import open_results, save

__version__ = "0.1.0"
_HOMES = {
    "Scenario": "sim.scenario",
    "blame": "sim.questions.attribution",
    "load": "sim.scenario",
    "open_results": "sim.store",
    "run": "sim.engine",
    "save": "sim.store",
    "sensitivity": "sim.questions.uncertainty",
    "shock_shares": "sim.questions.uncertainty",
    "stress": "sim.questions.inverse",
}
__all__ = ["Scenario", "blame", "load", "open_results", "run", "save", "sensitivity", "shock_shares", "stress"]


def __getattr__(name: str) -> Any:
    """Import public names when they are first used: `sim --help` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
