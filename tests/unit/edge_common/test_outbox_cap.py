"""The cap that an outbox notes for whoever opens it without the settings."""

from pathlib import Path

import pytest

from edge_common.outbox import Batching, BatchOutbox, OutboxConfig
from edge_common.outbox.cap import CAP_NAME, Cap, note_cap, read_cap
from support.outbox.ends import Bucket, Mood, context_of
from support.small_disk import fill, mounted

MIB = 1 << 20
BATCHING = Batching(10, 30.0, MIB)


def open_and_close(folder: Path, max_bytes: int) -> None:
    """As a component does while the far end is away: one record more waits."""
    config = OutboxConfig.model_construct(folder=str(folder), max_bytes=max_bytes, min_free_bytes=7)
    with BatchOutbox(config, BATCHING, Bucket([Mood.FAIL] * 100), context_of()) as outbox:
        outbox.put(b"a")


def test_opening_notes_the_cap_also_after_it_was_lowered(tmp_path: Path) -> None:
    open_and_close(tmp_path / "outbox", 16 * MIB)
    assert read_cap(tmp_path / "outbox") == Cap(16 * MIB, 7)
    open_and_close(tmp_path / "outbox", 4 * MIB)
    assert read_cap(tmp_path / "outbox") == Cap(4 * MIB, 7)


def test_cap_that_stays_is_not_written_again(tmp_path: Path) -> None:
    note_cap(tmp_path, Cap(1, 2))
    before = (tmp_path / CAP_NAME).stat()
    note_cap(tmp_path, Cap(1, 2))
    after = (tmp_path / CAP_NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 2}', '{"version": 1, "max_bytes": "many", "min_free_bytes": 0}']
)
def test_file_that_is_no_cap_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / CAP_NAME).write_text(content)
    assert read_cap(tmp_path) is None


def test_full_disk_that_does_not_take_the_note_does_not_keep_the_outbox_from_draining(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 16) as disk:
        folder = disk / "outbox"
        open_and_close(folder, 8 * MIB)
        (folder / CAP_NAME).unlink()
        fill(disk)
        config = OutboxConfig.model_construct(folder=str(folder), max_bytes=4 * MIB, min_free_bytes=7)
        with BatchOutbox(config, BATCHING, Bucket(), context_of()) as outbox:
            assert outbox.drain(20)
        assert read_cap(folder) is None
