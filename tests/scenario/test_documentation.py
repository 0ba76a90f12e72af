"""Every key of a scenario is explained, and a new scenario runs as it stands."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

import sim
from sim.errors import ScenarioError
from sim.scenario import bundled, documentation, scaffold
from sim.scenario.base import Model
from sim.scenario.models import Scenario
from sim.scenario.policies import POLICY_KINDS, Policy


@pytest.fixture(scope="module")
def known() -> tuple[documentation.Key, ...]:
    return documentation.keys()


def test_keys__are_those_of_the_models(known: tuple[documentation.Key, ...]) -> None:
    names = {key.key for key in known}
    for field, info in Scenario.model_fields.items():
        assert field in names
        if isinstance(info.annotation, type) and issubclass(info.annotation, Model):
            assert {f"{field}.{each.alias or name}" for name, each in info.annotation.model_fields.items()} <= names


def test_keys__all_say_what_they_mean_and_what_they_take(known: tuple[documentation.Key, ...]) -> None:
    silent = [key.key for key in known if not key.about or not key.values]
    assert silent == []


def test_keys__give_the_defaults_and_bounds_of_the_models(known: tuple[documentation.Key, ...]) -> None:
    (key,) = documentation.matching("parameters.users_cover", known)
    assert key.default == f"{sim.load('still').parameters.users_cover:g}" and key.values.endswith("at most 1")
    (years,) = documentation.matching("time.years", known)
    assert years.default == ""
    with pytest.raises(ScenarioError, match="years"):
        sim.load("still", overrides=["time.years=50.1"])
    assert years.values.endswith("at most 50")


def test_matching__takes_names_kinds_and_last_parts(known: tuple[documentation.Key, ...]) -> None:
    by_kind = documentation.matching("restrictions.licensing.cut", known)
    assert [key.kinds for key in by_kind] == [("licensing",)] and "applications refused" in by_kind[0].about
    by_name = documentation.matching("restrictions.my_own.cut", known)
    assert {kind for key in by_name for kind in key.kinds} >= {"ban", "licensing", "outage"}
    assert documentation.matching("hazard_per_year", known)[0].key == "restrictions.NAME.onset.hazard_per_year"
    assert documentation.matching("restrictions.licensing.quota", known) == ()
    assert documentation.matching("no.such.key", known) == ()


def test_kinds__have_the_keys_of_their_models(known: tuple[documentation.Key, ...]) -> None:
    for kind, model in zip(POLICY_KINDS, get_args(get_args(Policy)[0]), strict=True):
        (found,) = documentation.kinds(known, kind)
        names = {f"policies.NAME.{info.alias or name}" for name, info in model.model_fields.items()}
        assert {key.key for key in found.keys if key.key.count(".") == 2} == names
        assert found.about.startswith(str(model.__doc__).splitlines()[0])
        assert documentation.kinds(known, f"policies.{kind}") == (found,)
    assert [kind.name for kind in documentation.kinds(known, "policies")] == [*POLICY_KINDS]


def test_matching__of_a_policy_takes_its_kind(known: tuple[documentation.Key, ...]) -> None:
    (by_kind,) = documentation.matching("policies.guarantee.share", known)
    assert by_kind.kinds == ("guarantee",) and "guaranteed" in by_kind.about
    assert documentation.matching("policies.tariff.share", known) == ()


def test_scaffold__loads_as_it_stands(tmp_path: Path) -> None:
    written = scaffold.create(tmp_path / "my_quota")
    assert written.name == "my_quota.toml"
    scenario = sim.load(written)
    assert scenario.title == "My quota" and "example_quota" in scenario.restrictions
    assert set(sim.load("baseline").restrictions) < set(scenario.restrictions)


@pytest.mark.parametrize("name", [name for name in bundled() if name != "baseline"])
def test_scaffold__can_begin_from_every_bundled_scenario(name: str, tmp_path: Path) -> None:
    assert sim.load(scaffold.create(tmp_path / "mine.toml", extends=name)).chain == sim.load(name).chain


def test_scaffold__never_replaces_a_file_and_names_all_faults(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("mine")
    with pytest.raises(ScenarioError) as caught:
        scaffold.create(tmp_path / "a.toml", extends="basline")
    assert "exists and is left alone" in str(caught.value) and "did you mean baseline?" in str(caught.value)
    assert (tmp_path / "a.toml").read_text() == "mine"


@pytest.mark.parametrize("name", ["a.yaml", "a b", "baseline", "none/a", "$(x)"])
def test_scaffold__refuses_names_that_would_not_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        scaffold.create(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
