"""One value a run: peaks, months, tonnes and money from the monthly record of a chunk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim import variables
from sim.chain.reference import Reference
from sim.engine.chunk import Chunk, Floats
from sim.engine.groups import Groups
from sim.shocks import Shocks

Values = NDArray[np.float64]


def outcomes(
    reference: Reference, chunk: Chunk, values: dict[str, Floats], shocks: Shocks, runs: int
) -> dict[str, NDArray[np.float32]]:
    """Per-run results of a chunk, each of shape (row, run); the rows are those of the chunk's groups.

    Parameters
    ----------
    values: What `Chunk.derive` returned.
    runs: Runs that count.
    """
    price, short = values["price"][:, :, :runs], values["shortage"][:, :, :runs]
    sectors = len(chunk.layout.sector.labels)
    lacking = values["sector_shortage"][:, :sectors, :runs]
    destroyed = chunk.layout.sector.total(chunk.record.destroyed[:, :runs].astype(np.float64))
    rationed = chunk.layout.sector.total(chunk.record.rationed[:, :runs].astype(np.float64))
    lost = destroyed + rationed
    is_short = lacking > variables.SHORT
    output, added = _values(reference, chunk.layout.sector)
    found = {
        "peak_price": price.max(axis=0),
        "months_dear": (price > variables.DEAR).sum(axis=0),
        "worst_shortage": short.max(axis=0),
        "shortage_months": is_short.sum(axis=0),
        "shortage_tonnes": np.einsum("mrn,rm->rn", lacking, chunk.need["sector"]),
        "rationed_tonnes": rationed,
        # t times USD/kg is thousand USD.
        "lost_output": lost * output[:, None] / 1e3,
        "lost_value_added": lost * added[:, None] / 1e3,
        **_times(is_short, shocks, runs),
        "licence_rent": chunk.record.rent[:, :runs] / 1e3,
        "sender_loss": chunk.record.sender_loss[:, :runs] / 1e3,
    }
    return {name: rows.astype(np.float32) for name, rows in found.items()}


def _values(reference: Reference, plan: Groups) -> tuple[Values, Values]:
    rows = [reference.sectors[sector] for sector, _ in plan.labels]
    return (
        np.array([row.output_value_usd_per_kg for row in rows]),
        np.array([row.value_added_usd_per_kg for row in rows]),
    )


def _times(is_short: NDArray[np.bool_], shocks: Shocks, runs: int) -> dict[str, Values]:
    months = is_short.shape[0]
    onset = shocks.onset[:, :, :runs]
    strikes = onset.min(axis=(0, 1), initial=np.inf) if onset.size else np.full(runs, np.inf)
    began = np.minimum(strikes, float(months))
    ever = is_short.any(axis=0)
    first = np.where(ever, is_short.argmax(axis=0), np.nan)
    last = np.where(ever, months - 1 - is_short[::-1].argmax(axis=0), np.nan)
    survive = np.where(strikes < months, first - began, np.nan)
    return {"time_to_survive": np.maximum(survive, 0.0), "time_to_recover": last - first}


def layouts(chunk: Chunk) -> dict[str, Groups]:
    """Labels of the rows of each per-run variable; those by restriction have none."""
    plan = chunk.layout
    by_sector = ("shortage_months", "shortage_tonnes", "rationed_tonnes", "lost_output", "lost_value_added")
    return {
        **dict.fromkeys(("peak_price", "months_dear"), plan.price),
        "worst_shortage": plan.world_intake,
        **dict.fromkeys((*by_sector, "time_to_survive", "time_to_recover"), plan.sector),
    }
