"""A build that is interrupted, has no room, no network or company: it ends tidily, and the next one works."""

import os
import platform
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge_cli.building.checksums import verify
from support.built import copy_project, edge_in, environment_in
from support.small_disk import mounted

OFFLINE = ("unshare", "--net", "--map-root-user") if os.geteuid() else ("unshare", "--net")
WORDS = ("build", "mqtt_subscriber", "--arch", "aarch64", "--python", "3.11")
WITHIN_S = 60.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has never been built."""
    return copy_project(tmp_path / "project")


def _start(project: Path, *words: str) -> subprocess.Popen[str]:
    """A build as a group of processes of its own, as a shell starts one."""
    return subprocess.Popen(
        [sys.executable, "-m", "edge_cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=project,
        env=environment_in(project),
        process_group=0,
    )


def _assert_is_whole(project: Path) -> None:
    (folder,) = (project / "greengrass-build/artifacts").glob("*/*")
    verify(folder)
    (archive,) = folder.glob("*.zip")
    assert zipfile.ZipFile(archive).testzip() is None
    assert [path for path in project.rglob(".scratch-*") if "components" not in path.parts] == []


@pytest.mark.parametrize(
    ("number", "at"), [(signal.SIGINT, "Fetching libraries"), (signal.SIGKILL, "Building")]
)
def test_an_interrupted_build_says_nothing_more_and_the_next_one_works(
    project: Path, number: signal.Signals, at: str
) -> None:
    process = _start(project, *WORDS)
    assert process.stderr is not None
    while at not in process.stderr.readline():
        assert process.poll() is None
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=WITHIN_S)
    assert process.returncode == (130 if number == signal.SIGINT else -number)
    assert "Traceback" not in said

    again = edge_in(project, *WORDS)
    assert again.returncode == 0, again.stderr
    _assert_is_whole(project)


def test_two_builds_at_once_in_one_folder_both_succeed(project: Path) -> None:
    builds = [_start(project, *WORDS) for _ in range(2)]
    ended = [build.communicate(timeout=WITHIN_S) for build in builds]
    assert [build.returncode for build in builds] == [0, 0], ended
    _assert_is_whole(project)


def test_a_full_disk_is_named_and_with_more_room_the_next_build_works(project: Path) -> None:
    with mounted(project / "build", 10) as disk:
        refused = edge_in(project, *WORDS)
        left = [path.name for path in disk.rglob(".scratch-*")]
        subprocess.run(["mount", "-o", "remount,size=300m", str(disk)], check=True)
        again = edge_in(project, *WORDS)
    assert refused.returncode == 1
    assert "df -h" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert left == []
    assert again.returncode == 0, again.stderr
    _assert_is_whole(project)


def test_without_a_network_the_missing_wheel_is_named_and_once_fetched_it_is_not_needed(
    project: Path, tmp_path: Path
) -> None:
    empty = {"UV_CACHE_DIR": str(tmp_path / "empty"), "UV_HTTP_RETRIES": "0"}

    refused = edge_in(project, *WORDS, before=OFFLINE, env=empty)
    fetched = edge_in(project, *WORDS)
    again = edge_in(project, *WORDS, before=OFFLINE, env=empty)

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert "is missing: there is no wheel for aarch64, Python 3.11" in refused.stderr
    assert "://" not in refused.stderr
    assert (fetched.returncode, again.returncode) == (0, 0), fetched.stderr + again.stderr
    assert "Fetching libraries for aarch64, Python 3.11" in fetched.stderr
    assert again.stderr == ""  # nothing had to be done


def test_what_setting_up_the_environment_leaves_behind_is_enough_to_build_for_this_machine(
    project: Path, tmp_path: Path
) -> None:
    """As the demo and the tests do: also where no package index is reached and uv's own cache is gone."""
    prefetch = [sys.executable, "-m", "edge_cli.building.prefetch"]
    subprocess.run(prefetch, check=True, cwd=project, env=environment_in(project), timeout=WITHIN_S)
    empty = {"UV_CACHE_DIR": str(tmp_path / "empty"), "UV_HTTP_RETRIES": "0"}
    ended = edge_in(project, "build", "--arch", platform.machine(), before=OFFLINE, env=empty)
    assert ended.returncode == 0, ended.stderr
    assert "Fetching" not in ended.stderr
