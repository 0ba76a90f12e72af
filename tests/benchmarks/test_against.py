"""All tools give the same answer to the reduced chain."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.against import model
from benchmarks.against.measure import TOLERANCE, TOOLS, Tool, answer, is_installed, reference


def by_hand(begin: int, end: int) -> list[list[float]]:
    """Claims for magnets not yet served in one run of the second region, straight from the equations."""
    demand = model.DEMAND[1]
    hand, owed = [cover * demand for cover in model.COVER], [0.0] * 4
    sent = [[demand] * 4 for _ in range(4)]  # by stage, the last periods of shipments; nature's in front
    asked_before = [demand] * 4
    found = []
    for now in range(model.PERIODS):
        share = max(hand[3] / (model.COVER[3] * demand), model.LEAST)
        price = min(max(share**-model.SLOPE, 1.0), model.HIGHEST)
        asked = demand * price**-model.ELASTICITY
        for stage in range(4):
            source = asked_before if stage == 0 else sent[stage - 1]
            there = hand[stage] + source[-model.LEAD[stage] - (stage > 0)]
            wanted = owed[stage] + asked
            shipped = 0.0 if stage == model.STOPPED_STAGE and begin <= now < end else min(there, wanted)
            hand[stage], owed[stage] = there - shipped, wanted - shipped
            sent[stage].append(shipped)
        asked_before.append(asked)
        found.append([price, owed[3]])
    return found


def test_reference__follows_the_equations_of_the_readme() -> None:
    stops = model.stops(3)
    found = reference(3)
    for run in range(3):
        expected = np.array(by_hand(int(stops.begin[run]), int(stops.end[run])))
        assert np.allclose(found.price[:, 1, run], expected[:, 0], rtol=1e-12)
        assert np.allclose(found.owed[:, 1, run], expected[:, 1], atol=1e-9)
    assert (found.price[:, 0] == 1.0).all() and found.price[:, 1:].max() > 1.5


@pytest.mark.parametrize("name", TOOLS)
def test_tools__give_the_answer_of_the_reference(name: str) -> None:
    tool: Tool = TOOLS[name]
    if not is_installed(tool):
        pytest.skip(f"{tool.package} is not installed: pip install 'oreflow[against]'")
    runs = min(tool.runs, 2 if tool.package in ("stockpyl", "pysd") else 130)
    assert model.farthest(answer(tool, runs), reference(runs)) < TOLERANCE
