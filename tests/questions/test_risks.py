"""Risks as text."""

from __future__ import annotations

import pytest

from sim.questions.risks import Risk, parse_risk


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P(loss > 0.01 of annual demand) <= 0.05", Risk("loss", 0.01, "of annual demand", 0.05)),
        (" P( rationed>2.5e1 t )<=0 ", Risk("rationed", 25.0, "t", 0.0)),
        ("P(destroyed > 3 tonnes) <= 0.5", Risk("destroyed", 3.0, "t", 0.5)),
    ],
)
def test_parse_risk__reads_measure_threshold_unit_and_probability(text: str, expected: Risk) -> None:
    assert parse_risk(text) == expected
    assert parse_risk(str(expected)) == expected


def test_parse_risk__names_all_faults_at_once() -> None:
    faults = parse_risk("P(lossed > -1 of demand) <= 5")
    assert isinstance(faults, list)
    assert [str(fault) for fault in faults] == [
        "--risk: the measure is 'lossed'; did you mean loss?",
        "--risk: the threshold is '-1'; give a number of 0 or more",
        "--risk: the unit of the threshold is 'of demand'; give one of: of annual demand, t",
        "--risk: the probability is '5'; give a number from 0 to below 1",
    ]


@pytest.mark.parametrize("text", ["", "loss < 0.05", "P(loss > 0.01 of annual demand) >= 0.05", "P(loss > nan t <= 1"])
def test_parse_risk__of_something_else_shows_how_to_write_it(text: str) -> None:
    (fault,) = parse_risk(text)  # type: ignore[misc]
    assert "states no risk" in str(fault) and "P(loss > 0.01 of annual demand) <= 0.05" in str(fault)


def test_tonnes__is_the_threshold_of_the_class() -> None:
    assert Risk("loss", 0.01, "of annual demand", 0.05).tonnes(700.0) == pytest.approx(7.0)
    assert Risk("loss", 9.0, "t", 0.05).tonnes(700.0) == 9.0
