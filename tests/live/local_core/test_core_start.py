"""Starting a core: what it refuses, and that a start that fails leaves nothing running."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from local_core.core import LocalCore
from local_core.errors import CoreError
from local_core.settings import CoreSettings
from support.core import running_core
from support.ipc import connect
from support.loops import LoopThread
from support.waiting import wait_until

NOBODYS_USER_ID = 54_321


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    with LoopThread() as loop:
        yield loop


async def tasks_left() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]


def processes_in(root: Path) -> list[int]:
    processes = psutil.process_iter(["cwd"])
    return [process.pid for process in processes if str(process.info["cwd"]).startswith(str(root))]


def test_start_that_fails_ends_every_part_and_says_the_first_cause(tmp_path: Path, loop: LoopThread) -> None:
    """The broker refuses at once, while the S3 stand-in, which takes longer, is still on its way."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        core = loop.call(LocalCore, CoreSettings(tmp_path / "core", mqtt_port=port))
        with pytest.raises(CoreError, match=rf"MQTT port {port} on 127\.0\.0\.1 is taken"):
            loop.run(core.start())
        loop.run(core.stop())

        wait_until(lambda: not loop.run(tasks_left()), 10, "the end of every task")
        assert processes_in(tmp_path) == []


def test_core_starts_on_a_root_where_a_start_has_failed(tmp_path: Path, loop: LoopThread) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        failing = loop.call(LocalCore, CoreSettings(tmp_path, s3_port=holder.getsockname()[1]))
        with pytest.raises(CoreError, match="S3 port"):
            loop.run(failing.start())
        loop.run(failing.stop())

    core = loop.call(LocalCore, CoreSettings(tmp_path))
    loop.run(core.start())
    assert loop.call(core.status)["online"] is True
    loop.run(core.stop())
    wait_until(lambda: not loop.run(tasks_left()), 10, "the end of every task")
    assert processes_in(tmp_path) == []


def test_user_without_a_name_may_run_a_core(tmp_path: Path) -> None:
    """As in a container that is started with the number of a user whom its image does not know."""
    program = f"""
import asyncio, os
from pathlib import Path
os.getuid = lambda: {NOBODYS_USER_ID}
from local_core.core import LocalCore
from local_core.settings import CoreSettings

async def main():
    core = LocalCore(CoreSettings(Path({str(tmp_path)!r})))
    try:
        await core.start()
        print(*[path.name for path in Path({str(tmp_path / "cli_ipc_info")!r}).iterdir()])
    finally:
        await core.stop()

asyncio.run(main())
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, env=os.environ
    )

    assert (ended.stdout.strip(), ended.stderr) == (f"user-{NOBODYS_USER_ID}.json", "")


@pytest.mark.parametrize("option", ["--mqtt-port", "--s3-port"])
@pytest.mark.parametrize("port", ["65536", "-1", "many"])
def test_port_that_cannot_be_one_is_refused_without_traceback(tmp_path: Path, option: str, port: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local_core", "--root", str(tmp_path / "core"), f"{option}={port}"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert "0 to 65535" in ended.stderr
    assert not (tmp_path / "core").exists()


def test_core_replaces_variables_in_configurations_when_it_is_started_so(tmp_path: Path) -> None:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": "com.example.X",
        "ComponentVersion": "1.0.0",
        "ComponentConfiguration": {"DefaultConfiguration": {"topic": "{iot:thingName}/x"}},
        "Manifests": [
            {
                "Platform": {"os": "linux", "runtime": "*"},
                "Lifecycle": {"run": {"Script": "echo '{configuration:/topic}' > topic; exec sleep 1000"}},
            }
        ],
    }
    recipes = tmp_path / "recipes"
    recipes.mkdir()
    (recipes / "com.example.X-1.0.0.json").write_text(json.dumps(recipe))
    options = ("--thing", "board-1", "--interpolate-component-configuration")
    with running_core(tmp_path / "core", *options) as core:
        with connect(Path(core.endpoints["ipc"]), core.cli_token) as cli:
            cli.create_local_deployment(
                recipe_directory_path=str(recipes), root_component_versions_to_add={"com.example.X": "1.0.0"}
            )
        file = core.root / "work" / "com.example.X" / "topic"

        wait_until(lambda: file.exists() and file.read_text() == "board-1/x\n", 20, "the topic")
