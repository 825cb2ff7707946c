"""A journal of systemd's, made without systemd: real files, which the real journalctl reads."""

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_WRITER = "/lib/systemd/systemd-journal-remote"  # Debian's package systemd-journal-remote
_BOOT = "0123456789abcdef0123456789abcdef"


def entry(
    unit: str, message: str, at_us: int, priority: int = 6, *, since_boot_us: int | None = None
) -> dict[str, str]:
    """One entry of a unit, as systemd writes what a service prints.

    Args:
        unit: The unit.
        message: What it prints.
        at_us: By the wall clock.
        priority: As syslog(3) has it.
        since_boot_us: By the clock that nobody sets; None means some.
    """
    return {
        "__REALTIME_TIMESTAMP": str(at_us),
        "__MONOTONIC_TIMESTAMP": str(at_us % 10**9 if since_boot_us is None else since_boot_us),
        "_BOOT_ID": _BOOT,
        "_MACHINE_ID": _BOOT,
        "_SYSTEMD_UNIT": unit,
        "_TRANSPORT": "stdout",
        "PRIORITY": str(priority),
        "MESSAGE": message,
    }


def write_journal(folder: Path, name: str, entries: Sequence[Mapping[str, str]]) -> None:
    """Write entries to a journal file of their own.

    Args:
        folder: Of journal files.
        name: Without `.journal`.
        entries: Oldest first; no value has a line break.
    """
    folder.mkdir(exist_ok=True)
    export = "".join("".join(f"{key}={value}\n" for key, value in one.items()) + "\n" for one in entries)
    scratch = folder.parent / f"{name}.journal"
    subprocess.run(
        [_WRITER, "--output", str(scratch), "-"], input=export.encode(), capture_output=True, check=True
    )
    scratch.replace(folder / scratch.name)


def journalctl_for(journal: Path, programs: Path) -> Path:
    """A folder for PATH in which `journalctl` is the real one, told where this journal is."""
    programs.mkdir(exist_ok=True)
    program = programs / "journalctl"
    real = shutil.which("journalctl")
    program.write_text(f'#!/bin/sh\nexec {real} --directory {shlex.quote(str(journal))} "$@"\n')
    program.chmod(0o755)
    return programs
