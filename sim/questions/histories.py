"""Likeliest histories of an event: what suffices for it, and scenario files that replay it with dates."""

from __future__ import annotations

import json
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.core.state import ProjectDraws
from sim.projects import followed
from sim.questions.attribution import came, owners
from sim.questions.expressions import Metric
from sim.questions.rare import Search
from sim.scenario import Scenario, parse
from sim.scenario.models import SPILLOVER
from sim.shocks import NEVER, Shocks
from sim.variables import STEPPED

if TYPE_CHECKING:
    from sim.questions.inverse import Simulation

CANDIDATES = 100
"""Runs with the event that are looked into, drawn by their weight."""
LEVEL_KEYS = {
    "ban": "cut",
    "licensing": "cut",
    "outage": "cut",
    "export_duty": "rate",
    "vat_wedge": "rate",
    "dumping": "discount",
    "denial": "users",
}
"""Key that holds the level of a kind of restriction, where it is held as it stands."""
Index = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class History:
    """One way to an event."""

    share: float
    """Part of the event's probability that comes about by the same restrictions."""
    causes: tuple[str, ...]
    """Restrictions that suffice: without any one of them this run misses the event."""
    run: int
    """Run it was taken from, the one in the middle of its kind."""
    scenario: Scenario
    """The same restrictions with dates, alone; one run replays it."""
    confirmed: bool
    """Whether the replay shows the event: dates are whole days, and projects those of another run."""

    @property
    def toml(self) -> str:
        """The scenario as a file."""
        return written(json.loads(self.scenario.text))


def histories(
    scenario: Scenario, metric: Metric, simulation: Simulation, found: Search, *, ways: int
) -> tuple[History, ...]:
    """The likeliest ways to an event.

    Runs with the event are drawn by their weight. In each, restrictions are left out one after the other, those least
    typical of the event first, for as long as the event still happens; runs are then told apart by what is left.
    """
    if not found.hits.any() or not scenario.restrictions:
        return ()
    chosen = _chosen(found)
    first = int(found.runs[0])
    every = simulation.shocks(found.mixture, found.begin, first, found.mixture.runs)
    shocks = every.of(chosen)
    counts = came(scenario, shocks)
    usual = came(scenario, every) @ (found.weights / found.weights.sum())
    needed = _sufficient(scenario, simulation, shocks, counts, np.argsort(counts.mean(axis=1) - usual), chosen + first)
    sets, place = np.unique(needed, axis=1, return_inverse=True)
    sizes = np.bincount(place.ravel(), minlength=sets.shape[1])
    names, ways_found = np.array(list(scenario.restrictions)), []
    for number in np.argsort(-sizes, kind="stable")[:ways]:
        runs = np.flatnonzero(place.ravel() == number)
        middle = int(runs[_middle(shocks, sets[:, number], runs, scenario)])
        causes = tuple(str(name) for name in names[sets[:, number]])
        dated = replayed(scenario, simulation.reference, shocks, middle, causes, metric.text)
        score = simulation.replay(dated)
        ways_found.append(
            History(float(sizes[number] / sizes.sum()), causes, int(chosen[middle]) + first, dated, score >= 0.0)
        )
    return tuple(ways_found)


def _chosen(found: Search) -> Index:
    """Places of runs with the event, drawn by their weight at even steps."""
    steps = (np.arange(CANDIDATES) + 0.5) / CANDIDATES
    return np.minimum(np.searchsorted(np.cumsum(found.shares), steps), len(found.shares) - 1)


def _sufficient(
    scenario: Scenario, simulation: Simulation, shocks: Shocks, counts: Flags, order: Index, runs: Index
) -> Flags:
    """Restrictions of each run that its event needs, after all that it can do without are left out."""
    needed, player = counts.copy(), owners(scenario)
    for restriction in order.tolist():
        trial = needed.copy()
        trial[restriction] = False

        def draw(reference: Reference, first: int, count: int, trial: Flags = trial) -> tuple[Shocks, ProjectDraws]:
            """Shocks without what is left out; the last run stands in for those beyond the end."""
            place = np.minimum(np.arange(first, first + count), runs.size - 1)
            parts = [followed(reference, first=int(run), runs=1, seed=simulation.seed) for run in runs[place]]
            projects = ProjectDraws(*(np.concatenate(part, axis=1) for part in zip(*parts, strict=True)))
            return shocks.of(place).without(~trial[:, place][player]), projects

        if (needed[restriction]).any():
            without = simulation.scores_of(draw, 0, runs.size) >= 0.0
            needed[restriction] &= ~without
    return needed


def _middle(shocks: Shocks, causes: Flags, runs: Index, scenario: Scenario) -> int:
    """Place of the run nearest to the middle of several, by the ranks of first onset, end and level of each cause."""
    rows = np.flatnonzero(causes)
    features = [getattr(shocks, name)[rows, 0][:, runs] for name in ("onset", "end", "level")]
    ranks = np.concatenate(features).argsort(axis=1).argsort(axis=1)
    return int(np.abs(ranks - 0.5 * (runs.size - 1)).sum(axis=0).argmin()) if rows.size else 0


def replayed(
    scenario: Scenario, reference: Reference, shocks: Shocks, run: int, causes: tuple[str, ...], event: str
) -> Scenario:
    """A scenario in which the events of some restrictions in one run come on their dates, and nothing else.

    Parameters
    ----------
    reference: Reconciled chain; it says what quotas are measured against.
    shocks: Shocks as drawn.
    run: Run, counted from 0.
    causes: Restrictions that come.
    event: What the history leads to, for its title.
    """
    data = json.loads(scenario.text)
    kept: dict[str, Any] = {}
    for name in causes:
        row = shocks.names.index(name)
        slots = np.flatnonzero((shocks.onset[row, :, run] < NEVER) & (shocks.resumed[row, :, run] != STEPPED))
        for number, slot in enumerate(slots.tolist()):
            key = name if number == 0 else f"{name}-{number + 1}"
            kept[key] = dated(scenario, reference, shocks, name, slot, run)
    data |= {
        "title": f"A history of {event}",
        "description": f"One way to {event}, found in: {scenario.title}. Dates and depths are those of a run.",
        "restrictions": kept,
        "regimes": {},
    }
    data["ensemble"] |= {"runs": 1}
    return parse(_given(data), folder=scenario.folder)


def dated(scenario: Scenario, reference: Reference, shocks: Shocks, name: str, slot: int, run: int) -> dict[str, Any]:
    """One event of a restriction as a restriction with a date and fixed numbers."""
    row = shocks.names.index(name)
    at = {field: float(getattr(shocks, field)[row, slot, run]) for field in _FIELDS}
    data = json.loads(scenario.restrictions[name].model_dump_json(by_alias=True, exclude_none=True))
    for key in ("truce", "ruling", "escalates", "reacts"):
        data.pop(key, None)
    last = _last_end(shocks, row, slot, run)
    data["onset"] = {"at": day_of(scenario.time.start, at["onset"])}
    data["duration"] = "permanent" if last >= NEVER else {"months": max(last - at["onset"], 1e-6)}
    data["notice_months"] = max(at["onset"] - at["announced"], 0.0)
    profile = data["profile"] | {"rise_months": at["rise"], "hold_months": at["hold"], "probability": 1.0}
    profile.pop("recovery_months", None)
    data["profile"] = profile | ({"recovery_months": at["recovery"]} if at["recovery"] > 0.0 else {})
    kind, growth = data["kind"], reference.targets[name].growth
    if kind in LEVEL_KEYS:
        data[LEVEL_KEYS[kind]] = at["level"]
    elif kind == "export_quota":
        data["quota"] = {"t_per_year": at["level"]}
    elif kind == "production_quota":
        period = min(max(int(at["onset"] / 12.0 * scenario.time.periods_per_year), 0), len(growth) - 1)
        data["quota"] = {"share_of_reference": at["level"] / float(growth[period])}
    else:
        data["lead_factor"] = 1.0 + at["level"]
    if "spillover" in data:
        data["spillover"] |= _spilled(shocks, name, at["onset"], run)
    return dict(data)


_FIELDS = ("announced", "onset", "level", "rise", "hold", "recovery")


def _last_end(shocks: Shocks, row: int, slot: int, run: int) -> float:
    """End of an event, that of the last of its steps where it has several."""
    own = (shocks.since[row, :, run] == shocks.onset[row, slot, run]) & (shocks.onset[row, :, run] < NEVER)
    return float(shocks.end[row, own, run].max())


def _spilled(shocks: Shocks, name: str, onset: float, run: int) -> dict[str, float]:
    """Share and months of what spilled over from an event."""
    row = shocks.names.index(f"{name}{SPILLOVER}")
    slot = int(np.abs(shocks.onset[row, :, run] - onset).argmin())
    return {
        "share": float(shocks.level[row, slot, run]),
        "months": max(float(shocks.end[row, slot, run] - shocks.onset[row, slot, run]), 1e-6),
    }


def day_of(start: str, months: float) -> str:
    """Day that lies some months after the first of a month, to the nearest whole one.

    Example
    -------
    >>> day_of("2025-01", 3.5), day_of("2025-01", 12.999)
    ('2025-04-16', '2026-02-01')
    """
    year, month = map(int, start.split("-"))
    whole = int(np.floor(months))
    place = 12 * year + month - 1 + whole
    days = round((months - whole) * monthrange(place // 12, place % 12 + 1)[1])
    if days == monthrange(place // 12, place % 12 + 1)[1]:
        place, days = place + 1, 0
    return f"{place // 12:04d}-{place % 12 + 1:02d}-{days + 1:02d}"


def _given(data: Any) -> Any:
    """Data without what is not given."""
    if isinstance(data, Mapping):
        return {key: _given(value) for key, value in data.items() if value is not None}
    return [_given(value) for value in data] if isinstance(data, list) else data


def written(data: Mapping[str, Any]) -> str:
    """A scenario's data as TOML: tables for sections and named parts, all below them in one line.

    Example
    -------
    >>> print(written({"title": "a", "time": {"years": 1.0}, "restrictions": {"ban": {"onset": {"at": "2025-04"}}}}))
    title = "a"
    <BLANKLINE>
    [time]
    years = 1.0
    <BLANKLINE>
    [restrictions.ban]
    onset = { at = "2025-04" }
    """
    data = _given(data)
    lines = [f"{key} = {_inline(value)}" for key, value in data.items() if not isinstance(value, Mapping)]
    for key, value in data.items():
        if isinstance(value, Mapping):
            plain = {name: item for name, item in value.items() if key not in _NAMED or not isinstance(item, Mapping)}
            if plain:
                lines += ["", f"[{key}]", *(f"{name} = {_inline(item)}" for name, item in plain.items())]
            for name in [name for name in value if name not in plain]:
                lines += ["", f"[{key}.{name}]", *(f"{part} = {_inline(item)}" for part, item in value[name].items())]
    return "\n".join(lines)


_NAMED = ("restrictions", "regimes", "provenance")


def _inline(value: Any) -> str:
    """A value as TOML writes it in one line; JSON writes text, numbers and truth alike."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def _key(key: str) -> str:
    """A key, in quotes where it needs them."""
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else json.dumps(key)
