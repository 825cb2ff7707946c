"""An event loop in a thread of its own, for asyncio servers under test beside blocking SDK clients."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")


class LoopThread:
    """Context manager: inside it the loop runs; leaving it ends the loop and the thread.

    What was started in the loop must be stopped before leaving (`run(server.stop())`).

    Args:
        timeout_s: How long `run` and `call` wait before they fail the test.
    """

    def __init__(self, timeout_s: float = 30.0) -> None:
        self._timeout_s = timeout_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loop under test", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self._timeout_s)
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop; returns its result or raises its exception."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(self._timeout_s)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a plain function in the loop's thread; returns its result or raises its exception."""

        async def work() -> T:
            return function(*arguments)

        return self.run(work())
