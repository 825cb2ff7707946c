"""Waiting for a deployment's outcome; in the caller's thread."""

import threading
import time
from collections.abc import Callable

from edge_cli.core.deployments import FINAL_STATES, Deployment
from edge_cli.core.greengrass_ipc import CoreConnection
from edge_cli.errors import CommandError

_POLL_S = 0.1


def pause() -> None:
    """What is done between two looks when there is nothing better to do."""
    threading.Event().wait(_POLL_S)


def await_outcome(
    core: CoreConnection, deployment_id: str, timeout_s: float, meanwhile: Callable[[], None] = pause
) -> Deployment:
    """Wait until a deployment has succeeded, failed or been cancelled.

    Args:
        core: Who is asked.
        deployment_id: Which deployment.
        timeout_s: How long to wait.
        meanwhile: Called between two looks; it should take a little while.

    Raises:
        CommandError: It is still under way after `timeout_s` seconds, and goes on; or it is not known.
    """
    deadline = time.monotonic() + timeout_s
    while (seen := core.deployment(deployment_id)).status not in FINAL_STATES:
        if time.monotonic() >= deadline:
            raise CommandError(
                f"Deployment {deployment_id} is {seen.status} after {timeout_s:g} s and goes on. "
                f"Look again: scripts/edge deployment status -i {deployment_id}"
            )
        meanwhile()
    return seen
