"""Examples in the docstrings of the shared library are true."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["timestamps", "topics", "log.line", "s3.endpoint"])
def test_examples_in_docstrings_hold(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(f"edge_common.{name}"))
    assert tried > 0
    assert failed == 0
