"""The bundled chain with policies, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import sim
from sim.chain import Reference, build, core_arrays
from sim.core.state import Chain
from sim.policies import driven

BASE = ("time.years=4",)
Driven = Callable[..., tuple[Reference, Chain, Chain]]


@pytest.fixture(scope="session")
def with_policies() -> Driven:
    """Gives the reference state of the baseline with some policies, its arrays without them and with them."""
    plain = sim.load("baseline", overrides=BASE)
    reference = build(plain)
    chain = core_arrays(reference)

    def made(*overrides: str) -> tuple[Reference, Chain, Chain]:
        """Reference, plain arrays and driven ones; the tables, and so the reference state, are the same."""
        changed = replace(reference, scenario=plain.replace(*overrides)) if overrides else reference
        return changed, chain, driven(chain, changed)

    return made
