"""The folder of an outbox: whose it is, and whether its disk has room for what the settings promise.

Owns the refusals before anything is written, and the look at what another name of it has left. No threads.
"""

import os
import stat
from pathlib import Path

from edge_common.errors import ConfigError, EdgeError
from edge_common.files import disk_errors, ownership_faults, sync_folder
from edge_common.log import get_logger
from edge_common.outbox.dead_letters import BACKLOG_FOLDER, DEAD_FOLDER, LIVE_FOLDER, RECORDS_FOLDER
from edge_common.spool.inspection import holder, is_spool, look

_FOLDER_MODE = 0o750
# The rest is for logs, for other components, and for what the file system itself needs.
MAX_SHARE_OF_FREE_SPACE = 0.8

# Every component calls the section so; where a recipe keeps its settings, `edge_common.config` says.
_FOLDER_KEY = "/settings/outbox/folder"
_CAP_KEY = "/settings/outbox/max_bytes"

_log = get_logger("outbox")


def prepare_folder(path: Path) -> None:
    """Make the folder where it is not there.

    Raises:
        ConfigError: It is a symbolic link, no folder, another user's, or writable by everybody.
        TransientError: The disk is full or fails.
        PermanentError: It cannot be made.
    """
    with disk_errors("make", path):
        try:
            path.mkdir(_FOLDER_MODE)
            sync_folder(path.parent)
        except FileExistsError:
            pass  # the usual case; what stands there is looked at below
        status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigError([f"{_FOLDER_KEY}: {path} is a file or a symbolic link. Name a folder of its own."])
    if faults := ownership_faults(path, status):
        raise ConfigError([f"{_FOLDER_KEY}: {fault}" for fault in faults])


def look_at_room(path: Path, max_bytes: int, *, is_new: bool) -> None:
    """Check the cap against what is free, with what the outbox takes already counted as free.

    Args:
        path: The folder.
        max_bytes: The cap.
        is_new: Nothing is in it yet, so the settings are new on this device and a person looks. Later on a
            cap that does not fit is only warned about: others have filled the disk, and a component that does
            not start delivers nothing and makes no room. The spools keep to `min_free_bytes` whatever the
            cap.

    Raises:
        ConfigError: It is new, and the cap is more than `MAX_SHARE_OF_FREE_SPACE` of that.
    """
    with disk_errors("look at", path):
        room = os.statvfs(path)
        occupied_bytes = sum(
            file.stat(follow_symlinks=False).st_size for file in path.rglob("*") if file.is_file()
        )
    allowed_bytes = int(MAX_SHARE_OF_FREE_SPACE * (room.f_bavail * room.f_frsize + occupied_bytes))
    if max_bytes <= allowed_bytes:
        return
    fault = (
        f"{_CAP_KEY}: {max_bytes} bytes is more than 80 % of what is free for {path.absolute()}: "
        f"{allowed_bytes} bytes are allowed there. Lower it, make room, or name a folder on another disk."
    )
    if is_new:
        raise ConfigError([fault])
    _log.warning("outbox_cap_does_not_fit", reason=fault)


def warn_of_left_behind(path: Path) -> None:
    """Say what waits in an outbox beside `path` that nobody has open: the setting was changed.

    For the moment at which `path` is made.
    """
    for beside in sorted(path.parent.iterdir()):
        if beside != path and (waiting := _waiting_for_nobody(beside)):
            _log.warning(
                "outbox_left_behind",
                folder=str(beside),
                waiting=waiting,
                reason=f"{waiting} records wait in {beside} and are not delivered from {path}. Set "
                f"{_FOLDER_KEY} back to {beside.name} until it is empty.",
            )


def _waiting_for_nobody(path: Path) -> int:
    lanes = [path / name for name in (RECORDS_FOLDER, LIVE_FOLDER, BACKLOG_FOLDER)]
    try:
        if not (path / DEAD_FOLDER).is_dir():
            return 0
        spools = [lane for lane in lanes if lane.is_dir() and is_spool(lane) and holder(lane) is None]
        return sum(look(lane).records for lane in spools)
    except (EdgeError, OSError):
        return 0  # not ours to read: nothing that this component has left
