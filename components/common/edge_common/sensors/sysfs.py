"""Small files of the kernel's sysfs, read with errors that name the file. Pure reading; any thread."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from edge_common.errors import TransientError


def read_text(file: Path) -> str:
    """What a file says, without the final newline.

    Raises:
        TransientError: It is not there, or the driver behind it reports an error.
    """
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        raise TransientError(
            f"{file}: {error.strerror or error}. Check that the sensor is connected and its driver is loaded."
        ) from error


def read_number(file: Path) -> float:
    """The number in a file.

    Raises:
        TransientError: As `read_text`, or there is no finite number in it.
    """
    text = read_text(file)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise TransientError(f"{file}: {text[:40]!r} is no number. Its driver reports nonsense; try again.")
    return number


def numbered_folders(parent: Path, prefix: str) -> Iterator[Path]:
    """The folders `<prefix>0`, `<prefix>1`, … in the order of their numbers; none when `parent` is missing."""
    if parent.is_dir():
        numbered = [
            (int(folder.name.removeprefix(prefix)), folder)
            for folder in parent.iterdir()
            if folder.name.startswith(prefix) and folder.name.removeprefix(prefix).isdecimal()
        ]
        yield from (folder for _, folder in sorted(numbered))


def word(text: str) -> str:
    """`text` as part of a field's name: lower case, digits and single underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def free_name(name: str, taken: object) -> str:
    """`name`, or `name_2`, `name_3`, … when it is taken.

    Args:
        name: What is wanted.
        taken: Anything that can be asked `in`.
    """
    number, candidate = 1, name
    while candidate in taken:  # type: ignore[operator]
        number += 1
        candidate = f"{name}_{number}"
    return candidate
