"""The examples in the docstrings of edge_cli are true."""

import doctest
import importlib
import pkgutil

import pytest

import edge_cli

MODULES = [
    module.name
    for module in pkgutil.walk_packages(edge_cli.__path__, "edge_cli.")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
