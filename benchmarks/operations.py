"""How many floating-point operations the core does for one entity, one run and one period.

    python -m benchmarks.operations [everything] [--json]

The core is run uncompiled on numbers that count what is done with them, in single periods of a simulation whose other
periods run compiled. Additions, subtractions, products, quotients, minima and maxima count as one operation each, a
fused product and sum thereby as two, as processors count them; comparisons, choices, copies and whole numbers count
nothing. What the core skips because it matters to no run of the block is not done and not counted, so a block is as
wide here as it is there. Operations on numbers that all runs share count nothing: they are done once a block.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import pickle
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

KEPT = Path(__file__).with_name("operations.json")
"""Counts by case; each names the chain and the sources it holds for."""
LANES_COUNTED, PERIODS = 8, (6, 60, 120, 200)
"""Runs of the block that is counted, and periods: a block of 128 would take minutes, and its shortcuts skip a little
less, so that the count is on the low side."""
COUNTED = {"add": "__add__", "subtract": "__sub__", "multiply": "__mul__", "divide": "__truediv__"}
"""Operations of a number and the names of their methods."""


class Tally:
    """Operations done so far, by kind."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.done = dict.fromkeys((*COUNTED, "least or most"), 0)

    @property
    def total(self) -> int:
        """All operations."""
        return sum(self.done.values())


def counting_number(tally: Tally) -> type[np.float32]:
    """A type of single-precision number whose operations are counted."""

    class Counting(np.float32):
        """A number that counts what is done with it."""

        def view(self, _: Any) -> Any:
            """Its bits, as `Bits`."""
            return Bits(np.float32.view(self, np.int32))

    class Bits(np.int32):
        """A whole number made of the bits of a number; it leads back to numbers that count."""

        def view(self, _: Any) -> Any:
            """The number with these bits."""
            return Counting(np.int32.view(self, np.float32))

    def counted(kind: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        """The operation, counted."""

        def method(self: Any, other: Any) -> Any:
            """Count and compute."""
            tally.done[kind] += 1
            return Counting(plain(self, other))

        return method

    def kept(plain: Callable[..., Any]) -> Callable[..., Any]:
        """An operation on bits, whose result is bits."""
        return lambda self, other: Bits(plain(self, other))

    for kind, name in COUNTED.items():
        for method in (name, name.replace("__", "__r", 1)):
            setattr(Counting, method, counted(kind, getattr(np.float32, method)))
    for name in ("__add__", "__sub__", "__and__", "__lshift__", "__rshift__"):
        setattr(Bits, name, kept(getattr(np.int32, name)))
    Counting.bits = Bits  # type: ignore[attr-defined]
    return Counting


class Sampled(NamedTuple):
    """Periods that are counted: the state of the core before each, and all it takes to go on."""

    chain: Any
    events: Any
    projects: Any
    clock: Any
    lanes: int
    blocks: dict[int, Any]
    """State before a period, its arrays of shape (field, entity, lane)."""


def sampled(name: str, periods: tuple[int, ...], lanes: int) -> Sampled:
    """Simulate a case up to each of these periods; only the first `lanes` runs are kept."""
    from benchmarks.cases import ready
    from sim.core import allocate, loop
    from sim.core.full import LANES

    case = ready(name)
    block, blocks, at = allocate.block_at_reference(case.chain, LANES), {}, 0
    record = allocate.no_record(case.chain)
    for period in periods:
        clock = case.clock
        loop.simulate(case.chain, case.events, case.projects, 0, at, period, clock.months, clock.weights, block, record)
        blocks[period] = type(block)(*(array[..., :lanes].copy() for array in block))
        at = period
    return Sampled(case.chain, case.events, case.projects, case.clock, lanes, blocks)


def counted(work: Sampled) -> dict[str, int]:
    """Operations of one period after each sampled state, added up; in an interpreter whose compiler is off."""
    from sim.core import allocate, loop

    tally = Tally()
    number = counting_number(tally)
    _count_in_the_core(tally, number)
    record = allocate.of_block(allocate.monthly_record(work.chain, work.clock.count, 1, work.lanes), 0)
    results = _as_objects(record, number)
    for period, block in work.blocks.items():
        loop.simulate(
            *(work.chain, work.events, work.projects, 0, period, period + 1),
            *(work.clock.months, work.clock.weights, _as_objects(block, number), results),
        )
    return tally.done


def _count_in_the_core(tally: Tally, number: Any) -> None:
    """Let the core's modules call minima and maxima that count, and elementary functions made of numbers that do."""
    import sim.core
    from sim.core import mathx

    def counting(plain: Callable[..., Any]) -> Callable[..., Any]:
        """The function, counted once less than it has arguments."""

        def chosen(*values: Any) -> Any:
            """Count and choose."""
            tally.done["least or most"] += len(values) - 1
            return plain(*values)

        return chosen

    for found in pkgutil.iter_modules(sim.core.__path__):
        module = importlib.import_module(f"sim.core.{found.name}")
        vars(module).update(min=counting(min), max=counting(max))
    # A constant that reaches a lane unchanged does not count by itself; what is made of it does.
    single = SimpleNamespace(exp=lambda x: mathx._exp32(number(x)), log=lambda x: mathx._log32(number(x)))
    vars(mathx).update(np=SimpleNamespace(float32=number, int32=number.bits), math=single)


def _as_objects(arrays: Any, number: type) -> Any:
    """The arrays with every number as one that counts."""

    def one(array: Any) -> Any:
        """One array."""
        objects = np.empty(array.shape, dtype=object)
        objects.ravel()[:] = [number(value) for value in array.ravel()]
        return objects

    return type(arrays)(*map(one, arrays))


def sources() -> str:
    """Digest of the core's sources and of what is counted: a count holds for these only."""
    import sim.core

    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(Path(sim.core.__path__[0]).glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def measure(name: str, *, lanes: int = LANES_COUNTED, periods: tuple[int, ...] = PERIODS) -> dict[str, Any]:
    """Count a case in an interpreter of its own, whose compiler is off.

    Parameters
    ----------
    name: Case or bundled scenario.
    lanes: Runs of the block that is counted.
    periods: Periods that are counted.
    """
    from benchmarks.cases import chain_hash, ready

    case = ready(name)
    work = sampled(name, periods, lanes)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "work.pickle"
        file.write_bytes(pickle.dumps(work))
        command = [sys.executable, "-m", "benchmarks.operations", "--counted", str(file)]
        found = subprocess.run(
            command, env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, check=True, stdout=subprocess.PIPE, text=True
        )
    done: dict[str, int] = json.loads(found.stdout)
    steps = sum(case.entities.values()) * lanes * len(periods)
    return {
        "scenario": name,
        "chain_hash": chain_hash(case.chain),
        "sources": sources(),
        "lanes": lanes,
        "periods": list(periods),
        "operations_per_entity_step": round(sum(done.values()) / steps, 2),
        **{f"{kind.replace(' ', '_')}_per_entity_step": round(count / steps, 2) for kind, count in done.items()},
    }


def known(name: str, digest: str) -> dict[str, Any]:
    """The count of a case: the one kept beside this file where it still holds, else a new one, in half a minute."""
    kept: dict[str, dict[str, Any]] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    found = kept.get(name, {})
    if (found.get("chain_hash"), found.get("sources")) == (digest, sources()):
        return found
    print(f"counting the operations of {name}: its chain or the core changed since {KEPT.name}", file=sys.stderr)
    return measure(name)


def main() -> None:
    """Count all cases, or those named, and keep the counts."""
    from benchmarks.cases import CASES
    from benchmarks.output import show

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("cases", nargs="*", default=list(CASES), help="cases to count; all by default")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--counted", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.counted:
        print(json.dumps(counted(pickle.loads(arguments.counted.read_bytes()))))
        return
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in arguments.cases:
        kept[name] = measure(name)
        show(kept[name], as_json=arguments.json)
    KEPT.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
