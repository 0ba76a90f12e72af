"""Posterior files: draws of the parameters, what each says of each episode, and where they come from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim import store
from sim.errors import Fault, ScenarioError
from sim.questions.weighting import Ensemble, effective, weights
from sim.scenario.base import label, nearest
from sim.scenario.parameters import Parameters
from sim.scenario.sources import read_text, scenario_root

Values = NDArray[np.float64]
ENDINGS = (".csv",)
SCORE, LIKELIHOOD, RATIO = "score.", "log_likelihood.", "log_prior_over_proposal"
GOLDEN = 0.5 * (5.0**0.5 - 1.0)
BYTES = 64 * 2**20


@dataclass(frozen=True)
class Posterior:
    """Draws of the free parameters, weighted by what each says of the episodes."""

    ensemble: Ensemble
    ratio: Values
    """Log density of the prior over that of the proposal, shape (draw,)."""
    likelihood: dict[str, Values]
    """Log likelihood of each draw by episode, shape (draw,)."""
    provenance: dict[str, str]
    """Version, seed, draws, and digests of what went in."""

    def weight(self, fit: Sequence[str]) -> Values:
        """Normalised weights after some episodes; with none, those of the prior. Shape (draw,).

        Raises
        ------
        ScenarioError: An episode that the file does not know.
        """
        strange = [name for name in fit if name not in self.likelihood]
        if strange:
            raise ScenarioError(
                [Fault("posterior", name, "was not fitted", nearest(name, self.likelihood)) for name in strange]
            )
        return weights(self.ratio + sum((self.likelihood[name] for name in fit), np.zeros(self.ratio.size)))


def spread_over_runs(name: str, fit: Sequence[str], sets: int) -> str:
    """What sets the `posterior` of a scenario, as an override: sets that stand for weighted draws with equal weights.

    Places on the comb of weights follow the golden ratio, so that the first few sets stand for the whole as well.

    Parameters
    ----------
    name: Name of a bundled posterior, or a file.
    fit: Episodes whose likelihood counts; all in the file if there are none.
    sets: Number of sets.

    Raises
    ------
    ScenarioError: The file cannot be read, or an episode is not in it.

    Example
    -------
    >>> spread_over_runs("rare_earths", ["rare_earths_2025"], 2)[:33]
    'posterior={source="rare_earths.cs'
    """
    found, file = read(name), bundled().get(name, Path(name))
    episodes = list(fit) or list(found.likelihood)
    weight = found.weight(episodes)
    places = (np.arange(sets) + 0.5) * GOLDEN % 1.0
    picks = np.minimum(np.searchsorted(np.cumsum(weight), places), weight.size - 1)
    rows = [", ".join(found.ensemble.overrides(pick)).replace("parameters.", "") for pick in picks.tolist()]
    source = (
        f"{file.name}, fitted to {' and '.join(episodes)}: {sets} sets for {effective(weight):.0f} effective "
        f"draws of {weight.size}; seed {found.provenance.get('seed', 'unknown')}"
    )
    return f"posterior={{source={json.dumps(source)}, sets=[{', '.join(f'{{{row}}}' for row in rows)}]}}"


def bundled() -> dict[str, Path]:
    """Posterior files that come with the scenarios, by name."""
    return {path.stem: path for path in sorted((scenario_root() / "posteriors").glob("*.csv"))}


def write(posterior: Posterior, path: Path) -> None:
    """Write a posterior file, whole or not at all.

    Parameters
    ----------
    posterior: What `calibrate` returned.
    path: A path that `sim.store.checked_place` returned.
    """
    text = io.StringIO()
    text.writelines(f"# {key}: {value}\n" for key, value in posterior.provenance.items())
    names = posterior.ensemble.names
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        [
            *names,
            *(f"{SCORE}{name}" for name in names),
            RATIO,
            *(f"{LIKELIHOOD}{name}" for name in posterior.likelihood),
        ]
    )
    columns = [
        *posterior.ensemble.values.T,
        *posterior.ensemble.score.T,
        posterior.ratio,
        *posterior.likelihood.values(),
    ]
    table.writerows([f"{value:.6g}" for value in row] for row in zip(*columns, strict=True))
    with store.replacing(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8")


def read(name: str | Path) -> Posterior:
    """Return a posterior: a bundled one by name, or a file.

    Raises
    ------
    ScenarioError: The file cannot be read, or is no posterior; all faults are listed.
    """
    path = bundled().get(str(name), Path(name))
    if not path.suffix:
        cure = nearest(str(name), bundled(), otherwise="give a bundled name or the path of a file")
        raise ScenarioError([Fault(label(str(name)), "", "is not a bundled posterior", cure)])
    text = read_text(path, path.name, limit=BYTES)
    notes = [line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#")]
    lines = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    header, faults = (lines[0] if lines else []), []
    names = tuple(column for column in header if f"{SCORE}{column}" in header)
    fitted = [column for column in header if column.startswith(LIKELIHOOD)]
    known = {*names, *(f"{SCORE}{name}" for name in names), *fitted, RATIO}
    if not names or RATIO not in header or not fitted or set(header) != known or len(lines) < 2:
        faults.append(
            Fault(path.name, "header", "is not that of a posterior", "give a file that `sim calibrate` wrote")
        )
    faults += [
        Fault(path.name, name, "is not a known parameter", nearest(name, Parameters.model_fields))
        for name in names
        if name not in Parameters.model_fields
    ]
    numbers = _numbers(lines[1:], len(header), path.name, faults)
    if faults:
        raise ScenarioError(faults)
    column = dict(zip(header, numbers.T, strict=True))
    return Posterior(
        ensemble=Ensemble(
            names,
            np.array([column[f"{SCORE}{name}"] for name in names]).T,
            np.array([column[name] for name in names]).T,
        ),
        ratio=column[RATIO],
        likelihood={name.removeprefix(LIKELIHOOD): column[name] for name in fitted},
        provenance={key: value.strip() for key, _, value in (note.partition(":") for note in notes)},
    )


def _numbers(lines: list[list[str]], width: int, file: str, faults: list[Fault]) -> Values:
    """Cells as finite numbers, shape (draw, column); rows that hold anything else become faults."""
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = [float(cell) for cell in line]
        except ValueError:
            row = []
        if len(row) != width or not np.isfinite(row).all():
            faults.append(Fault(file, f"draw {number}", "is not a row of finite numbers", "write the file anew"))
        rows.append(row)
    return np.array(rows, dtype=np.float64) if not faults else np.zeros((0, width))
