"""What `edge build` shows: whole words on a terminal of 80 columns, a limit only where it comes near."""

from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from edge_cli.building.component import Built, BuiltArtifact
from edge_cli.building.view import built, built_for_gdk

LIMIT_BYTES = 20_000_000


def _built(size_bytes: int, folder: str = "1.0.0") -> Built:
    artifact = BuiltArtifact(
        path=Path(folder, "s3_batch_uploader.zip"),
        architecture="aarch64",
        python="3.11",
        size_bytes=size_bytes,
        limit_bytes=LIMIT_BYTES,
        sha256="ab" * 32,
    )
    return Built("com.example.S3BatchUploader", "1.0.0", Path("recipe.yaml"), (artifact,), 0.1)


def _printed(shown: RenderableType) -> str:
    console = Console(width=80, force_terminal=False)
    with console.capture() as captured:
        console.print(shown)
    return captured.get()


def _shown(size_bytes: int) -> str:
    return _printed(built([_built(size_bytes)], Path("greengrass-build")))


def test_names_are_not_broken() -> None:
    words = "S3BatchUploader 1.0.0 aarch64, Python 3.11 s3_batch_uploader.zip 3.1 MB"
    assert _shown(3_100_000).splitlines()[1].split() == words.split()


@pytest.mark.parametrize(("size_bytes", "is_said"), [(17_000_000, False), (19_000_000, True)])
def test_limit_is_said_where_it_comes_near(size_bytes: int, *, is_said: bool) -> None:
    assert ("s3_batch_uploader.zip has 19.0 MB of at most 20.0 MB." in _shown(size_bytes)) is is_said


def test_in_a_gdk_project_the_next_step_is_gdks_own() -> None:
    said = _printed(built_for_gdk(_built(3_100_000)))
    assert "`gdk component publish` uploads this" in said
    assert "asks whether 1.0.0 is taken" in said
    assert "scripts/edge" not in said
    assert "-m " not in said


def test_a_version_that_gdk_chooses_is_not_shown_as_the_recipes() -> None:
    said = _printed(built_for_gdk(_built(3_100_000, "NEXT_PATCH")))
    assert "NEXT_PATCH" in said
    assert "1.0.0" not in said
