"""Risks as people write them: `P(loss > 0.01 of annual demand) <= 0.05`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sim.errors import Fault
from sim.scenario.base import nearest, show

MEASURES = {
    "loss": ("rationed", "destroyed"),
    "rationed": ("rationed",),
    "destroyed": ("destroyed",),
}
"""What may be bounded: loss is what users want and do not get, and what they give up because of its price."""
UNITS = ("of annual demand", "t")
EXAMPLE = "P(loss > 0.01 of annual demand) <= 0.05"
_FORM = re.compile(
    r"\s*P\s*\(\s*(?P<measure>\w+)\s*>\s*(?P<threshold>[^\s)]+)\s*(?P<unit>[^)]*?)\s*\)\s*<=\s*(?P<risk>\S+)\s*"
)


@dataclass(frozen=True)
class Risk:
    """A bound on the probability that what is lost over the horizon exceeds a threshold."""

    measure: str
    """One of `MEASURES`."""
    threshold: float
    unit: str
    """One of `UNITS`."""
    most: float
    """Probability allowed."""

    def tonnes(self, annual_demand: float) -> float:
        """Threshold in tonnes.

        Parameters
        ----------
        annual_demand: Demand of a year in the reference state, t.
        """
        return self.threshold * (annual_demand if self.unit == UNITS[0] else 1.0)

    def __str__(self) -> str:
        """Return the risk as it is written."""
        return f"P({self.measure} > {self.threshold:g} {self.unit}) <= {self.most:g}"


def parse_risk(text: str) -> Risk | list[Fault]:
    """Return the risk that a text states, or all that is wrong with it.

    Example
    -------
    >>> parse_risk("P(loss > 0.01 of annual demand) <= 0.05")
    Risk(measure='loss', threshold=0.01, unit='of annual demand', most=0.05)
    >>> print(parse_risk("P(los > 0.01 of annual demand) <= 5")[0])
    --risk: the measure is 'los'; did you mean loss?
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return [Fault("--risk", "", f"is {show(text)}, which states no risk", f"write it as '{EXAMPLE}'")]
    threshold, most = _number(found["threshold"]), _number(found["risk"])
    unit = " ".join(found["unit"].split()).replace("tonnes", "t")
    faults = [*_faults(found, unit, threshold, most)]
    return faults or Risk(found["measure"], float(threshold or 0.0), unit, float(most or 0.0))


def _faults(found: re.Match[str], unit: str, threshold: float | None, most: float | None) -> Iterator[Fault]:
    if found["measure"] not in MEASURES:
        yield Fault("--risk", "the measure", f"is '{found['measure']}'", nearest(found["measure"], MEASURES))
    if threshold is None or threshold < 0.0:
        yield Fault("--risk", "the threshold", f"is {show(found['threshold'])}", "give a number of 0 or more")
    if unit not in UNITS:
        yield Fault("--risk", "the unit of the threshold", f"is {show(unit)}", f"give one of: {', '.join(UNITS)}")
    if most is None or not 0.0 <= most < 1.0:
        yield Fault("--risk", "the probability", f"is {show(found['risk'])}", "give a number from 0 to below 1")


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
