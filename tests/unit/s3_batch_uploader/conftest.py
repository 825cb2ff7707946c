"""A disk that fills."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.uploading import mounted


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root; CI is root and runs it")
    with mounted(tmp_path / "disk", 1) as disk:
        yield disk
