"""Scenario against tables and horizon."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario import load


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("restrictions.halt.by=C", "restrictions.halt.by names 'C', not a known region; give one of A, B"),
        ('restrictions.halt.products=["oxid"]', "restrictions.halt.products names 'oxid', not a known product; did"),
        ('restrictions.halt.towards=["B", "C"]', "restrictions.halt.towards names 'C', not a known region; give"),
        ('restrictions.halt.towards=["B", "B"]', "restrictions.halt.towards names 'B' twice; name each once"),
        ('restrictions.halt.towards=["A", "B"]', "restrictions.halt.towards names A, which imposes it; name other"),
        (
            "restrictions.halt.towards={B = 2}",
            "restrictions.halt.towards.B is 2, which takes a cut of 0.994 above 1; give at most 1.01",
        ),
        ('restrictions.halt.towards=["all"]', "restrictions.halt.towards names 'all', not a known region; give one"),
        ("restrictions.halt.profile.recovers_to={C = 0.5}", "restrictions.halt.profile.recovers_to names 'C', not a"),
        ("restrictions.halt.onset.at=2024-12", "restrictions.halt.onset.at is '2024-12', outside the horizon; give"),
        ("restrictions.halt.onset.at=2030-01", "restrictions.halt.onset.at is '2030-01', outside the horizon; give"),
        ('restrictions.halt.products=["ore"]', "restrictions.halt hits nothing; name products that leave A for its"),
        ("restrictions.halt.towards={B = 0, default = 1}", "restrictions.halt hits nothing; name products that leave"),
        ("restrictions.strike.by=B", "restrictions.strike hits nothing; name products that processes in B make"),
        ("restrictions.strike.towards=B", "restrictions.strike.towards is given for an outage of capacity; remove it"),
    ],
)
def test_check__finds(folder: Any, override: str, line: str) -> None:
    assert folder.fault(override).partition(": ")[2].startswith(line)


@pytest.mark.parametrize(
    ("towards", "weights"),
    [
        ('"all"', (0.0, 1.0)),
        ('"B"', (0.0, 1.0)),
        ('["B"]', (0.0, 1.0)),
        ("{B = 0.5}", (0.0, 0.5)),
        ("{default = 0.7}", (0.0, 0.7)),
    ],
)
def test_weight__follows_towards_and_spares_the_origin(folder: Any, towards: str, weights: tuple[float, float]) -> None:
    halt: Any = load(folder.scenario, overrides=[f"restrictions.halt.towards={towards}"]).restrictions["halt"]
    assert (halt.weight("A"), halt.weight("B")) == weights


def test_remaining__follows_the_table_by_destination(folder: Any) -> None:
    profile = load(folder.scenario).restrictions["halt"].profile
    assert (profile.remaining("B"), profile.remaining("Z")) == (0.2, 0.0)


def test_check__accepts_every_kind(folder: Any) -> None:
    shared = 'by = "A", onset = {at = "2025-06-15"}, duration = {months = 6}, products = ["oxide"]'
    kinds = {
        "duty": 'kind = "export_duty", rate = 0.2',
        "quota": 'kind = "export_quota", quota = {t_per_year = 5}',
        "mines": 'kind = "production_quota", quota = {share_of_reference = {dist = "uniform", low = 0.5, high = 1.2}}',
        "border": 'kind = "outage", acts_on = "crossing", towards = "B", cut = 1',
        "licences": 'kind = "licensing", cut = 0.2, processing_months = 2, throughput = 1, leakage = 0.1',
    }
    texts = [f"restrictions.{name}={{{shared}, {own}}}" for name, own in kinds.items()]
    scenario = load(folder.scenario, overrides=texts)
    assert set(scenario.restrictions) == {"halt", "strike", *kinds}
    assert scenario.time.months_to("2025-06-16") == pytest.approx(5.5)
