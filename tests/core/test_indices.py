"""No index of the core counts from the end: compiled, it would be taken as it is, and reach before the array."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.operations import sampled

SAMPLED = {
    "everything": (6, 119, 120),
    "allied_strategy": (30, 150),
    "blanks_reaction": (40,),
    "controls_2025": (10,),
    "end_use_denial": (30,),
    "price_war": (30,),
    "quota_2010": (30,),
    "sourcing_2027": (60,),
    "technology_ban_2023": (30,),
}
"""Scenarios that have all there is in the core between them, and periods that are simulated uncompiled."""


def refuse_negative(place: Any) -> None:
    """Raise where an index, or a bound of a slice, is below zero."""
    for each in place if isinstance(place, tuple) else (place,):
        for number in (each.start, each.stop) if isinstance(each, slice) else (each,):
            if isinstance(number, int | np.integer) and number < 0:
                raise IndexError(f"an index counts from the end: {place}")


class FromTheStart(np.ndarray):
    """An array whose indices must not be negative."""

    def __getitem__(self, place: Any) -> Any:
        """As of an array."""
        refuse_negative(place)
        return super().__getitem__(place)

    def __setitem__(self, place: Any, value: Any) -> None:
        """As of an array."""
        refuse_negative(place)
        super().__setitem__(place, value)


class RecordsFromTheStart(np.recarray):
    """Records whose indices must not be negative."""

    def __getitem__(self, place: Any) -> Any:
        """As of records."""
        refuse_negative(place)
        return super().__getitem__(place)


def guarded(part: Any) -> Any:
    """A record of arrays, or an array, with indices that must not be negative."""
    if isinstance(part, np.recarray):
        return part.view(RecordsFromTheStart)
    if isinstance(part, tuple):
        return type(part)(*map(guarded, part))
    return part.view(FromTheStart) if isinstance(part, np.ndarray) and part.ndim else part


def simulate_uncompiled(folder: Path) -> None:
    """Simulate single periods that were sampled; in an interpreter whose compiler is off."""
    from sim.core import allocate, loop

    for file in sorted(folder.iterdir()):
        work = pickle.loads(file.read_bytes())
        record = allocate.of_block(allocate.monthly_record(work.chain, work.clock.count, 1, work.lanes), 0)
        chain, events, projects = (guarded(each) for each in (work.chain, work.events, work.projects))
        months, weights = guarded(work.clock.months), guarded(work.clock.weights)
        for period, block in work.blocks.items():
            state = guarded(block), guarded(record)
            loop.simulate(chain, events, projects, 0, period, period + 1, months, weights, *state)
        print(file.stem, float(record.flow.sum()))


def test_core__counts_every_index_from_the_start(tmp_path: Path) -> None:
    for name, periods in SAMPLED.items():
        (tmp_path / name).write_bytes(pickle.dumps(sampled(name, periods, 1)))
    code = f"from pathlib import Path; from {__name__} import simulate_uncompiled as s; s(Path({str(tmp_path)!r}))"
    given = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    flows = dict(line.split() for line in done.stdout.splitlines())
    assert set(flows) == set(SAMPLED) and all(float(flow) > 0.0 for flow in flows.values())


def test_guarded__refuses_what_counts_from_the_end() -> None:
    rows = guarded(np.zeros((2, 3)))
    assert rows[1, 2] == 0.0 and rows[1:].shape == (1, 3)
    for place in (-1, (0, -1), slice(-1, None), np.int32(-2)):
        with pytest.raises(IndexError, match="from the end"):
            rows[place]
    with pytest.raises(IndexError, match="from the end"):
        rows[0][-1] = 1.0
    with pytest.raises(IndexError, match="from the end"):
        guarded(np.rec.array([(1, 2)], dtype=[("a", int), ("b", int)]))[-1]
