"""Ten questions that an analyst brings, and where a reader of the page alone finds each answer."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr

import sim
from sim.report import context, findings, html
from sim.results import audit, remade
from sim.results.summary import summarise

FIGURE = r"\d[\d,.]*"
RANGE = rf"\(5 to 95 % of runs: .*?{FIGURE}.*?; .*?(median known to|error of the median|too few runs).*?\)"
SHARE = r"\d+ % of runs \(\d+ to \d+ %\)"
QUESTIONS = (
    ("Who is short first, by how much, and with what confidence?", "Who is short first", rf"{SHARE}.*{RANGE}"),
    (
        "How soon after a restriction is the first one short?",
        "Who is short first",
        rf"Months from the first onset.*{RANGE}",
    ),
    (
        "Who loses most, and for how long?",
        "Who loses most",
        rf"months short: .*{RANGE}.*first short month to the last.*{RANGE}",
    ),
    ("Which region is hit hardest?", "Which region", rf"{RANGE}; \d+ % of what all regions go without"),
    ("What gets dearest, and how likely does it double?", "What gets dearest", rf"x{FIGURE} {RANGE}.*{SHARE}"),
    ("Where in the chain is the bottleneck?", "At which stage", rf"Products of the stage \w+, in \w+ .*\d+ % {RANGE}"),
    (
        "Is demand rationed, priced out or replaced?",
        "What becomes of demand",
        rf"rationed .*{RANGE}; given up.*; replaced",
    ),
    (
        "What does a bad case cost, against a usual one?",
        "What does it cost",
        rf"USD {RANGE}.*The worst 5 % of runs lose {FIGURE}",
    ),
    ("How hard is defence hit?", "How hard is defence", rf"{SHARE}.*Rationed.*{RANGE}.*Output lost: .*{RANGE}"),
    (
        "Which restriction matters, and what do the policies cost?",
        "Which restrictions strike",
        r"in (over )?\d+ % of runs, for \d+",
    ),
)
"""What is asked, the heading under Findings where the answer stands, and what the answer must hold."""


@pytest.fixture(scope="module")
def results() -> xr.DataTree:
    return sim.run(sim.load("allied_strategy", overrides=["time.years=2"]), runs=40, seed=1)


@pytest.fixture(scope="module")
def answers(results: xr.DataTree) -> dict[str, str]:
    page = html([results], with_pictures=False)
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page, re.S)
    return dict(found)


@pytest.mark.parametrize(("question", "heading", "answer"), QUESTIONS, ids=[each[0] for each in QUESTIONS])
def test_question__is_answered_with_numbers_and_errors(
    question: str, heading: str, answer: str, answers: dict[str, str]
) -> None:
    said = next((text for name, text in answers.items() if name.startswith(heading)), "")
    assert re.search(answer, said, re.S), f"{question} {said}"


def test_policies__cost_what_their_accounts_say(results: xr.DataTree, answers: dict[str, str]) -> None:
    said = answers["What do the policies cost the public, and do they help?"]
    total = np.sort(results["policies"].net_public_cost.sum("instrument").values)
    assert findings.money(float(total[19])) in said and "sim compare" in said


def test_data__are_said_to_be_assumed_where_they_are(results: xr.DataTree, answers: dict[str, str]) -> None:
    scenario = remade.scenario(results)
    rows = sum(len(getattr(scenario.tables, name)) for name in audit.TABLES)
    assumed = sum(row.confidence == "assumption" for name in audit.TABLES for row in getattr(scenario.tables, name))
    assert f"Of {rows:,} rows" in answers["How well are the data known?"]
    assert f"{assumed:,} ({round(100 * assumed / rows)} %) are assumptions" in answers["How well are the data known?"]


def test_context__without_tables_leaves_out_what_needs_them(results: xr.DataTree) -> None:
    questions = [each.question for each in context.context(results, summarise(results), None)]
    assert len(questions) == 2 and not [text for text in questions if "defence" in text or "data" in text]
