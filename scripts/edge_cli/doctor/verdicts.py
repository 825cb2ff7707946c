"""What each finding of `edge doctor` means and what to do about it; pure."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from edge_cli.core.processes import CoreProcess
from edge_cli.screen.views import size

_OLDEST_PYTHON = (3, 11)
_MIN_FREE_BYTES = 500_000_000  # an outbox takes 256 MiB, which may be at most 80 % of what is free; and logs
_COMFORTABLE_FREE_BYTES = 1_000_000_000
BROKER_PORT = 1883  # MQTT's own; the core takes it only when it is told to
_CLOCK_TOLERANCE_S = 60.0


class Verdict(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARN = "warn"  # works, with less
    FAIL = "fail"  # does not work


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the examination.

    Attributes:
        subject: What was looked at.
        verdict: What it came to.
        found: What there is, in a few words.
        advice: What to do; empty when nothing needs doing.
    """

    subject: str
    verdict: Verdict
    found: str
    advice: str = ""


def judge_python(version: Sequence[int], executable: str) -> Check:
    """Components and the core need 3.11; later ones do."""
    found = f"{'.'.join(map(str, version))} ({executable})"
    if tuple(version[:2]) < _OLDEST_PYTHON:
        return Check("Python", Verdict.FAIL, found, "Install Python 3.11 or later: apt install python3.11")
    return Check("Python", Verdict.OK, found)


def judge_venv(prefix: Path, expected: Path) -> Check:
    """scripts/edge runs in the project's own environment; another may have other packages."""
    if prefix.resolve() == expected.resolve():
        return Check("Environment", Verdict.OK, str(expected))
    advice = "Start it as scripts/edge, which makes and uses .venv."
    return Check("Environment", Verdict.WARN, f"{prefix}, not the project's", advice)


def judge_packages(missing: Sequence[str]) -> Check:
    """What requirements.lock pins must be there."""
    if missing:
        advice = "Create .venv again: rm -rf .venv && scripts/edge doctor"
        return Check("Packages", Verdict.FAIL, f"missing: {', '.join(missing)}", advice)
    return Check("Packages", Verdict.OK, "all there")


def judge_mosquitto(first_line: str | None) -> Check:
    """The device's own broker is the better stand-in for IoT Core."""
    if first_line is None:
        advice = "The core uses amqtt, which is slower. To use mosquitto: apt install mosquitto"
        return Check("Broker", Verdict.WARN, "mosquitto is not installed", advice)
    return Check("Broker", Verdict.OK, first_line)


def judge_setpriv(path: str | None) -> Check:
    """Without it a core that is killed leaves its children behind until the next start."""
    if path is None:
        advice = "Children of a killed core stay until the next start. apt install util-linux"
        return Check("setpriv", Verdict.WARN, "not installed", advice)
    return Check("setpriv", Verdict.OK, path)


def judge_loopback(error: str | None, broker_port_taken: bool) -> Check:  # noqa: FBT001  a finding, not a switch
    """Everything listens on 127.0.0.1; a taken 1883 only matters to who asks for it."""
    if error:
        advice = "Bring the loopback interface up: ip link set lo up"
        return Check("Loopback", Verdict.FAIL, f"cannot listen on 127.0.0.1: {error}", advice)
    note = f"; {BROKER_PORT} is taken, the core uses a free port" if broker_port_taken else ""
    return Check("Loopback", Verdict.OK, f"127.0.0.1 has free ports{note}")


def judge_disk(folder: Path, free_bytes: int) -> Check:
    """Logs and spools need room."""
    found = f"{size(free_bytes)} free for {folder}"
    if free_bytes < _MIN_FREE_BYTES:
        return Check(
            "Disk", Verdict.FAIL, found, "Make room, or choose another folder with --root or $EDGE_ROOT."
        )
    if free_bytes < _COMFORTABLE_FREE_BYTES:
        return Check("Disk", Verdict.WARN, found, "Enough for trying things, not for running for days.")
    return Check("Disk", Verdict.OK, found)


def judge_clock(now_s: float, newest_file_s: float, synchronized: bool | None) -> Check:  # noqa: FBT001  a finding
    """Timestamps and credentials depend on it; a clock before the project's own files is surely wrong.

    Args:
        now_s: The machine's clock, seconds since the epoch.
        newest_file_s: When a file of the project was written.
        synchronized: Whether the machine follows a time server; None when that is not known.
    """
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now_s))
    if now_s < newest_file_s - _CLOCK_TOLERANCE_S:
        advice = "It is earlier than this project's files. Set it: timedatectl set-ntp true"
        return Check("Clock", Verdict.FAIL, found, advice)
    if synchronized is False:
        return Check("Clock", Verdict.WARN, f"{found}, not synchronised", "timedatectl set-ntp true")
    return Check("Clock", Verdict.OK, found)


def judge_core(root: Path, process: CoreProcess | None, answer: str, *, answers: bool) -> Check:
    """A core that does not run is no fault; one that runs and does not answer is.

    Args:
        root: Its folder.
        process: The process, if there is one.
        answer: What it said of itself, or why it did not.
        answers: Whether it answered.
    """
    if answers:
        return Check("Core", Verdict.OK, answer)
    if process is None:
        return Check(
            "Core", Verdict.OK, f"none runs on {root}", "Start one when you need it: scripts/edge core up"
        )
    if not process.is_ours:
        found = f"runs on {root} as {process.user} (process {process.pid})"
        return Check("Core", Verdict.WARN, found, "It is another user's: use sudo.")
    found = f"process {process.pid} on {root} does not answer: {answer}"
    return Check("Core", Verdict.FAIL, found, f"End it: scripts/edge core down --root {root}")


def judge_leftovers(others: Sequence[CoreProcess], orphans: Sequence[Path]) -> Check:
    """Cores and folders of demos that failed or were killed; none of them does harm."""
    found, advice = [], []
    if others:
        found.append("cores on " + ", ".join(f"{core.root} (process {core.pid})" for core in others))
        advice += [f"scripts/edge core down --root {core.root}" for core in others]
    if orphans:
        found.append("folders of ended demos: " + ", ".join(map(str, orphans)))
        advice.append("rm -r " + " ".join(map(str, orphans)))
    if found:
        return Check("Leftovers", Verdict.WARN, "; ".join(found), "\n".join(advice))
    return Check("Leftovers", Verdict.OK, "none")
