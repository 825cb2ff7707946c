"""Marks in the environment of the core's children, inherited by all that these start: how daemons are found.

A process that makes itself a daemon leaves its session, and its parent ends; its environment stays. A mark of
our own, because the socket and the token of a component are also given to those who play it by hand, and
they are not the core's to end. What clears its environment (`env -i`, sudo) or overwrites it is not found.

Linux only, no state.
"""

import contextlib
import os
import uuid
from pathlib import Path

VARIABLE = "LOCAL_CORE_CHILD"

_PROC = Path("/proc")


def new_mark() -> str:
    """A mark that nobody else has ever borne."""
    return f"{uuid.uuid4().hex}."


def mark_below(mark: str, number: int) -> str:
    """One of the marks whose bearers bear `mark` as well."""
    return f"{mark}{number}."


def bearers(mark: str) -> list[int]:
    """Ids of this user's living processes that bear `mark` or one below it; an empty mark is nobody's."""
    if not mark:
        return []
    wanted, our_uid = f"\0{VARIABLE}={mark}".encode(), os.getuid()
    found = []
    for entry in os.scandir(_PROC):
        # Gone in between, or not to be looked into (a program with more rights than its user).
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and entry.stat().st_uid == our_uid:
                environment = (_PROC / entry.name / "environ").read_bytes()
                if wanted in b"\0" + environment:
                    found.append(int(entry.name))
    return found
