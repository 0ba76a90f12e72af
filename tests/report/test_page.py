"""The report says what the result says, needs no network, and takes titles and sources for text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim import report
from sim.errors import ResultError
from sim.report import findings, recipe
from sim.results.summary import summarise

HOSTILE = '</title><script>alert(1)</script>{{ 7*7 }}"onerror=x'
OVERRIDES = [
    "time.years=1",
    f"title='{HOSTILE}'",
    f"restrictions.heavy_oxides.source='{HOSTILE}'",
    f"restrictions.magnets_hc.title='{HOSTILE}'",
]


@pytest.fixture(scope="module")
def results() -> xr.DataTree:
    return sim.run(sim.load("controls_2025", overrides=OVERRIDES), runs=16, seed=3)


@pytest.fixture(scope="module")
def page(results: xr.DataTree) -> str:
    return report.html([results], region="EU")


class Elements(HTMLParser):
    """Elements of a page that are open at its end, all tags, all attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page__is_well_formed_and_has_no_script_link_or_address(page: str) -> None:
    found = Elements(page)
    assert found.open == []
    assert not {"script", "link", "iframe", "object", "form"} & set(found.tags)
    assert not [name for _, name, _ in found.attributes if name.startswith("on")]
    addresses = [value for _, name, value in found.attributes if name in ("src", "href", "action", "data")]
    assert addresses and all(value.startswith(("data:image/png;base64,", "#")) for value in addresses)
    assert "@import" not in page and "url(" not in page


def test_page__takes_hostile_text_for_text(page: str) -> None:
    # In the title, the heading, a table of restrictions and the scenario in full: always as it was written.
    assert Elements(page).text.count(HOSTILE) >= 4
    assert "<script>" not in page and "49" not in re.findall(r"<h1>(.*?)</h1>", page, re.S)[0]


def test_page__describes_every_picture_and_gives_its_size(page: str) -> None:
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) == 7
    assert all(re.search(r'alt="[^"]{60,}"', each) and 'width="' in each and 'height="' in each for each in pictures)


def test_page__has_a_table_for_stages_products_classes_sectors_and_restrictions(page: str) -> None:
    captions = " ".join(re.findall(r"<caption>(.*?)</caption>", page))
    for title in ("Restrictions as drawn", "Stages over", "Products over", "Classes of", "Sectors over", "confidence"):
        assert title in captions
    assert all(row in page for row in (">defence<", ">essential<", ">other<"))


def test_page__says_how_to_make_the_result_again(page: str, results: xr.DataTree) -> None:
    assert "sim run controls_2025 --runs 16 --seed 3 --set" in page
    before, after = (json.loads(text) for text in (sim.load("controls_2025").text, results.attrs["scenario"]))
    overrides = list(recipe.differences(before, after))
    again = sim.run(sim.load("controls_2025", overrides=overrides), runs=16, seed=3)
    assert again["distribution"].identical(results["distribution"])


def test_command__is_not_given_for_a_scenario_that_is_not_found(results: xr.DataTree, tmp_path: Path) -> None:
    copy = results.copy()
    copy.attrs = {**results.attrs, "scenario_file": "gone.toml"}
    assert recipe.command(copy, folder=tmp_path) == ""
    copy.attrs = {**results.attrs, "first_run": 5}
    assert recipe.command(copy) == ""


def test_page__of_several_results_sets_them_side_by_side(results: xr.DataTree) -> None:
    other = sim.run(sim.load("controls_2025", overrides=["time.years=1"]), runs=16, seed=3)
    text = Elements(report.html([results, other], with_pictures=False)).text
    assert "Side by side (the same draws" in text and text.count("Make it again") == 2
    another = sim.run(sim.load("controls_2025", overrides=["time.years=1"]), runs=16, seed=4)
    assert "draws or horizons differ" in report.html([results, another], with_pictures=False)


def test_page__of_tables_that_changed_says_what_is_missing(results: xr.DataTree) -> None:
    copy = results.copy()
    copy.attrs = {**results.attrs, "tables_digest": "f" * 64}
    text = report.html([copy], with_pictures=False)
    assert "No table by class" in text and "have changed since" in text


def test_page__of_an_unknown_region_or_of_nothing_is_refused(results: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="'XX' is no region"):
        report.html([results], region="XX", with_pictures=False)
    with pytest.raises(ResultError, match="no result"):
        report.html([])


def test_findings__of_a_hand_made_result_are_those_made() -> None:
    from tests.results.conftest import blank

    hand = blank(40)
    runs = hand["runs"].to_dataset()
    wait = np.where(np.arange(40) < 10, 2.0, np.nan)
    runs["shortage_months"].loc[{"sector": "cars", "region": "EU"}] = np.where(np.arange(40) < 10, 6.0, 0.0)
    runs["time_to_survive"].loc[{"sector": "cars", "region": "EU"}] = wait
    runs["shortage_tonnes"].loc[{"sector": "cars", "region": "EU"}] = np.where(np.arange(40) < 10, 500.0, 0.0)
    runs["rationed_tonnes"].loc[{"sector": "cars", "region": "EU"}] = np.where(np.arange(40) < 10, 100.0, 0.0)
    hand["runs"] = xr.DataTree(runs)
    answers = {each.question: each.answer for each in findings.findings(hand, summarise(hand))}
    first = answers["Who is short first, and by how much?"]
    assert first.startswith("Cars in EU: short") and "25 % of runs (13 to 41 %)" in first
    assert "where both come: 2 (5 to 95 % of runs: 2 to 2" in first
    assert answers["Which region is hit hardest?"].endswith("100 % of what all regions go without on average.")
