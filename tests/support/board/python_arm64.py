"""The Python of a board, on this machine: Debian 12's own for aarch64, run by qemu's user-mode emulation.

Owns the folder below build/cache that Debian's packages are unpacked into, once for all test processes.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_cli.project import PROJECT

ROOT = PROJECT / "build" / "cache" / "debian-12-arm64"
EMULATOR = "qemu-aarch64-static"
# libstdc++ is on every board (apt itself needs it); nothing of Python is there but what the distribution has.
PACKAGES = ("python3.11", "libstdc++6")
_FETCH_S = 300


def command_in(folder: Path) -> Path:
    """Make `python3.11` in a folder for PATH: the board's.

    Skips the test where there is no emulator or its packages cannot be had; CI has both.
    """
    emulator = shutil.which(EMULATOR)
    if not emulator:
        pytest.skip(f"{EMULATOR} is missing; Debian, Ubuntu: apt install qemu-user-static")
    root = _unpacked()
    command = folder / "python3.11"
    command.write_text(f'#!/bin/sh\nexec {emulator} -L {root} {root}/usr/bin/python3.11 "$@"\n')
    command.chmod(0o755)
    return command


def _unpacked() -> Path:
    ROOT.parent.mkdir(parents=True, exist_ok=True)
    with ROOT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ROOT.is_dir():
            _unpack()
    return ROOT


def _unpack() -> None:
    unfinished = ROOT.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    packages, tree = unfinished / "archives", unfinished / "tree"
    for folder in (packages / "partial", unfinished / "lists" / "partial", tree):
        folder.mkdir(parents=True)
    (unfinished / "status").touch()  # nothing is installed: all that Python depends on is fetched, too
    (unfinished / "apt.conf").write_text(
        f"""APT::Architecture "arm64";
APT::Architectures {{ "arm64"; }};
APT::Sandbox::User "";
Dir::State "{unfinished}";
Dir::State::status "{unfinished}/status";
Dir::Cache "{unfinished}";
"""
    )
    try:
        for words in (
            ("update",),
            ("install", "--yes", "--no-install-recommends", "--download-only", *PACKAGES),
        ):
            subprocess.run(
                ["apt-get", "-qq", *words],
                env={**os.environ, "APT_CONFIG": str(unfinished / "apt.conf")},
                check=True,
                timeout=_FETCH_S,
                stdout=subprocess.DEVNULL,
            )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"Debian 12's Python for arm64 cannot be fetched ({error})")
    for package in packages.glob("*.deb"):
        subprocess.run(["dpkg-deb", "--extract", str(package), str(tree)], check=True)
    tree.rename(ROOT)
    shutil.rmtree(unfinished)
