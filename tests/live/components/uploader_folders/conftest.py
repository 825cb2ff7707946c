"""What every test of folders in sync starts from: S3's stand-in, a bucket of its own, a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from support.s3.picky import PickyS3, Refuses, ThroughPicky
from support.s3.store import Store, running_store
from support.uploading import Bucket, credentials

_numbers = count()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """S3's stand-in."""
    with running_store() as running:
        yield running


@pytest.fixture
def bucket(store: Store, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket of this test's own, and the environment of who uploads to it."""
    own = Bucket(store.url, f"bucket-{next(_numbers)}")
    own.create()
    for name, value in credentials(own).items():
        monkeypatch.setenv(name, value)
    return own


@pytest.fixture
def through_picky(store: Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> ThroughPicky:  # noqa: ARG001  its environment comes first
    """Makes whoever uploads from then on do it through a `PickyS3`."""

    @contextmanager
    def through_picky(refuses: Refuses) -> Iterator[None]:
        with PickyS3(store.port, refuses) as s3:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3.url)
            yield

    return through_picky


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder."""
    folder = tmp_path / "images"
    folder.mkdir()
    return folder
