"""Instruments of governments, made into driver arrays and accounts."""

from sim.policies.accounts import budget_years, earners, money, present_worth
from sim.policies.drivers import driven

__all__ = ["budget_years", "driven", "earners", "money", "present_worth"]
