"""The logs of Greengrass Lite: systemd's journal, read through `journalctl`, as records like those of files.

Every component is a unit `ggl.NAME.service`, every part of Lite itself a unit `ggl.core.PART.service`.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.logs.lines import Level, LogRecord

_UNITS = "ggl.*"
_UNIT = re.compile(r"^ggl\.(?P<name>.+)\.service$")
_OWN_HEAD = re.compile(
    r"^(?P<level>[EWIDT])\[(?P<tag>[^\]]*)\] (?:\S+:\d+: )?"
)  # ggl_log of aws-greengrass-lite
_LETTERS = {"E": Level.ERROR, "W": Level.WARN, "I": Level.INFO, "D": Level.DEBUG, "T": Level.TRACE}
# syslog(3): 0 emerg .. 7 debug.
_PRIORITIES = (*(Level.FATAL,) * 3, Level.ERROR, Level.WARN, Level.INFO, Level.INFO, Level.DEBUG)


def parse(line: str) -> LogRecord | None:
    """A record of `journalctl -o json`; None where it is none of Greengrass, or has no text.

    >>> parse('{"__REALTIME_TIMESTAMP": "1795321571123000", "_SYSTEMD_UNIT": "ggl.com.example.X.service", '
    ...       '"PRIORITY": "6", "MESSAGE": "hello"}').timestamp
    '2026-11-22T04:26:11.123Z'
    """
    entry: dict[str, Any] = json.loads(line)
    unit = _UNIT.match(str(entry.get("_SYSTEMD_UNIT") or entry.get("UNIT") or ""))
    text = _text(entry.get("MESSAGE"))
    if unit is None or text is None:
        return None
    moment = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6, UTC)
    level = _PRIORITIES[int(entry.get("PRIORITY", 6)) & 7]
    own = _OWN_HEAD.match(text)
    first, *further = (text[own.end() :] if own else text).splitlines() or [""]
    return LogRecord(
        source=unit["name"],
        timestamp=f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z",
        level=_LETTERS[own["level"]] if own else level,
        event="" if entry.get("_TRANSPORT") != "stdout" or own else "stdout",
        message=first,
        context="",
        raw=text.splitlines()[0] if text else "",
        continuation=tuple(further),
    )


class JournalSource:
    """The journal's records of Greengrass Lite.

    Args:
        word: A component's name, its last part or any piece of it, case aside; None means all.

    Raises:
        CommandError: There is no journalctl, it refuses, or it has nothing of that name.
    """

    def __init__(self, word: str | None) -> None:
        names = _names()
        if not names:
            raise CommandError(
                "The journal has nothing of Greengrass Lite that this user may read. "
                "Try: sudo scripts/edge logs. Is it running? systemctl status greengrass-lite.target"
            )
        self._word = word
        self.names: Sequence[str] = names if word is None else _meant(word, names)
        self._units = [_UNITS] if word is None else [f"ggl.{name}.service" for name in self.names]

    def history(self) -> Iterator[LogRecord]:
        """Every record, oldest first."""
        with subprocess.Popen(self._words(), stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout  # noqa: S101  asked for above
            yield from _records(process.stdout)

    def follow(self, lines: int) -> tuple[Iterable[LogRecord], "JournalFollower"]:
        """What is added; journalctl begins with the last `lines` that there are."""
        return (), JournalFollower(self._words("--follow", "--lines", str(lines)))

    def _words(self, *options: str) -> list[str]:
        units = [word for unit in self._units for word in ("--unit", unit)]
        return ["journalctl", *units, "--output", "json", "--no-pager", "--quiet", *options]


class JournalFollower:
    """What journalctl goes on to say; close it when done.

    Args:
        words: The command.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._process.stdout  # noqa: S101  asked for above
        self._pipe = self._process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._unfinished = b""

    def new_records(self) -> list[LogRecord]:
        """Records since the last call; never waits.

        Raises:
            CommandError: journalctl has ended.
        """
        added = self._pipe.read()  # None: nothing now; b"": never again
        if added == b"":
            raise CommandError(f"journalctl has ended with {self._process.wait()}. Call it again.")
        *lines, self._unfinished = (self._unfinished + (added or b"")).split(b"\n")
        return list(_records(line.decode(errors="replace") for line in lines))

    def close(self) -> None:
        """End journalctl."""
        self._process.terminate()
        self._process.wait()
        self._pipe.close()


def _names() -> list[str]:
    words = ["journalctl", "--field", "_SYSTEMD_UNIT", "--no-pager", "--quiet"]
    try:
        ended = subprocess.run(words, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise CommandError("There is no journalctl here, and Greengrass Lite logs to the journal.") from None
    if ended.returncode:
        raise CommandError(f"journalctl: {' '.join(ended.stderr.split())}. Try: sudo scripts/edge logs")
    return sorted(found["name"] for unit in ended.stdout.splitlines() if (found := _UNIT.match(unit)))


def _meant(word: str, names: Sequence[str]) -> list[str]:
    wanted = word.lower()
    for matches in (
        [name for name in names if wanted in {name.lower(), name.lower().rpartition(".")[2]}],
        [name for name in names if wanted in name.lower()],
    ):
        if matches:
            return matches
    raise CommandError(f"The journal has no '{word}'. There are: {', '.join(names)}.")


def _records(lines: Iterable[str]) -> Iterator[LogRecord]:
    return (record for line in lines if line.strip() and (record := parse(line)))


def _text(message: object) -> str | None:
    """MESSAGE is a string, bytes as a list of numbers where it is not UTF-8, or null where it is too long."""
    if isinstance(message, list):
        return bytes(message).decode(errors="replace")
    return message if isinstance(message, str) else None
