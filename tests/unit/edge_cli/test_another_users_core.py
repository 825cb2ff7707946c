"""Cores beside the one that is asked about: another user's is said to be so, never to be absent."""

from pathlib import Path

import pytest

from edge_cli.app import main
from edge_cli.core.processes import CoreProcess

COMMANDS = (
    ("core", "down"),
    ("core", "status"),
    ("core", "offline"),
    ("component", "list"),
    ("deployment", "list"),
    ("tap", "#"),
    ("run", "mqtt_publisher", "--once"),
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of root's core; what a process table shows is all that this user sees of it."""
    root = tmp_path / "core"
    root.mkdir()
    running = CoreProcess(4711, 1.0, root, "root", is_ours=False)
    for module in ("core.processes", "doctor.laptop"):
        monkeypatch.setattr(f"edge_cli.{module}.core_processes", lambda: [running])
    return root


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_core_of_another_user_is_named_with_its_user(
    root: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--root", str(root)]) == 1
    said = capsys.readouterr().err
    assert f"The core on {root} runs as root (process 4711)" in said
    assert "sudo" in said


def test_doctor_says_whose_core_it_is_and_calls_it_no_leftover(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["doctor", "--root", str(root)])
    said = capsys.readouterr().out
    assert f"runs on {root} as root (process 4711)" in said
    assert "core down" not in said


def test_own_core_on_another_root_is_no_leftover(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = CoreProcess(4711, 1.0, tmp_path, "me", is_ours=True)
    monkeypatch.setattr("edge_cli.doctor.laptop.core_processes", lambda: [mine])
    main(["doctor", "--root", str(tmp_path / "another")])
    assert str(mine.pid) not in capsys.readouterr().out
