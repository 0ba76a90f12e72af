"""An emergency as a stockpile panel frames it: when, where, who must be served, and whose supply counts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import xarray as xr
from pydantic import Field, ValidationError, field_validator, model_validator

from sim.errors import Fault, ScenarioError
from sim.questions.futures import has_market, known
from sim.scenario.base import Model, Name, NonNegative, Positive, Share, defect, nearest
from sim.scenario.faults import translate
from sim.scenario.sources import plain, read_toml, scenario_root
from sim.variables import MONTH, PRODUCT, REGION, SECTOR, WORLD

MONTH_PATTERN = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class ServedClass(Model):
    """Users that an emergency plan serves together."""

    sectors: Annotated[tuple[str, ...], Field(min_length=1)]
    """Sectors of the chain."""
    demand: Positive = 1.0
    """Demand in the emergency over that of the service path: above 1 a surge, below 1 austerity."""


class Emergency(Model):
    """A dated emergency."""

    title: str
    """One line that names it."""
    region: str
    """Region whose users are to be served."""
    start: str
    """First month, YYYY-MM."""
    months: Annotated[int, Field(ge=1, le=240)]
    """Length."""
    classes: Annotated[dict[Name, ServedClass], Field(min_length=1)]
    """Classes, the first served first; sectors in none of them are not served at all."""
    reliability: dict[str, Share] = Field(default_factory=dict)
    """Share of the imports from a region that can be counted on; 1 where a region is not named."""
    shipping_loss: Share = 0.0
    """Share of all imports lost on the way."""
    exports_kept: Share = 1.0
    """Share of what makers use for exports in normal times that they go on using for exports."""
    stocks: dict[str, NonNegative] = Field(default_factory=dict)
    """Tonnes of a product held in the stockpile at the start."""
    products: tuple[str, ...] = ()
    """Forms to report; by default all that the region takes in and that serve a class."""

    @field_validator("start")
    @classmethod
    def _is_month(cls, start: str) -> str:
        if not MONTH_PATTERN.fullmatch(start):
            raise defect(f"is '{start}'", "give a month as YYYY-MM")
        return start

    @model_validator(mode="after")
    def _serves_sectors_once(self) -> Emergency:
        seen: set[str] = set()
        for name, served in self.classes.items():
            for sector in served.sectors:
                if sector in seen:
                    problem = f"names {sector}, which another class has"
                    raise defect(problem, "put each sector in one class", key=f"classes.{name}.sectors")
                seen.add(sector)
        return self


def read_emergency(path: str | Path) -> Emergency:
    """An emergency from a TOML file, or a bundled sample by its name.

    Raises
    ------
    ScenarioError: The file has faults; all of them are listed.

    Example
    -------
    >>> read_emergency("emergency_us_2028").region
    'US'
    """
    bundled = scenario_root() / "samples" / f"{path}.toml"
    place = bundled if Path(path).name == str(path) and not Path(path).suffix and bundled.is_file() else Path(path)
    samples = [sample.stem for sample in (scenario_root() / "samples").glob("*.toml")]
    if not place.exists() and not place.suffix:
        cure = nearest(str(path), samples, otherwise=f"give a TOML file, or a sample: {', '.join(sorted(samples))}")
        raise ScenarioError([Fault(place.name, "", "is neither a file nor a sample", cure)])
    try:
        return Emergency.model_validate(plain(read_toml(place, place.name)), strict=True)
    except ValidationError as error:
        faults = translate(error, Emergency, lambda at: (place.name, ".".join(map(str, at))))
        raise ScenarioError(faults) from None


def check(emergency: Emergency, reference: xr.Dataset, *, file: str = "emergency") -> None:
    """Check an emergency against the chain and horizon of a result.

    Raises
    ------
    ScenarioError: It names what the chain does not have, or lies outside the horizon; all faults at once.
    """
    faults: list[Fault] = []
    regions = [str(name) for name in reference[REGION].values if name != WORLD]
    sectors = [str(name) for name in reference[SECTOR].values]
    products = [str(name) for name in reference[PRODUCT].values]
    known(faults, file, "region", emergency.region, regions, "region")
    for name, served in emergency.classes.items():
        for sector in served.sectors:
            known(faults, file, f"classes.{name}.sectors", sector, sectors, "sector")
    for region in emergency.reliability:
        known(faults, file, "reliability", region, regions, "region")
    for key, names in (("stocks", emergency.stocks), ("products", emergency.products)):
        for product in names:
            known(faults, file, key, product, products, "product")
            if not faults and not has_market(reference, product, emergency.region):
                problem = f"names {product}, which nobody takes in in {emergency.region}"
                faults.append(Fault(file, key, problem, "leave it out"))
    months = [str(month)[:7] for month in reference[MONTH].values]
    if emergency.start not in months or months.index(emergency.start) + emergency.months > len(months):
        problem = f"is {emergency.start} for {emergency.months} months, outside the horizon {months[0]} to {months[-1]}"
        faults.append(Fault(file, "start", problem, "move it, or simulate more years"))
    if faults:
        raise ScenarioError(faults)
