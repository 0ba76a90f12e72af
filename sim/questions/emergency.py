"""An emergency as a stockpile panel frames it: when, where, who must be served, and whose supply counts."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import xarray as xr
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator

from sim.errors import Fault, ScenarioError
from sim.questions.futures import MONTHS_A_YEAR, Values, has_market, known
from sim.scenario.base import Model, Name, NonNegative, defect, nearest, show
from sim.scenario.faults import translate
from sim.scenario.sources import plain, read_toml, scenario_root
from sim.variables import MONTH, PRODUCT, REGION, SECTOR, WORLD

MONTH_PATTERN = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def _numbers(given: object) -> object:
    """One number for the whole emergency, or a list of one for each of its years, as a tuple."""
    values = given if isinstance(given, list | tuple) else (given,)
    if not values or any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise defect(f"is {show(given)}", "give a number, or a list with one for each year of the emergency")
    return tuple(map(float, values))


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _shares(values: tuple[float, ...]) -> tuple[float, ...]:
    if not all(0.0 <= value <= 1.0 for value in values):
        raise defect(f"is {_listed(values)}", "give a share from 0 to 1, or a list of them")
    return values


def _factors(values: tuple[float, ...]) -> tuple[float, ...]:
    if not all(0.0 < value < math.inf for value in values):
        raise defect(f"is {_listed(values)}", "give a number above 0, or a list of them")
    return values


YearlyShare = Annotated[tuple[float, ...], BeforeValidator(_numbers), AfterValidator(_shares)]
YearlyFactor = Annotated[tuple[float, ...], BeforeValidator(_numbers), AfterValidator(_factors)]


def by_month(values: tuple[float, ...], months: int) -> Values:
    """Numbers of the years of an emergency as one for each month; the last holds on.

    Example
    -------
    >>> by_month((2.0, 1.0), 14).tolist()[10:]
    [2.0, 2.0, 1.0, 1.0]
    """
    return np.array([values[min(month // MONTHS_A_YEAR, len(values) - 1)] for month in range(months)])


class ServedClass(Model):
    """Users that an emergency plan serves together."""

    sectors: Annotated[tuple[str, ...], Field(min_length=1)]
    """Sectors of the chain."""
    demand: YearlyFactor = (1.0,)
    """Demand in the emergency over that of the service path, one number or one for each year: above 1 a surge, below 1
    austerity."""


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
    reliability: dict[str, YearlyShare] = Field(default_factory=dict)
    """Share of the imports from a region that can be counted on, one number or one for each year; 1 where a region is
    not named."""
    count_inputs: bool = False
    """Whether supply that is made of material from an unreliable region, at home or by a third country, counts no more
    than that material."""
    shipping_loss: YearlyShare = (0.0,)
    """Share of all imports lost on the way, one number or one for each year."""
    exports_kept: YearlyShare = (1.0,)
    """Share of what makers use for exports in normal times that they go on using for exports, one number or one for
    each year."""
    stocks: dict[str, NonNegative] = Field(default_factory=dict)
    """Tonnes of a product held in the stockpile at the start."""
    stock_order: Literal["month", "class"] = "month"
    """Who draws on the stockpile: all classes as months come, the first class first in each month; or the first class
    for the whole emergency before any other."""
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
        if region == emergency.region:
            problem = f"names {region}, the region itself, whose own makers are counted on"
            faults.append(Fault(file, "reliability", problem, "leave it out"))
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
