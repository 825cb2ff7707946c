"""A whole local core as a process of its own, for tests that need everything at once."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_core.control import request
from support.waiting import wait_until

START_DEADLINE_S = 30.0
STOP_DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class RunningCore:
    """A core that listens.

    Attributes:
        root: Its folder.
        process: The core's own process.
        endpoints: `ipc`, `mqtt`, `s3`, `token_exchange`, as its status names them.
    """

    root: Path
    process: subprocess.Popen[bytes]
    endpoints: dict[str, str]

    def status(self) -> dict[str, Any]:
        """What the control channel says now."""
        return request(self.root, "status")

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Any control command."""
        return request(self.root, command, **arguments)

    @property
    def mqtt_port(self) -> int:
        """TCP port of the broker that plays IoT Core."""
        return int(self.endpoints["mqtt"].rpartition(":")[2])

    @property
    def cli_token(self) -> str:
        """Token of the command, as the real greengrass-cli finds it."""
        info = next((self.root / "cli_ipc_info").glob("*.json"))
        token: str = json.loads(info.read_text())["cli_auth_token"]
        return token

    def component(self, name: str) -> dict[str, Any] | None:
        """The status of one component; None when the core does not know it."""
        return next((c for c in self.status()["components"] if c["name"] == name), None)

    def wait_for_state(self, name: str, *states: str, within_s: float = 30.0) -> dict[str, Any]:
        """Wait until component `name` is in one of `states`; returns its status."""

        def reached() -> dict[str, Any] | None:
            component = self.component(name)
            return component if component and component["state"] in states else None

        return wait_until(reached, within_s, f"{name} in {' or '.join(states)}")


@contextmanager
def running_core(root: Path, *arguments: str) -> Iterator[RunningCore]:
    """Start a core on `root`; on leaving, ask it down and wait for its end."""
    process, status = start_core(root, *arguments)
    try:
        yield RunningCore(root, process, status["endpoints"])
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(STOP_DEADLINE_S)


def start_core(root: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start a core and wait until it says that it is ready; its stderr is the test's."""
    read_end, write_end = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "local_core", "--root", str(root), "--ready-fd", str(write_end), *arguments],
        pass_fds=[write_end],
        stdin=subprocess.DEVNULL,
    )
    os.close(write_end)
    with os.fdopen(read_end) as ready:
        line = ready.readline()  # ends with the process at the latest: no time-out is needed
    if not line:
        process.wait(START_DEADLINE_S)
        raise AssertionError(f"the core on {root} ended with {process.returncode} before it was ready")
    status: dict[str, Any] = json.loads(line)
    return process, status
