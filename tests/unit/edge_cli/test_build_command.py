"""`edge build` from the command line: what is refused, in one message, before anything is written."""

from pathlib import Path

import pytest

from edge_cli.app import main
from edge_cli.errors import CommandError
from edge_cli.targets import Architecture, PythonVersion, Target, choose, this_machine

BOARD = Target(Architecture.AARCH64, PythonVersion.PY313)


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command is called."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["absent"], 1, "no component 'absent'"),
        (["--arch", "arm64"], 2, "arm64"),
        (["--python", "3.9"], 2, "3.9"),
        (["--version", "1.0"], 1, "'1.0' is not a valid version"),
        (["--namespace", "com acme"], 1, "--namespace 'com acme' is not a valid namespace"),
        (["--gdk", "--arch", "aarch64"], 1, "--arch cannot be used with --gdk"),
        (["--gdk", "--version", "1"], 1, "'1' is not a valid version"),
        (["--gdk-project", ".", "--version", "1.0.0"], 1, "--version cannot be used with --gdk-project"),
        (["--gdk-project", "."], 1, "takes one component"),
        (["mqtt_publisher", "--gdk-project", "absent"], 1, "absent/gdk-config.json cannot be read"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_message(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, complaint: str
) -> None:
    assert main(["build", *words]) == code
    message = capsys.readouterr().err
    assert complaint in message
    assert message.count("\n") == 1
    assert not list(empty_folder.rglob("*.zip"))


def test_a_board_builds_for_itself() -> None:
    assert choose([], None, BOARD) == (BOARD,)


def test_what_was_asked_for_does_not_depend_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    asked = [Architecture.X86_64, Architecture.AARCH64, Architecture.X86_64]
    assert choose(asked, PythonVersion.PY312) == (
        Target(Architecture.X86_64, PythonVersion.PY312),
        Target(Architecture.AARCH64, PythonVersion.PY312),
    )
    with pytest.raises(CommandError, match=r"riscv64.*--arch"):
        this_machine()
