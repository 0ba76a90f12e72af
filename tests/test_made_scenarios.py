"""Random scenarios: each runs to a result that is finite, bounded and in order, or is refused in words."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from random import Random
from typing import Any

import pytest

import sim
from sim.errors import QuickLookWarning, ScenarioError
from sim.scenario import parse
from tests.made_scenarios import scenario
from tests.sound import unsound

DATA = Path(__file__).parent / "scenario" / "data"
TINY: dict[str, Any] = {"chain": "tiny", "regions": ["A"], "products": ["oxide", "magnet"]}
REAL: dict[str, Any] = {
    "chain": "rare_earths_2024",
    "regions": ["CN"],
    "products": [
        "ionic_clay",
        "dy_oxide",
        "ndpr_oxide",
        "ndpr_metal",
        "alloy_hc",
        "block_hc",
        "magnet_hc",
        "magnet_std",
    ],
}


def tried(numbers: range, names: dict[str, Any]) -> dict[str, list[int]]:
    """Numbers of scenarios by what became of them."""
    found: dict[str, list[int]] = {}
    for number in numbers:
        data = scenario(Random(number), **names)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", QuickLookWarning)
            try:
                said = "; ".join(unsound(sim.run(parse(data, folder=DATA), threads=1))) or "sound"
            except ScenarioError:
                said = "refused"
            except Exception as error:
                said = f"{type(error).__name__}: {error}"[:300]
        found.setdefault(said, []).append(number)
    return found


def test_run__of_ten_made_scenarios_is_sound() -> None:
    found = tried(range(10), TINY)
    assert set(found) <= {"sound", "refused"} and len(found["sound"]) >= 7, found


@pytest.mark.long
@pytest.mark.parametrize(("names", "part"), [(TINY, 0.9), (REAL, 0.1)], ids=["tiny", "rare earths"])
def test_run__of_2_000_made_scenarios_is_sound(names: dict[str, Any], part: float) -> None:
    count = int(part * int(os.environ.get("OREFLOW_LONG_SCENARIOS", "2000")))
    found = tried(range(10_000, 10_000 + count), names)
    print({said: len(numbers) for said, numbers in found.items()})
    assert set(found) <= {"sound", "refused"} and len(found["sound"]) > 0.7 * count, found
