"""greengrass-cli's flags: what they mean, and what is said of those that mean nothing."""

from pathlib import Path

import pytest

from edge_cli.core.deployments import (
    RunWith,
    existing_folder,
    parse_merge,
    parse_names,
    parse_run_with,
)
from edge_cli.errors import CommandError


def test_merge_takes_one_component_in_each_flag() -> None:
    assert parse_merge(["a.B=1.0.0", "c.D=2.0.0"]) == {"a.B": "1.0.0", "c.D": "2.0.0"}


@pytest.mark.parametrize("value", ["", "a.B", "a.B=", "=1.0.0"])
def test_merge_without_name_or_version_is_refused(value: str) -> None:
    with pytest.raises(CommandError, match="NAME=VERSION"):
        parse_merge([value])


def test_names_may_be_repeated_or_joined_by_commas() -> None:
    assert parse_names(["a,b", "c", " d , "]) == ("a", "b", "c", "d")


def test_run_with_and_limits_come_together_by_component() -> None:
    assert parse_run_with(
        ["A:posixUser=ggc_user:ggc_group", "B:posixUser=u"], '{"A": {"cpus": 1.5}, "C": {"memory": 1024}}'
    ) == {
        "A": RunWith(posix_user="ggc_user:ggc_group", cpus=1.5),
        "B": RunWith(posix_user="u"),
        "C": RunWith(memory_kb=1024),
    }


@pytest.mark.parametrize(
    "value", ["A", "A=u", "A:posixUser=", ":posixUser=u", "A:windowsUser=u", "A:posixUser=u:g:x"]
)
def test_run_with_of_another_form_is_refused(value: str) -> None:
    with pytest.raises(CommandError, match="COMPONENT:posixUser"):
        parse_run_with([value], None)


@pytest.mark.parametrize(
    "limits", ['{"A": 1}', '{"A": {"cpu": 1}}', '{"A": {"cpus": "1"}}', '{"A": {"cpus": true}}']
)
def test_limits_of_another_form_are_refused(limits: str) -> None:
    with pytest.raises(CommandError, match="systemLimits"):
        parse_run_with([], limits)


def test_folder_is_handed_to_the_core_as_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipes").mkdir()
    monkeypatch.chdir(tmp_path)
    assert existing_folder("--recipeDir", Path("recipes")) == tmp_path / "recipes"


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"--recipeDir .* is not a folder"):
        existing_folder("--recipeDir", tmp_path / "absent")
