"""`edge lint` finds every mistake of a table that is planted in our own files, where it stands."""

from pathlib import Path

import pytest

from edge_cli.lint.catalogue import ALL
from edge_cli.lint.linting import lint
from support.figures import Figure
from support.planted import assert_found, copy_of_the_project, plant
from support.planted_access import MISTAKES_IN_ACCESS
from support.planted_recipes import MISTAKES_IN_RECIPES

MISTAKES = MISTAKES_IN_RECIPES | MISTAKES_IN_ACCESS


@pytest.mark.parametrize("name", MISTAKES)
def test_planted_mistake_is_found_where_it_stands(name: str, tmp_path: Path, figure: Figure) -> None:
    project = copy_of_the_project(tmp_path)
    plant(project, MISTAKES[name])

    assert_found(project, MISTAKES[name])
    figure("edge lint, mistakes planted in our own files", planted=1, found=1)


def test_every_rule_has_a_mistake_that_it_finds() -> None:
    assert {rule.code for rule in ALL} == {mistake.code for mistake in MISTAKES.values()}


def test_no_two_rules_have_the_same_code() -> None:
    assert len({rule.code for rule in ALL}) == len(ALL)


def test_secret_is_not_shown_again(tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path)
    plant(project, MISTAKES["password"])

    assert "hunter2" not in str(lint(root=project).findings)
