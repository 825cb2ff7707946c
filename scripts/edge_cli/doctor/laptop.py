"""Is everything there that a core and its components need? Looks, changes nothing.

On a board `board` looks; here is the laptop.

The probes are here; what their findings mean is in `verdicts`.
"""

import importlib.metadata
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from edge_cli import place
from edge_cli.core import daemon
from edge_cli.core.processes import CoreProcess, core_processes, exists
from edge_cli.demo.workplace import WORKPLACE_PREFIX, owner_pid
from edge_cli.doctor import board
from edge_cli.doctor.asking import first_line
from edge_cli.doctor.verdicts import (
    BROKER_PORT,
    Check,
    Verdict,
    judge_clock,
    judge_core,
    judge_disk,
    judge_leftovers,
    judge_loopback,
    judge_mosquitto,
    judge_packages,
    judge_python,
    judge_setpriv,
    judge_venv,
)
from edge_cli.errors import CommandError
from edge_cli.project import PROJECT
from edge_cli.screen.console import Screen
from edge_cli.screen.views import plural
from local_core.cloud.mosquitto import find_mosquitto
from local_core.errors import CoreError

_PACKAGES = ("awsiotsdk", "boto3", "moto", "orjson", "paho-mqtt", "psutil", "pyyaml", "rich", "typer")


def examine(chosen: Path | None) -> list[Check]:
    """Every check, in the order in which things are needed.

    Args:
        chosen: Folder of a core or of a nucleus; None means the device's that this runs on, else the local
            core's.
    """
    where = place.find(chosen)
    if where.kind is not place.Kind.LOCAL_CORE:
        return board.examine(where, _ntp_synchronized())
    root = where.root
    cores = core_processes()
    return [
        judge_python(sys.version_info[:3], sys.executable),
        judge_venv(Path(sys.prefix), PROJECT / ".venv"),
        judge_packages([name for name in _PACKAGES if not _installed(name)]),
        judge_mosquitto(first_line([find_mosquitto() or "mosquitto", "-h"])),
        judge_setpriv(shutil.which("setpriv")),
        judge_loopback(*_loopback()),
        judge_disk(_nearest_folder(root), shutil.disk_usage(_nearest_folder(root)).free),
        judge_clock(time.time(), (PROJECT / "pyproject.toml").stat().st_mtime, _ntp_synchronized()),
        _core(root, cores),
        judge_leftovers([core for core in cores if _is_left_over(core)], _orphans()),
    ]


def show(screen: Screen, checks: Sequence[Check]) -> bool:
    """Print the checks; True when none has failed."""
    healthy = all(check.verdict is not Verdict.FAIL for check in checks)
    screen.show(
        {"healthy": healthy, "checks": [asdict(check) for check in checks]},
        lambda: _view(screen, checks, healthy=healthy),
    )
    return healthy


def _view(screen: Screen, checks: Sequence[Check], *, healthy: bool) -> Group:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        text = Text(check.found)
        if check.advice:
            text.append(f"\n{check.advice}", "dim")
        table.add_row(screen.mark(check.verdict), check.subject, text)
    warnings = sum(check.verdict is Verdict.WARN for check in checks)
    summary = (
        "Everything that a core needs is there." if healthy else "Something that a core needs is missing."
    )
    if healthy and warnings:
        summary = f"Everything that is needed is there; {warnings} could be better."
    return Group(table, Text(""), Text(summary, "bold"))


def _core(root: Path, cores: Sequence[CoreProcess]) -> Check:
    process = next((core for core in cores if core.root.resolve() == root.resolve()), None)
    try:
        status: Any = daemon.status(root)
    except (CoreError, CommandError) as error:
        return judge_core(root, process, str(error), answers=False)
    deployed = plural(sum(component["is_root"] for component in status["components"]), "component")
    answer = f"runs on {root}: process {status['pid']}, {status['flavor']}, {deployed}"
    return judge_core(root, process, answer, answers=True)


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _loopback() -> tuple[str | None, bool]:
    try:
        with socket.create_server(("127.0.0.1", 0)):
            pass
    except OSError as error:
        return str(error), False
    with socket.socket() as probe:
        return None, probe.connect_ex(("127.0.0.1", BROKER_PORT)) == 0


def _nearest_folder(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _ntp_synchronized() -> bool | None:
    answer = first_line(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    return {"yes": True, "no": False}.get(answer or "")


def _is_left_over(core: CoreProcess) -> bool:
    """Of a demo that has ended, or of a folder that is gone; somebody wants any other."""
    owner = owner_pid(core.root.parent)
    return core.is_ours and (not core.root.is_dir() or (owner is not None and not exists(owner)))


def _orphans() -> list[Path]:
    folders = sorted(Path(tempfile.gettempdir()).glob(f"{WORKPLACE_PREFIX}*"))
    owners = {folder: owner_pid(folder) for folder in folders}
    return [folder for folder, owner in owners.items() if owner is None or not exists(owner)]
