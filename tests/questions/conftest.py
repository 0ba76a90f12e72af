"""Futures by hand: one product of each of two stages, two regions, two sectors, two years, few runs."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

import sim
from sim.engine.baseline import reference_path
from sim.scenario.episodes import Episode
from tests import small_episode, small_results

MONTHS = 24
REGIONS = ["CN", "EU", "world"]
PRODUCTS = ["ore", "magnet_hc"]
SECTORS = ["defence", "cars"]
ROUTES = ["magnet_hc CN>EU"]
USES = ["defence magnet_hc EU", "cars magnet_hc EU"]


def text(*names: str) -> np.ndarray:
    return np.array(names, dtype=object)


def reference() -> xr.Dataset:
    """The EU needs 100 t of magnets a month: 80 come from China, 20 are made at home, 5 of them of scrap."""
    time = (np.datetime64("2025-01", "M") + np.arange(MONTHS)).astype("datetime64[ns]")
    grid = (MONTHS, len(PRODUCTS), len(REGIONS))
    need, made = np.full(grid, np.nan), np.full(grid, np.nan)
    need[:, 1, 1:] = 100.0
    made[:, 1] = (300.0, 20.0, 320.0)
    made[:, 0, 0] = made[:, 0, 2] = 1000.0
    by_market = ("product", "region")
    nothing = np.full((2, 3), np.nan)
    scrap, spare, ends, touched = nothing.copy(), nothing.copy(), np.zeros((2, 3, 2)), np.zeros((2, 2, 3))
    scrap[1], spare[1], ends[1, 1], touched[0, 1, 1] = (0.0, 0.25, 0.0), (0.5, 0.25, 0.0), (0.1, 0.9), 0.8
    flat = np.ones((MONTHS, 1))
    return xr.Dataset(
        {
            "need": (("time", *by_market), need),
            "production": (("time", *by_market), made),
            "from_scrap": (by_market, scrap),
            "spare": (by_market, spare),
            "ends_in": ((*by_market, "sector"), ends),
            "touched": (("origin", *by_market), touched),
            "use_need": (("time", "use"), flat * [10.0, 90.0]),
            "route_flow": (("time", "route"), flat * 80.0),
            "transit": ("route", [0.0]),
            "unit_price": ("product", [5.0, 60.0]),
            "contained": (("product", "element"), [[0.2, 0.01], [0.3, 0.02]]),
            "output_value": ("sector", [1000.0, 100.0]),
            "value_added": ("sector", [400.0, 50.0]),
            "stage_of": ("product", text("mining", "magnet")),
            "sector_class": ("sector", text("defence", "essential")),
            "use_product": ("use", text("magnet_hc", "magnet_hc")),
            "use_sector": ("use", text(*SECTORS)),
            "use_region": ("use", text("EU", "EU")),
            "route_product": ("route", text("magnet_hc")),
            "route_origin": ("route", text("CN")),
            "route_destination": ("route", text("EU")),
        },
        coords={
            "time": time,
            "product": PRODUCTS,
            "region": REGIONS,
            "sector": SECTORS,
            "route": ROUTES,
            "use": USES,
            "origin": REGIONS[:2],
            "element": ["ndpr", "dy"],
        },
    )


def futures(shortage: np.ndarray, delivery: np.ndarray, price: np.ndarray | None = None) -> xr.DataTree:
    """Futures of magnets in the EU; shortage, delivery and price have the shape (run, month)."""
    base = reference()
    runs = len(shortage)
    markets = np.full((runs, MONTHS, 2, 3), np.nan, dtype=np.float32)
    lacking, dear, held = markets.copy(), np.ones_like(markets), np.ones_like(markets)
    lacking[:, :, 1, 1] = shortage
    if price is not None:
        dear[:, :, 1, 1] = price
    at = ("run", "time", "product", "region")
    labels = {name: base[name].values for name in ("time", "product", "region", "route")}
    monthly = xr.Dataset(
        {
            "shortage": (at, lacking),
            "price": (at, dear),
            "inventory": (at, held),
            "delivery": (("run", "time", "route"), np.asarray(delivery, np.float32)[:, :, None]),
        },
        coords=labels | {"run": np.arange(runs)},
    )
    lost = np.zeros((runs, 2, 3), dtype=np.float32)
    lost[: runs // 2, 1, 1] = 4.0
    dims, onset = ("run", "sector", "region"), np.full((1, 2, runs), np.nan)
    onset[0, 0, : runs // 2] = 3.0
    sectors = {"sector": SECTORS, "region": REGIONS, "run": np.arange(runs)}
    names = ("lost_output", "lost_value_added", "rationed_tonnes", "destroyed_tonnes")
    per_run = xr.Dataset({name: (dims, lost) for name in names}, coords=sectors)
    resumed = np.where(np.isnan(onset), -1, 0).astype(np.int8)
    shocks = xr.Dataset(
        {
            "onset": (("restriction", "event", "run"), onset),
            "resumed": (("restriction", "event", "run"), resumed),
        },
        coords={"restriction": ["ban"], "run": np.arange(runs)},
    )
    tree = xr.DataTree.from_dict({"reference": base, "monthly": monthly, "runs": per_run, "shocks": shocks})
    tree.attrs = {
        "title": "By hand",
        "seed": 1,
        "runs": runs,
        "oreflow_version": "0",
        "scenario": json.dumps({"chain": "by_hand"}),
        "scenario_file": "hand.toml",
    }
    return tree


@pytest.fixture(scope="session")
def bundled() -> xr.Dataset:
    """The path without shocks of the bundled chain, one year."""
    return reference_path(sim.load("still", overrides=["time.years=1"]))


@pytest.fixture
def make() -> Callable[..., xr.DataTree]:
    return futures


@pytest.fixture
def base() -> xr.Dataset:
    return reference()


@pytest.fixture
def episode() -> Episode:
    """A small episode of two series, by hand."""
    return small_episode.episode()


@pytest.fixture
def results() -> xr.DataTree:
    """Forty runs with known values."""
    return small_results.results()
