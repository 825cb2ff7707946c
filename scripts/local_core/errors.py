"""Why a core cannot start or cannot do what it was asked: a message for a person, never a traceback."""

import errno
from pathlib import Path

_WHAT_TO_DO = {
    errno.EROFS: "It lies on a read-only file system: choose another folder with --root.",
    errno.EACCES: "This user may not write there: choose another folder with --root, or change its owner.",
    errno.EPERM: "This user may not do that there: choose another folder with --root, or change its owner.",
    errno.ENOSPC: "The disk is full: free some space, or choose a folder on another disk with --root.",
    errno.EDQUOT: "The disk quota is used up: free some space, or choose another folder with --root.",
    errno.ENOTDIR: "A part of that path is a file: choose another folder with --root.",
}


class CoreError(Exception):
    """Something outside the core's code is wrong: a file, a port, a recipe, a missing program.

    Its text says what, where, why and what to do; `python -m local_core` prints it and exits with 1.
    """


class RecipeError(CoreError):
    """A recipe breaks the rules of the nucleus; the text names the file and the key."""


def explain_os_error(error: OSError, root: Path) -> str:
    """What the operating system refused, where (`root`, if it does not say), and what to do about it."""
    what_to_do = _WHAT_TO_DO.get(
        error.errno or 0, "Choose another folder with --root if this one cannot be mended."
    )
    return f"{error.filename or root}: {error.strerror or error}. {what_to_do}"
