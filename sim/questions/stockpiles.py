"""How large a stockpile has to be: tonnes of each form against the risk that is left, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import chain as chains
from sim.chain.reference import Reference
from sim.chain.stockpiles import held as stockpiles_held
from sim.engine.bench import Bench, Tried
from sim.errors import Fault, ScenarioError
from sim.questions.mixes import Mix, Search
from sim.questions.needs import FORMS, Need, needs
from sim.questions.risks import EXAMPLE, MEASURES, Risk, parse_risk
from sim.results import intervals
from sim.scenario import Scenario
from sim.scenario.base import nearest
from sim.scenario.stockpile import Stockpile

Values = NDArray[np.float64]
Progress = Callable[[int, int], None]
MONTHS = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 18.0, 24.0)
"""Sizes tried of every form, in months of what the class needs of it in the reference state."""
RULE: dict[str, Any] = {"relief_above": 1.0, "release_share": 1.0}
"""Terms of the stockpiles tried where the scenario has none in the region: they answer shortage, and give priority
sectors what they would go without at prices above the reference."""
MIX, FORM, PRODUCT = "mix", "form", "product"


@dataclass(frozen=True)
class Question:
    """A class of sectors in a region, and the risk it is to be kept from."""

    sector_class: str
    region: str
    risk: Risk
    uses: NDArray[np.intp]
    """Uses of the class in the region."""
    demand: float
    """What they take in a year of the reference state, t."""

    def lost(self, tried: Tried) -> Values:
        """Tonnes of the measure over the horizon by run."""
        parts = [getattr(tried, name)[self.uses] for name in MEASURES[self.risk.measure]]
        return np.asarray(np.sum(parts, axis=(0, 1)))


def size_stockpile(
    scenario: Scenario,
    *,
    sector_class: str = "defence",
    risk: str = EXAMPLE,
    region: str | None = None,
    forms: Iterable[str] = (),
    runs: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Size a stockpile of several forms so that a class of sectors is kept from a risk.

    All mixes are simulated on the same shocks. A form of `m` months holds, of each product of a stage, what the class
    needs of it in `m` months, by the recipes of the region's own makers; it is full at the start. Stockpiles that the
    scenario has in the region give the terms and are left out themselves.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    sector_class: Class of the sectors to be kept from the risk.
    risk: Such as `P(loss > 0.01 of annual demand) <= 0.05`; the loss is that of the whole horizon.
    region: Where; by default the region outside those that impose restrictions in which the class loses most.
    forms: Stages whose products may be held; by default oxide, metal, block and magnet as far as the chain has them.
    runs: Number of runs of each trial; the scenario's by default.
    seed: Seed of all random draws; the scenario's by default.
    progress: Called with trials done and expected.

    Returns
    -------
    Mixes tried, with months and tonnes by form, risk with its exact binomial interval, mean loss, outlay and public
    cost; attributes say which is the cheapest that meets the risk.

    Raises
    ------
    ScenarioError: Unknown names, a risk that is none, or one that no size tried meets: all faults at once.
    """
    bound = check_question(scenario, sector_class, risk, region, forms)
    runs, seed = runs or scenario.ensemble.runs, scenario.ensemble.seed if seed is None else seed
    bare = _bare(scenario)
    reference = chains.build(bare)
    place = region or _hardest_hit(reference, sector_class, bound, runs, seed)
    question = _question(reference, sector_class, place, bound)
    wanted = set(forms or FORMS)
    held = [need for need in needs(reference, question.uses.tolist(), place) if need.stage in wanted]
    if not held:
        raise ScenarioError([_nothing_to_hold(sector_class, place, wanted)])
    trials = _Trials(_stocked(bare, held, place, _terms(scenario, place)), question, held, runs, seed, progress)
    return trials.found()


def _nothing_to_hold(sector_class: str, region: str, forms: set[str]) -> Fault:
    """What to say where the class needs nothing of the forms in the region."""
    problem = f"leaves nothing to hold: {sector_class} in {region} needs nothing of {', '.join(sorted(forms))}"
    return Fault("--form", "", problem, "give other stages or another region")


class _Trials:
    """Mixes tried so far, on one ensemble."""

    def __init__(
        self,
        scenario: Scenario,
        question: Question,
        held: list[Need],
        runs: int,
        seed: int,
        progress: Progress | None,
    ) -> None:
        reference = chains.build(scenario)
        self.question, self.held, self.progress = question, held, progress
        self.forms = list(dict.fromkeys(need.stage for need in held))
        self.bench = Bench(reference, runs=runs, seed=seed)
        stage = {need.product: self.forms.index(need.stage) for need in held}
        self.form_of_row = np.array([stage[row.product] for row in stockpiles_held(reference)])
        price = {need.product: reference.products[need.product].price_usd_per_kg for need in held}
        self.tonnes_a_month = np.zeros(len(self.forms))
        self.outlay_a_month = np.zeros(len(self.forms))
        for need in held:
            place = self.forms.index(need.stage)
            self.tonnes_a_month[place] += need.tonnes / 12.0
            self.outlay_a_month[place] += need.tonnes / 12.0 * price[need.product] / 1e3
        self.tried: dict[Mix, tuple[Values, Values]] = {}
        self.expected = len(self.forms) * (len(MONTHS) - 1) * 2

    def of(self, mix: Mix) -> tuple[Values, Values]:
        """Tonnes lost and public cost (million USD) by run, with a mix of steps of `MONTHS`."""
        if mix not in self.tried:
            scale = np.array([MONTHS[step] / MONTHS[-1] for step in mix])[self.form_of_row]
            found = self.bench.tried(scale)
            self.tried[mix] = self.question.lost(found), found.cost
            if self.progress is not None:
                self.expected = max(self.expected, len(self.tried) + 1)
                self.progress(len(self.tried), self.expected)
        return self.tried[mix]

    def risk(self, mix: Mix) -> float:
        """Share of runs in which the loss exceeds the threshold."""
        return float(np.mean(self.of(mix)[0] > self.question.risk.tonnes(self.question.demand)))

    def outlay(self, mix: Mix) -> float:
        """Value of a mix at reference prices, million USD."""
        return float(np.dot([MONTHS[step] for step in mix], self.outlay_a_month))

    def found(self) -> xr.Dataset:
        """Try each form alone, then the mixes in question; all of them, and the cheapest."""
        most, nothing = (len(MONTHS) - 1,) * len(self.forms), (0,) * len(self.forms)
        allowed = self.question.risk.most
        if self.risk(most) > allowed:
            raise ScenarioError([self._unreachable(most)])
        self.of(nothing)
        for place in range(len(self.forms)):
            for step in range(1, len(MONTHS)):
                self.of((*nothing[:place], step, *nothing[place + 1 :]))
        search = Search(steps=len(MONTHS), cost=self.outlay, meets=lambda mix: self.risk(mix) <= allowed)
        cheapest = search.cheapest(amounts=len(self.forms))
        assert cheapest is not None, "the largest mix meets the risk"
        return self._labelled(cheapest)

    def _unreachable(self, most: Mix) -> Fault:
        """What to say where even the largest mix leaves more risk than allowed."""
        lost, _ = self.of(most)
        _, _, low, high = intervals.share(round(self.risk(most) * lost.size), lost.size)
        nothing = self.risk((0,) * len(self.forms))
        problem = (
            f"is '{self.question.risk}', which {MONTHS[-1]:g} months of {', '.join(self.forms)} do not reach: "
            f"they leave {self.risk(most):.3f} ({low:.3f} to {high:.3f}) of the {nothing:.3f} without any"
        )
        return Fault("--risk", "", problem, "allow more risk or a higher threshold, or shorten time.years")

    def _labelled(self, cheapest: Mix) -> xr.Dataset:
        mixes = sorted(self.tried, key=lambda mix: (self.outlay(mix), mix))
        months = np.array([[MONTHS[step] for step in mix] for mix in mixes])
        lost, cost = (np.array([self.tried[mix][part] for mix in mixes]) for part in (0, 1))
        runs = lost.shape[1]
        risk = np.array([self.risk(mix) for mix in mixes])
        bounds = intervals.shares(np.round(risk * runs), runs)
        at_most = [min(self.risk(other) for other in mixes if _within(other, mix)) for mix in mixes]
        question = self.question
        data = {
            "months": ((MIX, FORM), months, "month", "Size of a form in months of what the class needs of it."),
            "tonnes": ((MIX, FORM), months * self.tonnes_a_month, "t", "Size of a form, all its products together."),
            "risk": ((MIX,), risk, "1", f"Share of runs in which {question.risk.measure} exceeds the threshold."),
            "risk_low": ((MIX,), bounds.low, "1", "Lower end of its exact binomial interval of 95 %."),
            "risk_high": ((MIX,), bounds.high, "1", "Upper end of its exact binomial interval of 95 %."),
            "risk_monotone": ((MIX,), np.array(at_most), "1", "Least risk of this mix and of all within it."),
            "mean_loss": ((MIX,), lost.mean(axis=1), "t", f"Mean {question.risk.measure} over the horizon."),
            "mean_loss_error": ((MIX,), _error(lost), "t", "Standard error of the mean loss."),
            "outlay": ((MIX,), np.array([self.outlay(mix) for mix in mixes]), "million USD", "At reference prices."),
            "public_cost": ((MIX,), cost.mean(axis=1), "million USD", "Mean over runs; what is left is worth money."),
            "public_cost_error": ((MIX,), _error(cost), "million USD", "Standard error of the public cost."),
            "need": ((PRODUCT,), [need.tonnes for need in self.held], "t/year", "What the class needs of a product."),
        }
        arrays = {
            name: (dims, values, {"units": units, "long_name": text})
            for name, (dims, values, units, text) in data.items()
        }
        coords = {
            FORM: self.forms,
            PRODUCT: [need.product for need in self.held],
            "form_of_product": (PRODUCT, [need.stage for need in self.held]),
        }
        attributes = {
            "sector_class": question.sector_class,
            "region": question.region,
            "risk": str(question.risk),
            "allowed": question.risk.most,
            "threshold_tonnes": question.risk.tonnes(question.demand),
            "annual_demand": question.demand,
            "runs": runs,
            "seed": self.bench.seed,
            "years": self.bench.reference.scenario.time.years,
            "scenario": self.bench.reference.scenario.title,
            "cheapest": mixes.index(cheapest),
            "terms": json.dumps(_rule_of(self.bench.reference.scenario)),
        }
        return xr.Dataset(arrays, coords=coords, attrs=attributes)


def alone(found: xr.Dataset, form: str) -> NDArray[np.intp]:
    """Mixes, of those that `size_stockpile` tried, that hold one form and nothing else, the smallest first.

    Parameters
    ----------
    found: What `size_stockpile` returned.
    form: One of its forms.
    """
    others = found.months.sum(FORM) - found.months.sel({FORM: form})
    return np.flatnonzero(others.values == 0.0)


def columns(found: xr.Dataset) -> dict[str, NDArray[Any]]:
    """Columns of a table with one row a mix: months and tonnes of each form, then all else; the cheapest is marked.

    Parameters
    ----------
    found: What `size_stockpile` returned.
    """
    table: dict[str, NDArray[Any]] = {}
    for name in ("months", "tonnes"):
        table |= {f"{form}_{name}": found[name].sel({FORM: form}).values for form in found[FORM].values.tolist()}
    table |= {str(name): row.values for name, row in found.data_vars.items() if row.dims == (MIX,)}
    table["cheapest"] = np.arange(found.sizes[MIX]) == found.attrs["cheapest"]
    return table


def _within(one: Mix, other: Mix) -> bool:
    """Whether one mix is nowhere above another."""
    return all(a <= b for a, b in zip(one, other, strict=True))


def _error(values: Values) -> Values:
    """Standard error of the mean over runs, the last axis."""
    runs = values.shape[-1]
    return np.asarray(values.std(axis=-1, ddof=1) / np.sqrt(runs) if runs > 1 else np.full(values.shape[:-1], np.nan))


def check_question(
    scenario: Scenario, sector_class: str, risk: str, region: str | None, forms: Iterable[str] = ()
) -> Risk:
    """Return the risk that `size_stockpile` is asked for, if it can be asked so; parameters as there.

    Raises
    ------
    ScenarioError: Unknown names or a risk that is none: all faults at once.
    """
    tables = scenario.tables
    bound = parse_risk(risk)
    faults = list(bound) if isinstance(bound, list) else []
    classes = {row.sector: row.sector_class for row in tables.sectors}
    if sector_class not in classes.values():
        faults.append(Fault("--class", "", f"is '{sector_class}'", nearest(sector_class, classes.values())))
    places = {row.region for row in tables.uses if classes[row.sector] == sector_class and row.demand_t_per_year > 0.0}
    known = [row.region for row in tables.regions]
    if region is not None and region not in known:
        faults.append(Fault("--region", "", f"is '{region}'", nearest(region, known)))
    elif region is not None and places and region not in places:
        faults.append(Fault("--region", "", f"is '{region}', where {sector_class} uses nothing", nearest("", places)))
    for form in forms:
        if form not in tables.meta.stages:
            faults.append(Fault("--form", "", f"is '{form}'", nearest(form, tables.meta.stages)))
    if faults or isinstance(bound, list):
        raise ScenarioError(faults)
    return bound


def _question(reference: Reference, sector_class: str, region: str, risk: Risk) -> Question:
    uses = [
        index
        for index, use in enumerate(reference.uses)
        if use.region == region and reference.sectors[use.sector].sector_class == sector_class
    ]
    demand = sum(reference.uses[index].demand for index in uses)
    return Question(sector_class, region, risk, np.array(uses, dtype=np.intp), demand)


def _hardest_hit(reference: Reference, sector_class: str, risk: Risk, runs: int, seed: int) -> str:
    """Region in which the class loses most, of those that impose nothing themselves."""
    tried = Bench(reference, runs=min(runs, 512), seed=seed).tried(np.zeros(0))
    imposing = {row.by for row in reference.scenario.restrictions.values()}
    places = dict.fromkeys(
        use.region for use in reference.uses if reference.sectors[use.sector].sector_class == sector_class
    )
    free = [place for place in places if place not in imposing] or list(places)
    return max(free, key=lambda place: _question(reference, sector_class, place, risk).lost(tried).mean())


def _bare(scenario: Scenario) -> Scenario:
    """The scenario without stockpiles."""
    names = [name for name, policy in scenario.policies.items() if isinstance(policy, Stockpile)]
    return scenario.without(*names) if names else scenario


def _terms(scenario: Scenario, region: str) -> dict[str, Any]:
    """Terms of the scenario's own stockpile in the region, else `RULE`."""
    for policy in scenario.policies.values():
        if isinstance(policy, Stockpile) and region in policy.regions:
            given = policy.model_dump(by_alias=True, exclude={"days", "tonnes", "initial", "regions", "strength"})
            return {name: value for name, value in given.items() if value is not None}
    return RULE


def _stocked(scenario: Scenario, held: list[Need], region: str, terms: dict[str, Any]) -> Scenario:
    """The scenario with a full stockpile of the largest size of every product."""
    tonnes = {need.product: need.tonnes / 12.0 * MONTHS[-1] for need in held}
    keys = terms | {"kind": "stockpile", "regions": (region,), "tonnes": tonnes, "initial": 1.0}
    return scenario.model_copy(update={"policies": scenario.policies | {"sized": Stockpile.model_validate(keys)}})


def _rule_of(scenario: Scenario) -> dict[str, Any]:
    """Terms of the stockpile that was sized."""
    return scenario.policies["sized"].model_dump(mode="json", by_alias=True, exclude={"tonnes", "days"})
