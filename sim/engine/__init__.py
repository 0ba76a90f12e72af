"""The engine: a scenario to labelled results."""

from sim.engine.run import again, run

__all__ = ["again", "run"]
