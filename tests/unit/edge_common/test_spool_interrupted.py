"""An append that is interrupted, as by Ctrl-C: nobody waits for ever, and nothing is there twice."""

import linecache
import os
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from edge_common.errors import PermanentError
from edge_common.spool import Spool, commit, store
from edge_common.spool.commit import Committer
from support.spool.spooling import records_of, small_limits
from support.waiting import wait_until

OTHERS = 3
WITHIN_S = 10.0
Trace = Callable[[FrameType, str, Any], Any]


class Trial:
    """Appends of one record each, by threads that may be interrupted.

    Attributes:
        taken: What the disk has, in the order of its numbers.
        told: Record -> the number that its append gave, or the error that it raised.
    """

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.told: dict[bytes, int | BaseException] = {}
        self.begun = threading.Event()
        self.go_on = threading.Event()
        self.committer = Committer(self._commit, frame_payload_bytes=1000)

    def start(self, record: bytes, trace: Trace | None = None) -> None:
        """Append `record` in a thread of its own, under `trace`."""
        threading.Thread(target=self._append, args=(record, trace), daemon=True).start()

    def has(self, record: bytes) -> bool:
        """Whether `record` is in the queue, or its append is done."""
        waiting = [part for ticket in tuple(self.committer._queue) for part, _ in tuple(ticket.parts)]
        return record in self.told or [record] in waiting

    def _append(self, record: bytes, trace: Trace | None) -> None:
        sys.settrace(trace)
        try:
            self.told[record] = self.committer.append([record])
        except (PermanentError, KeyboardInterrupt) as error:
            self.told[record] = error
        finally:
            sys.settrace(None)

    def _commit(self, records: Sequence[bytes]) -> int:
        self.begun.set()
        assert self.go_on.wait(WITHIN_S)
        self.taken += records
        return len(self.taken) - len(records)


def interrupting(line: int, files: tuple[str, ...] = (commit.__file__,)) -> tuple[Trace, list[int]]:
    """A trace that raises at the `line`th line that runs in `files`; and the lines that are left.

    Not where a `with` is left: with a plain lock that is one step of the interpreter, before which it looks
    at no signal. A Condition's is a function of `threading`, where every line counts.
    """
    left = [line]
    entered: set[tuple[int, int]] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        place = (id(frame), frame.f_lineno)
        if event == "line" and place not in entered:
            if linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip().startswith("with "):
                entered.add(place)
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
        return trace

    return trace, left


def interrupt(line: int, *, is_first: bool) -> bool:
    """Interrupt one of four appenders at that line, and judge what comes of it; False without such a line."""
    trial = Trial()
    trace, left = interrupting(line)
    names = [b"%d" % value for value in range(OTHERS)]
    order = [(b"interrupted", trace), *((name, None) for name in names)]
    if not is_first:
        order[:2] = reversed(order[:2])
    for record, traced in order:
        trial.start(record, traced)
        wait_until(partial(trial.has, record), WITHIN_S, "it is in the queue")
        wait_until(lambda: trial.begun.is_set() or trial.told, WITHIN_S, "somebody writes")
    trial.go_on.set()
    wait_until(lambda: len(trial.told) == len(order), WITHIN_S, f"line {line}: everybody is told")
    trial.committer.close()
    assert len(set(trial.taken)) == len(trial.taken), f"line {line}: there twice"
    for record, told in trial.told.items():
        assert not isinstance(told, int) or trial.taken[told] == record, f"line {line}: another number"
        assert not isinstance(told, KeyboardInterrupt) or record == b"interrupted"
    return left[0] <= 0


@pytest.mark.parametrize("is_first", [True, False], ids=["who writes", "who waits"])
def test_whoever_is_interrupted_wherever_everybody_else_is_told(
    monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    monkeypatch.setattr(commit, "_LOOK_AFTER_S", 0.05)
    line = 1
    while interrupt(line, is_first=is_first):
        line += 1
    assert line > 15


def interrupted_append(spool: Spool, line: int) -> bool:
    """Interrupt an append at that line of the store or of `threading`; False without such a line."""
    trace, left = interrupting(line, (store.__file__, threading.__file__))
    sys.settrace(trace)
    try:
        spool.append(b"interrupted")
    except (KeyboardInterrupt, PermanentError):
        pass
    finally:
        sys.settrace(None)
    return left[0] <= 0


def test_an_append_that_is_interrupted_wherever_keeps_no_lock(tmp_path: Path) -> None:
    line = 1
    while True:
        with Spool(tmp_path / f"{line}", small_limits()) as spool:
            assert spool.append(b"before") == 0
            happened = interrupted_append(spool, line)
            is_free = spool._store._lock.acquire(timeout=1)
            spool._store._lock.release()  # also one that was left locked: closing needs it
            assert is_free, f"line {line}"
        if not happened:
            break
        line += 1
    assert line > 10


def test_no_memory_while_a_group_is_gathered_is_the_trouble_of_one_append(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(_: Committer) -> list[Any]:
        raise MemoryError

    with Spool(tmp_path / "spool", small_limits()) as spool:
        with monkeypatch.context() as patch:
            patch.setattr(Committer, "_next_group", no_memory)
            with pytest.raises(MemoryError):
                spool.append(b"refused")
        spool.append(b"taken")
        assert b"taken" in records_of(spool).values()


def test_a_spool_whose_closing_is_interrupted_gives_up_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Committer) -> None:
        raise KeyboardInterrupt

    spool = Spool(tmp_path / "spool", small_limits())
    spool.append(b"taken")
    with monkeypatch.context() as patch:
        patch.setattr(Committer, "close", interrupted)
        with pytest.raises(KeyboardInterrupt):
            spool.close()
    with Spool(tmp_path / "spool", small_limits()) as again:
        assert records_of(again) == {0: b"taken"}


def test_a_spool_that_was_interrupted_refuses_and_is_whole_when_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sync was done, the number was not yet told: the record may be there, but neither twice nor torn."""
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        real(descriptor)
        raise KeyboardInterrupt

    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert spool.append(b"before") == 0
        with monkeypatch.context() as patch:
            patch.setattr(os, "fdatasync", fdatasync)
            with pytest.raises(KeyboardInterrupt):
                spool.append(b"interrupted")
        with pytest.raises(PermanentError, match="interrupted"):
            spool.append(b"refused")
        assert records_of(spool) == {0: b"before"}
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert spool.append(b"after") == 2
        assert records_of(spool) == {0: b"before", 1: b"interrupted", 2: b"after"}
