"""The log files of a core: which there are, and their records merged; `tails` has what is added to them.

Reads `<root>/logs/*.log` and nothing else, in the caller's thread. A log's active file keeps its name; the
nucleus moves full ones to `<component>_yyyy_MM_dd_HH_i.log` beside it.
"""

import contextlib
import glob
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_cli.errors import CommandError
from edge_cli.logs.lines import Level, LogRecord, merged, records
from edge_cli.place import is_there
from local_core.layout import Layout

NUCLEUS = "greengrass"  # the log of the nucleus itself
# Written by the programs that play the cloud, in their own formats; a device has no such files.
STAND_IN_LOGS = frozenset({"broker", "s3"})
_ROTATED = re.compile(r"^(?P<log>.+)_(?P<moment>\d{4}_\d{2}_\d{2}_\d{2})_(?P<number>\d+)$")


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The files of one log.

    Attributes:
        name: The component's name, or `greengrass` for the core itself.
        rotated: Full files, oldest first.
        active: The file that is written to; it may be missing just after a rotation.
    """

    name: str
    rotated: tuple[Path, ...]
    active: Path

    def lines(self) -> Iterator[str]:
        """Every line, oldest first."""
        for path in (*self.rotated, self.active):
            yield from lines_of(path)


def log_files(root: Path) -> dict[str, LogFiles]:
    """Every log of the core on `root`, by name.

    Raises:
        CommandError: This user may not look there.
    """
    folder = Layout(root).logs
    if is_there(folder) and not os.access(folder, os.R_OK | os.X_OK):
        raise CommandError(f"Only root may read the logs in {folder}. Try: sudo scripts/edge logs")
    rotated: dict[str, list[tuple[str, int, Path]]] = {}
    for path in folder.glob("*.log"):
        matched = _ROTATED.match(path.stem)
        if matched:
            rotated.setdefault(matched["log"], []).append((matched["moment"], int(matched["number"]), path))
        else:
            rotated.setdefault(path.stem, [])
    return {
        name: LogFiles(name, tuple(path for *_, path in sorted(files)), folder / f"{name}.log")
        for name, files in sorted(rotated.items())
    }


def rotated_files(active: Path) -> list[Path]:
    """The full files of one log, oldest first."""
    found = []
    for path in active.parent.glob(f"{glob.escape(active.stem)}_*.log"):
        matched = _ROTATED.match(path.stem)
        if matched and matched["log"] == active.stem:
            found.append((matched["moment"], int(matched["number"]), path))
    return [path for *_, path in sorted(found)]


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file; none of one that has been deleted meanwhile."""
    with contextlib.suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace") as file:
        yield from (line.rstrip("\n") for line in file)


def choose_logs(root: Path, word: str | None) -> list[LogFiles]:
    """The logs that a person means.

    Args:
        root: The core's folder.
        word: A log's name, its last part (`MqttPublisher`) or any piece of it, case aside; None means all
            but those of the programs that play the cloud.

    Raises:
        CommandError: There is no such log; the text lists those there are.
    """
    available = log_files(root)
    if not available:
        raise CommandError(
            f"There are no logs in {Layout(root).logs}. Has a core run on {root}? scripts/edge core up; "
            "on a board: systemctl status greengrass"
        )
    if word is None:
        return [log for log in available.values() if log.name not in STAND_IN_LOGS]
    wanted = word.lower()
    for matches in (
        [name for name in available if name.lower() == wanted],
        [name for name in available if name.lower().rpartition(".")[2] == wanted],
        [name for name in available if wanted in name.lower()],
    ):
        if matches:
            return [available[name] for name in matches]
    raise CommandError(f"There is no log '{word}' in {Layout(root).logs}. There are: {', '.join(available)}.")


def read(logs: Iterable[LogFiles]) -> Iterator[LogRecord]:
    """All records of several logs, by time."""
    return merged(records(log.name, log.lines()) for log in logs)


def life_of(components: Collection[str], said: Iterable[LogRecord]) -> Iterator[LogRecord]:
    """What the nucleus says in its own log of these components: their states, restarts, failures."""
    wanted = frozenset(components)
    return (record for record in said if record.fact("serviceName") in wanted)


def life_log(root: Path, chosen: Iterable[LogFiles]) -> LogFiles | None:
    """The nucleus's log, where it can tell more of the chosen ones than they do; else None."""
    nucleus = log_files(root).get(NUCLEUS)
    return None if nucleus is None or nucleus.name in {log.name for log in chosen} else nucleus


def last_words(root: Path, component: str) -> str:
    """The last complaint that a component printed before it ended, or else the last thing that it said.

    Empty when it printed nothing.
    """
    log = log_files(root).get(component)
    printed = [record for record in read([log]) if record.event in ("stdout", "stderr")] if log else []
    complaints = [record for record in printed if record.effective_level >= Level.WARN]
    said = complaints or printed
    return said[-1].text if said else ""
