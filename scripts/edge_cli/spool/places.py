"""What a folder is that a person names: a spool, an outbox, a component's work folder. Reads names only."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_cli.errors import CommandError
from edge_common.errors import PermanentError
from edge_common.outbox.config import OutboxConfig
from edge_common.outbox.dead_letters import BACKLOG_FOLDER, DEAD_FOLDER, LIVE_FOLDER, RECORDS_FOLDER
from edge_common.spool.inspection import holder, is_spool
from edge_common.spool.standing import reading

_LANES = (RECORDS_FOLDER, LIVE_FOLDER, BACKLOG_FOLDER)
_DEFAULT_OUTBOX: str = OutboxConfig.model_fields["folder"].default
_SHOWN_NAMES = 5
_SHOWN_CHARACTERS = 100
_SEARCHED_LEVELS = 5  # from a project: .edge, core, work, component, outbox
_SEARCHED_FOLDERS = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where spools are.

    Attributes:
        path: The outbox, or the spool.
        is_outbox: Whether it is an outbox; else one spool that stands for itself.
        lanes: Folders of the spools whose records wait for delivery, in the order of delivery.
        dead: Folder of the dead letters; None where there is none.
    """

    path: Path
    is_outbox: bool
    lanes: tuple[Path, ...]
    dead: Path | None

    @property
    def spools(self) -> tuple[Path, ...]:
        """Every spool of it."""
        return self.lanes if self.dead is None else (*self.lanes, self.dead)


@dataclass(frozen=True, slots=True)
class User:
    """The process that has a spool open.

    Attributes:
        pid: Its id.
        command: Its command line, on one line and cut; "" when the system does not tell.
    """

    pid: int
    command: str


def user_of(place: Place) -> User | None:
    """Who has it open; None when nobody has, as far as this system tells.

    Raises:
        EdgeError: It cannot be read.
    """
    for spool in place.spools:
        pid = holder(spool)
        if pid is not None:
            return User(pid, _command_of(pid))
    return None


def find(path: Path) -> Place:
    """What the folder `path` is.

    Raises:
        CommandError: It is not there, or neither a spool nor an outbox nor a folder that holds one outbox.
        EdgeError: It cannot be read.
    """
    if not path.exists():
        raise CommandError(
            f"There is no folder {path}. Name a spool, an outbox or a component's work folder."
        )
    if not path.is_dir():
        raise CommandError(f"{path} is a file. Name the folder of a spool or of an outbox.")
    if is_spool(path):
        is_dead = path.name == DEAD_FOLDER
        return Place(path, is_outbox=False, lanes=() if is_dead else (path,), dead=path if is_dead else None)
    inside = _subfolders(path)
    preferred = [path, *(folder for folder in inside if folder.name == _DEFAULT_OUTBOX)]
    for folder in preferred:
        if outbox := _outbox(folder):
            return outbox
    others = [outbox for folder in inside if (outbox := _readable_outbox(folder))]
    if len(others) == 1:
        return others[0]
    if others:
        there_are = _listed(str(outbox.path) for outbox in others)
        raise CommandError(f"{path} holds several outboxes. Name one: {there_are}")
    raise CommandError(_nothing_in(path))


def outboxes_below(path: Path) -> list[Place]:
    """Every outbox in the folder `path` that this user may read, those nearest to it first."""
    found: list[Place] = []
    level = [path]
    for _ in range(_SEARCHED_LEVELS):
        level = [child for folder in level for child in _readable_subfolders(folder)][:_SEARCHED_FOLDERS]
        found += [outbox for folder in level if (outbox := _readable_outbox(folder))]
    return found


def _command_of(pid: int) -> str:
    try:
        words = (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
        )
    except OSError:
        return ""  # it has just ended, or hides
    line = " ".join(word for word in words if word.isprintable())
    return line if len(line) <= _SHOWN_CHARACTERS else f"{line[:_SHOWN_CHARACTERS]}…"


def _outbox(path: Path) -> Place | None:
    inside = {folder.name: folder for folder in _subfolders(path)}
    lanes = tuple(inside[name] for name in _LANES if name in inside and is_spool(inside[name]))
    dead = inside.get(DEAD_FOLDER)
    dead = dead if dead is not None and is_spool(dead) else None
    return Place(path, is_outbox=True, lanes=lanes, dead=dead) if lanes or dead else None


def _readable_outbox(path: Path) -> Place | None:
    """The outbox at `path`, or None: a neighbour that is somebody else's is not what was asked for."""
    try:
        return _outbox(path)
    except PermanentError:
        return None


def _subfolders(path: Path) -> list[Path]:
    with reading(path):
        return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.is_symlink())


def _nothing_in(path: Path) -> str:
    with reading(path):
        names = sorted(entry.name for entry in path.iterdir())
    if not names:
        return f"{path} is empty: no component has kept anything there. Name a spool or an outbox."
    below = [str(outbox.path) for outbox in outboxes_below(path)]
    hint = f"There are outboxes in: {_listed(below)}" if below else "Name a spool or an outbox."
    return f"{path} is neither a spool nor an outbox; it holds {_listed(names)}. {hint}"


def _readable_subfolders(path: Path) -> list[Path]:
    try:
        return _subfolders(path)
    except PermanentError:
        return []


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _SHOWN_NAMES} more" if len(every) > _SHOWN_NAMES else ""
    return ", ".join(every[:_SHOWN_NAMES]) + more
