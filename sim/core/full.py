"""Full blocks of runs: the compiler knows how many lanes they have, and has machine code of its own for them.

Not with a numba that the core was not tested with: told of the number, that of 0.61 gave lanes of one loop other bits.
"""

from __future__ import annotations

from functools import partial

from sim.core.addresses import by_address
from sim.core.linking import is_tested
from sim.core.state import Block, Record

LANES = 128
"""Runs simulated side by side; a multiple of every vector width, so that a run's bits do not depend on its lane."""


@partial(by_address, last=LANES)
class BlockOfLanes(Block):
    """A block of `LANES` runs: loops over them begin without a count, and a tenth of the time is saved."""


@partial(by_address, last=LANES)
class RecordOfLanes(Record):
    """The record of such a block."""


def told(block: Block, results: Record) -> tuple[Block, Record]:
    """A block and its record as the compiler is handed them: of classes of their own where all arrays have `LANES`."""
    if is_tested() and all(array.shape[-1] == LANES for array in (*block, *results)):
        return BlockOfLanes(*block), RecordOfLanes(*results)
    return block, results
