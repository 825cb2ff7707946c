"""Where trials work."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.small_disk import mounted


@pytest.fixture
def memory_folder() -> Iterator[Path]:
    """A folder where a sync costs nothing: the machine goes on in the trial, or its disk is simulated."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 32 MiB."""
    with mounted(tmp_path / "disk", 32) as disk:
        yield disk
