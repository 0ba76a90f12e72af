"""Modelled values of observed series."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sim.engine.follow import Path
from sim.questions.observables import monthly, predicted, recorded
from sim.scenario.episodes import Episode
from tests.small_episode import quote, series

MONTHS = 24


@pytest.fixture
def path() -> Path:
    markets = {("ore", "EU"): 0, ("ore", "CN"): 1, ("ore", "US"): 2}
    reference = SimpleNamespace(
        at=markets,
        routes=[
            SimpleNamespace(product="ore", origin="CN", destination="EU"),
            SimpleNamespace(product="ore", origin="CN", destination="US"),
            SimpleNamespace(product="ore", origin="US", destination="EU"),
        ],
        scenario=SimpleNamespace(time=SimpleNamespace(start="2010-01"), measures={"ban": 0, "quota": 0}),
    )
    month = np.arange(MONTHS, dtype=float)
    return Path(
        reference=reference,  # type: ignore[arg-type]
        price=np.column_stack([1.0 + month, 2.0 + 0.0 * month, 3.0 + month]),
        transacted=np.ones((MONTHS, 3)),
        shipment=np.column_stack([10.0 + month, 20.0 + 0.0 * month, 5.0 + 0.0 * month]),
        legal=np.column_stack([np.full(MONTHS, 0.5), np.full(MONTHS, 0.75), np.ones(MONTHS)]),
        rent=np.column_stack([0.0 * month, month]),
        stopped=np.zeros((MONTHS, 1)),
    )


def test_monthly__is_the_mean_price_of_the_regions(path: Path) -> None:
    found = monthly(path, series("both", regions=("EU", "US")))
    np.testing.assert_allclose(found, 2.0 + np.arange(MONTHS))


def test_monthly__splits_shipments_into_declared_and_smuggled(path: Path) -> None:
    given = {"regions": (), "origins": ("CN",), "base_from": "", "base_to": ""}
    month = np.arange(MONTHS)
    np.testing.assert_allclose(monthly(path, series("all", quantity="shipments", **given)), 30.0 + month)
    np.testing.assert_allclose(monthly(path, series("legal", quantity="legal_exports", **given)), 20.0 + 0.5 * month)
    np.testing.assert_allclose(monthly(path, series("hidden", quantity="leaked_exports", **given)), 10.0 + 0.5 * month)


def test_monthly__counts_shipments_when_they_arrive(path: Path) -> None:
    row = series("arrivals", quantity="shipments", origins=("CN",), regions=("EU",), months_at_sea=2.0)
    np.testing.assert_allclose(monthly(path, row)[:5], [10.0, 10.0, 10.0, 11.0, 12.0])


def test_monthly__reads_the_rent_of_a_restriction(path: Path) -> None:
    row = series("rent", quantity="rent", products=("quota",), regions=(), base_from="", base_to="")
    np.testing.assert_allclose(monthly(path, row), np.arange(MONTHS))


def test_predicted__divides_by_the_model_s_own_base_and_recorded_by_the_recorded_one(
    path: Path, episode: Episode
) -> None:
    rows = (quote("outside", "2010-06", 20.0), quote("inside", "2010-03", 30.0, last="2010-08"))
    np.testing.assert_allclose(np.exp(predicted(path, episode, rows)), [6.0 / 1.5, 1.0])
    np.testing.assert_allclose(np.exp(recorded(episode, rows)), [2.0, 3.0])


def test_predicted__is_missing_beyond_the_horizon(path: Path, episode: Episode) -> None:
    assert np.isnan(predicted(path, episode, (quote("outside", "2012-01", 1.0),))).all()
