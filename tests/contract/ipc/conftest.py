"""What every test of the IPC server starts from: a server in this process, and clients of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from local_core.ipc import connection
from support.ipc import connect
from support.raw_ipc import RawClient, connected
from support.sample_ipc import SampleCore, serving


@pytest.fixture
def core(tmp_path: Path) -> Iterator[SampleCore]:
    """A server with the sample operations."""
    with serving(tmp_path) as core:
        yield core


@pytest.fixture
def client(core: SampleCore) -> Iterator[GreengrassCoreIPCClientV2]:
    """The SDK, connected."""
    with connect(core.address, core.token) as client:
        yield client


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does not leave it to its peer to hang up: bare clients would make each test wait for it."""
    monkeypatch.setattr(connection, "CLOSE_GRACE_S", 0.02)


@pytest.fixture
def raw(core: SampleCore, impatient: None) -> Iterator[RawClient]:  # noqa: ARG001  used for its effect
    """A client of bare frames, connected."""
    with connected(core.address, core.token) as client:
        yield client
