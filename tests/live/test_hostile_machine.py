"""A machine that is against us: read-only and full disks, no mosquitto, an old Python, no venv module.

Each ends with one message that says what, where, why and what to do, a non-zero exit and no traceback. The
disks are real ones: file systems mounted in a mount namespace of the test's own.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_cli.project import PROJECT

TIMEOUT_S = 60.0
AS_ROOT = [] if os.geteuid() == 0 else ["--map-root-user"]


def in_mount_namespace(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount what it likes; the mounts end with it."""
    return subprocess.run(
        ["unshare", "--mount", *AS_ROOT, "sh", "-c", script, "sh", *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        env={**os.environ, "PYTHON": sys.executable},
    )


def assert_one_clear_message(ended: subprocess.CompletedProcess[str], *pieces: str) -> None:
    """It failed, with one message that holds all of `pieces`, and nobody sees a traceback."""
    said = " ".join((ended.stdout + ended.stderr).split())
    assert ended.returncode != 0, said
    assert "Traceback" not in said
    for piece in pieces:
        assert piece in said


def test_a_read_only_root_is_refused_with_the_path_and_what_to_do(tmp_path: Path) -> None:
    ended = in_mount_namespace(
        'mount -t tmpfs -o ro tmpfs "$1" && "$PYTHON" -m edge_cli core up --root "$1/core"', str(tmp_path)
    )

    assert_one_clear_message(ended, f"{tmp_path}/core", "Read-only file system", "--root")


def test_a_full_disk_is_refused_with_the_path_and_what_to_do(tmp_path: Path) -> None:
    ended = in_mount_namespace(
        'mount -t tmpfs -o size=64k tmpfs "$1"; head -c 65536 /dev/zero >"$1/ballast"; '
        '"$PYTHON" -m edge_cli core up --root "$1/core"',
        str(tmp_path),
    )

    assert_one_clear_message(ended, str(tmp_path), "No space left on device", "free some space")


def test_without_mosquitto_a_broker_in_python_carries_the_readings(tmp_path: Path) -> None:
    hidden = "; ".join(
        f"mount --bind /dev/null {folder}/mosquitto"
        for folder in ("/usr/sbin", "/usr/local/sbin")
        if (Path(folder) / "mosquitto").exists()
    )
    demo = '"$PYTHON" -m edge_cli demo --duration 4 --root "$1/core" --report "$1/report.json"'
    ended = in_mount_namespace(f"{hidden or 'true'}; {demo}", str(tmp_path))

    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = (tmp_path / "report.json").read_text()
    assert '"broker": "amqtt"' in report
    assert '"lost": 0' in report


@pytest.fixture
def bare_clone(tmp_path: Path) -> Path:
    """The project's entry point in a folder that has no .venv."""
    clone = tmp_path / "clone"
    (clone / "scripts").mkdir(parents=True)
    for name in ("scripts/edge", "scripts/venv.sh", "requirements.lock"):
        shutil.copy(PROJECT / name, clone / name)
    return clone


def set_up_with(clone: Path, interpreter: str, before: str = "true") -> subprocess.CompletedProcess[str]:
    """Call scripts/edge where python is `interpreter`, a shell script, and uv is not installed."""
    python = clone / "python"
    python.write_text(f"#!/bin/sh\n{interpreter}\n")
    python.chmod(0o755)
    entry = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin EDGE_PYTHON="$1/python" exec "$1/scripts/edge" --help'
    return in_mount_namespace(f"{before}; {entry}", str(clone))


def test_an_old_python_is_refused_with_its_version_and_the_one_needed(bare_clone: Path) -> None:
    ended = set_up_with(bare_clone, '[ "$1" = --version ] && echo "Python 3.9.2"; exit 1')

    assert_one_clear_message(ended, "Python 3.11 or later", "Python 3.9.2", "EDGE_PYTHON=")
    assert not (bare_clone / ".venv").exists()


def test_a_python_without_pip_is_refused_with_the_package_to_install(bare_clone: Path) -> None:
    """As Debian ships it, on a machine that has no package lists: neither ensurepip nor a wheel of pip."""
    python_lib = Path(os.__file__).parent
    nothing = "mount -t tmpfs tmpfs"
    ended = set_up_with(
        bare_clone,
        f'exec {sys.executable} "$@"',
        before=f"{nothing} {python_lib}/ensurepip; [ ! -d /usr/share/python-wheels ] || "
        f"{nothing} /usr/share/python-wheels; {nothing} /var/lib/apt/lists",
    )

    assert_one_clear_message(ended, "has no pip", "apt install python3-venv")


def test_a_clone_that_cannot_be_written_is_refused_with_its_path(bare_clone: Path) -> None:
    ended = in_mount_namespace(
        'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && "$1/scripts/edge" --help', str(bare_clone)
    )

    assert_one_clear_message(ended, str(bare_clone), "cannot write")


def test_a_second_command_says_that_it_waits_while_the_first_one_makes_the_venv(bare_clone: Path) -> None:
    with (bare_clone / ".venvs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(
            [bare_clone / "scripts" / "edge", "--help"],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as waiting:
            assert waiting.stderr
            said = waiting.stderr.readline()
            os.killpg(waiting.pid, signal.SIGTERM)  # with the flock(1) that it waits in

    assert said == "Waiting for another command that is setting up .venv\n"
    assert not (bare_clone / ".venv").exists()


def test_with_sudo_nothing_of_roots_stays_behind_in_a_users_clone(bare_clone: Path) -> None:
    if os.geteuid():
        pytest.skip("acting as root in another user's folder needs root; CI is root and runs it")
    nobody = 65534
    shutil.copytree(
        PROJECT / "scripts" / "edge_cli",
        bare_clone / "scripts" / "edge_cli",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for path in (bare_clone, *bare_clone.rglob("*")):
        os.chown(path, nobody, nobody)

    made = subprocess.run(
        [bare_clone / "scripts" / "edge", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    )

    assert (bare_clone / ".venv" / ".complete").exists(), made.stderr
    assert [path for path in bare_clone.rglob("*") if path.lstat().st_uid != nobody] == []
