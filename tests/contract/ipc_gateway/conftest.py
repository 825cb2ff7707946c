"""A scripted core, and our IPC gateway, with the unmodified AWS SDK below it, connected to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_common.ipc import IpcGateway
from edge_common.metrics import Metrics
from support.ipc_gateway import QUICK
from support.scripted_core import ScriptedCore


@pytest.fixture
def core(tmp_path: Path) -> Iterator[ScriptedCore]:
    with ScriptedCore(tmp_path) as running:
        yield running


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def gateway(core: ScriptedCore, metrics: Metrics) -> Iterator[IpcGateway]:
    with IpcGateway(
        socket_path=core.socket_path, token=core.token, policy=QUICK, metrics=metrics
    ) as connected:
        yield connected
