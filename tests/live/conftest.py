"""Fixtures of all that talks to the stand-in of AWS for fleets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.aws.bench import Bench, bench
from support.aws.builds import PUBLISHER, build
from support.aws.group import DEVICES, NAME, add
from support.s3.store import Store, running_store


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The S3 stand-in, for all tests of a module."""
    with running_store() as running:
        yield running


@pytest.fixture
def bare_bench(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bench]:
    """A bench whose account has nothing but a bucket, and nothing built."""
    with bench(store, tmp_path / "build", capsys, monkeypatch) as ready:
        yield ready


@pytest.fixture
def group_bench(bare_bench: Bench) -> Bench:
    """A bench with a group of five devices, and one component built and published."""
    build(bare_bench.folder)
    bare_bench.cloud.fleet.add_group(NAME, *DEVICES)
    add(bare_bench, PUBLISHER, "1.0.0")
    return bare_bench
