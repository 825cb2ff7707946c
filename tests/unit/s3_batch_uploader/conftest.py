"""A disk that fills."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.small_disk import mounted


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MiB."""
    with mounted(tmp_path / "disk", 1) as disk:
        yield disk
