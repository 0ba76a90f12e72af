"""The page of `sim explore`: what it offers, what it shows of a choice, and that it works in a browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from sim.errors import MissingExtra, ResultError
from sim.plotting.alongside import alongside
from sim.report import explored, explorer
from sim.variables import PRODUCT, REGION
from tests.browser import WIDTHS, Browser, needs_chromium, until
from tests.small_results import put, results

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def made() -> dict[str, xr.DataTree]:
    """Forty runs in which ore in Europe peaks at 1 to 4.9 times its reference; a calm result without ore in China."""
    dear, calm = results(), results()
    put(dear, "runs", "peak_price", [1.0 + 0.1 * run for run in range(40)], product="ore", region="EU")
    put(calm, "distribution", "price", float("nan"), product="ore", region="CN")
    for name, each in (("dear", dear), ("calm", calm)):
        each.attrs = {**each.attrs, "scenario_file": f"{name}.toml"}
    return explored.named([dear, calm])


def test_beginning__is_the_dearest_product(made: dict[str, xr.DataTree]) -> None:
    first = explored.beginning(made)
    assert (first.scenarios, first.product, first.quantile) == (("dear", "calm"), "ore", 0.95)


def test_named__tells_results_of_one_scenario_apart(made: dict[str, xr.DataTree]) -> None:
    names = list(explored.named([made["dear"], made["dear"], made["calm"]]))
    assert len(set(names)) == 3 and names[0].startswith("dear (1: 40 runs, seed") and names[2] == "calm"


def test_asked__keeps_what_is_there_and_forgets_the_rest(made: dict[str, xr.DataTree]) -> None:
    wanted = explored.Choice(("calm",), "metal", "CN", 0.5)
    assert explored.asked(made, explored.address(wanted)) == wanted
    wrong = {"scenario": "none", "product": "gold", "region": "<script>", "quantile": "1e9"}
    assert explored.asked(made, wrong) == explored.beginning(made)


def test_view__says_figures_with_their_errors(made: dict[str, xr.DataTree]) -> None:
    found = explored.view(made, explored.Choice(("dear",), "ore", "EU", 0.95))
    # Of 1.0, 1.1, ... 4.9, half are at most 2.9 and 29 of 40 are above 2.
    assert "over its reference is x2.9 (5 to 95 % of runs: x1.1 to x4.7;" in found.sentences[0]
    assert "passes x2 in 72 % of runs" in found.sentences[0]
    assert found.table is not None and found.table.rows[0][1].startswith("x4.7 (")
    assert len(found.pictures) == 3 and not found.missing


def test_view__says_what_is_not_there(made: dict[str, xr.DataTree]) -> None:
    found = explored.view(made, explored.Choice(("dear", "calm"), "ore", "CN", 0.5))
    assert found.missing == ("calm has no ore in CN.",) and len(found.sentences) == 1
    assert explored.view(made, explored.Choice((), "ore", "CN", 0.5)).missing == ("Choose at least one scenario.",)


def test_alongside__draws_the_quantile_of_each(made: dict[str, xr.DataTree]) -> None:
    axes = alongside(made, "shortage", of="ore", region="EU", quantile=0.95)
    legend = axes.get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == ["dear", "calm"]
    path = made["dear"]["distribution"].shortage.sel({PRODUCT: "ore", REGION: "EU", "quantile": 0.95})
    assert np.array_equal(axes.lines[0].get_ydata(), path.values)
    with pytest.raises(ResultError, match=r"quantile 0\.9 is not kept"):
        alongside(made, of="ore", region="EU", quantile=0.9)


def test_explore__without_panel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"oreflow\[explore\]"):
        explorer.check_installed()
    found = CliRunner().invoke(app, ["explore", "none.nc"])
    assert found.exit_code == 2 and "oreflow[explore]" in found.stderr and "none.nc: does not exist" in found.stderr


@pytest.mark.long
@needs_chromium
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_explore__follows_a_choice_in_a_browser_and_ends_on_demand(tmp_path: Path) -> None:
    pytest.importorskip("panel")
    scenario = sim.load("controls_2025", overrides=["time.years=1", "title='<b>bold</b>'"])
    sim.save(sim.run(scenario, runs=4), tmp_path / "made.nc")
    command = [sys.executable, "-m", "sim", "explore", "made.nc", "--no-browser"]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=paths)
    try:
        assert process.stderr is not None
        found = re.match(r"(http://127\.0\.0\.1:\d+/)  \(this machine only", process.stderr.readline())
        assert found
        with Browser() as browser:
            _look(browser, found[1])
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0 and said.strip() == "ended", said


WITHIN = """(() => {
  const all = node => [node, ...[...node.querySelectorAll('*')].flatMap(e => e.shadowRoot ? all(e.shadowRoot) : [])];
  const found = what => all(document).flatMap(root => [...root.querySelectorAll(what)]);
  %s
})()"""
"""Parts of the page stand in roots of their own, which a plain query does not enter."""
TEXT = WITHIN % "return found('p, td, select').map(e => e.textContent).join(' ')"
PICTURES = WITHIN % "return found('img').filter(i => i.naturalWidth > 300 && i.alt.length > 60).length"
CHOOSE_TB = (
    WITHIN
    % """const option = found('select option').find(each => each.text == 'Tb oxide');
  option.parentElement.value = option.value;
  option.parentElement.dispatchEvent(new Event('change'));
  return option.value"""
)


def _look(browser: Browser, address: str) -> None:
    """Open the page at both widths, choose another product, and see that the page follows."""
    browser.open(f"{address}?product=dy_oxide&region=EU", WIDTHS["phone"])
    until(lambda: browser.ask(PICTURES) == 3)
    assert "Dy oxide in EU" in browser.ask(TEXT) and browser.overflows() <= 0
    browser.ask(CHOOSE_TB)
    until(lambda: "Tb oxide in EU" in (browser.ask(TEXT) or ""))
    until(lambda: "product=tb_oxide" in browser.ask("location.search"))
    browser.open(f"{address}?product=none", WIDTHS["desktop"])
    until(lambda: browser.ask(PICTURES) == 3)
    assert browser.overflows() <= 0 and browser.faults == []
    own = {each for each in browser.addresses if not each.startswith(("data:", "blob:", "about:", "chrome:"))}
    assert own and all(each.startswith(address) for each in own), own
