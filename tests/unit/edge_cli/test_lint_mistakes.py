"""`edge lint` finds every mistake of a table that is planted in our own files, where it stands; no others."""

from pathlib import Path

import pytest

from edge_cli.lint.all_rules import ALL
from edge_cli.lint.linting import lint
from support.figures import Figure
from support.planted.access import MISTAKES_IN_ACCESS
from support.planted.cloud import MISTAKES_IN_CLOUD
from support.planted.names import MISTAKES_IN_NAMES
from support.planted.nothing import NO_MISTAKES
from support.planted.planting import Mistake, assert_found, copy_of_the_project, plant
from support.planted.programs import MISTAKES_IN_PROGRAMS
from support.planted.recipes import MISTAKES_IN_RECIPES
from support.planted.secrets import GITHUB, MISTAKES_IN_SECRETS, SIGNED, SLACK

TABLES = (
    MISTAKES_IN_RECIPES,
    MISTAKES_IN_PROGRAMS,
    MISTAKES_IN_NAMES,
    MISTAKES_IN_ACCESS,
    MISTAKES_IN_SECRETS,
)
MISTAKES = {name: mistake for table in TABLES for name, mistake in table.items()}


@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistake_is_found_where_it_stands(name: str, tmp_path: Path, figure: Figure) -> None:
    project = copy_of_the_project(tmp_path)
    plant(project, MISTAKES[name])

    assert_found(project, MISTAKES[name])
    figure("edge lint, mistakes planted in our own files", planted=1, found=1)


@pytest.mark.parametrize("name", NO_MISTAKES)
def test_correct_edit_gives_no_finding(name: str, tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    for file, old, new in NO_MISTAKES[name]:
        plant(project, Mistake(file, old, new, code="none", at=""))

    assert [str(one) for one in lint(root=project).findings] == []


def test_no_two_rows_have_the_same_name() -> None:
    assert len(MISTAKES) == sum(map(len, TABLES))


def test_every_rule_has_a_mistake_that_it_finds() -> None:
    planted = {mistake.code for mistake in (*MISTAKES.values(), *MISTAKES_IN_CLOUD.values())}

    assert {rule.code for rule in ALL} == planted


def test_no_two_rules_have_the_same_code() -> None:
    assert len({rule.code for rule in ALL}) == len(ALL)


def test_no_secret_is_shown_again(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    for mistake in MISTAKES_IN_SECRETS.values():
        plant(project, mistake)

    findings = lint(root=project).findings
    assert len(findings) >= len(MISTAKES_IN_SECRETS)
    assert [one for one in ("hunter2", GITHUB, SLACK, SIGNED, "AKIA") if one in str(findings)] == []
