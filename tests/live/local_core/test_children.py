"""Child processes of the core, for real: stopped with all they started, and never left behind."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from local_core.processes import sessions
from local_core.processes.children import Children
from local_core.processes.ledger import Ledger, Owner
from support.file_size import file_size_limit
from support.runtime import process_has_ended, wait_for_process_end
from support.waiting import wait_until

# A leader with a child of its own; both write their ids.
FAMILY = "sleep 1000 & echo $! > grandchild; echo $$ > child; wait"
STUBBORN_FAMILY = f"trap '' TERM; {FAMILY}"
# As `daemon -d` does: it leaves its session, and its parent ends.
DAEMON = "setsid sh -c 'echo $$ > daemon; exec sleep 1000' > /dev/null 2>&1 &"
STUBBORN_DAEMON = DAEMON.replace("echo", 'trap "" TERM; echo')

# No shell: one that is told to stop while it forks may lose the signal.
SAYS_GOODBYE = """
import os, pathlib, signal, sys
def goodbye(number, frame):
    pathlib.Path("bye").touch()
    sys.exit()
signal.signal(signal.SIGTERM, goodbye)
pathlib.Path("child").write_text(f"{os.getpid()}\\n")
while True:
    signal.pause()
"""

# A core in miniature: starts one family and lives until it is killed.
CORE = """
import asyncio, sys
from pathlib import Path
from local_core.processes.children import Children

async def main(folder, script):
    children = Children(folder / "children.json")
    output = dict.fromkeys(["stdout", "stderr"], asyncio.subprocess.DEVNULL)
    await children.spawn(["sh", "-c", script], cwd=folder, env={"PATH": "/usr/bin:/bin"}, **output)
    await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


async def spawn(children: Children, folder: Path, script: str) -> asyncio.subprocess.Process:
    quiet = asyncio.subprocess.DEVNULL
    environment = {"PATH": os.environ["PATH"]}
    return await children.spawn(["sh", "-c", script], cwd=folder, env=environment, stdout=quiet, stderr=quiet)


def pid_in(folder: Path, name: str) -> int:
    path = folder / name
    text = wait_until(
        lambda: content if path.exists() and (content := path.read_text()).endswith("\n") else None, 10, name
    )
    return int(text)


async def family_in(folder: Path) -> list[int]:
    return [await asyncio.to_thread(pid_in, folder, name) for name in ("child", "grandchild")]


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@contextlib.contextmanager
def killed_at_the_end(*pids: int) -> Any:
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_stopping_ends_the_child_and_what_it_started(tmp_path: Path) -> None:
    async def work() -> None:
        children = Children(tmp_path / "children.json")
        process = await spawn(children, tmp_path, FAMILY)
        family = await family_in(tmp_path)

        assert await children.stop(process, 10)

        assert all(process_has_ended(pid) for pid in family)

    run(work)


def test_child_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    async def work() -> None:
        children = Children(tmp_path / "children.json")
        process = await spawn(children, tmp_path, STUBBORN_FAMILY)
        family = await family_in(tmp_path)

        assert not await children.stop(process, 0.2)

        assert process.returncode == -signal.SIGKILL
        assert all(process_has_ended(pid) for pid in family)

    run(work)


def test_stopping_clears_away_what_a_child_that_ended_by_itself_left_behind(tmp_path: Path) -> None:
    async def work() -> None:
        children = Children(tmp_path / "children.json")
        process = await spawn(children, tmp_path, "sleep 1000 & echo $! > grandchild")
        await process.wait()
        left_behind = await asyncio.to_thread(pid_in, tmp_path, "grandchild")
        assert not process_has_ended(left_behind)

        await children.stop(process, 10)

        assert process_has_ended(left_behind)

    run(work)


@pytest.mark.parametrize(("daemon", "ends_on_sigterm"), [(DAEMON, True), (STUBBORN_DAEMON, False)])
def test_stopping_ends_a_daemon_that_left_the_session_of_its_child(
    tmp_path: Path, daemon: str, *, ends_on_sigterm: bool
) -> None:
    async def work() -> None:
        children = Children(tmp_path / "children.json")
        other_folder = tmp_path / "other"
        other_folder.mkdir()
        process = await spawn(children, tmp_path, daemon)
        other = await spawn(children, other_folder, DAEMON)
        await process.wait()
        pids = [await asyncio.to_thread(pid_in, folder, "daemon") for folder in (tmp_path, other_folder)]
        with killed_at_the_end(*pids):
            assert await children.stop(process, 0.3 if not ends_on_sigterm else 10) is ends_on_sigterm

            assert process_has_ended(pids[0])
            assert not process_has_ended(pids[1]), "it is another child's"
            await children.stop(other, 10)
            assert process_has_ended(pids[1])

    run(work)


def test_shell_in_which_somebody_looks_at_a_component_survives_its_end(tmp_path: Path) -> None:
    """`edge run`, and whoever plays a component by hand, have its socket and token too."""

    async def work() -> None:
        children = Children(tmp_path / "children.json")
        process = await spawn(children, tmp_path, "exec sleep 1000")
        assert await children.stop(process, 10)

    played = {"AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH": str(tmp_path / "ipc.socket"), "SVCUID": "TOKEN"}
    stranger = subprocess.Popen(["sleep", "1000"], env=os.environ | played)
    try:
        run(work)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_child_that_is_frozen_can_still_act_on_sigterm(tmp_path: Path) -> None:
    async def work() -> None:
        children = Children(tmp_path / "children.json")
        process = await spawn(children, tmp_path, f"exec {sys.executable} -c '{SAYS_GOODBYE}'")
        await asyncio.to_thread(pid_in, tmp_path, "child")
        children.signal(process, signal.SIGSTOP)

        assert await children.stop(process, 10)

        assert (tmp_path / "bye").exists()

    run(work)


def test_stopping_a_child_that_ended_long_ago_spares_whoever_has_its_number_by_now(tmp_path: Path) -> None:
    async def work() -> None:
        children = Children(tmp_path / "children.json")
        ended = await spawn(children, tmp_path, "exit 0")
        await ended.wait()
        # What the kernel does once all numbers have been given out.
        vars(ended)["pid"] = stranger.pid

        children.signal(ended, signal.SIGSTOP)
        assert await children.stop(ended, 0.2)

    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        run(work)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_full_disk_stops_no_child_from_starting_or_stopping(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        children = Children(tmp_path / "children.json")
        with file_size_limit(0):
            process = await spawn(children, tmp_path, "exec sleep 1000")
            assert await children.stop(process, 10)

    run(work)

    assert "could not be noted" in caplog.text


def test_program_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        children = Children(tmp_path / "children.json")
        quiet = asyncio.subprocess.DEVNULL
        with pytest.raises(FileNotFoundError, match="no-such-program"):
            await children.spawn(["no-such-program"], cwd=tmp_path, env={}, stdout=quiet, stderr=quiet)

    run(work)


def start_core(folder: Path, script: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", CORE, str(folder), script])


@pytest.mark.parametrize("script", [FAMILY, STUBBORN_FAMILY])
def test_killed_core_leaves_no_process_behind(tmp_path: Path, script: str) -> None:
    core = start_core(tmp_path, script)
    family = [pid_in(tmp_path, name) for name in ("child", "grandchild")]

    with killed_at_the_end(*family):
        core.kill()
        core.wait()

        for pid in family:
            wait_for_process_end(pid)


def test_killed_core_leaves_no_daemon_behind(tmp_path: Path) -> None:
    core = start_core(tmp_path, f"{DAEMON} wait")
    daemon = pid_in(tmp_path, "daemon")

    with killed_at_the_end(daemon):
        core.kill()
        core.wait()

        wait_for_process_end(daemon)


def guardian_of(core_pid: int, ledger: Path) -> int:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if b"local_core.processes.guardian" in words and os.fsencode(ledger) in words:
                return int(entry.name)
    raise AssertionError(f"core {core_pid} has no guardian")


def test_next_core_ends_what_is_left_when_the_guardian_was_killed_too(tmp_path: Path) -> None:
    ledger = tmp_path / "children.json"
    core = start_core(tmp_path, FAMILY)
    child, grandchild = (pid_in(tmp_path, name) for name in ("child", "grandchild"))

    with killed_at_the_end(child, grandchild):
        os.kill(guardian_of(core.pid, ledger), signal.SIGKILL)
        core.kill()
        core.wait()
        wait_for_process_end(child)  # by the kernel; nobody is left to end the grandchild
        assert not process_has_ended(grandchild)

        assert Children(ledger).reap_strays() == [grandchild]

        assert process_has_ended(grandchild), "whoever reaps goes on to take the ports that were held"
        assert Children(ledger).reap_strays() == []


def test_next_core_ends_a_daemon_that_is_left_when_the_guardian_was_killed_too(tmp_path: Path) -> None:
    ledger = tmp_path / "children.json"
    core = start_core(tmp_path, f"{DAEMON} wait")
    daemon = pid_in(tmp_path, "daemon")

    with killed_at_the_end(daemon):
        os.kill(guardian_of(core.pid, ledger), signal.SIGKILL)
        core.kill()
        core.wait()
        assert not process_has_ended(daemon)

        assert daemon in Children(ledger).reap_strays()

        assert process_has_ended(daemon)


def test_guardian_ends_with_its_core_and_leaves_nothing_to_do(tmp_path: Path) -> None:
    core = start_core(tmp_path, "exec sleep 1000 > /dev/null & echo $$ > child; wait")
    pid_in(tmp_path, "child")
    guardian = guardian_of(core.pid, tmp_path / "children.json")

    core.kill()
    core.wait()

    wait_for_process_end(guardian)


def test_processes_of_somebody_else_are_never_ended(tmp_path: Path) -> None:
    """A ledger may be old: the number in it may be another process's by now, or of another boot."""
    ledger = tmp_path / "children.json"
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    try:
        ticks = sessions.start_ticks(stranger.pid)
        assert ticks is not None
        Ledger(Owner(1, 1), {stranger.pid: ticks + 1}).write(ledger)
        assert Children(ledger).reap_strays() == []

        Ledger(Owner(1, 1), {stranger.pid: ticks}).write(ledger)
        of_another_boot = json.loads(ledger.read_text()) | {"boot_id": "another"}
        ledger.write_text(json.dumps(of_another_boot))
        assert Children(ledger).reap_strays() == []

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"boot_id": 1', "\x00\xff"])
def test_damaged_ledger_stops_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "children.json").write_text(content)

    assert Children(tmp_path / "children.json").reap_strays() == []
