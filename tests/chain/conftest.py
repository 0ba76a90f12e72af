"""The bundled chain, and the two-region example as a scenario made of given restrictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.chain import Reference, build
from sim.scenario import parse

DATA = Path(__file__).parents[1] / "scenario" / "data"


@pytest.fixture(scope="session")
def still() -> Reference:
    """The bundled chain without restrictions and growth."""
    return build(sim.load("still"))


@pytest.fixture(scope="session")
def growing() -> Reference:
    """The bundled chain with growth, ten years."""
    return build(sim.load("baseline"))


@pytest.fixture
def tiny() -> Callable[..., Reference]:
    """The two-region example, built under the restrictions given by name."""

    def built(*overrides: str, growth: bool = False, **restrictions: dict[str, Any]) -> Reference:
        usual = {"by": "A", "onset": {"at": "2025-06"}, "duration": "permanent"}
        rows = {name: usual | row for name, row in restrictions.items()}
        time = {"start": "2025-01", "years": 4.0}
        data = {"title": "test", "chain": "tiny", "growth": growth, "time": time, "restrictions": rows}
        return build(parse(data, folder=DATA, overrides=overrides))

    return built
