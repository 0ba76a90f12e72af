"""The table of policies: what it compares, and the ratio it draws from it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.policies import Variant, columns, per_loss_avoided, variants
from sim.scenario import load


def variant(loss: list[float], cost: list[float]) -> Variant:
    return Variant("x", {"defence": np.array(loss)}, 1.0, {2026: 0.5}, np.array(cost), np.array(cost))


def test_per_loss_avoided__is_the_ratio_of_means_on_the_same_runs() -> None:
    plain, other = variant([10.0, 30.0], [0.0, 0.0]), variant([8.0, 26.0], [3.0, 3.0])
    middle, low, high = per_loss_avoided(plain, other, seed=1)
    assert middle == pytest.approx(1.0)
    assert low == pytest.approx(0.75) and high == pytest.approx(1.5)
    assert "cost per loss avoided" not in columns(plain, plain, 1)
    assert columns(plain, other, 1)["loss avoided, million USD"] == pytest.approx(3.0)


@pytest.mark.long
def test_variants__compare_all_of_them_alone_and_left_out() -> None:
    credit = '{ kind = "credit", regions = ["US"], products = ["magnet_std"], usd_per_kg = 20 }'
    scenario = load("baseline", overrides=["time.years=2", f"policies.credit={credit}"])
    found = list(variants(scenario, "US", runs=4, seed=1))
    assert [row.name for row in found] == ["none", "all", "only credit", "without credit"]
    assert found[0].cost.tolist() == [0.0] * 4 and found[1].cost.min() > 0.0
    assert np.array_equal(found[1].loss, found[2].loss) and np.array_equal(found[0].loss, found[3].loss)
    assert all(0.0 < share < 1.0 for share in found[0].imported.values())
