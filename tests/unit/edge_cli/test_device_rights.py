"""Who may do what on a board: real programs on PATH that play `id`, `sudo` and greengrass-cli."""

import os
from pathlib import Path

import pytest

from edge_cli.device.classic import ClassicNucleus
from edge_cli.device.lite import LiteNucleus
from edge_cli.device.this_board import ThisBoard
from edge_cli.errors import CommandError
from support.board.board import install_program

AUTH = "Not able to find auth information in directory: /greengrass/v2/cli_ipc_info."
STACK_TRACE = f"""cat >&2 <<'END'
java.lang.RuntimeException: Unable to create ipc client
\tat com.aws.greengrass.cli.adapter.impl.NucleusAdapterIpcClientImpl.getIpcClient(X.java:1)
Caused by: java.io.IOException: {AUTH} Please run CLI as authorized user or group.
\tat com.aws.greengrass.cli.adapter.impl.NucleusAdapterIpcClientImpl.loadCliIpcInfo(X.java:2)
\t... 3 more
END
exit 1"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in front of PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_root_needs_no_sudo(programs: Path) -> None:
    install_program(programs / "id", "echo 0")
    assert ThisBoard().as_root == ()


def test_user_with_sudo_uses_it_without_being_asked(programs: Path) -> None:
    install_program(programs / "id", "echo 1000")
    install_program(programs / "sudo", '[ "$1" = -n ] && shift && exec "$@"')
    board = ThisBoard()
    assert board.as_root == ("sudo", "-n")
    assert board.run_as_root(["echo", "a b"]).stdout == "a b\n"


def test_user_whose_sudo_wants_a_password_goes_without_and_is_told_when_that_fails(
    programs: Path, tmp_path: Path
) -> None:
    install_program(programs / "id", "echo 1000")
    install_program(programs / "sudo", "echo 'sudo: a password is required' >&2; exit 1")
    install_program(tmp_path / "v2" / "bin" / "greengrass-cli", "echo 'Permission denied' >&2; exit 1")
    board = ThisBoard()
    assert board.as_root == ()
    with pytest.raises(CommandError, match=r"That takes root.*sudo -v"):
        ClassicNucleus(board, str(tmp_path / "v2")).components()


def _complaint(tmp_path: Path, greengrass_cli: str) -> str:
    install_program(tmp_path / "v2" / "bin" / "greengrass-cli", greengrass_cli)
    with pytest.raises(CommandError) as raised:
        ClassicNucleus(ThisBoard(), str(tmp_path / "v2")).components()
    return str(raised.value)


def test_user_that_greengrass_cli_does_not_admit_is_told_whom_it_does(programs: Path, tmp_path: Path) -> None:
    install_program(programs / "id", "echo 1000")
    install_program(programs / "sudo", "exit 1")
    said = _complaint(tmp_path, STACK_TRACE)
    assert AUTH in said
    assert "AuthorizedPosixGroups" in said
    assert "sudo -v" in said
    assert "\tat" not in said


def test_root_that_finds_no_key_is_told_that_the_nucleus_has_not_given_it(
    programs: Path, tmp_path: Path
) -> None:
    install_program(programs / "id", "echo 0")
    said = _complaint(tmp_path, STACK_TRACE)
    assert "systemctl status greengrass" in said
    assert "takes root" not in said


def test_lite_without_root_is_refused_before_anything_is_done(programs: Path, tmp_path: Path) -> None:
    install_program(programs / "id", "echo 1000")
    install_program(programs / "sudo", "exit 1")
    with pytest.raises(CommandError, match="take root"):
        LiteNucleus(ThisBoard(), str(tmp_path)).refuse_what_it_cannot([], removes=False, configures=False)


@pytest.mark.parametrize(
    "complaint",
    [
        "greengrass-cli: line 28: java: command not found",
        "greengrass-cli: line 28: /opt/jdk/bin/java: No such file or directory",
    ],
)
def test_board_without_java_is_told_to_get_one(tmp_path: Path, complaint: str) -> None:
    said = _complaint(tmp_path, f"echo '{complaint}' >&2; exit 127")
    assert complaint in said
    assert "apt install default-jre-headless" in said
    assert "aws.greengrass.Cli" not in said


def test_greengrass_cli_that_knows_no_rollback_is_to_be_replaced(tmp_path: Path) -> None:
    said = _complaint(tmp_path, "echo \"Unknown option: '--failure-handling-policy'\" >&2; exit 2")
    assert "deploy a later aws.greengrass.Cli" in said


def test_deployment_that_greengrass_cli_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    install_program(tmp_path / "bin" / "greengrass-cli", "echo 'Unknown option' >&2; exit 2")
    with pytest.raises(CommandError, match=r"Unknown option.*greengrass\.log"):
        ClassicNucleus(ThisBoard(), str(tmp_path)).progress("5f3c")


def test_reasons_of_a_failed_deployment_are_kept(tmp_path: Path) -> None:
    install_program(
        tmp_path / "bin" / "greengrass-cli", "echo '5f3c: FAILED'; echo '  Cause: no such component'"
    )
    progress = ClassicNucleus(ThisBoard(), str(tmp_path)).progress("5f3c")
    assert (progress.status, progress.reasons) == ("FAILED", ("Cause: no such component",))
