"""Random scenarios that ought to be valid: any kinds of restriction, regimes, parameters and horizons on a chain."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

Data = dict[str, Any]
KINDS = (
    "ban",
    "licensing",
    "export_quota",
    "export_duty",
    "vat_wedge",
    "dumping",
    "production_quota",
    "outage",
)
PARAMETERS = {
    "price_response": (0.1, 0.8),
    "cost_months": (1.0, 6.0),
    "momentum_linear": (0.0, 0.8),
    "threat_response": (0.0, 10.0),
    "cover_bound": (2.0, 100.0),
    "utilisation_months": (1.0, 12.0),
    "order_bound": (1.0, 10.0),
    "strictness": (0.0, 1.0),
    "users_cover": (0.0, 1.0),
    "rent_response": (0.0, 1.0),
}


def scenario(rng: Random, *, chain: str, regions: list[str], products: list[str]) -> Data:
    """Data of a scenario, as a file would hold it.

    Parameters
    ----------
    regions, products: Names in the chain that restrictions may name.
    """
    steps = rng.choice([12, 24, 24, 52])
    years = rng.choice([0.5, 1, 2, 3])
    data: Data = {
        "title": "Made at random",
        "chain": chain,
        "time": {
            "start": f"20{rng.randint(24, 40)}-{rng.randint(1, 12):02d}",
            "years": years,
            "periods_per_year": steps,
        },
        "ensemble": {"runs": 2, "seed": rng.randrange(2**63)},
        "growth": rng.random() < 0.7,
        "parameters": {name: rng.uniform(*span) for name, span in PARAMETERS.items() if rng.random() < 0.2},
        "restrictions": {},
    }
    if rng.random() < 0.4:
        spells = {"calm_years": rng.uniform(0.1, 20.0), "conflict_years": rng.uniform(0.1, 20.0)}
        data["regimes"] = {regions[0]: spells | {"start": rng.choice(["calm", "conflict", "stationary"])}}
    for number in range(rng.choice([0, 1, 1, 2, 4])):
        conflict = regions[0] if "regimes" in data else None
        data["restrictions"][f"r{number}"] = _restriction(rng, data["time"], regions, products, conflict)
    drawn = [name for name, measure in data["restrictions"].items() if "at" not in measure["onset"]]
    # Upwards only: circles are refused where their product is large.
    for name, other in pairwise(drawn):
        if rng.random() < 0.3:
            data["restrictions"][name]["escalates"] = {other: rng.uniform(0.0, 4.0)}
    return data


def _share(rng: Random) -> Any:
    if rng.random() < 0.5:
        return rng.choice([0.0, 1.0, rng.random()])
    mean = rng.uniform(0.1, 0.9)
    return {"dist": "beta", "mean": mean, "sd": 0.3 * min(mean, 1.0 - mean)}


def _months(rng: Random, most: float) -> Any:
    if rng.random() < 0.5:
        return rng.uniform(0.1, most)
    return {"dist": "lognorm", "median": rng.uniform(0.5, most), "sigma": rng.uniform(0.1, 1.0)}


def _onset(rng: Random, time: Data, conflict: str | None) -> Data:
    if rng.random() < 0.4:
        month = int(time["start"][5:]) - 1 + rng.randrange(int(12 * time["years"]))
        return {"at": f"{int(time['start'][:4]) + month // 12}-{month % 12 + 1:02d}"}
    hazard: Any = rng.uniform(0.0, 3.0)
    if rng.random() < 0.3:
        hazard = {"events": rng.randint(0, 5), "years": rng.uniform(0.5, 20.0)}
    return {"hazard_per_year": hazard} | (
        {"in_conflict": rng.uniform(1.0, 5.0)} if conflict and rng.random() < 0.3 else {}
    )


def _restriction(rng: Random, time: Data, regions: list[str], products: list[str], conflict: str | None) -> Data:
    kind = rng.choice(
        ["ban", "licensing", "export_quota", "export_duty", "vat_wedge", "dumping", "production_quota", "outage"]
    )
    by = conflict or rng.choice(regions)
    data: Data = {"kind": kind, "by": by, "onset": _onset(rng, time, conflict)}
    data["duration"] = "permanent" if rng.random() < 0.3 else {"months": _months(rng, 30.0)}
    data["products"] = rng.sample(products, rng.randint(1, len(products)))
    quota = rng.choice([{"share_of_reference": _share(rng)}, {"t_per_year": rng.uniform(0.1, 100.0)}])
    data |= {
        "ban": {"cut": _share(rng)},
        "licensing": {"cut": _share(rng), "processing_months": rng.uniform(0.2, 6.0)},
        "export_quota": {"quota": quota},
        "export_duty": {"rate": rng.uniform(0.0, 2.0)},
        "vat_wedge": {},
        "dumping": {"discount": rng.uniform(0.0, 0.6)},
        "production_quota": {"quota": quota},
        "outage": {"cut": _share(rng), "acts_on": rng.choice(["capacity", "crossing"])},
    }[kind]
    if rng.random() < 0.3:
        data["notice_months"] = rng.uniform(0.0, 3.0)
    if rng.random() < 0.3:
        data["threat"] = rng.uniform(0.0, 2.0)
    if rng.random() < 0.3:
        data["profile"] = {
            "rise_months": rng.uniform(0, 3),
            "hold_months": rng.uniform(0, 6),
            "recovery_months": rng.uniform(0.5, 9),
        }
    return data
