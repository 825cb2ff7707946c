"""The examples in the docstrings are true, and each module that has any is run."""

import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
IMPORT_ROOTS = [*sorted((PROJECT / "components").iterdir()), PROJECT / "scripts"]
EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)


def names_of_modules() -> Iterator[str]:
    for root in IMPORT_ROOTS:
        for path in sorted(root.rglob("*.py")):
            if EXAMPLE.search(path.read_text()):
                yield ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("name", list(names_of_modules()))
def test_examples_are_run_and_true(name: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(name))

    assert attempted > 0
    assert failed == 0
