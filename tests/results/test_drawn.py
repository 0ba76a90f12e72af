"""Events of restrictions, portion by portion, are those read all at once."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.results import portions
from sim.results.drawn import drawn_events
from sim.variables import RESTRICTION, RUN, SLOT, STEPPED

RUNS, SLOTS = 53, 3


@pytest.fixture
def results() -> xr.DataTree:
    """Two restrictions, up to three events a run, some of them later steps of the one before."""
    random = np.random.default_rng(7)
    shape = (2, SLOTS, RUNS)
    onset = np.where(random.random(shape) < 0.6, random.integers(0, 100, shape), np.nan).astype(np.float32)
    drawn = {
        "onset": onset,
        "duration": random.integers(1, 50, shape).astype(np.float32),
        "ending": random.integers(0, 4, shape).astype(np.int8),
        "resumed": np.where(random.random(shape) < 0.3, STEPPED, 0).astype(np.int8),
    }
    arrays = {name: ((RESTRICTION, SLOT, RUN), values) for name, values in drawn.items()}
    return xr.DataTree.from_dict({"shocks": xr.Dataset(arrays, {RESTRICTION: ["ban", "quota"]})})


def by_hand(results: xr.DataTree, name: str) -> tuple[list[float], list[tuple[bool, float, bool]]]:
    """First onset of each run, and run parity, duration and lifting of each event, run by run in plain Python."""
    drawn = {item: results["shocks"][item].sel({RESTRICTION: name}).values for item in results["shocks"].data_vars}
    firsts, events = [], []
    for run in range(RUNS):
        began = []
        for slot in range(SLOTS):
            if np.isnan(drawn["onset"][slot, run]) or drawn["resumed"][slot, run] == STEPPED:
                continue
            began.append(float(drawn["onset"][slot, run]))
            lasts, step = float(drawn["duration"][slot, run]), slot + 1
            while step < SLOTS and drawn["resumed"][step, run] == STEPPED:
                lasts, step = lasts + float(drawn["duration"][step, run]), step + 1
            events.append((run % 2 == 0, lasts, bool(drawn["ending"][slot, run] >= 2)))
        firsts.append(min(began, default=np.inf))
    return firsts, sorted(events)


@pytest.mark.parametrize("portion", [1, 400, 2**25])
def test_drawn_events__are_those_found_run_by_run(
    results: xr.DataTree, portion: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "PORTION", portion)
    monkeypatch.setattr("sim.results.drawn.PORTION", portion)
    among = np.arange(RUNS) % 2 == 0
    for name, found in drawn_events(results, among).items():
        firsts, events = by_hand(results, name)
        assert found.first.tolist() == firsts
        seen = zip(found.among.tolist(), found.duration.tolist(), found.lifted.tolist(), strict=True)
        assert sorted(seen) == events
        apart = found.apart(among)
        assert apart.duration.size == sum(theirs for theirs, _, _ in events) and apart.first.tolist() == firsts[::2]
