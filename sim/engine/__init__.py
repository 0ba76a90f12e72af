"""The engine: a scenario to labelled results."""

from sim.engine.run import run

__all__ = ["run"]
