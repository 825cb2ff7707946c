"""Where a component is and what it has been asked and told; waiting for any of it to change.

Written by whoever asks something of a component, read by the one task that does it. On the core's event loop.
"""

import asyncio
from collections.abc import Callable

from local_core.runtime.states import DesiredStates, State


class Agenda:
    """What one component is to do.

    Attributes:
        state: Where it is.
        desired: The states it is to reach.
        reported: What it has said about itself in its present state (UpdateState); None: nothing.
        is_closing: True once it is to end for good.
    """

    def __init__(self) -> None:
        self.state = State.NEW
        self.desired = DesiredStates()
        self.reported: State | None = None
        self.is_closing = False
        self._changed = asyncio.Event()

    @property
    def is_to_run(self) -> bool:
        """True while nobody asks for anything but that it run or go on running."""
        return not self.is_closing and self.desired.first in (None, State.RUNNING)

    @property
    def next_at_rest(self) -> State:
        """Where to go once nothing runs any more (Lifecycle.serviceTerminatedMoveToDesiredState)."""
        if self.is_closing or self.desired.first in (None, State.FINISHED):
            return State.FINISHED
        return State.NEW if self.desired.first is State.NEW else State.INSTALLED

    def wake(self) -> None:
        """Something has changed: have every condition looked at again."""
        self._changed.set()

    async def until(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until `condition` holds; looked at now and after each `wake`.

        Desired states that are the present one are taken off first.

        Args:
            condition: Must not wait.
            timeout_s: Seconds; None for ever.

        Returns:
            False when the time ran out.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not self._holds(condition):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _holds(self, condition: Callable[[], bool]) -> bool:
        self.desired.reached(self.state)
        return condition()
