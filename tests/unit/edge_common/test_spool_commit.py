"""Who appends writes for all who have come by then: the queue by itself, above a disk that waits."""

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from edge_common.errors import PermanentError, TransientError
from edge_common.spool import Spool, commit
from edge_common.spool.commit import Committer
from support.spool.spooling import records_of, small_limits
from support.waiting import wait_until

FRAME_PAYLOAD_BYTES = 100
WITHIN_S = 5.0
FORK = """
import os, sys
from pathlib import Path
from edge_common.errors import PermanentError
from edge_common.spool import OnFull, Spool, SpoolLimits

limits = SpoolLimits(1 << 20, OnFull.REJECT, min_free_bytes=0, segment_bytes=1 << 16)
with Spool(Path(sys.argv[1]), limits) as spool:
    spool.append(b"before")
    child = os.fork()
    if child == 0:
        refused = 0
        for write, what in ((spool.append, b"by the fork"), (spool.release, 0), (spool.remember, b"note")):
            try:
                write(what)
            except PermanentError as error:
                refused += error.code == "spool_of_another_process"
        spool.close()
        os._exit(refused - 3)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    spool.append(b"after")
sys.exit(status)
"""


class Disk:
    """Takes in frames; each stays in the making until it is let through."""

    def __init__(self) -> None:
        self.frames: list[list[bytes]] = []
        self.writers: list[int] = []
        self._lets = threading.Semaphore(0)

    def commit(self, records: Sequence[bytes]) -> int:
        """Number of the first."""
        first = sum(map(len, self.frames))
        self.writers.append(threading.get_ident())
        self.frames.append(list(records))
        if not self._lets.acquire(timeout=WITHIN_S):
            raise TimeoutError("never let through")
        return first

    def let(self, count: int = 1) -> None:
        """Let so many frames through."""
        self._lets.release(count)

    def begun(self, count: int) -> None:
        """Wait until so many frames have begun."""
        wait_until(lambda: len(self.frames) >= count, WITHIN_S, f"{count} commits begun")


class Appending:
    """Appenders in threads of their own, above one disk."""

    def __init__(self, disk: Disk, threads: ThreadPoolExecutor) -> None:
        self.committer = Committer(disk.commit, frame_payload_bytes=FRAME_PAYLOAD_BYTES)
        self._threads = threads

    def append(self, *records: bytes) -> Future[int]:
        """Give `records` to a thread, and wait until they stand in the queue."""
        before = len(self.committer._queue)
        appending = self._threads.submit(self.committer.append, records)
        wait_until(lambda: len(self.committer._queue) > before, WITHIN_S, "queued")
        return appending


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def appending(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Appending]:
    """Nobody looks by itself before the test is over: who is not called waits."""
    monkeypatch.setattr(commit, "_LOOK_AFTER_S", 2 * WITHIN_S)
    with ThreadPoolExecutor(10) as threads:
        yield Appending(disk, threads)
        disk.let(100)  # whoever still waits, in a test that has failed


def test_who_is_alone_writes_in_its_own_thread(disk: Disk) -> None:
    committer = Committer(disk.commit, frame_payload_bytes=FRAME_PAYLOAD_BYTES)
    disk.let(2)
    assert [committer.append([b"a", b"b"]), committer.append([b"c"])] == [0, 2]
    assert disk.writers == [threading.get_ident()] * 2


def test_what_arrives_during_a_commit_shares_the_next_one(disk: Disk, appending: Appending) -> None:
    first = appending.append(b"first")
    disk.begun(1)
    others = [appending.append(b"%d" % value) for value in range(8)]
    disk.let(2)
    assert first.result(WITHIN_S) == 0
    assert [other.result(WITHIN_S) for other in others] == list(range(1, 9))
    assert [len(records) for records in disk.frames] == [1, 8]


def test_nobody_is_told_before_the_commit_that_its_record_is_in(disk: Disk, appending: Appending) -> None:
    """What was queued after a frame was made is not in that frame."""
    first = appending.append(b"first")
    disk.begun(1)
    second = appending.append(b"second")
    disk.let()
    assert first.result(WITHIN_S) == 0
    assert not wait([second], 0.2).done
    disk.let()
    assert second.result(WITHIN_S) == 1
    assert disk.frames == [[b"first"], [b"second"]]


def test_who_has_written_its_own_hands_over_at_once(disk: Disk, appending: Appending) -> None:
    """It returns while the commits of those behind it are not yet done, and they go on without it."""
    called = [appending.append(b"x" * 80) for _ in range(4)]
    for number, one in enumerate(called):
        disk.begun(number + 1)
        disk.let()
        assert one.result(WITHIN_S) == number
    assert len(set(disk.writers)) == 4


def test_a_group_is_no_more_than_a_frame_and_keeps_the_order(disk: Disk, appending: Appending) -> None:
    first = appending.append(b"first")
    disk.begun(1)
    parts = appending.append(b"1" * 60, b"2" * 60, b"3" * 20)
    behind = appending.append(b"behind")
    disk.let(3)
    assert (first.result(WITHIN_S), parts.result(WITHIN_S), behind.result(WITHIN_S)) == (0, 1, 4)
    assert disk.frames == [[b"first"], [b"1" * 60], [b"2" * 60, b"3" * 20, b"behind"]]


def test_who_is_tired_of_waiting_does_not_write_beside_another(
    disk: Disk, appending: Appending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit, "_LOOK_AFTER_S", 0.01)
    first = appending.append(b"first")
    disk.begun(1)
    second = appending.append(b"second")
    assert not wait([first, second], 0.2).done
    assert disk.frames == [[b"first"]]
    disk.let(2)
    assert (first.result(WITHIN_S), second.result(WITHIN_S)) == (0, 1)


@pytest.mark.parametrize(("raised", "told"), [(TransientError("full"), "full"), (KeyError("x"), "KeyError")])
def test_an_error_is_told_to_all_it_concerns_and_to_nobody_else(raised: Exception, told: str) -> None:
    queued, frames = threading.Event(), list[Sequence[bytes]]()

    def failing(records: Sequence[bytes]) -> int:
        assert queued.wait(WITHIN_S)
        frames.append(records)
        if len(frames) == 2:
            raise raised
        return len(frames)

    committer = Committer(failing, frame_payload_bytes=FRAME_PAYLOAD_BYTES)
    with ThreadPoolExecutor(4) as threads:
        group = [threads.submit(committer.append, [b"x" * 30]) for _ in range(3)]
        parts = threads.submit(committer.append, [b"x" * 80, b"x" * 80])
        wait_until(lambda: len(committer._queue) == 4, WITHIN_S, "queued")
        queued.set()
        ended = [one.exception(WITHIN_S) for one in (*group, parts)]
    failed = [error for error in ended if error is not None]
    assert failed
    assert all(isinstance(error, TransientError) and told in str(error) for error in failed)
    assert committer.append([b"next"]) == len(frames)


def test_closing_commits_what_is_queued_and_nothing_after(disk: Disk, appending: Appending) -> None:
    first = appending.append(b"first")
    disk.begun(1)
    second = appending.append(b"second")
    with ThreadPoolExecutor(1) as closer:
        closing = closer.submit(appending.committer.close)
        wait_until(lambda: appending.committer._is_closed, WITHIN_S, "closing")
        with pytest.raises(PermanentError, match="closed"):
            appending.committer.append([b"late"])
        assert not wait([closing], 0.1).done
        disk.let(2)
        closing.result(WITHIN_S)
    assert (first.result(WITHIN_S), second.result(WITHIN_S)) == (0, 1)
    assert disk.frames == [[b"first"], [b"second"]]


def test_a_fork_of_the_process_writes_nothing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, str(tmp_path / "spool")], check=False, timeout=30
    )
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert records_of(spool) == {0: b"before", 1: b"after"}
    assert ran.returncode == 0
