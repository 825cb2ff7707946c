"""The command line: help, refusals, exit codes, `--json`; and what starting it does not import."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_cli.app import main

GROUPS = [[], ["core"], ["core", "fault"], ["deployment"], ["component"], ["spool"], ["cloud"]]
COMMANDS = [
    *(["demo"], ["doctor"], ["build"], ["run"], ["logs"], ["tap"], ["pub"], ["lint"]),
    *(["publish"], ["deploy"], ["deployments"]),
    *(["core", word] for word in ("up", "down", "status", "offline", "online", "restart-ipc")),
    *(["core", "fault", word] for word in ("mute-subscription", "mute-answers", "expire-credentials")),
    *(["deployment", word] for word in ("create", "status", "list", "cancel")),
    *(["component", word] for word in ("list", "details", "restart", "stop")),
    *(["spool", word] for word in ("show", "verify", "export", "requeue")),
    *(["cloud", word] for word in ("up", "diff", "down")),
]


@pytest.mark.parametrize("words", [*GROUPS, *COMMANDS], ids=" ".join)
def test_every_command_explains_itself(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--help"]) == 0
    assert "Usage:" in capsys.readouterr().out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_takes_json_and_shows_examples(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*words, "--help"])
    said = capsys.readouterr().out
    assert "--json" in said
    assert "Examples:" in said


@pytest.mark.parametrize("words", [words for words in GROUPS if words != ["spool"]], ids=" ".join)
def test_group_without_a_command_shows_its_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    assert "Usage:" in capsys.readouterr().out


REFUSALS = [
    (["absent"], 2, "No such command 'absent'"),
    (["core", "statu"], 2, "Did you mean 'status'?"),
    (["tap"], 2, "Missing argument 'FILTER'"),
    (["demo", "--flavor", "heavy"], 2, "'--flavor': 'heavy'"),
    (["demo", "--duration", "3", "--outage", "8"], 1, "does not fit"),
    (["demo", "--report", "absent/folder/r.json"], 1, "there is no folder"),
    (["deployment", "create"], 1, "nothing to deploy"),
    (["deployment", "create", "--merge", "A"], 1, "NAME=VERSION"),
    (["deployment", "create", "-m", "A=1.0.0", "-r", "absent"], 1, "is not a folder"),
    (["deployment", "create", "-m", "A=1.0.0", "-fp", "SHRUG"], 2, "'SHRUG'"),
    (["pub", "a/b", "{broken"], 1, "not JSON"),
    (["tap", "a/#/b"], 1, "'a/#/b' is not a topic filter"),
    (["tap", "a/#/b", "--local"], 1, "'a/#/b' is not a topic filter"),
    (["tap", "a/b+", "--local"], 1, "'+' must stand for a whole level"),
    (["run", "absent"], 1, "no component 'absent'"),
    (["build", "absent"], 1, "no component 'absent'"),
    (["lint", "absent.yaml"], 1, "There is no"),
    (["logs", "--level", "LOUD"], 1, "'LOUD' is not a valid level"),
    (["logs", "--grep", "("], 1, "not a regular expression"),
]


@pytest.mark.parametrize(("words", "code", "message"), REFUSALS, ids=str)
def test_mistake_gets_one_message_and_an_exit_code(
    words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(("words", "code", "message"), REFUSALS, ids=str)
def test_mistake_with_json_is_one_document_on_stdout(
    words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json"]) == code
    captured = capsys.readouterr()
    assert message in json.loads(captured.out)["error"]
    assert captured.err == ""


NEED_A_CORE = [
    ["core", "status"],
    ["core", "offline"],
    ["core", "fault", "expire-credentials"],
    ["component", "list"],
    ["component", "stop", "-n", "A"],
    ["deployment", "list"],
    ["deployment", "create", "-m", "A=1.0.0"],
    ["tap", "#"],
    ["tap", "#", "--local"],
    ["pub", "a/b", "1"],
]


@pytest.mark.parametrize("words", NEED_A_CORE, ids=" ".join)
def test_without_a_core_the_message_says_how_to_start_one(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--root", str(tmp_path / "core")]) == 1
    message = capsys.readouterr().err
    assert "No core runs on" in message
    assert "core up" in message


def test_bringing_down_a_core_that_does_not_run_is_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["core", "down", "--root", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ending"] == "not_running"


def test_root_is_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDGE_ROOT", str(tmp_path / "chosen"))
    main(["core", "status"])
    assert str(tmp_path / "chosen") in capsys.readouterr().err


def test_logs_are_printed_for_people_and_for_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "com.example.X.log").write_text(
        "2026-11-22T04:26:11Z [INFO] (Copier) com.example.X: stdout. INFO first. {serviceName=X}\n"
        "2026-11-22T04:26:12Z [INFO] (Copier) com.example.X: stdout. ERROR second. {serviceName=X}\n"
    )
    assert main(["logs", "X", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "04:26:11     INFO  first\n04:26:12     ERROR second\n"
    assert main(["logs", "--level", "error", "--root", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "timestamp": "2026-11-22T04:26:12Z",
        "level": "ERROR",
        "component": "com.example.X",
        "event": "stdout",
        "message": "second",
        "context": "serviceName=X",
        "continuation": [],
    }


def test_terminal_without_utf_8_gets_the_text_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    line = "2026-11-22T04:26:11Z [INFO] (Copier) X: stdout. 21.5 °C. {serviceName=X}\n"
    (tmp_path / "logs" / "X.log").write_text(line)
    ended = subprocess.run(
        [sys.executable, "-m", "edge_cli", "logs", "--root", str(tmp_path)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert b"21.5 ?C" in ended.stdout


def test_file_in_the_way_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    assert main(["build", "mqtt_publisher", "--out", str(tmp_path / "taken")]) == 1
    message = capsys.readouterr().err
    assert str(tmp_path / "taken") in message
    assert message.count("\n") == 1


def test_help_imports_no_foreign_library_but_typer() -> None:
    """What keeps `--help` fast: everything else is imported when a command runs."""
    program = (
        "import sys; from edge_cli.app import main; main(['--help']); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = set(ended.stderr.split())
    assert imported.isdisjoint(
        {"rich", "paho", "awsiot", "awscrt", "boto3", "botocore", "yaml", "psutil", "asyncio"}
    )


_INTERRUPTED_WHILE_IMPORTING = """
import os, runpy, signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "edge_cli.app":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
runpy.run_module("edge_cli", run_name="__main__")
"""


def test_ctrl_c_while_the_command_is_still_starting_leaves_no_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED_WHILE_IMPORTING], capture_output=True, text=True, check=False
    )
    assert ended.stderr == ""
    assert ended.returncode == -signal.SIGINT
