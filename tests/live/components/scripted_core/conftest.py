"""A core with operations that do what a test tells them, for components as processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.scripted_core import ScriptedCore


@pytest.fixture
def core(tmp_path: Path) -> Iterator[ScriptedCore]:
    (tmp_path / "core").mkdir()
    with ScriptedCore(tmp_path / "core") as running:
        yield running
