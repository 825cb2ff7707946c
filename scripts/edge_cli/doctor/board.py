"""Is everything there that components need on this board? Looks, changes nothing; `board_verdicts` judges."""

import grp
import os
import pwd
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from edge_cli import place, recipes
from edge_cli.building import builds
from edge_cli.device import effective_config, holdings, interpreters, packing
from edge_cli.device.board import COPY_PREFIX
from edge_cli.device.classic import ClassicNucleus
from edge_cli.device.effective_config import EffectiveConfig
from edge_cli.device.lite import LiteNucleus
from edge_cli.device.this_board import ThisBoard
from edge_cli.doctor import board_verdicts, verdicts
from edge_cli.doctor.asking import first_line
from edge_cli.doctor.verdicts import BROKER_PORT, Check
from edge_cli.errors import CommandError
from edge_cli.place import Kind, Place
from edge_cli.project import BUILD_OUTPUT, PROJECT
from edge_cli.targets import Architecture
from local_core.layout import Layout

_TIMEOUT_S = 3.0
_LITE_TARGET = "greengrass-lite.target"
_CLASSIC_SERVICE = "greengrass"


def examine(where: Place, synchronized: bool | None, build: Path = BUILD_OUTPUT) -> list[Check]:  # noqa: FBT001  a finding
    """Every check, in the order in which things are needed.

    Args:
        where: The Greengrass of this device.
        synchronized: Whether its clock follows a time server; None when that is not known.
        build: What `edge build` made, where it was copied here; its recipes name the Pythons.
    """
    pyproject = PROJECT / "pyproject.toml"
    board = ThisBoard()
    wanted = _interpreters(build, board.machine)
    return [
        board_verdicts.judge_rights(is_root=os.geteuid() == 0),
        *(_lite(where.root) if where.kind is Kind.LITE else _classic(where.root)),
        board_verdicts.judge_interpreters(wanted, interpreters.found_on(board, wanted), board.machine),
        board_verdicts.judge_build(board.machine, _built_for(build), _other_content(where, board, build)),
        board_verdicts.judge_room(
            where.root, shutil.disk_usage(where.root).free if where.root.is_dir() else 0
        ),
        board_verdicts.judge_inbox(board.inbox, shutil.disk_usage(board.inbox).free, _copies(board.inbox)),
        board_verdicts.judge_deploying(_deployer(where.root)),
        verdicts.judge_clock(time.time(), pyproject.stat().st_mtime, synchronized),
        board_verdicts.judge_broker(answers=_connects("127.0.0.1", BROKER_PORT)),
    ]


def _classic(root: Path) -> list[Check]:
    socket_path = Layout(root).ipc_socket
    cli = root / "bin" / "greengrass-cli"
    checks = [
        board_verdicts.judge_running(
            f"its socket {socket_path}", _CLASSIC_SERVICE, running=_accepts(socket_path)
        ),
        board_verdicts.judge_cli(str(cli) if place.is_there(cli) else None, str(cli)),
        board_verdicts.judge_java(first_line(["java", "-version"])),
    ]
    file = Layout(root).state / "effectiveConfig.yaml"
    if not place.is_there(file):
        return [board_verdicts.judge_half_installed(root, file), *checks]
    try:
        config = effective_config.read(root)
    except CommandError as error:
        return [
            board_verdicts.judge_nucleus(str(Kind.CLASSIC), "", root),
            board_verdicts.judge_configuration(str(error), is_root=os.geteuid() == 0),
            *checks,
        ]
    return [
        board_verdicts.judge_nucleus(str(Kind.CLASSIC), config.version, root),
        *checks,
        *_configured(config),
    ]


def _configured(config: EffectiveConfig) -> list[Check]:
    files = [path for path in (config.certificate, config.private_key) if path.startswith(("/", "file:"))]
    answers = {f"{host}:{port}": _connects(host, port) for host, port in board_verdicts.endpoints(config)}
    return [
        board_verdicts.judge_user(config.run_as, _unknown(config.run_as)),
        board_verdicts.judge_identity(
            config, [path for path in files if not place.is_there(Path(path.removeprefix("file://")))]
        ),
        board_verdicts.judge_role_alias(config.role_alias),
        board_verdicts.judge_ports(answers),
    ]


def _lite(root: Path) -> list[Check]:
    answer = first_line(["systemctl", "is-active", _LITE_TARGET]) or "not known"
    return [
        board_verdicts.judge_nucleus(str(Kind.LITE), "", root),
        board_verdicts.judge_running(f"{_LITE_TARGET} is {answer}", _LITE_TARGET, running=answer == "active"),
        board_verdicts.judge_cli(shutil.which(place.LITE_CLI), place.LITE_CLI),
    ]


def _interpreters(build: Path, machine: str) -> Mapping[str, set[str]]:
    """Component -> the Pythons that it starts here."""
    return {
        one.name: interpreters.named_in(recipes.read_document(one.recipe), machine)
        for one in builds.read(build)
    }


def _other_content(where: Place, board: ThisBoard, build: Path) -> str:
    """What is wrong with versions that were built here and that the board has already; empty for nothing."""
    nucleus = (LiteNucleus if where.kind is Kind.LITE else ClassicNucleus)(board, str(where.root))
    try:
        with tempfile.TemporaryDirectory(prefix="edge-pack.") as folder:
            made = builds.read(build)
            pack = packing.pack(made, board, Path(folder))
            for one in made:
                holdings.refuse_other_content(nucleus, one, pack.digests[one.name])
    except CommandError as error:
        return str(error)
    return ""


def _copies(inbox: str) -> list[Path]:
    """What deployments have copied here and not cleared away: nobody waited for them, or they were killed."""
    return sorted(Path(inbox).glob(f"{COPY_PREFIX}*"))


def _deployer(root: Path) -> int | None:
    """The process that locks the nucleus's folder, as whoever deploys does (proc(5), /proc/locks)."""
    try:
        ours = root.stat().st_ino
        locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    held = (line.split() for line in locks if " FLOCK " in line)
    return next((int(words[4]) for words in held if words[5].rpartition(":")[2] == str(ours)), None)


def _built_for(build: Path) -> list[str]:
    names = [path.stem for path in (build / "artifacts").glob("*/*/*.zip")]
    return sorted({one.value for one in Architecture for name in names if name.endswith(f"-{one}")})


def _unknown(run_as: str) -> list[str]:
    user, _, group = run_as.partition(":")
    users = {entry.pw_name for entry in pwd.getpwall()}
    groups = {entry.gr_name for entry in grp.getgrall()}
    missing = [] if user in users else [f"user {user}"]
    return missing if not group or group in groups else [*missing, f"group {group}"]


def _connects(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_TIMEOUT_S):
            return True
    except OSError:
        return False


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_TIMEOUT_S)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
