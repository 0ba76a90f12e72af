from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.questions.removal import n_1, n_1_stages


def test_n_1__is_made_up_for_by_spare_capacity_only(base: xr.Dataset) -> None:
    static = n_1(base, "EU", ["magnet_hc"])
    assert str(static.supplier.values[0]) == "CN" and str(static.stage.values[0]) == "magnet"
    assert float(static.gone[0]) == pytest.approx(960.0)
    # Home makers have a quarter of 240 t to spare.
    assert float(static.lost[0]) == pytest.approx(900.0)
    assert float(static.covered[0]) == pytest.approx(0.25)


def test_n_1__of_a_region_that_imports_nothing_loses_nothing(base: xr.Dataset) -> None:
    static = n_1(base, "CN", ["magnet_hc"])
    assert str(static.supplier.values[0]) == "" and float(static.lost[0]) == 0.0 and float(static.covered[0]) == 1.0


def test_n_1_stages__takes_one_country_out_of_all_products_of_a_stage(base: xr.Dataset) -> None:
    # Two grades: of hc 80 t a month come from China at 60 USD/kg, of std 50 t from Japan at 40: China is the larger.
    parts = [base.isel(product=[0, 1]), base.isel(product=[1]).assign_coords(product=["std"])]
    two = xr.concat(parts, dim="product", data_vars="all")
    for name in base.data_vars:
        if "product" not in base[name].dims:
            two[name] = base[name]
    two["unit_price"].loc[{"product": "std"}] = 40.0
    two = two.drop_dims("route")
    routes = {"route": ["magnet_hc CN>EU", "std JP>EU"]}
    two["route_flow"] = (("time", "route"), np.ones((24, 1)) * [80.0, 50.0])
    for name, values in (("product", ["magnet_hc", "std"]), ("origin", ["CN", "JP"]), ("destination", ["EU", "EU"])):
        two[f"route_{name}"] = ("route", np.array(values, dtype=object))
    two = two.assign_coords(routes).reindex(region=["CN", "EU", "JP", "world"])
    found = n_1_stages(two, "EU", ["magnet_hc", "std"])
    assert [str(name) for name in found.stage.values] == ["magnet"] and str(found.supplier.values[0]) == "CN"
    # 80 and 20 t of hc at 60, 50 and 20 of std at 40; China's 80 less the 5 t a month that home can add.
    assert float(found.gone[0]) == pytest.approx(12 * 80 * 0.06)
    assert float(found.lost[0]) == pytest.approx(12 * 75 * 0.06)
    assert float(found.share[0]) == pytest.approx(80 * 60 / (100 * 60 + 70 * 40))
