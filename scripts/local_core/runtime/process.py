"""One running script of a component: `sh -c SCRIPT`, its output turned into lines, its end awaited.

Owns the process and its pipes; knows nothing of states. Runs on the core's event loop.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from local_core.processes.children import Children
from local_core.runtime.log_format import LineSplitter

# UnixPlatform's default shell: plain `sh`, whatever that is; never the user's own.
SHELL = "sh"

_LAST_WORDS_S = 0.5  # how long the end of a script may wait for the end of its output
_LAST_WORDS_TRIES = 10  # as long as it is we who have not read what has come
_LINES_A_TURN = 256  # then everybody else has a turn: a flood of short lines must not hold up the core

_SIGNAL_EXIT_BASE = 128  # what a shell, and java.lang.Process, adds to the number of the signal that ended it

OutputSink = Callable[[str, list[str]], None]
"""Gets the stream's name (`stdout` or `stderr`) and the lines that have come, in order."""


class ScriptProcess:
    """A script that has been started; whoever starts it calls `stop` in the end, also when it ends by itself.

    Made by `start_script`.
    """

    def __init__(
        self, children: Children, process: asyncio.subprocess.Process, outputs: Sequence["_Output"]
    ) -> None:
        self._children = children
        self._process = process
        self._outputs = outputs
        self._ending = asyncio.create_task(self._end())

    @property
    def pid(self) -> int:
        """Id of the shell, or of what it has been replaced with (`exec`)."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """As a shell gives it: 128 + n when signal n ended it; None until it has ended and been read out."""
        return self._ending.result() if self._ending.done() else None

    async def wait(self) -> int:
        """Wait for the script's end, not for that of what it left in the background; returns `exit_code`."""
        return await asyncio.shield(self._ending)

    async def stop(self, grace_s: float) -> bool:
        """SIGTERM to the script and all it has started, SIGKILL after `grace_s` seconds.

        Returns:
            True when SIGTERM was enough.
        """
        in_time = await self._children.stop(self._process, grace_s)
        await self.wait()
        for output in self._outputs:
            output.close()
        return in_time

    def pause(self) -> None:
        """Freeze the script and all it has started (SIGSTOP)."""
        self._children.signal(self._process, signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on (SIGCONT)."""
        self._children.signal(self._process, signal.SIGCONT)

    async def _end(self) -> int:
        code = await self._process.wait()
        # Its last words first; but something in the background may hold the pipes open for days.
        for _ in range(_LAST_WORDS_TRIES):
            await asyncio.wait([output.ended for output in self._outputs], timeout=_LAST_WORDS_S)
            if not any(output.is_behind for output in self._outputs):
                break
        return _SIGNAL_EXIT_BASE - code if code < 0 else code


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
        outputs = []
        writing_ends = {}
        for stream in ("stdout", "stderr"):
            output, writing_ends[stream] = await _open_output(stream, on_output)
            our_copies.callback(os.close, writing_ends[stream])
            outputs.append(output)
        process = await children.spawn([SHELL, "-c", script], cwd=cwd, env=env, **writing_ends)
    return ScriptProcess(children, process, outputs)


async def _open_output(stream: str, on_output: OutputSink) -> tuple["_Output", int]:
    # Pipes of our own rather than asyncio's: there the process's end may wait for theirs.
    reading_end, writing_end = os.pipe()
    loop = asyncio.get_running_loop()
    _, output = await loop.connect_read_pipe(
        lambda: _Output(stream, on_output, loop), os.fdopen(reading_end, "rb", buffering=0)
    )
    return output, writing_end


class _Output(asyncio.Protocol):
    """One output of one process, from its first line to the end of the pipe.

    Nothing more is read while lines wait, so that a process that floods its output waits too.
    """

    def __init__(self, stream: str, on_output: OutputSink, loop: asyncio.AbstractEventLoop) -> None:
        self.ended = loop.create_future()
        self._stream = stream
        self._on_output = on_output
        self._loop = loop
        self._splitter = LineSplitter()
        self._waiting: list[str] = []
        self._transport: asyncio.ReadTransport | None = None

    @property
    def is_behind(self) -> bool:
        """True while lines have come that nobody has been given yet."""
        return bool(self._waiting)

    def close(self) -> None:
        """Read no more."""
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._waiting += self._splitter.feed(data)
        self._take_turn()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._waiting += self._splitter.finish()
        while self._waiting:
            self._deliver()
        self.ended.set_result(None)

    def _take_turn(self) -> None:
        self._deliver()
        if self._transport is None:
            return
        if self._waiting:
            self._transport.pause_reading()
            self._loop.call_soon(self._take_turn)
        else:
            self._transport.resume_reading()

    def _deliver(self) -> None:
        lines, self._waiting = self._waiting[:_LINES_A_TURN], self._waiting[_LINES_A_TURN:]
        if lines:
            self._on_output(self._stream, lines)
