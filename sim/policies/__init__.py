"""Instruments of governments, made into driver arrays and accounts."""

from sim.policies.accounts import budget_years, money, present_worth
from sim.policies.drivers import driven

__all__ = ["budget_years", "driven", "money", "present_worth"]
