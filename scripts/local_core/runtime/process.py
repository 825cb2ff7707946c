"""One running script of a component: `sh -c SCRIPT`, its output turned into lines, its end awaited.

Owns the process and its pipes; knows nothing of states. Runs on the core's event loop.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from local_core.children import Children
from local_core.runtime.log_format import LineSplitter

# UnixPlatform's default shell: plain `sh`, whatever that is; never the user's own.
SHELL = "sh"

_SIGNAL_EXIT_BASE = 128  # what a shell, and java.lang.Process, adds to the number of the signal that ended it

OutputSink = Callable[[str, list[str]], None]
"""Gets the stream's name (`stdout` or `stderr`) and the lines that have come, in order."""


class ScriptProcess:
    """A script that has been started; whoever starts it calls `stop` in the end, also when it ends by itself.

    Made by `start_script`.
    """

    def __init__(self, children: Children, process: asyncio.subprocess.Process) -> None:
        self._children = children
        self._process = process

    @property
    def pid(self) -> int:
        """Id of the shell, or of what it has been replaced with (`exec`)."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """As a shell gives it: 128 + n when signal n ended it; None while it runs."""
        code = self._process.returncode
        return _SIGNAL_EXIT_BASE - code if code is not None and code < 0 else code

    async def wait(self) -> int:
        """Wait for the script's end (not for that of what it left in the background); returns `exit_code`."""
        await self._process.wait()
        code = self.exit_code
        return 0 if code is None else code

    async def stop(self, grace_s: float) -> bool:
        """SIGTERM to the script and all it has started, SIGKILL after `grace_s` seconds.

        Returns:
            True when SIGTERM was enough.
        """
        return await self._children.stop(self._process, grace_s)

    def pause(self) -> None:
        """Freeze the script and all it has started (SIGSTOP)."""
        self._children.signal(self._process, signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on (SIGCONT)."""
        self._children.signal(self._process, signal.SIGCONT)


async def start_script(
    children: Children, script: str, *, cwd: Path, env: Mapping[str, str], on_output: OutputSink
) -> ScriptProcess:
    """Start `sh -c SCRIPT`.

    Args:
        children: Starts it and sees to its end.
        script: Shell text, after interpolation.
        cwd: Working folder; must exist.
        env: The whole environment.
        on_output: Called from the event loop for as long as somebody holds the pipes.

    Raises:
        OSError: No shell, no such folder, or no more processes or files.
    """
    # The child has its own copies of the pipes' writing ends; with ours open the pipes would never end.
    with contextlib.ExitStack() as our_copies:
        stdout = await _open_pipe("stdout", on_output)
        our_copies.callback(os.close, stdout)
        stderr = await _open_pipe("stderr", on_output)
        our_copies.callback(os.close, stderr)
        process = await children.spawn([SHELL, "-c", script], cwd=cwd, env=env, stdout=stdout, stderr=stderr)
    return ScriptProcess(children, process)


async def _open_pipe(stream: str, on_output: OutputSink) -> int:
    # Pipes of our own rather than asyncio's: then the process's end does not wait for theirs, which
    # something left in the background may hold open for days.
    reading, writing = os.pipe()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: _Lines(stream, on_output), os.fdopen(reading, "rb", buffering=0))
    return writing


class _Lines(asyncio.Protocol):
    def __init__(self, stream: str, on_output: OutputSink) -> None:
        self._stream = stream
        self._on_output = on_output
        self._splitter = LineSplitter()

    def data_received(self, data: bytes) -> None:
        self._deliver(self._splitter.feed(data))

    def eof_received(self) -> bool:
        self._deliver(self._splitter.finish())
        return False

    def _deliver(self, lines: list[str]) -> None:
        if lines:
            self._on_output(self._stream, lines)
