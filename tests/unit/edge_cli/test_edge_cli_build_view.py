"""What `edge build` shows: whole words on a terminal of 80 columns, a limit only where it comes near."""

from pathlib import Path

import pytest
from rich.console import Console

from edge_cli.building.component import Built, BuiltArtifact
from edge_cli.building.view import built

LIMIT_BYTES = 20_000_000


def _shown(size_bytes: int) -> str:
    artifact = BuiltArtifact(
        path=Path("s3_batch_uploader.zip"),
        architecture="aarch64",
        python="3.11",
        size_bytes=size_bytes,
        limit_bytes=LIMIT_BYTES,
        sha256="ab" * 32,
    )
    component = Built("com.example.S3BatchUploader", "1.0.0", Path("recipe.yaml"), (artifact,), 0.1)
    console = Console(width=80, force_terminal=False)
    with console.capture() as captured:
        console.print(built([component], Path("greengrass-build")))
    return captured.get()


def test_names_are_not_broken() -> None:
    words = "S3BatchUploader 1.0.0 aarch64, Python 3.11 s3_batch_uploader.zip 3.1 MB"
    assert _shown(3_100_000).splitlines()[1].split() == words.split()


@pytest.mark.parametrize(("size_bytes", "is_said"), [(17_000_000, False), (19_000_000, True)])
def test_limit_is_said_where_it_comes_near(size_bytes: int, *, is_said: bool) -> None:
    assert ("s3_batch_uploader.zip has 19.0 MB of at most 20.0 MB." in _shown(size_bytes)) is is_said
