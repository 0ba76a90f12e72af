"""Quantities that are a number or a distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self

import numpy as np
from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator
from scipy.special import betainc, betaincinv, gammainc, gammaincinv, ndtr, ndtri

from sim.scenario.base import Model, NonNegative, Positive, Share, defect, nearest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TAIL = 1e-9
"""Probability beyond which a tail is not held against the bounds of a key."""


class Law(Protocol):
    """What a sampler needs of a distribution; frozen SciPy distributions have it."""

    def ppf(self, q: ArrayLike, /) -> Any:
        """Return the quantiles."""

    def cdf(self, x: ArrayLike, /) -> Any:
        """Return the probabilities of at most `x`."""

    def mean(self) -> Any:
        """Return the mean."""


class Truncated:
    """A law held between two bounds by conditioning, not by clipping."""

    def __init__(self, law: Any, low: float, high: float) -> None:
        """Keep the law and the probabilities below and between the bounds."""
        self._law, self.low, self.high = law, low, high
        self._below = float(law.cdf(low))
        self.mass = float(law.cdf(high)) - self._below

    def ppf(self, q: ArrayLike, /) -> NDArray[np.float64]:
        """Return the quantiles."""
        inner = self._law.ppf(self._below + np.asarray(q, dtype=np.float64) * self.mass)
        return np.asarray(np.clip(inner, self.low, self.high), dtype=np.float64)

    def cdf(self, x: ArrayLike, /) -> NDArray[np.float64]:
        """Return the probabilities of at most `x`."""
        inner = self._law.cdf(np.clip(np.asarray(x, dtype=np.float64), self.low, self.high))
        return np.asarray(np.clip((inner - self._below) / self.mass, 0.0, 1.0), dtype=np.float64)

    def mean(self) -> float:
        """Return the mean, by the midpoint rule over 4096 equally likely parts."""
        return float(np.mean(self.ppf((np.arange(4096) + 0.5) / 4096)))


class Lognormal:
    """The lognormal law as SciPy has it, without the second it takes to import and freeze it."""

    def __init__(self, s: float, scale: float) -> None:
        """Keep the spread of the logarithm and the median."""
        self._s, self._scale = s, scale

    def ppf(self, q: ArrayLike, /) -> NDArray[np.float64]:
        """Return the quantiles."""
        return np.asarray(np.exp(self._s * ndtri(np.asarray(q, dtype=np.float64))) * self._scale)

    def cdf(self, x: ArrayLike, /) -> NDArray[np.float64]:
        """Return the probabilities of at most `x`."""
        with np.errstate(divide="ignore"):
            return np.asarray(ndtr(np.log(np.maximum(np.asarray(x, dtype=np.float64), 0.0) / self._scale) / self._s))

    def mean(self) -> float:
        """Return the mean."""
        return float(self._scale * np.exp(0.5 * self._s**2))


class Beta:
    """The beta law as SciPy has it, without the second it takes to import and freeze it."""

    def __init__(self, a: float, b: float) -> None:
        """Keep the shapes."""
        self._a, self._b = a, b

    def ppf(self, q: ArrayLike, /) -> NDArray[np.float64]:
        """Return the quantiles."""
        return np.asarray(betaincinv(self._a, self._b, np.asarray(q, dtype=np.float64)))

    def cdf(self, x: ArrayLike, /) -> NDArray[np.float64]:
        """Return the probabilities of at most `x`."""
        return np.asarray(betainc(self._a, self._b, np.clip(np.asarray(x, dtype=np.float64), 0.0, 1.0)))

    def mean(self) -> float:
        """Return the mean."""
        return self._a / (self._a + self._b)


class Gamma:
    """The gamma law as SciPy has it, without the second it takes to import and freeze it."""

    def __init__(self, a: float, scale: float) -> None:
        """Keep the shape and the scale."""
        self._a, self._scale = a, scale

    def ppf(self, q: ArrayLike, /) -> NDArray[np.float64]:
        """Return the quantiles."""
        return np.asarray(gammaincinv(self._a, np.asarray(q, dtype=np.float64)) * self._scale)

    def cdf(self, x: ArrayLike, /) -> NDArray[np.float64]:
        """Return the probabilities of at most `x`."""
        return np.asarray(gammainc(self._a, np.maximum(np.asarray(x, dtype=np.float64), 0.0) / self._scale))

    def mean(self) -> float:
        """Return the mean."""
        return self._a * self._scale


class Uniform:
    """The uniform law as SciPy has it, without the second it takes to import and freeze it."""

    def __init__(self, loc: float, scale: float) -> None:
        """Keep the lowest value and the width."""
        self._loc, self._scale = loc, scale

    def ppf(self, q: ArrayLike, /) -> NDArray[np.float64]:
        """Return the quantiles."""
        return np.asarray(np.asarray(q, dtype=np.float64) * self._scale + self._loc)

    def cdf(self, x: ArrayLike, /) -> NDArray[np.float64]:
        """Return the probabilities of at most `x`."""
        return np.asarray(np.clip((np.asarray(x, dtype=np.float64) - self._loc) / self._scale, 0.0, 1.0))

    def mean(self) -> float:
        """Return the mean."""
        return self._loc + 0.5 * self._scale


PLAIN: Mapping[str, tuple[set[str], Callable[..., Law]]] = {
    "uniform": ({"loc", "scale"}, Uniform),
    "lognorm": ({"s", "scale"}, Lognormal),
    "beta": ({"a", "b"}, Beta),
    "gamma": ({"a", "scale"}, Gamma),
}
"""Laws that need nothing of `scipy.stats`, with the parameters they take."""


class Distribution(Model, extra="allow"):
    """A continuous distribution by its `scipy.stats` name, with its parameters beside the name.

    Friendly parameters: lognorm `median`, `sigma`; beta, norm and gamma `mean`, `sd`; uniform `low`, `high`;
    triang `low`, `mode`, `high`; expon `mean`. Otherwise the shapes, `loc` and `scale` of SciPy.

    Example
    -------
    >>> float(Distribution(dist="uniform", low=2.0, high=4.0).frozen().ppf(0.5))
    3.0
    """

    __pydantic_extra__: dict[str, float] = Field(init=False)

    dist: str
    """Name of a continuous distribution of `scipy.stats`."""
    truncate: tuple[float, float] | None = None
    """Lowest and highest value; the law between them keeps its shape."""

    @property
    def given(self) -> dict[str, float]:
        """Parameters as written in the scenario."""
        return dict(self.__pydantic_extra__)

    def frozen(self) -> Law:
        """Return the law: the frozen SciPy distribution, or its truncation."""
        law = _law(self.dist, tuple(sorted(self.given.items())))
        return law if self.truncate is None else Truncated(law, *self.truncate)

    def span(self, tail: float = TAIL) -> tuple[float, float]:
        """Return the values with a small probability below and above, by default of one in a billion."""
        with np.errstate(all="ignore"):
            law = self.frozen()
            return float(law.ppf(tail)), float(law.ppf(1.0 - tail))

    @model_validator(mode="after")
    def _parameters_fit(self) -> Self:
        native(self.dist, self.given)
        if self.truncate is not None and not self.truncate[0] < self.truncate[1]:
            raise defect("does not rise", "give truncate = [low, high] with low below high", key="truncate")
        try:
            span = self.span()
            law = self.frozen()
        except (ArithmeticError, ValueError, TypeError, RuntimeError, NotImplementedError):
            raise defect("cannot be evaluated", "give other parameters or another distribution") from None
        if not all(map(math.isfinite, span)):
            raise defect("has parameters that give no finite values", "give other parameters")
        if isinstance(law, Truncated) and not law.mass > TAIL:
            raise defect("keeps nothing of the distribution", "give bounds where it has weight", key="truncate")
        return self


@lru_cache(maxsize=1024)
def _law(name: str, given: tuple[tuple[str, float], ...]) -> Law:
    """Return the law with these parameters; a scenario asks for each of them again and again."""
    parameters = native(name, dict(given))
    names, plain = PLAIN.get(name, (set(), None))
    if plain is not None and names == set(parameters):
        return plain(**parameters)
    law: Law = _family(name)(**parameters)
    return law


@lru_cache(maxsize=64)
def _family(name: str) -> Any:
    # Half a second to import, and most commands on a scenario without distributions never need it.
    stats: Any = import_module("scipy.stats")
    families = [key for key, value in vars(stats).items() if isinstance(value, stats.rv_continuous)]
    if name not in families:
        cure = nearest(name, families, otherwise="give a continuous distribution of scipy.stats, such as lognorm")
        raise defect(f"is '{name}'", cure, key="dist")
    return getattr(stats, name)


def _positive(given: Mapping[str, float], *names: str) -> None:
    for name in names:
        if given[name] <= 0.0:
            raise defect(f"is {given[name]:g}", "give a number above 0", key=name)


def _lognorm(given: Mapping[str, float]) -> dict[str, float]:
    _positive(given, "median", "sigma")
    return {"s": given["sigma"], "scale": given["median"]}


def _beta(given: Mapping[str, float]) -> dict[str, float]:
    mean, sd = given["mean"], given["sd"]
    _positive(given, "sd")
    if not 0.0 < mean < 1.0:
        raise defect(f"is {mean:g}", "give a number above 0 and below 1", key="mean")
    largest = math.sqrt(mean * (1.0 - mean))
    if sd >= largest:
        raise defect(f"is {sd:g}", f"give less than {largest:.3g}, the limit for a mean of {mean:g}", key="sd")
    weight = (largest / sd) ** 2 - 1.0
    return {"a": mean * weight, "b": (1.0 - mean) * weight}


def _norm(given: Mapping[str, float]) -> dict[str, float]:
    _positive(given, "sd")
    return {"loc": given["mean"], "scale": given["sd"]}


def _gamma(given: Mapping[str, float]) -> dict[str, float]:
    _positive(given, "mean", "sd")
    return {"a": (given["mean"] / given["sd"]) ** 2, "scale": given["sd"] / given["mean"] * given["sd"]}


def _uniform(given: Mapping[str, float]) -> dict[str, float]:
    if given["high"] <= given["low"]:
        raise defect(f"is {given['high']:g}", f"give a number above low, {given['low']:g}", key="high")
    return {"loc": given["low"], "scale": given["high"] - given["low"]}


def _triang(given: Mapping[str, float]) -> dict[str, float]:
    low, mode, high = given["low"], given["mode"], given["high"]
    if high <= low:
        raise defect(f"is {high:g}", f"give a number above low, {low:g}", key="high")
    if not low <= mode <= high:
        raise defect(f"is {mode:g}", f"give a number from {low:g} to {high:g}", key="mode")
    return {"c": (mode - low) / (high - low), "loc": low, "scale": high - low}


def _expon(given: Mapping[str, float]) -> dict[str, float]:
    _positive(given, "mean")
    return {"scale": given["mean"]}


FRIENDLY: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, float]], dict[str, float]]]] = {
    "lognorm": (("median", "sigma"), _lognorm),
    "beta": (("mean", "sd"), _beta),
    "norm": (("mean", "sd"), _norm),
    "gamma": (("mean", "sd"), _gamma),
    "uniform": (("low", "high"), _uniform),
    "triang": (("low", "mode", "high"), _triang),
    "expon": (("mean",), _expon),
}
"""Friendly parameters of a distribution and their conversion to those of SciPy."""


def native(name: str, given: Mapping[str, float]) -> dict[str, float]:
    """Return the SciPy parameters for the ones given, which may be friendly; unfit ones raise."""
    friendly, convert = FRIENDLY.get(name, ((), dict))
    if friendly and set(given) == set(friendly):
        return _converted(convert, given)
    if name in PLAIN and set(given) == PLAIN[name][0] and all(0.0 < value < math.inf for value in given.values()):
        return dict(given)
    family = _family(name)
    shapes = tuple(part.strip() for part in family.shapes.split(",")) if family.shapes else ()
    # Any friendly name selects the friendly form, so that the fault speaks of what the author meant.
    if friendly and (set(given) & set(friendly) or not set(given) & {*shapes, "loc", "scale"}):
        _complete(name, given, friendly, friendly)
        return _converted(convert, given)
    _complete(name, given, shapes, (*shapes, "loc", "scale"))
    if "scale" in given:
        _positive(given, "scale")
    with np.errstate(all="ignore"):
        if shapes and not np.all(family._argcheck(*(given[shape] for shape in shapes))):
            raise defect("has shapes outside their range", f"see scipy.stats.{name} for the range of {shapes}")
    return dict(given)


def _converted(
    convert: Callable[[Mapping[str, float]], dict[str, float]], given: Mapping[str, float]
) -> dict[str, float]:
    try:
        return convert(given)
    except ArithmeticError:
        raise defect("has parameters beyond all bounds", "give numbers of ordinary size") from None


def _complete(name: str, given: Mapping[str, float], needed: tuple[str, ...], known: tuple[str, ...]) -> None:
    wanted = f"{name} takes {', '.join(known)}"
    for key in given:
        if key not in known:
            raise defect(f"is not a parameter of {name}", wanted, key=key)
    for key in needed:
        if key not in given:
            raise defect("is missing", wanted, key=key)


def within(low: float, high: float = math.inf, *, above: bool = False) -> Callable[[Distribution], Distribution]:
    """Return the check that a distribution stays between the bounds of its key."""

    def check(value: Distribution) -> Distribution:
        """Refuse a distribution that reaches beyond the bounds."""
        least, most = value.span()
        if least < low or most > high or (above and least <= low):
            bounds = f"[{low:g}, {high:g}]" if high < math.inf else f"[{low:g}, some highest value]"
            cure = f"give truncate = {bounds} or another distribution"
            raise defect(f"reaches from {least:.3g} to {most:.3g}", cure)
        return value

    return check


def form(value: object) -> str:
    """Return the tag of a quantity's form."""
    return "<law>" if isinstance(value, (Mapping, Distribution)) else "<number>"


Quantity = Annotated[
    Annotated[NonNegative, Tag("<number>")] | Annotated[Distribution, AfterValidator(within(0.0)), Tag("<law>")],
    Discriminator(form),
]
"""A number of 0 or more, or a distribution of such numbers."""
PositiveQuantity = Annotated[
    Annotated[Positive, Tag("<number>")]
    | Annotated[Distribution, AfterValidator(within(0.0, above=True)), Tag("<law>")],
    Discriminator(form),
]
"""A number above 0, or a distribution of such numbers."""
ShareQuantity = Annotated[
    Annotated[Share, Tag("<number>")] | Annotated[Distribution, AfterValidator(within(0.0, 1.0)), Tag("<law>")],
    Discriminator(form),
]
"""A share from 0 to 1, or a distribution of shares."""

MOST_DISCOUNT = 0.9
"""Largest share of a price or cost that a discount may take: some is always left."""
DiscountQuantity = Annotated[
    Annotated[float, Field(ge=0.0, le=MOST_DISCOUNT), Tag("<number>")]
    | Annotated[Distribution, AfterValidator(within(0.0, MOST_DISCOUNT)), Tag("<law>")],
    Discriminator(form),
]
"""A share from 0 to 0.9, or a distribution of such shares."""


def largest(value: float | Distribution, tail: float = TAIL) -> float:
    """Return the number itself, or the value a distribution all but never exceeds."""
    return value.span(tail)[1] if isinstance(value, Distribution) else value
