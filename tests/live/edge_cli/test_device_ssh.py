"""`edge deploy --local --host`: another board, through the real ssh and a real sshd."""

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_cli.device import ssh
from edge_cli.device.board import COPY_PREFIX
from edge_cli.device.ssh import SshBoard
from edge_cli.device.this_board import ThisBoard
from edge_cli.errors import CommandError
from support.board.board import install_greengrass_cli, install_program, ssh_server, write_build
from support.edge import edge, edge_json
from support.waiting import wait_until

SLEEPS = "exec sleep 1000"
# What a shell would take to pieces, or obey.
HOSTILE = ["a b", "", "$(touch /tmp/owned)", "`id`", "'", '"', "\\", "a\nb", "*", ";", "--", "é", "A=b"]


@pytest.fixture(scope="module")
def ssh_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for PATH, in which `ssh` knows the host `board`."""
    with ssh_server(tmp_path_factory.mktemp("ssh")) as folder:
        yield folder


@pytest.fixture(autouse=True)
def _with_ssh(ssh_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{ssh_folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a nucleus, with greengrass-cli; a core plays it."""
    root = tmp_path_factory.mktemp("board")
    edge("core", "up", "--root", str(root))
    install_greengrass_cli(root)
    yield root
    edge("core", "down", "--root", str(root))


def test_build_is_copied_deployed_and_reported_back(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Remote", SLEEPS)
    words = ("--local", "--yes", "--host", "board", "--root", str(board), "--build", str(tmp_path))
    report = edge_json("deploy", *words)
    assert (report["board"], report["status"]) == ("board", "SUCCEEDED")
    assert [(one["name"], one["state"]) for one in report["components"]] == [
        ("com.example.Remote", "RUNNING")
    ]


def test_failure_there_is_shown_here_with_the_end_of_the_log(board: Path, tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.RemoteFails", "echo the far wheel is off; exit 7")
    words = ("--local", "--yes", "--host", "board", "--root", str(board), "--build", str(tmp_path))
    assert "the far wheel is off" in edge("deploy", *words, expect=3).stdout


def test_arguments_arrive_as_they_are() -> None:
    with SshBoard("board") as board:
        ended = board.run(["printf", "%s\\0", *HOSTILE])
    assert ended.stdout.split("\0")[:-1] == HOSTILE


def test_exit_code_and_both_outputs_come_back() -> None:
    with SshBoard("board") as board:
        ended = board.run(["sh", "-c", "echo out; echo complaint >&2; exit 77"])
        assert (ended.code, ended.stdout, ended.stderr) == (77, "out\n", "complaint\n")
        assert board.run(["true"]).code == 0
        assert board.run(["/absent/program"]).code == 127


def test_folder_arrives_readable_for_all_and_can_be_discarded(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o700)
    (tmp_path / "a" / "b").write_bytes(b"\0" * 100_000)
    (tmp_path / "a" / "b").chmod(0o600)
    with SshBoard("board") as board:
        there = Path(board.receive(tmp_path))
        assert (there / "a" / "b").read_bytes() == b"\0" * 100_000
        assert (there / "a" / "b").stat().st_mode & 0o777 == 0o644
        assert there.stat().st_mode & 0o777 == 0o755
        board.discard(str(there))
    assert not there.exists()


def test_connection_ends_with_the_command(tmp_path: Path) -> None:
    with SshBoard("board") as board:
        control = Path(board._socket)
        assert control.exists()
    assert wait_until(lambda: not control.exists(), 10, "the connection has ended")
    assert tmp_path.exists()


def test_board_is_locked_for_others_for_as_long_as_it_is_needed(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with SshBoard("board") as board, ThisBoard() as other:
        with (
            board.alone(folder),
            pytest.raises(CommandError, match="Somebody else is deploying"),
            other.alone(folder),
        ):
            pass
        with other.alone(folder), pytest.raises(CommandError, match="lslocks"), board.alone(folder):
            pass
        with board.alone(folder):
            assert board.run(["true"]).code == 0


def test_folder_that_cannot_be_locked_says_why(tmp_path: Path) -> None:
    with SshBoard("board") as board, pytest.raises(CommandError, match="absent"):
        board.alone(str(tmp_path / "absent")).__enter__()


def test_connection_that_has_ended_is_made_anew() -> None:
    with SshBoard("board") as board:
        subprocess.run(board._words("-O", "exit"), check=True, capture_output=True)
        assert board.run(["echo", "still there"]).stdout == "still there\n"


def test_what_a_login_shell_prints_of_its_own_accord_is_no_answer(
    ssh_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = f'echo "Welcome to Orange Pi"; echo warning >&2; exec {ssh_folder}/ssh "$@"'
    install_program(tmp_path / "programs" / "ssh", noisy)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
    with SshBoard("board") as board:
        assert board.machine == os.uname().machine
        with board.alone(str(tmp_path)):
            board.discard(board.receive(tmp_path / "programs"))


def test_copy_that_is_cut_off_leaves_nothing_on_the_board(
    ssh_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "build").mkdir()
    name = uuid.uuid4().hex
    (tmp_path / "build" / name).write_bytes(os.urandom(100_000))
    cut = (
        f'case "$*" in *tar*) head -c 50000 | {ssh_folder}/ssh "$@" ;; *) exec {ssh_folder}/ssh "$@" ;; esac'
    )
    install_program(tmp_path / "programs" / "ssh", cut)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
    with SshBoard("board") as board, pytest.raises(CommandError, match="could not be copied"):
        board.receive(tmp_path / "build")
    assert list(Path(board.inbox).glob(f"{COPY_PREFIX}*/{name}")) == []


def test_connection_that_is_lost_while_copying_is_one_message(
    ssh_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = f'case "$*" in *tar*) exit 255 ;; *) exec {ssh_folder}/ssh "$@" ;; esac'
    install_program(tmp_path / "programs" / "ssh", lost)
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "build").mkdir()
    with SshBoard("board") as board, pytest.raises(CommandError, match=r"while copying: nothing was changed"):
        board.receive(tmp_path / "build")


def test_connection_that_does_not_end_keeps_nobody_waiting(
    ssh_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = f'case "$*" in *"-O exit"*) exec sleep 1000 ;; *) exec {ssh_folder}/ssh "$@" ;; esac'
    install_program(tmp_path / "programs" / "ssh", hangs)
    with SshBoard("board") as board:
        real = board._words("-O", "exit")
        monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setattr(ssh, "_CLOSE_TIMEOUT_S", 0.05)
        board.close()
        monkeypatch.undo()
        subprocess.run([str(ssh_folder / "ssh"), *real[1:]], check=False, capture_output=True)


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        ("stranger", "ssh-copy-id stranger"),
        ("nowhere", "apt install openssh-server"),
        ("no-such-name.invalid", "try the board's address"),
        ("-oProxyCommand=id", "orangepi@"),
    ],
)
def test_board_that_cannot_be_reached_says_what_to_do(tmp_path: Path, host: str, advice: str) -> None:
    write_build(tmp_path, "com.example.Far", SLEEPS)
    ended = edge("deploy", "--local", f"--host={host}", "--build", str(tmp_path), "--json", expect=1)
    assert advice in json.loads(ended.stdout)["error"]


def test_unknown_host_key_is_not_accepted_silently(ssh_folder: Path) -> None:
    known = ssh_folder.parent / "known_hosts"
    kept = known.read_text()
    known.write_text("")
    try:
        with pytest.raises(CommandError, match="Log in once by hand"):
            SshBoard("board")
    finally:
        known.write_text(kept)


def test_host_key_that_has_changed_is_to_be_forgotten_by_its_command(ssh_folder: Path) -> None:
    known = ssh_folder.parent / "known_hosts"
    kept = known.read_text()
    other = (known.parent / "other.pub").read_text().split()[:2]
    known.write_text(" ".join([kept.split()[0], *other]) + "\n")
    try:
        with pytest.raises(CommandError, match=r"ssh-keygen -R board"):
            SshBoard("board")
    finally:
        known.write_text(kept)


def test_board_without_greengrass_says_how_to_install_the_command(tmp_path: Path) -> None:
    write_build(tmp_path, "com.example.Bare", SLEEPS)
    (tmp_path / "root" / "alts").mkdir(parents=True)
    words = (
        "--local",
        "--yes",
        "--host",
        "board",
        "--root",
        str(tmp_path / "root"),
        "--build",
        str(tmp_path),
    )
    assert "aws.greengrass.Cli" in edge_json("deploy", *words, expect=1)["error"]
