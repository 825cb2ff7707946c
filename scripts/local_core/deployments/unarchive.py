"""ZIP artifacts unpacked as the nucleus's Unarchiver (java.util.zip) does it.

No symbolic links and no file modes come out of the archive: a link becomes a file that holds its target. An
entry that would land outside the folder is refused. Unlike there, nothing old is kept: the nucleus leaves a
file that has the same size as the one in the archive, so that redeploying the same version may run old code.
"""

import os
import shutil
import zipfile
from pathlib import Path

from local_core.errors import CoreError

_FOLDER_MODE = 0o755


class UnarchiveError(CoreError):
    """An archive cannot be unpacked; the text names it and the entry."""


def unzip(archive: Path, folder: Path, file_mode: int) -> None:
    """Replace `folder` by what is in `archive`, all of it or nothing.

    Args:
        archive: A ZIP file.
        folder: Where its entries go.
        file_mode: Mode of every file; folders get 0755.

    Raises:
        UnarchiveError: Not a ZIP file, damaged, encrypted, or with an entry that leaves the folder.
        OSError: The disk.
    """
    new = folder.with_name(f"{folder.name}.new")
    old = folder.with_name(f"{folder.name}.old")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        new.mkdir(mode=_FOLDER_MODE, parents=True)
        _extract(archive, new, file_mode)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    finally:
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)


def _extract(archive: Path, folder: Path, file_mode: int) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            for entry in opened.infolist():
                target = _target(archive, folder, entry.filename)
                if entry.is_dir():
                    target.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
                with opened.open(entry) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
                target.chmod(file_mode)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        # RuntimeError is what zipfile raises for an encrypted entry.
        raise UnarchiveError(
            f"{archive}: cannot be unpacked as ZIP: {error}. Build it again, or remove 'Unarchive: ZIP'"
        ) from error


def _target(archive: Path, folder: Path, name: str) -> Path:
    target = Path(os.path.normpath(folder / name.lstrip("/")))
    if not target.is_relative_to(folder) or target == folder:
        raise UnarchiveError(
            f"{archive}: the entry {name!r} lies outside of the archive's own folder. Build it again"
        )
    return target
