"""The scripts of one component that have been started and not been cleared away yet."""

import asyncio
from collections.abc import Callable

from local_core.runtime.process import ScriptProcess


class RunningScripts:
    """Watches a component's processes; runs on the core's event loop.

    A script that has ended stays until `stop`, because what it left in the background is the component's too:
    a startup script may leave a daemon, which lives until the component is stopped.

    Args:
        on_exit: Called with the step's name and the exit code whenever a script ends.
    """

    def __init__(self, on_exit: Callable[[str, int], None]) -> None:
        self._on_exit = on_exit
        self._watches: dict[ScriptProcess, asyncio.Task[None]] = {}
        self._is_paused = False

    @property
    def pid(self) -> int | None:
        """Id of the newest living script; None when none lives."""
        living = [process.pid for process in self._watches if process.exit_code is None]
        return living[-1] if living else None

    @property
    def is_paused(self) -> bool:
        """True between `pause` and `resume`, or the stop that resumes."""
        return self._is_paused

    def add(self, step_name: str, process: ScriptProcess) -> None:
        """Watch a script that has just been started."""
        self._watches[process] = asyncio.create_task(self._watch(step_name, process))

    def pause(self) -> None:
        """Freeze everything."""
        for process in self._watches:
            process.pause()
        self._is_paused = True

    def resume(self) -> None:
        """Let everything go on."""
        for process in self._watches:
            process.resume()
        self._is_paused = False

    async def stop(self, grace_s: float) -> None:
        """End every script and whatever it has left behind: SIGTERM, and SIGKILL after `grace_s` seconds."""
        watches = dict(self._watches)
        await asyncio.gather(*(process.stop(grace_s) for process in watches))
        await asyncio.gather(*watches.values())
        for process in watches:
            self._watches.pop(process, None)
        self._is_paused = False

    async def _watch(self, step_name: str, process: ScriptProcess) -> None:
        self._on_exit(step_name, await process.wait())
