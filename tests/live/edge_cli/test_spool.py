"""`edge spool` and a component at work: the command is a process of its own, and so is the writer."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.edge import TIMEOUT_S, edge, edge_json
from support.waiting import wait_until

LOOKS = 5
# A component at work: one thread puts, the main one reads and releases, segments are recycled all the time.
WRITER = """
import sys, threading
from pathlib import Path
from support.outbox.kept import open_outbox, reading

storage = open_outbox(Path(sys.argv[1]))
lane = storage.lanes["records"]

def put():
    number = 0
    while True:
        lane.append_many([reading(number + more) for more in range(50)])
        number += 50

threading.Thread(target=put, daemon=True).start()
print("ready", flush=True)
after = -1
while True:
    lane.wait(after, None)
    batch = lane.read(after, 1000, 1 << 20)
    after = batch.last
    if after > 2000:
        lane.release(after - 2000)
"""


@contextmanager
def component_at_work(outbox: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that puts and releases without pause until it is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(outbox)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            taken = wait_until(
                lambda: edge_json("spool", str(outbox))["taken"], TIMEOUT_S, "the first record is taken in"
            )
            assert taken > 0
            yield process
        finally:
            process.kill()
            process.wait(TIMEOUT_S)


def test_component_at_work_is_looked_at_without_disturbing_it(tmp_path: Path) -> None:
    outbox = tmp_path / "work" / "com.example.MqttPublisher" / "outbox"
    outbox.parent.mkdir(parents=True)
    with component_at_work(outbox) as process:
        pictures = [edge_json("spool", str(outbox)) for _ in range(LOOKS)]
        for picture in pictures:
            assert picture["in_use_by"]["pid"] == process.pid
            assert (picture["damaged"], picture["dropped"]) == (0, 0)
        assert pictures[-1]["taken"] > pictures[0]["taken"]
        verdict = edge_json("spool", "verify", str(outbox))
        assert verdict["whole"] is True
        text = edge("spool", str(outbox)).stdout
        assert f"in use by a running component (process {process.pid}: " in text
        assert "a picture of this moment" in text
        assert process.poll() is None


def test_export_while_a_component_works_has_every_record_once(tmp_path: Path) -> None:
    with component_at_work(tmp_path / "outbox"):
        lines = edge("spool", "export", str(tmp_path / "outbox")).stdout.splitlines()
    numbers = [json.loads(line)["number"] for line in lines]
    assert numbers == sorted(set(numbers))
    assert all(
        json.loads(line)["record"]["sequence"] == number for line, number in zip(lines, numbers, strict=True)
    )


def test_requeue_refuses_a_component_at_work(tmp_path: Path) -> None:
    outbox = tmp_path / "work" / "com.example.MqttPublisher" / "outbox"
    outbox.parent.mkdir(parents=True)
    give_up_one(outbox)
    with component_at_work(outbox) as process:
        ended = edge("spool", "requeue", str(outbox.parent), expect=1)
        assert f"in use by process {process.pid}" in ended.stderr
        assert "component stop -n com.example.MqttPublisher" in ended.stderr
        assert ended.stderr.count("\n") == 1
        assert edge_json("spool", "requeue", str(outbox), "--dry-run")["requeued"] == {"records": 1}
        tried = edge("spool", "requeue", str(outbox), "--dry-run")
        assert tried.stdout == "Would put back 1 dead letter: 1 to records.\n"
        assert "Stop that component first: " in tried.stderr


def test_killed_component_leaves_what_the_command_can_read(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    with component_at_work(outbox) as process:
        process.kill()
        process.wait(TIMEOUT_S)
        picture = edge_json("spool", str(outbox))
        assert picture["in_use_by"] is None
        assert edge_json("spool", "verify", str(outbox))["whole"] is True


def give_up_one(outbox: Path) -> None:
    """An outbox with one dead letter, made by a process that has ended."""
    program = (
        "import sys; from pathlib import Path; from edge_common.errors import PermanentError\n"
        "from support.outbox.kept import open_outbox, reading\n"
        "storage = open_outbox(Path(sys.argv[1])); storage.lanes['records'].append(reading(0))\n"
        "storage.give_up('records', 0, reading(0), PermanentError('it is bad', code='bad'))\n"
        "storage.close()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run(
        [sys.executable, "-c", program, str(outbox)], check=True, env=environment, capture_output=True
    )


def test_letters_go_back_and_reach_the_next_start_of_the_component(tmp_path: Path) -> None:
    give_up_one(tmp_path / "outbox")
    assert (
        edge("spool", "requeue", str(tmp_path / "outbox")).stdout == "Put back 1 dead letter: 1 to records.\n"
    )
    lines = edge("spool", "export", str(tmp_path / "outbox")).stdout.splitlines()
    assert [json.loads(line)["record"]["sequence"] for line in lines] == [0]


def test_reader_that_goes_away_ends_the_export_quietly(tmp_path: Path) -> None:
    with component_at_work(tmp_path / "outbox"):
        pass
    with subprocess.Popen(
        [sys.executable, "-m", "edge_cli", "spool", "export", str(tmp_path / "outbox")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()
    assert complaint == b""
    assert process.returncode in {0, 1}


def by_a_mere_reader(*words: str) -> subprocess.CompletedProcess[str]:
    """The command, without root's right to read and write whatever it likes."""
    without_rights = ["setpriv", "--bounding-set=-all"] if os.geteuid() == 0 else []
    command = [*without_rights, sys.executable, "-m", "edge_cli", "spool", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def test_right_to_read_is_enough(tmp_path: Path) -> None:
    give_up_one(tmp_path / "outbox")
    for path in (tmp_path / "outbox").rglob("*"):
        path.chmod(0o550 if path.is_dir() else 0o440)
    (tmp_path / "outbox").chmod(0o550)
    for words in (["show"], ["verify"], ["export", "--dead"]):
        ended = by_a_mere_reader(*words, str(tmp_path / "outbox"))
        assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("name", ["outbox", "outbox/records", "outbox/dead/release.journal"])
def test_who_may_not_read_is_told_whom_to_be(tmp_path: Path, name: str) -> None:
    give_up_one(tmp_path / "outbox")
    (tmp_path / name).chmod(0)
    ended = by_a_mere_reader("show", str(tmp_path / "outbox"))
    assert ended.returncode == 1
    assert "Permission denied. Run this as the user whom the folder belongs to" in ended.stderr
    assert str(tmp_path / name) in ended.stderr
    assert ended.stderr.count("\n") == 1


def on_a_terminal(*words: str) -> str:
    """What the command writes to a terminal of 80 columns."""
    controller, terminal = os.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "edge_cli", "spool", *words]
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        written = b""
        while piece := read_or_end(controller):
            written += piece
        process.wait(TIMEOUT_S)
    os.close(controller)
    return written.decode()


def read_or_end(controller: int) -> bytes:
    """The next bytes; b"" when the other side has gone, which Linux says by EIO."""
    try:
        return os.read(controller, 4096)
    except OSError:
        return b""


def test_terminal_shows_how_far_a_long_reading_is_and_colour(tmp_path: Path) -> None:
    give_up_one(tmp_path / "outbox")
    text = on_a_terminal("verify", str(tmp_path / "outbox"))
    assert "Reading" in text
    assert "records" in text
    assert "Every frame passes its checks." in text
    shown = on_a_terminal("show", str(tmp_path / "outbox"))
    assert "\x1b[31mbad" in shown
