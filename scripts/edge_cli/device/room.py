"""Whether a board has room for what is to be copied there, and a clock that tells the time."""

import re
import time
import zipfile
from pathlib import Path

from edge_cli.device.board import Board
from edge_cli.errors import CommandError
from edge_cli.screen.views import size

# df(1) -P: file system, blocks of 1024 bytes, used, available, capacity, mounted on.
_LINE = re.compile(r"^(?P<system>\S.*?) +\d+ +\d+ +(?P<free_kib>-?\d+) +\S+% +(?P<mount>/.*)$", re.MULTILINE)
_KIB = 1024
_CLOCK_TOLERANCE_S = 300  # what AWS takes of a signature's age


def refuse_full(board: Board, root: str, packed: Path) -> None:
    """Refuse a board without room: for the copy, and for what the nucleus makes of it.

    Args:
        board: Which.
        root: The nucleus's folder there, which keeps the archives and unpacks them.
        packed: What is to be copied.

    Raises:
        CommandError: It has not enough.
    """
    files = [path for path in packed.rglob("*") if path.is_file()]
    copied = sum(path.stat().st_size for path in files)
    needed = {board.inbox: copied, root: copied + sum(map(_unpacked_bytes, files))}
    wanted: dict[str, int] = {}
    free: dict[str, int] = {}
    for folder, size_bytes in needed.items():
        found = _LINE.search(board.run_as_root(["df", "-Pk", "--", folder]).stdout)
        if found:  # a folder that is not there yet is made where there is room, or is not
            wanted[found["mount"]] = wanted.get(found["mount"], 0) + size_bytes
            free[found["mount"]] = int(found["free_kib"]) * _KIB
    for mount, size_bytes in wanted.items():
        if size_bytes > free[mount]:
            raise CommandError(
                f"{board.name} has {size(max(free[mount], 0))} free on {mount}, and this takes "
                f"{size(size_bytes)}. Nothing was changed. Make room: sudo du -xh {mount} | sort -h | tail; "
                "old logs go with sudo journalctl --vacuum-size=50M, old packages with sudo apt clean"
            )


def clock_warning(board: Board) -> str | None:
    """What is wrong with a board's clock, held against that of this machine; None when nothing is."""
    said = board.run(["date", "+%s"]).stdout.strip()
    off_s = abs(int(said) - time.time()) if said.isdigit() else 0
    if off_s <= _CLOCK_TOLERANCE_S:
        return None
    return (
        f"The clock of {board.name} is {off_s / 60:.0f} minutes from this machine's: AWS will refuse its "
        "connections and credentials. On the board: sudo timedatectl set-ntp true"
    )


def _unpacked_bytes(path: Path) -> int:
    if path.suffix != ".zip":
        return 0
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())
