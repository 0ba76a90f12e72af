"""Registry of every labelled variable: name, dimensions, units, and one sentence.

Those of the path without shocks stand in `sim.path_variables`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

RUN, MONTH, QUANTILE = "run", "time", "quantile"
PRODUCT, REGION, SECTOR, STAGE = "product", "region", "sector", "stage"
RESTRICTION, SLOT, ROUTE, REGIME, PROJECT = "restriction", "event", "route", "regime", "project"
USE, ELEMENT, ORIGIN = "use", "element", "origin"
INSTRUMENT, STOCKPILE, YEAR = "instrument", "stockpile", "year"
METRIC, CAUSE, FACTOR, PARAMETER, DRAW, INPUT = "metric", "cause", "factor", "parameter", "draw", "input"
LOOK = "look"
MIX, OPTION, KNOWLEDGE = "mix", "option", "knowledge"
WORLD = "world"
"""Label of the sum or weighted mean over all regions, beside the regions themselves."""
STEPPED = 2
"""Value of `resumed` of an event that is the next step of the schedule of a measure in force."""

SECTOR_CLASSES = "sector_classes"
"""Attribute of a result that names the class of each sector, as JSON."""
PER_RUN = "per_run"
"""Attribute of a result that names the variables of `/runs` and `/years` that were kept, where not all were."""

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""Quantiles kept of every distribution."""
SHORT = 0.05
"""Shortage from which a month counts as short."""
DEAR = 2.0
"""Price multiple from which a month counts as dear."""
CONFLICT = 0.5
"""Share of the horizon that a run must spend in conflict, in the regime that spends most, to count as a conflict
run."""


@dataclass(frozen=True)
class Variable:
    """A labelled variable of the results.

    `dims` leave out `quantile` and `time` for the variables of `/distribution`, whose statistics all share.
    """

    name: str
    dims: tuple[str, ...]
    units: str
    meaning: str
    dtype: str = "float32"
    optional: bool = False
    """Whether only some scenarios have it."""


class Path(NamedTuple):
    """A monthly variable of one product, sector or stage in one region.

    Example
    -------
    >>> str(Path("price", "dy_oxide", "EU"))
    'price[dy_oxide, EU]'
    """

    variable: str
    item: str
    region: str

    def __str__(self) -> str:
        """Return it as it is written in metric expressions."""
        return f"{self.variable}[{self.item}, {self.region}]"


CONTENT = Variable(
    "content",
    (PRODUCT, REGION),
    "1",
    "Share of what makers and sectors take in that comes from the scenario's origin or is made of material from there.",
    optional=True,
)
"""There where the scenario names an origin."""
STOCK = Variable(
    "stock",
    (PRODUCT, REGION),
    "1",
    "What a stockpile holds at the end of the month, over its size.",
    optional=True,
)
"""There where the scenario has a stockpile."""

DISTRIBUTION = (
    Variable("price", (PRODUCT, REGION), "1", "Quoted price over its reference, mean of the month."),
    Variable(
        "transacted_price",
        (PRODUCT, REGION),
        "1",
        "Price material changed hands at, contracts included, over the reference; the world is weighted by volume.",
    ),
    Variable("inventory", (PRODUCT, REGION), "1", "Inventory over its reference, mean of the month."),
    Variable("flow", (PRODUCT, REGION), "1", "Material that left the market in the month over the reference."),
    Variable(
        "shortage",
        (PRODUCT, REGION),
        "1",
        "Intake of a product missing against the service path, over that path: makers and sectors of the region.",
    ),
    Variable(
        "sector_shortage",
        (SECTOR, REGION),
        "1",
        "Service demand of a sector not met, over its service path: rationed, destroyed and substituted.",
    ),
    Variable(
        "stopped",
        (SECTOR, REGION),
        "1",
        "Lines that stand still: what a sector needs and neither gets nor has in stock, over its service demand.",
    ),
    Variable(
        "stage_price", (STAGE, REGION), "1", "Quoted price of a stage's products, weighted by reference use in value."
    ),
    Variable(
        "stage_shortage",
        (STAGE, REGION),
        "1",
        "Intake of a stage's products missing against the service path, weighted by reference price.",
    ),
    CONTENT,
    STOCK,
)
"""Variables with a distribution over runs in every month."""

STATISTICS = ("mean", "sd", "minimum", "maximum")
"""Statistics kept beside the quantiles, as variables `<name>_<statistic>`."""

RUNS = (
    Variable("peak_price", (RUN, PRODUCT, REGION), "1", "Highest monthly quoted price over its reference."),
    Variable("months_dear", (RUN, PRODUCT, REGION), "month", "Months with a quoted price above twice the reference."),
    Variable("worst_shortage", (RUN, PRODUCT, REGION), "1", "Highest monthly shortage."),
    Variable("worst_sector_shortage", (RUN, SECTOR, REGION), "1", "Highest monthly shortage of a sector."),
    Variable("worst_stopped", (RUN, SECTOR, REGION), "1", "Highest monthly share of lines that stand still."),
    Variable("peak_stage_price", (RUN, STAGE, REGION), "1", "Highest monthly price of a stage over its reference."),
    Variable("worst_stage_shortage", (RUN, STAGE, REGION), "1", "Highest monthly shortage of a stage."),
    Variable(
        "shortage_months", (RUN, SECTOR, REGION), "month", "Months with a shortage above 5 % of the service path."
    ),
    Variable(
        "weeks_stopped", (RUN, SECTOR, REGION), "week", "Weeks for which lines stood still, shares of lines added up."
    ),
    Variable("shortage_tonnes", (RUN, SECTOR, REGION), "t", "Service demand not met over the horizon."),
    Variable("rationed_tonnes", (RUN, SECTOR, REGION), "t", "Wanted at the price and not delivered, over the horizon."),
    Variable("destroyed_tonnes", (RUN, SECTOR, REGION), "t", "Given up because of the price, over the horizon."),
    Variable(
        "substituted_tonnes",
        (RUN, SECTOR, REGION),
        "t",
        "Replaced by something else over the horizon, less what is taken over from other uses.",
    ),
    Variable("product_rationed", (RUN, PRODUCT, REGION), "t", "Rationed tonnes of the users of a product."),
    Variable("product_destroyed", (RUN, PRODUCT, REGION), "t", "Destroyed tonnes of the users of a product."),
    Variable("product_substituted", (RUN, PRODUCT, REGION), "t", "Substituted tonnes of the users of a product."),
    Variable(
        "product_saved",
        (RUN, PRODUCT, REGION),
        "t",
        "Saved by efficiency: what makers did without over the horizon at lower intensities; negative at higher ones.",
    ),
    Variable(
        "product_held_up",
        (RUN, PRODUCT, REGION),
        "t",
        "Activity that makers wanted over the horizon and could not run, this input having the lowest fill.",
    ),
    Variable(
        "lost_output", (RUN, SECTOR, REGION), "million USD", "Sector output lost with rationed and destroyed demand."
    ),
    Variable("lost_value_added", (RUN, SECTOR, REGION), "million USD", "Value added lost with the same demand."),
    Variable(
        "time_to_survive",
        (RUN, SECTOR, REGION),
        "month",
        "Months from the first onset of a restriction to the first short month; missing if neither comes.",
    ),
    Variable(
        "time_to_recover",
        (RUN, SECTOR, REGION),
        "month",
        "Months from the first short month to the last; missing if none is short.",
    ),
    Variable("licence_rent", (RUN, RESTRICTION), "million USD", "Rent paid on quota licences over the horizon."),
    Variable(
        "sender_loss",
        (RUN, RESTRICTION),
        "million USD",
        "Exports not sent on a restriction's routes while in force, at reference prices; below 0 where more is sent, "
        "as under dumping, whose discounts and subsidies are not in it. A route under two restrictions is in both, so "
        "restrictions do not add up to what a region loses.",
    ),
)
"""Variables with one value a run."""

CAPACITY = (
    Variable(
        "final_capacity", (RUN, STAGE, REGION), "t/year", "Capacity at the end of the horizon, tonnes of activity."
    ),
    Variable(
        "project_start",
        (RUN, PROJECT),
        "month",
        "Start of a project's first part, months from the start of the horizon; missing if it does not come within it.",
    ),
)
"""Variables of `/capacity`, which is there where capacity answers or projects are followed."""

POLICIES = (
    Variable("public_cost", (RUN, INSTRUMENT, YEAR), "million USD", "Public money paid in the calendar year."),
    Variable("public_receipts", (RUN, INSTRUMENT, YEAR), "million USD", "Public receipts in the calendar year."),
    Variable(
        "private_money",
        (RUN, INSTRUMENT, YEAR),
        "million USD",
        "Private money for the capacity that public money supports, booked in the calendar year of the order or start.",
    ),
    Variable(
        "net_public_cost",
        (RUN, INSTRUMENT),
        "million USD",
        "Public cost less receipts over the horizon, discounted to its start.",
    ),
    Variable(
        "contingent_cost",
        (RUN, INSTRUMENT),
        "million USD",
        "The same of contingent liabilities: guaranteed and insured prices and guaranteed loans; 0 of others.",
    ),
    Variable(
        "guaranteed_debt",
        (RUN, INSTRUMENT, YEAR),
        "million USD",
        "Private debt that the public guarantees at the end of the calendar year.",
    ),
    Variable(
        "revenue",
        (RUN, STAGE, REGION, YEAR),
        "million USD",
        "What makers earn in the calendar year: activity begun, at transacted prices, without any support.",
    ),
)
"""Variables of `/policies`, which is there where the scenario has policies."""

STOCKPILES = (
    Variable("stockpile_bought", (RUN, YEAR, STOCKPILE), "t", "Bought on the market in the year."),
    Variable(
        "stockpile_released", (RUN, YEAR, STOCKPILE), "t", "Released straight to those it serves, at home, in the year."
    ),
    Variable("stockpile_sold", (RUN, YEAR, STOCKPILE), "t", "Sold into the market in the year, for whoever buys."),
    Variable("stockpile_lost", (RUN, YEAR, STOCKPILE), "t", "Lost in rotation and storage in the year."),
    Variable("stockpile_lent", (RUN, YEAR, STOCKPILE), "t", "Sent to stockpiles of its pool in the year."),
    Variable("stockpile_came", (RUN, YEAR, STOCKPILE), "t", "Come from stockpiles of its pool in the year."),
    Variable("stockpile_purchases", (RUN, YEAR, STOCKPILE), "million USD", "Paid for purchases, at the quoted price."),
    Variable(
        "stockpile_receipts",
        (RUN, YEAR, STOCKPILE),
        "million USD",
        "Received for what was released and sold, at the quoted price; at the price of relief for what that covered.",
    ),
    Variable("stockpile_holding", (RUN, YEAR, STOCKPILE), "million USD", "Storage and handling in the year."),
    Variable("stockpile_closing", (RUN, STOCKPILE), "t", "Held at the end of the horizon."),
    Variable("stockpile_lowest", (RUN, STOCKPILE), "t", "Least held at the end of a month."),
    Variable(
        "stockpile_closing_value",
        (RUN, STOCKPILE),
        "million USD",
        "What is held at the end of the horizon, at the quoted price of the last month.",
    ),
)
"""Variables of `/stockpiles`, which is there where the scenario has a stockpile; years count from its start."""

YEARS = (
    Variable(
        "lost_output_by_year",
        (RUN, SECTOR, REGION, YEAR),
        "million USD",
        "Sector output lost with demand rationed and destroyed in the calendar year; the years add up to lost_output.",
    ),
    Variable(
        "lost_value_added_by_year",
        (RUN, SECTOR, REGION, YEAR),
        "million USD",
        "Value added lost with the same demand; the years add up to lost_value_added.",
    ),
    Variable(
        "lost_exports",
        (RUN, REGION, YEAR),
        "million USD",
        "What a region that restricts does not export in the calendar year on routes that one of its measures reaches, "
        "while in force: reference exports on trend less those sent, at reference prices, each route once. Below 0 "
        "where more is sent, as under dumping.",
    ),
)
"""Variables of `/years`: what is lost in each calendar year."""

PARAMETERS = (
    Variable(
        "value", (PARAMETER, RUN), "1", "Value of a parameter that differs between runs; units as in the scenario."
    ),
)
SHOCKS = (
    Variable("announced", (RESTRICTION, SLOT, RUN), "month", "Announcement, months from the start; missing if absent."),
    Variable("onset", (RESTRICTION, SLOT, RUN), "month", "Onset, months from the start; missing if absent."),
    Variable(
        "end",
        (RESTRICTION, SLOT, RUN),
        "month",
        "End, months from the start, perhaps beyond the horizon; infinite if permanent; missing if absent.",
    ),
    Variable(
        "duration", (RESTRICTION, SLOT, RUN), "month", "Months in force; infinite if permanent; missing if absent."
    ),
    Variable(
        "level",
        (RESTRICTION, SLOT, RUN),
        "1",
        "Share withheld, lost or denied; t a year of an export quota; share of reference of a production quota; "
        "rate of a duty or wedge; discount of dumping; what a ban on technology adds to times of building, over them.",
    ),
    Variable("severity", (RESTRICTION, SLOT, RUN), "1", "Share of the targets' supply put at risk."),
    Variable(
        "ending",
        (RESTRICTION, SLOT, RUN),
        "1",
        "How it ends: 0 not at all, 1 by its duration, 2 by a truce, 3 by a ruling; -1 if absent.",
        "int8",
    ),
    Variable(
        "resumed",
        (RESTRICTION, SLOT, RUN),
        "1",
        "1 where it is a former measure that is back after a truce, 2 where it is the next step of the one before, 0 "
        "where it is new; -1 if absent.",
        "int8",
    ),
    Variable(
        "hazard",
        (RESTRICTION, RUN),
        "1/year",
        "Hazard drawn for the run, in calm if it knows a regime; none for a date.",
    ),
    Variable(
        "conflict_hazard", (RESTRICTION, RUN), "1/year", "The same in conflict, without escalation; none for a date."
    ),
    Variable("in_conflict", (REGIME, MONTH, RUN), "1", "1 where a month begins in conflict, 0 where in calm.", "int8"),
    Variable("conflict_share", (REGIME, RUN), "1", "Share of the horizon spent in conflict."),
)
"""The realised shocks."""

TRACES = (
    Variable("price", (RUN, MONTH, PRODUCT, REGION), "1", "Quoted price over its reference."),
    Variable("transacted_price", (RUN, MONTH, PRODUCT, REGION), "1", "Transacted price over its reference."),
    Variable("inventory", (RUN, MONTH, PRODUCT, REGION), "1", "Inventory over its reference."),
    Variable("shortage", (RUN, MONTH, PRODUCT, REGION), "1", "Intake missing against the service path."),
    Variable("sector_shortage", (RUN, MONTH, SECTOR, REGION), "1", "Service demand not met over its path."),
    Variable("shipment", (RUN, MONTH, ROUTE), "t", "Shipments in the month."),
    replace(CONTENT, dims=(RUN, MONTH, PRODUCT, REGION)),
    replace(STOCK, dims=(RUN, MONTH, PRODUCT, REGION)),
)
"""Full paths of chosen runs."""

PATHS = tuple(replace(item, dims=(RUN, MONTH, *item.dims), optional=True) for item in DISTRIBUTION)
"""Full paths of every run, of the rows that are followed."""

MONTHLY = (
    Variable("price", (RUN, MONTH, PRODUCT, REGION), "1", "Quoted price over its reference.", optional=True),
    Variable("inventory", (RUN, MONTH, PRODUCT, REGION), "1", "Inventory over its reference.", optional=True),
    Variable("shortage", (RUN, MONTH, PRODUCT, REGION), "1", "Intake missing against the service path.", optional=True),
    Variable(
        "sector_shortage", (RUN, MONTH, SECTOR, REGION), "1", "Service demand not met over its path.", optional=True
    ),
    Variable("stopped", (RUN, MONTH, SECTOR, REGION), "1", "Lines that stand still, a share.", optional=True),
    Variable(
        "delivery",
        (RUN, MONTH, ROUTE),
        "1",
        "Shipments sent on a route in the month over those of the path without shocks.",
        optional=True,
    ),
)
"""Paths of every run, of the variables chosen for `/monthly`; rounded to steps so that they pack well."""
