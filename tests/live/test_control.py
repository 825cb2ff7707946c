"""The control channel: what a command or its caller does wrong is answered, and the next one is served."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_core.control import ControlServer, request
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


def test_no_core_is_said_with_the_command_that_starts_one(tmp_path: Path) -> None:
    with pytest.raises(CoreError, match=r"No core runs on .*edge core up --root"):
        request(tmp_path, "status")
