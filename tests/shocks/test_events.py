from __future__ import annotations

import numpy as np

from sim.chain import build
from sim.shocks import NEVER, Shocks, sample
from sim.shocks.events import ABSENT
from tests.shocks.test_sampling import scenario

RUNS = 64
LICENCES = {
    "onset": {"hazard_per_year": 0.5},
    "notice_months": 1.0,
    "escalates": {"ban": 5.0},
}
BAN = {"onset": {"hazard_per_year": 0.3}, "duration": {"months": 3.0}}


def busy() -> Shocks:
    given = scenario(licences=LICENCES, ban=BAN)
    return sample(given, build(given), first=0, runs=RUNS, seed=1)


def test_without__takes_all_events_of_a_restriction_out_and_leaves_the_others_to_the_bit() -> None:
    shocks = busy()
    out = np.zeros((2, RUNS), dtype=bool)
    out[0, ::2] = True
    left = shocks.without(out)
    assert np.all(left.onset[0, :, ::2] == NEVER) and np.all(left.announced[0, :, ::2] == NEVER)
    assert np.all(left.ending[0, :, ::2] == ABSENT)
    for name in ("announced", "onset", "since", "end", "level", "severity", "rise", "ending", "resumed"):
        before, after = getattr(shocks, name), getattr(left, name)
        assert before.dtype == after.dtype
        np.testing.assert_array_equal(after[1], before[1])
        np.testing.assert_array_equal(after[0, :, 1::2], before[0, :, 1::2])


def test_of__repeats_runs_in_any_order() -> None:
    shocks, runs = busy(), np.array([5, 0, 5])
    chosen = shocks.of(runs)
    for name in ("onset", "level", "hazard", "ending"):
        np.testing.assert_array_equal(getattr(chosen, name), getattr(shocks, name)[..., runs])


def test_of_and_without__keep_the_memory_layout_that_the_core_is_compiled_for() -> None:
    shocks = busy()
    chosen = shocks.of(np.arange(0, RUNS, 2)).without(np.ones((2, RUNS // 2), dtype=bool))
    assert all(array.flags.c_contiguous for array in chosen.events(0.5))
