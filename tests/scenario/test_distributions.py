"""Distributions: friendly parameters against SciPy, and every wrong one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from sim.scenario.distributions import PLAIN, Distribution, largest, native, within


def law(**parameters: Any) -> Any:
    return Distribution(**parameters).frozen()


def problem(**parameters: Any) -> tuple[str, str, str]:
    with pytest.raises(ValidationError) as caught:
        Distribution(**parameters)
    context = caught.value.errors()[0]["ctx"]
    return context["key"], context["problem"], context["cure"]


@pytest.mark.parametrize(("dist", "mean", "sd"), [("beta", 0.3, 0.1), ("norm", -3.0, 2.0), ("gamma", 4.0, 1.5)])
def test_friendly__mean_and_sd_are_those_of_the_law(dist: str, mean: float, sd: float) -> None:
    frozen = law(dist=dist, mean=mean, sd=sd)
    drawn = frozen.ppf((np.arange(200_000) + 0.5) / 200_000)
    assert frozen.mean() == pytest.approx(mean)
    # The midpoint rule leaves out what lies in the outermost parts.
    assert (drawn.mean(), drawn.std()) == pytest.approx((mean, sd), rel=1e-3)


def test_friendly__other_parameters_mean_what_they_say() -> None:
    lognorm = law(dist="lognorm", median=12.0, sigma=0.5)
    assert lognorm.ppf(0.5) == pytest.approx(12.0)
    assert np.log(lognorm.ppf(stats.norm.cdf(1.0)) / 12.0) == pytest.approx(0.5)
    assert law(dist="uniform", low=2.0, high=5.0).ppf([0.0, 1.0]).tolist() == [2.0, 5.0]
    assert law(dist="triang", low=1.0, mode=2.0, high=5.0).mean() == pytest.approx(8.0 / 3.0)
    assert law(dist="expon", mean=7.0).mean() == pytest.approx(7.0)


def test_native__parameters_reach_scipy_unchanged() -> None:
    given, native = law(dist="weibull_min", c=1.5, loc=1.0, scale=3.0), stats.weibull_min(1.5, loc=1.0, scale=3.0)
    assert given.ppf(0.3) == native.ppf(0.3)
    assert law(dist="lognorm", s=0.4, scale=2.0).ppf(0.3) == stats.lognorm(0.4, scale=2.0).ppf(0.3)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"dist": "lognorm", "median": 3.0}, ("sigma", "is missing", "lognorm takes median, sigma")),
        (
            {"dist": "lognorm", "median": 3.0, "sgma": 1.0},
            ("sgma", "is not a parameter of lognorm", "lognorm takes median"),
        ),
        ({"dist": "lognorm", "median": 3.0, "sigma": 0.0}, ("sigma", "is 0", "give a number above 0")),
        ({"dist": "lognorm", "median": -3.0, "sigma": 1.0}, ("median", "is -3", "give a number above 0")),
        ({"dist": "beta", "mean": 0.5, "sd": 0.6}, ("sd", "is 0.6", "give less than 0.5, the limit for a mean of 0.5")),
        ({"dist": "beta", "mean": 1.5, "sd": 0.1}, ("mean", "is 1.5", "give a number above 0 and below 1")),
        ({"dist": "uniform", "low": 2.0, "high": 1.0}, ("high", "is 1", "give a number above low, 2")),
        ({"dist": "triang", "low": 0.0, "mode": 3.0, "high": 2.0}, ("mode", "is 3", "give a number from 0 to 2")),
        ({"dist": "triang", "low": 0.0, "mode": 0.0, "high": 0.0}, ("high", "is 0", "give a number above low, 0")),
        ({"dist": "weibull_min"}, ("c", "is missing", "weibull_min takes c, loc, scale")),
        ({"dist": "weibull_min", "c": -1.0}, ("", "has shapes outside their range", "see scipy.stats.weibull_min")),
        ({"dist": "expon", "scale": -1.0}, ("scale", "is -1", "give a number above 0")),
        ({"dist": "lognrm"}, ("dist", "is 'lognrm'", "did you mean lognorm?")),
        ({"dist": "poisson", "mu": 3.0}, ("dist", "is 'poisson'", "")),
        (
            {"dist": "norm", "mean": 0.0, "sd": 1.0, "truncate": (1.0, 0.0)},
            ("truncate", "does not rise", "give truncate = [low, high]"),
        ),
        (
            {"dist": "norm", "mean": 0.0, "sd": 1.0, "truncate": (90.0, 91.0)},
            ("truncate", "keeps nothing of the distribution", "give bounds"),
        ),
    ],
)
def test_distribution__wrong_parameter_names_the_cure(
    parameters: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    key, wrong, cure = problem(**parameters)
    assert (key, wrong) == expected[:2]
    assert cure.startswith(expected[2])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_distribution__refuses_infinite_parameters(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Distribution(dist="norm", loc=value)


def test_truncate__conditions_the_law_and_keeps_its_shape() -> None:
    plain, cut = stats.norm(0.5, 0.3), law(dist="norm", mean=0.5, sd=0.3, truncate=(0.0, 1.0))
    q = np.linspace(0.0, 1.0, 11)
    expected = stats.truncnorm((0.0 - 0.5) / 0.3, (1.0 - 0.5) / 0.3, loc=0.5, scale=0.3)
    assert cut.ppf(q) == pytest.approx(expected.ppf(q))
    assert cut.cdf(cut.ppf(q)) == pytest.approx(q)
    assert cut.mean() == pytest.approx(expected.mean(), abs=1e-6)
    assert plain.ppf(0.5) == pytest.approx(cut.ppf(0.5))


def test_within__judges_all_but_a_billionth_of_each_tail() -> None:
    share = within(0.0, 1.0)
    assert share(Distribution(dist="beta", mean=0.5, sd=0.1))
    assert share(Distribution(dist="norm", mean=0.5, sd=0.3, truncate=(0.0, 1.0)))
    assert share(Distribution(dist="norm", mean=0.5, sd=0.05))
    with pytest.raises(ValueError, match=r"reaches from -0\.0998 to 1\.1"):
        share(Distribution(dist="norm", mean=0.5, sd=0.1))


def test_largest__of_a_number_is_itself() -> None:
    assert largest(0.3) == 0.3
    assert largest(Distribution(dist="uniform", low=0.0, high=2.0)) == pytest.approx(2.0)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(
    dist=st.sampled_from(["lognorm", "beta", "norm", "gamma", "uniform", "triang", "expon"]),
    names=st.sampled_from([("median", "sigma"), ("mean", "sd"), ("low", "high"), ("low", "mode", "high"), ("mean",)]),
    values=st.tuples(NUMBERS, NUMBERS, NUMBERS),
)
def test_distribution__is_refused_or_has_finite_quantiles(
    dist: str, names: tuple[str, ...], values: tuple[float, float, float]
) -> None:
    try:
        law = Distribution(dist=dist, **dict(zip(names, values, strict=False)))  # type: ignore[arg-type]
    except ValidationError:
        return
    with np.errstate(all="ignore"):
        assert np.isfinite(law.frozen().ppf([1e-6, 0.5, 1 - 1e-6])).all()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("beta", {"mean": 0.8, "sd": 0.12}),
        ("beta", {"a": 0.5, "b": 7.0}),
        ("lognorm", {"median": 66.0, "sigma": 0.4}),
        ("lognorm", {"s": 1.5, "scale": 0.2}),
        ("gamma", {"a": 0.5, "scale": 0.17}),
        ("gamma", {"mean": 3.0, "sd": 2.0}),
        ("uniform", {"low": -1.5, "high": 4.0}),
        ("uniform", {"loc": 2.0, "scale": 0.3}),
    ],
)
def test_plain_laws__have_the_bits_of_scipy(name: str, parameters: dict[str, float]) -> None:
    ours, theirs = law(dist=name, **parameters), getattr(stats, name)(**native(name, parameters))
    assert name in PLAIN and type(ours) is PLAIN[name][1]
    shares = np.concatenate(([0.0, 1e-9, 1.0], np.linspace(0.001, 0.999, 997)))
    assert np.array_equal(ours.ppf(shares), theirs.ppf(shares))
    values = np.concatenate(([-1.0, 0.0, 1e9], theirs.ppf(shares[3:])))
    assert np.array_equal(ours.cdf(values), theirs.cdf(values))
    assert ours.mean() == pytest.approx(theirs.mean(), rel=1e-14)


def test_plain_laws__refuse_what_scipy_refuses() -> None:
    with pytest.raises(ValidationError, match="outside their range"):
        law(dist="beta", a=-1.0, b=2.0)
    with pytest.raises(ValidationError, match="above 0"):
        law(dist="lognorm", median=0.0, sigma=0.4)
