"""The reference state: tables reconciled into a chain that balances, as labels and as arrays."""

from sim.chain.arrays import core_arrays
from sim.chain.constants import tuned
from sim.chain.reference import Reference, build

__all__ = ["Reference", "build", "core_arrays", "tuned"]
