"""Scenarios: frozen typed models, their reader and the tables they stand on."""

from sim.scenario.models import Scenario
from sim.scenario.reader import bundled, load, parse, schema

__all__ = ["Scenario", "bundled", "load", "parse", "schema"]
