from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import sim
from sim.chain import stability
from sim.cli.app import app

SHORT = ["--runs", "8", "--set", "time.years=1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one result file."""
    place = tmp_path_factory.mktemp("results")
    results = sim.run(sim.load("controls_2025", overrides=["time.years=1"]), runs=8)
    sim.save(results, place / "made.nc")
    return place


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


@pytest.mark.parametrize(
    "command", [(), ("run",), ("check",), ("show",), ("plot",), ("verify",), ("diff",), ("list",), ("schema",)]
)
def test_help__has_an_example(command: tuple[str, ...]) -> None:
    found = call(*command, "--help")
    assert found.exit_code == 0 and "Example: sim" in found.output


def test_version__is_the_version_of_the_package() -> None:
    assert call("--version").output.strip() == f"oreflow {sim.__version__}"


def test_list__names_the_bundled_scenarios() -> None:
    found = call("list")
    assert found.exit_code == 0 and "controls_2025" in found.stdout and "still" in found.stdout


def test_schema__is_json_and_nothing_else() -> None:
    assert json.loads(call("schema").stdout)["properties"]["restrictions"]


def test_run__writes_result_and_picture_and_prints_a_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = call("run", "controls_2025", *SHORT, "--seed", "7", "--plot", "a.png", "--traces", "2")
    assert found.exit_code == 0, found.output
    assert names(tmp_path) == ["a.png", "controls_2025.nc"]
    results = sim.open_results("controls_2025.nc")
    assert results.attrs["seed"] == 7 and results["traces"].sizes["run"] == 2
    for said in ("8 runs of 1 year from 2025-01, seed 7", "Dearest:", "Few runs", "controls_2025.nc", "metal"):
        assert said in found.stdout
    assert found.stderr == ""


def test_run__equals_the_library(tmp_path: Path) -> None:
    call("run", "controls_2025", *SHORT, "--seed", "7", "--out", tmp_path / "a.zarr", "--threads", "1")
    by_hand = sim.run(sim.load("controls_2025", overrides=["time.years=1"]), runs=8, seed=7)
    assert sim.open_results(tmp_path / "a.zarr").identical(by_hand)


def test_run__refuses_a_result_that_exists_before_it_simulates(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engine.run", lambda *_, **__: pytest.fail("simulated"))
    found = call("run", "still", "--out", folder / "made.nc")
    assert found.exit_code == 2 and "exists; choose another name" in found.stderr


def test_run__replaces_a_result_when_told_to(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "a.nc"
    copy.write_bytes((folder / "made.nc").read_bytes())
    assert call("run", "still", "--runs", "2", "--set", "time.years=1", "--out", copy, "--overwrite").exit_code == 0
    assert sim.open_results(copy).attrs["runs"] == 2


def test_run__names_all_faults_at_once_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = call(
        "run",
        "controls_2025",
        *("--set", "time.yeers=3", "--set", "restrictions.magnets_hc.cut=2", "--out", "none/a.nc", "--plot", "a.gif"),
    )
    assert found.exit_code == 2
    for said in ("time.yeers", "did you mean years?", "magnets_hc.cut", "none does not exist", ".png, .svg, .pdf"):
        assert said in found.stderr
    assert "nothing was written" in found.stderr and "Traceback" not in found.output
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "no_such_scenario"),
        ("run", "still", "--runs", "0"),
        ("run", "still", "--runs", "many"),
        ("run", "still", "--seed", "-1"),
        ("run", "still", "--threads", "0"),
        ("run", "still", "--runs", "2", "--traces", "3"),
        ("run", "still", "--out", "a.csv"),
        ("run",),
        ("run", "still", "--no-such-option"),
        ("check", "no_such_scenario"),
        ("show", "no_such_file.nc"),
        ("show", "no_such_file"),
        ("plot", "no_such_file.nc", "--out", "a.png"),
        ("no-such-command",),
    ],
)
def test_bad_input__exits_with_2_without_a_traceback_and_writes_nothing(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = call(*arguments)
    assert found.exit_code == 2 and found.stderr and "Traceback" not in found.output
    assert names(tmp_path) == []


def test_run__warns_of_monthly_steps(tmp_path: Path) -> None:
    found = call("run", "still", *SHORT, "--set", "time.periods_per_year=12", "--out", tmp_path / "a.nc")
    assert found.exit_code == 0
    assert "QuickLookWarning" in found.stderr and "up to 20 % lower" in found.stderr


@pytest.mark.parametrize("command", [("run", *SHORT, "--set", "provenance.us_arms.from=2026-01"), ("check",)])
def test_commands__warn_of_a_sourcing_rule_that_no_source_can_meet(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = call(command[0], "sourcing_2027", *command[1:])
    assert found.exit_code == 0, found.output
    said = " ".join(found.stderr.split())
    assert "provenance.us_arms: magnet_smco has no possible free source in US" in said


def test_run__fails_with_1_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sim.store._flush", full)
    found = call("run", "still", "--runs", "2", "--set", "time.years=1", "--out", tmp_path / "a.nc")
    assert found.exit_code == 1 and "No space left on device" in found.stderr
    assert names(tmp_path) == []


@pytest.fixture
def certified(monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate at once: computing one takes a minute and has tests of its own."""
    stable = stability.Certificate(key="", radius=0.98, neutral=1, remaining=0.001)
    monkeypatch.setattr(stability, "stored", lambda scenario: stable)


def test_check__of_an_unstable_chain_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    unstable = stability.Certificate(key="", radius=1.1, neutral=0, remaining=0.001)
    monkeypatch.setattr(stability, "stored", lambda scenario: None)
    monkeypatch.setattr(stability, "certify", lambda scenario: unstable)
    found = call("check", "still")
    assert found.exit_code == 1 and "NOT STABLE" in found.stdout and "computed now" in found.stdout


@pytest.mark.usefixtures("certified")
def test_check__prints_changes_assumptions_shares_and_certificate() -> None:
    found = call("check", "controls_2025")
    assert found.exit_code == 0, found.output
    for said in (
        " markets, ",
        f"{len(sim.load('controls_2025').restrictions)} restrictions",
        "published",
        "assumption",
        "One price per product",
        "NdPr metal made",
        "cohorts 50 11",
        "capacity planned or being built",
        "The chain is stable",
    ):
        assert said in " ".join(found.stdout.split())
    assert "results do not depend on them in this version: technologies" in " ".join(found.output.split())
    assert "OUTSIDE" not in found.stdout


@pytest.mark.usefixtures("certified")
def test_check__names_covers_raised_for_coarse_steps() -> None:
    assert (
        "Covers raised"
        in call("check", "still", "--set", "time.periods_per_year=12", "--set", "parameters.release_share=1.0").stdout
    )
    assert "No cover had to be raised" in call("check", "still").stdout


def test_show__prints_provenance_summary_and_contents(folder: Path) -> None:
    found = call("show", folder / "made.nc")
    assert found.exit_code == 0, found.output
    for said in ("made by oreflow", "seed 20250404", "Dearest:", "/distribution", "sender_loss", "million USD"):
        assert said in found.stdout


def test_show__of_a_region_has_only_that_region(folder: Path) -> None:
    found = call("show", folder / "made.nc", "--region", "JP")
    assert found.exit_code == 0 and " JP " in found.stdout and " EU " not in found.stdout
    wrong = call("show", folder / "made.nc", "--region", "Japan")
    assert wrong.exit_code == 2 and "'Japan' is no region" in wrong.stderr


def test_show__of_a_truncated_file_is_one_message(folder: Path, tmp_path: Path) -> None:
    data = (folder / "made.nc").read_bytes()
    (tmp_path / "a.nc").write_bytes(data[: len(data) // 2])
    found = call("show", tmp_path / "a.nc")
    assert found.exit_code == 2 and "a.nc" in found.stderr and "Traceback" not in found.output


@pytest.mark.parametrize(
    "options",
    [
        ("--kind", "fan", "--product", "dy_oxide", "--region", "EU"),
        ("--kind", "fan", "--product", "metal", "--variable", "shortage", "--region", "world"),
        ("--kind", "stages", "--region", "US"),
        ("--kind", "shocks"),
        (),
    ],
)
def test_plot__writes_a_picture(options: tuple[str, ...], folder: Path, tmp_path: Path) -> None:
    found = call("plot", folder / "made.nc", *options, "--out", tmp_path / "a.png")
    assert found.exit_code == 0, found.output
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--kind", "fan"), "needs --product"),
        (("--kind", "fan", "--product", "dy_oxid", "--region", "EU"), "did you mean dy_oxide?"),
        (("--kind", "fan", "--product", "dy_oxide", "--region", "XX"), "'XX' is no region"),
        (("--kind", "fan", "--product", "dy_oxide", "--variable", "prize"), "did you mean price?"),
        (("--kind", "stages", "--region", "XX"), "'XX' is no region"),
        (("--kind", "pie"), "pie"),
    ],
)
def test_plot__of_what_is_not_there_is_bad_input(
    options: tuple[str, ...], message: str, folder: Path, tmp_path: Path
) -> None:
    found = call("plot", folder / "made.nc", *options, "--out", tmp_path / "a.png")
    assert found.exit_code == 2 and message in found.stderr
    assert names(tmp_path) == []


def test_plot__never_replaces_a_file_by_accident(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("mine")
    assert call("plot", folder / "made.nc", "--out", tmp_path / "a.png").exit_code == 2
    assert (tmp_path / "a.png").read_text() == "mine"
    assert call("plot", folder / "made.nc", "--out", tmp_path / "a.png", "--overwrite").exit_code == 0


def test_title__with_control_characters_and_markup_is_printed_plainly(tmp_path: Path) -> None:
    title = 'title="[red]x[/red] \\u001b[31m y"'
    found = call("run", "still", *SHORT, "--set", title, "--out", tmp_path / "a.nc")
    assert found.exit_code == 0, found.output
    assert "[red]x[/red]" in found.stdout and "\x1b" not in found.stdout


def test_check__compares_shares_with_published_ones_of_their_year_only() -> None:
    now, then = (" ".join(call("check", name).stdout.split()) for name in ("still", "quota_2010"))
    assert "60 to 70 %" in now and "within" in now
    assert "96.9 %" in then and "60 to 70 %" not in then and "OUTSIDE" not in then
