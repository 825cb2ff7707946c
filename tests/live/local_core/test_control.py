"""The control channel: what a command or its caller does wrong is answered, and the next one is served."""

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_core.control import MAX_LINE_BYTES, ControlServer, request
from local_core.errors import CoreError
from local_core.layout import Layout
from support.loops import LoopThread


async def echo(word: str) -> dict[str, Any]:
    return {"word": word}


async def refuse() -> dict[str, Any]:
    raise CoreError("the moon is full")


async def meet_a_dead_child() -> dict[str, Any]:
    raise ConnectionRefusedError(111, "Connection refused")


async def divide_by_zero() -> dict[str, Any]:
    return {"never": 1 // 0}


COMMANDS = (echo, refuse, meet_a_dead_child, divide_by_zero)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    with LoopThread() as loop:
        server = ControlServer(
            Layout(tmp_path).control_socket, {command.__name__: command for command in COMMANDS}
        )
        loop.run(server.start())
        yield tmp_path
        loop.run(server.stop())


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("refuse", {}, "refuse: the moon is full"),
        ("meet_a_dead_child", {}, "meet_a_dead_child failed in the core.*Connection refused"),
        ("divide_by_zero", {}, "divide_by_zero failed in the core.*ZeroDivisionError"),
        ("echo", {"colour": "red"}, "echo: .*colour"),
        ("fly", {}, "known commands: divide_by_zero, echo, meet_a_dead_child, refuse"),
    ],
)
def test_command_that_fails_is_answered_and_the_next_one_is_served(
    root: Path, command: str, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(CoreError, match=words):
        request(root, command, **arguments)

    assert request(root, "echo", word="on") == {"word": "on"}


@pytest.mark.parametrize("bytes_too_many", [1, MAX_LINE_BYTES // 2, 3 * MAX_LINE_BYTES])
def test_request_that_is_too_long_is_answered_and_the_next_one_is_served(
    root: Path, bytes_too_many: int
) -> None:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(Layout(root).control_socket))
        with peer.makefile("rwb") as lines:
            lines.write(b"x" * (MAX_LINE_BYTES + bytes_too_many) + b"\n")
            lines.write(b'{"command": "echo", "word": "on"}\n')
            lines.flush()

            refused, served = json.loads(lines.readline()), json.loads(lines.readline())

    assert refused == {"ok": False, "error": "a control request is one line of at most 1048576 bytes"}
    assert served == {"ok": True, "result": {"word": "on"}}


def test_no_core_is_said_with_the_command_that_starts_one(tmp_path: Path) -> None:
    with pytest.raises(CoreError, match=r"No core runs on .*edge core up --root"):
        request(tmp_path, "status")


@pytest.mark.parametrize("padding", ["", "x" * 1_000_000])
def test_core_that_ends_before_its_answer_does_is_said_to_have_ended(tmp_path: Path, padding: str) -> None:
    """In the middle of its answer, or even before it has read the whole request."""

    async def begin_to_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b'{"ok": tr')
        writer.close()

    with LoopThread() as loop:
        server = loop.run(asyncio.start_unix_server(begin_to_answer, Layout(tmp_path).control_socket))
        with pytest.raises(CoreError, match="ended while 'status' was asked of it"):
            request(tmp_path, "status", padding=padding)
        loop.call(server.close)
