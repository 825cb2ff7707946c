from collections.abc import Mapping
from dataclasses import replace

import pytest

from local_core.model.recipe_model import Dependency, Lifecycle, Phase
from local_core.model.versions import parse_requirement
from local_core.runtime.definition import (
    Change,
    Definition,
    RunWith,
    change_between,
    needs_bootstrap,
)


def definition(scripts: Mapping[str, str], setenv: Mapping[str, str] | None = None) -> Definition:
    phases = {name: Phase(name, script, None) for name, script in scripts.items()}
    lifecycle = Lifecycle(setenv or {}, phases)
    return Definition("com.example.X", "1.0.0", lifecycle, lifecycle)


BEFORE = definition({"install": "i", "run": "r", "shutdown": "s"})


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (BEFORE, Change.NONE),
        (definition({"install": "i", "run": "r", "shutdown": "other"}), Change.NONE),
        (definition({"install": "i", "run": "r"}), Change.NONE),
        (definition({"install": "i", "run": "other", "shutdown": "s"}), Change.RESTART),
        (definition({"install": "i", "run": "r", "shutdown": "s"}, {"KEY": "value"}), Change.RESTART),
        (definition({"install": "other", "run": "r", "shutdown": "s"}), Change.REINSTALL),
        (replace(BEFORE, version="1.0.1"), Change.REINSTALL),
        (replace(BEFORE, run_with=RunWith(posix_user="somebody")), Change.REINSTALL),
        (replace(BEFORE, uses_token_exchange=True), Change.RESTART),
        (
            replace(BEFORE, dependencies=(Dependency("com.example.Y", parse_requirement("1.0.0")),)),
            Change.RESTART,
        ),
    ],
)
def test_component_is_disturbed_no_more_than_the_change_demands(after: Definition, change: Change) -> None:
    assert change_between(BEFORE, after) is change


def test_dependency_that_is_needed_no_more_disturbs_nobody() -> None:
    dependency = Dependency("com.example.Y", parse_requirement("1.0.0"))

    assert change_between(replace(BEFORE, dependencies=(dependency,)), BEFORE) is Change.NONE


def test_bootstrap_is_due_for_a_new_component_another_version_or_another_script() -> None:
    with_bootstrap = definition({"bootstrap": "b"})

    assert needs_bootstrap(None, with_bootstrap)
    assert needs_bootstrap(replace(with_bootstrap, version="0.9.0"), with_bootstrap)
    assert needs_bootstrap(definition({"bootstrap": "other"}), with_bootstrap)
    assert not needs_bootstrap(with_bootstrap, with_bootstrap)
    assert not needs_bootstrap(None, BEFORE)
