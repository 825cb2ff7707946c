"""A file that is either the old one or the new one, whatever happens in between."""

import os
from pathlib import Path

_ONLY_THE_OWNER = 0o600


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file at `path`, readable by its owner alone; on return it survives a power cut.

    The folder is made when it is not there. If the process dies here, `path` holds the old content or the new
    one; a `.new` file beside it may be left, and the next write replaces it.

    Raises:
        OSError: Nothing of `path` has changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _ONLY_THE_OWNER)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
