"""Every public name says what it is for and shows it."""

from __future__ import annotations

import inspect

import pytest

import sim
from sim import plotting

DEAR = {"blame", "dependence", "downstream", "exposure", "indicators", "make_catalogue", "requirement"} | {
    "discover",
    "factor_indices",
    "frontier",
    "run_until",
    "open_catalogue",
    "parameter_indices",
    "sensitivity",
    "shock_shares",
    "size_stockpile",
    "stress",
    "value_of_information",
}
"""Names whose example would simulate for seconds: notebooks and the tests of their commands show them."""


@pytest.mark.parametrize("name", sim.__all__)
def test_name__has_a_docstring_and_an_example_where_it_is_cheap(name: str) -> None:
    said = inspect.getdoc(getattr(sim, name)) or ""
    assert len(said.splitlines()[0]) > 10
    # A scenario is made by `load`, whose example shows one.
    assert ">>>" in said or name in {*DEAR, "Scenario"}, f"sim.{name} has no example"


def test_names__without_an_example_are_public() -> None:
    assert set(sim.__all__) >= DEAR


@pytest.mark.parametrize("name", plotting.__all__)
def test_picture__says_what_its_parameters_are(name: str) -> None:
    function = getattr(plotting, name)
    said = inspect.getdoc(function) or ""
    if "parameters as for" not in said:
        assert all(parameter in said for parameter in inspect.signature(function).parameters), f"sim.plotting.{name}"
