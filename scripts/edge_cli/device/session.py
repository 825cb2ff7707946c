"""Reaching a board and finding its nucleus."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_cli.device.board import Board
from edge_cli.device.classic import ClassicNucleus
from edge_cli.device.lite import LiteNucleus
from edge_cli.device.nucleus import Nucleus
from edge_cli.device.ssh import SshBoard
from edge_cli.device.this_board import ThisBoard
from edge_cli.errors import CommandError
from edge_cli.place import CLASSIC_ROOT, CLASSIC_VARIABLE, LITE_CLI, LITE_ROOT
from local_core.layout import Layout


@contextmanager
def nucleus_on(host: str | None, root: Path | None) -> Iterator[Nucleus]:
    """The nucleus of a board, for as long as the block lasts.

    Args:
        host: As ssh takes it; None means this machine.
        root: Its folder there; None means $GGC_ROOT_PATH on this machine, else the usual ones.

    Raises:
        CommandError: The board cannot be reached, or has no nucleus.
    """
    with ThisBoard() if host is None else SshBoard(host) as board:
        if root is None and host is None and CLASSIC_VARIABLE in os.environ:
            root = Path(os.environ[CLASSIC_VARIABLE]).absolute()
        yield _find(board, root)


def _find(board: Board, root: Path | None) -> Nucleus:
    if not board.machine:
        raise CommandError(f"{board.name} runs no commands as a Linux board does: uname -m said nothing.")
    classic = str(root or CLASSIC_ROOT)
    for sign in ("bin/greengrass-cli", "alts"):
        if board.run_as_root(["test", "-e", f"{classic}/{sign}"]).code == 0:
            return ClassicNucleus(board, classic)
    if board.run(["sh", "-c", f"command -v {LITE_CLI}"]).code == 0:
        return LiteNucleus(board, str(root or LITE_ROOT))
    there = board.run_as_root(["env", "LC_ALL=C", "ls", "-1", "--", classic])
    if "Permission denied" in there.stderr:
        raise CommandError(
            f"What is in {classic} on {board.name} cannot be seen: that takes root. {board.advice_on_root()}"
        )
    files = there.stdout.split()
    if files and Layout(Path(classic)).lock.name not in files:
        raise CommandError(
            f"The nucleus in {classic} on {board.name} is installed in part: it has never started (no alts). "
            "Run its installer to the end, with --setup-system-service true --deploy-dev-tools true"
        )
    raise CommandError(
        f"There is no Greengrass nucleus in {classic} on {board.name}, and no {LITE_CLI}. Is it elsewhere? "
        "--root DIR. On the laptop: --host user@board. For the local core: scripts/edge deployment"
    )
