"""Metric expressions: one small language for what is asked of an ensemble.

A metric is one number a run, and a statistic of the runs:

    tail95(shortage[magnet_hc, US])             mean of the worst 5 % of runs
    q95(price[dy_oxide, EU])                    95 % quantile; `median` is q50, `var95` another name for q95
    mean(lost_output[*, US])                    tonnes and money add up over `*`, `EU+JP` and what is left out
    P(weeks_stopped[defence, US] > 4)           share of runs
    stopped[defence, US] > 0.3 for 6 months     a condition alone means its share of runs
    q95(months(price[dy_oxide, EU] > 2))        months a run spends there; `longest` in a row
    q95(peak(price[dy_oxide, EU]) in 2027)      of one calendar year; also `lowest` and `average`
    q95(public_cost[reserve] in 2027)           of one instrument and budget year; without them, of all
    mean(lost_output[defence, US] in 2027)      of one budget year; also lost_value_added, and lost_exports[CN]
    mean(stockpile_released[reserve, *, JP])    of a stockpile, by instrument, product and region
    P(project_start["Mt Weld expansion"] > 36)  a project that never comes starts after any month

A monthly variable without a word of how to make one number of its months means its highest month; compared by `<` it
means its lowest. `for 6 months` means in a row. `sim.questions.quantities` and `sim.questions.books` say which names
there are.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from sim.errors import MetricError
from sim.questions.estimates import Estimate, Mean, Quantile, Share, Statistic, Tail, estimate
from sim.questions.known import known
from sim.questions.quantities import REDUCERS, Quantity, compared
from sim.results.intervals import Values
from sim.variables import Path

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|-?\.\d+)(?P<percent>\s*%)?(?![\w.])"
    r"|\"(?P<quoted>[^\"]+)\"|(?P<name>[A-Za-z_*][\w.*-]*)|(?P<sign>>=|<=|[><()\[\],+]))"
)
_LEVEL = re.compile(r"(q|tail|var)(\d{1,2}(?:\.\d+)?)")
_SHAPE = "write such as tail95(shortage[magnet_hc, US]) or P(weeks_stopped[defence, US] > 4)"


@dataclass(frozen=True)
class Condition:
    """Whether a quantity lies on one side of a limit."""

    of: Quantity
    sign: str
    limit: float

    def holds(self, values: Values) -> Values:
        """1 where it holds, 0 where it does not; shape as given."""
        return compared(values, self.sign, self.limit).astype(np.float64)


@dataclass(frozen=True)
class Metric:
    """One number a run, and a statistic of the runs.

    Example
    -------
    >>> metric = parse("tail95(lost_output[defence, US])")
    >>> metric.statistic
    Tail(level=0.95)
    >>> float(metric.estimate(np.arange(1000.0)).value)
    974.5
    """

    text: str
    """As it was written, with even spaces."""
    statistic: Statistic
    of: Quantity | Condition
    is_plain: bool = False
    """Whether no statistic was written: a quantity then stands for its mean, a condition for its share of runs."""

    @property
    def quantity(self) -> Quantity:
        """What it looks at in a run."""
        return self.of.of if isinstance(self.of, Condition) else self.of

    @property
    def quantity_text(self) -> str:
        """The quantity alone, without statistic and without the limit it is held against, as it would be written.

        Example
        -------
        >>> parse("P(price[dy_oxide, EU] > 2 for 3 months in 2026)").quantity_text
        'longest(price[dy_oxide, EU] > 2) in 2026'
        """
        return self.quantity.in_full

    def check(self, source: object) -> None:
        """Raise one error with all names that a scenario or result does not have.

        Parameters
        ----------
        source: Results, a scenario, or their labels as `quantities.known` returns them.

        Raises
        ------
        MetricError: Unknown names, each with the nearest there is.
        """
        faults = self.quantity.faults(known(source))
        if faults:
            raise MetricError(self.text, faults)

    def paths(self, source: object) -> tuple[Path, ...]:
        """Monthly paths it needs of every run, for the argument `follow` of `sim.run`; none where `/runs` has it.

        Raises
        ------
        MetricError: Unknown names.
        """
        self.check(source)
        return self.quantity.paths(known(source))

    def kept(self, source: object) -> tuple[str, ...]:
        """Variables of `/runs` it needs, for the argument `per_run` of `sim.run`.

        Raises
        ------
        MetricError: Unknown names.
        """
        self.check(source)
        return self.quantity.kept(known(source))

    def values(self, results: xr.DataTree) -> Values:
        """One number a run, shape (run,): 0 or 1 of a condition; missing where a run has none.

        Raises
        ------
        MetricError: Unknown names, or something the result does not hold.
        """
        self.check(results)
        values = self.quantity.values(results, self.text)
        return self.of.holds(values) if isinstance(self.of, Condition) else values

    def estimate(self, values: Values) -> Estimate:
        """The statistic of one number a run, with its error.

        Raises
        ------
        MetricError: No run has a value, or none lies in the tail.
        """
        if values.size == 0 or bool(np.isnan(values).all()):
            raise MetricError(self.text, ["has a value in no run; nothing can be said of it"])
        level = getattr(self.statistic, "level", 0.5)
        share = min(level, 1.0 - level)
        runs = int((~np.isnan(values)).sum())
        if share * runs < 1.0 - 1e-9:
            wanted = math.ceil(1.0 / share - 1e-9)
            raise MetricError(self.text, [f"has an empty tail: {runs:,} runs; simulate {wanted:,} or more"])
        found = estimate(self.statistic, values)
        low, high = self.quantity.bounds if not isinstance(self.of, Condition) else (0.0, 1.0)
        return replace(found, low=max(found.low, low), high=min(found.high, high))

    def units(self, source: object) -> str:
        """Units of the figure."""
        if isinstance(self.of, Condition):
            return "1"
        return self.quantity.units(known(source))


def parse(text: str) -> Metric:
    """Read a metric expression; the docstring of this module has the grammar.

    Raises
    ------
    MetricError: It cannot be read; the message says where.
    """
    return _Reader(text).metric()


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        """Cut the text into words, numbers and signs."""
        self.text = " ".join(text.split())
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if found is None:
                raise MetricError(self.text, [f"cannot be read from '{self.text[at : at + 20].strip()}' on; {_SHAPE}"])
            last = str(found.lastgroup)
            kind = {"percent": "number", "quoted": "name"}.get(last, last)
            value = found[last] if last != "percent" else repr(float(found["number"]) / 100.0)
            self.tokens.append((kind, value))
            at = found.end()
        self.at = 0

    def metric(self) -> Metric:
        """The whole expression."""
        kind, word = self._next()
        statistic = self._statistic(word) if kind == "name" and self._follows("(") else None
        if statistic is None and not (kind == "name" and word == "P" and self._follows("(")):
            of = self._subject()
            plain, chosen = True, self._default(of)
        else:
            self.at += 2
            of = self._subject()
            self._expect(")")
            if statistic is None and not isinstance(of, Condition):
                raise self._fault("P needs a condition, such as P(weeks_stopped[defence, US] > 4)")
            if isinstance(of, Condition) and not isinstance(statistic, Mean | None):
                raise self._fault(f"{word} of a condition says nothing; ask for P(...)")
            plain, chosen = False, statistic if statistic and not isinstance(of, Condition) else Share()
        if self.at < len(self.tokens):
            raise self._fault(f"has '{self._next()[1]}' after its end; {_SHAPE}")
        return Metric(self.text, chosen, of, plain)

    @staticmethod
    def _default(of: Quantity | Condition) -> Statistic:
        """Statistic where none is written."""
        return Share() if isinstance(of, Condition) else Mean()

    def _subject(self) -> Quantity | Condition:
        """A quantity, or a condition on it."""
        kind, word = self._next()
        if kind == "name" and word in REDUCERS and self._follows("("):
            self.at += 2
            inner = self._plain()
            sign, limit = self._comparison()
            self._expect(")")
            counts = REDUCERS[word].counts
            if counts is not bool(sign):
                needs = "needs a condition" if counts else "takes no condition"
                raise self._fault(f"{word}(...) {needs}, such as {word}(price[dy_oxide, EU]{' > 2' if counts else ''})")
            quantity = Quantity(*inner, reducer=word, sign=sign, limit=limit, year=self._year())
        else:
            quantity = Quantity(*self._plain(), year=self._year())
        sign, limit = self._comparison()
        if not sign:
            return quantity
        months = self._duration()
        if months is None:
            return Condition(quantity.reduced_for(sign), sign, limit)
        if quantity.reducer:
            raise self._fault(f"has {quantity.reducer}(...) and 'for {months} months'; leave one of them out")
        spell = Quantity(quantity.name, quantity.labels, "longest", sign, limit, self._year() or quantity.year)
        return Condition(spell, ">=", float(months))

    def _plain(self) -> tuple[str, tuple[tuple[str, ...], ...]]:
        """Name and labels."""
        kind, name = self._next()
        if kind != "name":
            raise self._fault(f"has '{name}' where a name is wanted; {_SHAPE}" if name else f"ends early; {_SHAPE}")
        self.at += 1
        labels: list[tuple[str, ...]] = []
        if self._next()[1] == "[":
            while self._next()[1] in ("[", ","):
                self.at += 1
                labels.append(self._label())
            self._expect("]")
        return name, tuple(labels)

    def _label(self) -> tuple[str, ...]:
        """One label, or several that are added up."""
        found = []
        while True:
            kind, word = self._next()
            if kind != "name":
                raise self._fault(f"has '{word}' where the name of a product, sector or region is wanted")
            found.append(word)
            self.at += 1
            if self._next()[1] != "+":
                return tuple(found)
            self.at += 1

    def _comparison(self) -> tuple[str, float]:
        """Sign and limit; an empty sign where there is none."""
        sign = self._next()[1]
        if sign not in (">", "<", ">=", "<="):
            return "", 0.0
        self.at += 1
        return sign, self._number()

    def _duration(self) -> int | None:
        """Months of `for N months`; none where there is none."""
        if self._next() != ("name", "for"):
            return None
        self.at += 1
        months = self._number()
        if months < 1 or months != int(months):
            raise self._fault(f"has 'for {months:g} months'; give a whole number from 1")
        if self._next()[1] not in ("month", "months"):
            raise self._fault("counts in months; write such as 'for 6 months'")
        self.at += 1
        return int(months)

    def _year(self) -> int | None:
        """Calendar year of `in YEAR`; none where there is none."""
        if self._next() != ("name", "in"):
            return None
        self.at += 1
        year = self._number()
        if year != int(year):
            raise self._fault(f"has 'in {year:g}'; give a calendar year")
        return int(year)

    def _number(self) -> float:
        kind, word = self._next()
        if kind != "number":
            raise self._fault(f"has '{word}' where a number is wanted" if word else "ends where a number is wanted")
        self.at += 1
        return float(word)

    def _statistic(self, word: str) -> Statistic | None:
        """The statistic of a name; none if it is no statistic."""
        if word in ("mean", "median"):
            return Mean() if word == "mean" else Quantile(0.5)
        found = _LEVEL.fullmatch(word)
        if found is None and (word == "P" or word in REDUCERS):
            return None
        if found is None:
            others = ", ".join(REDUCERS)
            raise self._fault(f"has {word}(...), which is none of mean, median, q95, tail95, P, {others}; {_SHAPE}")
        level = float(found[2]) / 100.0
        if level == 0.0:
            raise self._fault(f"has {word}; a level lies between 0 and 100, such as {found[1]}95")
        return Tail(level) if found[1] == "tail" else Quantile(level)

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def _follows(self, sign: str) -> bool:
        return self.at + 1 < len(self.tokens) and self.tokens[self.at + 1] == ("sign", sign)

    def _expect(self, sign: str) -> None:
        found = self._next()[1]
        if found != sign:
            raise self._fault(f"lacks '{sign}'" + (f" before '{found}'" if found else " at its end"))
        self.at += 1

    def _fault(self, problem: str) -> MetricError:
        return MetricError(self.text, [problem])
