"""The folder of an outbox: whose it is, and whether its disk has room for what the settings promise.

Owns the refusals before anything is written. No threads.
"""

import os
import stat
from pathlib import Path

from edge_common.errors import ConfigError
from edge_common.files import disk_errors, sync_folder
from edge_common.log import get_logger

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
    faults = []
    if not stat.S_ISDIR(status.st_mode):
        faults.append(f"{_FOLDER_KEY}: {path} is a file or a symbolic link. Name a folder of its own.")
    elif status.st_uid != os.geteuid():
        faults.append(
            f"{_FOLDER_KEY}: {path} belongs to user {status.st_uid}, but this is user {os.geteuid()}. "
            "Run as that user, or name another folder."
        )
    elif status.st_mode & stat.S_IWOTH:
        faults.append(f"{_FOLDER_KEY}: everybody can write to {path}. Run: chmod o-w {path}")
    if faults:
        raise ConfigError(faults)


def require_room(path: Path, max_bytes: int, *, in_use: bool) -> None:
    """Check the cap against what is free, with what the outbox takes already counted as free.

    Args:
        path: The folder.
        max_bytes: The cap.
        in_use: Records wait in it. Then a cap that does not fit is only warned about: a full disk must be
            able to drain, and the spools keep to `min_free_bytes` whatever the cap.

    Raises:
        ConfigError: The cap is more than `MAX_SHARE_OF_FREE_SPACE` of that.
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
    if not in_use:
        raise ConfigError([fault])
    _log.warning("outbox_cap_does_not_fit", reason=fault)
