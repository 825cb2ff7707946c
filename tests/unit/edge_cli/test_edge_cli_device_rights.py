"""Who may do what on a board: real programs on PATH that play `id`, `sudo` and greengrass-cli."""

import os
from pathlib import Path

import pytest

from edge_cli.device.board import ThisBoard
from edge_cli.device.classic import ClassicNucleus
from edge_cli.errors import CommandError


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def _program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_root_needs_no_sudo(programs: Path) -> None:
    _program(programs / "id", "echo 0")
    assert ThisBoard().as_root == ()


def test_user_with_sudo_uses_it_without_being_asked(programs: Path) -> None:
    _program(programs / "id", "echo 1000")
    _program(programs / "sudo", '[ "$1" = -n ] && shift && exec "$@"')
    board = ThisBoard()
    assert board.as_root == ("sudo", "-n")
    assert board.run_as_root(["echo", "a b"]).stdout == "a b\n"


def test_user_whose_sudo_wants_a_password_goes_without_and_is_told_when_that_fails(
    programs: Path, tmp_path: Path
) -> None:
    _program(programs / "id", "echo 1000")
    _program(programs / "sudo", "echo 'sudo: a password is required' >&2; exit 1")
    _program(tmp_path / "v2" / "bin" / "greengrass-cli", "echo 'Permission denied' >&2; exit 1")
    board = ThisBoard()
    assert board.as_root == ()
    with pytest.raises(CommandError, match=r"That takes root.*sudo -v"):
        ClassicNucleus(board, str(tmp_path / "v2")).installed("com.example.A")


def test_deployment_that_greengrass_cli_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "greengrass-cli", "echo 'Unknown option' >&2; exit 2")
    with pytest.raises(CommandError, match=r"Unknown option.*greengrass\.log"):
        ClassicNucleus(ThisBoard(), str(tmp_path)).progress("5f3c")


def test_reasons_of_a_failed_deployment_are_kept(tmp_path: Path) -> None:
    _program(tmp_path / "bin" / "greengrass-cli", "echo '5f3c: FAILED'; echo '  Cause: no such component'")
    progress = ClassicNucleus(ThisBoard(), str(tmp_path)).progress("5f3c")
    assert (progress.status, progress.reasons) == ("FAILED", ("Cause: no such component",))
