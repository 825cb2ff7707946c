"""Notices that a process which plays a part of the cloud has ended by itself, and starts it again.

Somebody may kill it, the kernel may when memory is short, or it may fail. What it had in memory is lost then,
which is said as an ERROR; the core goes on. Runs in the core's event loop.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

from local_core.errors import CoreError

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 30.0  # between tries, as long as it cannot be started or ends again and again
STABLE_S = 60.0  # a process that has lived this long starts the delays anew

_logger = logging.getLogger(__name__)


class ProcessState(StrEnum):
    """Whether a part of the cloud is there."""

    RUNNING = "running"
    DOWN = "down"


class Keeper:
    """Keeps one process running, from `watch` to `stop`.

    Args:
        name: What it is, for the log.
        loss: What is lost when it ends, for the log: a sentence.
        log_file: Where it says what is wrong with it.
        start_again: Clears away what is left of the process and starts it anew on the same port.
    """

    def __init__(
        self,
        name: str,
        loss: str,
        log_file: Path,
        start_again: Callable[[], Awaitable[asyncio.subprocess.Process]],
    ) -> None:
        self._name = name
        self._loss = loss
        self._log_file = log_file
        self._start_again = start_again
        self._task: asyncio.Task[None] | None = None
        self.state = ProcessState.DOWN
        self.restarts = 0

    def watch(self, process: asyncio.subprocess.Process) -> None:
        """It has been started: from now on its end is nobody's wish."""
        self.state = ProcessState.RUNNING
        self._task = asyncio.create_task(self._keep(process), name=f"keeper of {self._name}")

    async def stop(self) -> None:
        """Its end is wanted from now on. Twice does no harm."""
        self.state = ProcessState.DOWN
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        loop = asyncio.get_running_loop()
        delay_s = FIRST_DELAY_S
        while True:
            since = loop.time()
            how = _how_it_ended(await process.wait())
            self.state = ProcessState.DOWN
            _logger.error(
                "%s (process %d) ended by itself: %s. %s It is started again; should it go on ending, "
                "%s may say why",
                *(self._name, process.pid, how, self._loss, self._log_file),
            )
            if loop.time() - since >= STABLE_S:
                delay_s = FIRST_DELAY_S
            process, delay_s = await self._started_again(delay_s)
            self.restarts += 1
            self.state = ProcessState.RUNNING
            _logger.warning("%s runs again (process %d)", self._name, process.pid)

    async def _started_again(self, delay_s: float) -> tuple[asyncio.subprocess.Process, float]:
        while True:
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)
            try:
                return await self._start_again(), delay_s
            except (CoreError, OSError) as error:
                _logger.error("%s is down; the next try is in %g s: %s", self._name, delay_s, error)  # noqa: TRY400  the text says it all


def _how_it_ended(return_code: int) -> str:
    if return_code < 0:
        return f"killed by {signal.Signals(-return_code).name}"
    return f"exit code {return_code}"
