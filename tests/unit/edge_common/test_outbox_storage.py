"""Giving a record up, when the disk or the process fails in between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_common.clock import SystemClock
from edge_common.errors import PermanentError, TransientError
from edge_common.outbox import OutboxConfig
from edge_common.outbox.config import MIN_MAX_BYTES
from edge_common.outbox.dead_letters import RECORDS_FOLDER, decode
from edge_common.outbox.storage import Storage, StorageClosedError
from edge_common.spool import OnFull
from support.outbox.bench import small_shares
from support.spool.spooling import records_of

POISON = PermanentError("no far end takes it", code="poison")


def storage_in(folder: Path, on_full: OnFull = OnFull.REJECT, segments: int = 8) -> Storage:
    """A small one for batches."""
    config = OutboxConfig(folder=str(folder / "outbox"), max_bytes=MIN_MAX_BYTES, min_free_bytes=0)
    return Storage(config, small_shares(on_full, segments, batches=True), SystemClock())


def numbers_of_letters(storage: Storage) -> list[int]:
    """Of the records that were given up, letter by letter."""
    return [decode(content).number for content in records_of(storage._dead_letters).values()]


def failing_once(call: Callable[..., Any]) -> Callable[..., Any]:
    """A call that a failing disk refuses the first time."""
    tries = 0

    def tried(*given: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise TransientError("the disk fails")
        return call(*given)

    return tried


def test_a_release_that_fails_and_is_repeated_leaves_one_letter(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    lane: Any = storage.lanes[RECORDS_FOLDER]
    lane.append(b"a")
    lane.release = failing_once(lane.release)
    with pytest.raises(TransientError):
        storage.give_up(RECORDS_FOLDER, 0, b"a", POISON)
    assert (storage.statistics().waiting, storage.statistics().dead) == (1, 0)
    storage.give_up(RECORDS_FOLDER, 0, b"a", POISON)
    assert (storage.statistics().waiting, storage.statistics().dead) == (0, 1)
    assert numbers_of_letters(storage) == [0]
    storage.close()


def test_a_release_that_a_death_cut_off_is_made_good_at_the_next_opening(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    lane: Any = storage.lanes[RECORDS_FOLDER]
    for record in (b"a", b"b"):
        lane.append(record)
    lane.release = failing_once(lane.release)
    with pytest.raises(TransientError):
        storage.give_up(RECORDS_FOLDER, 0, b"a", POISON)
    storage.close()
    storage = storage_in(tmp_path)
    now = storage.statistics()
    assert (now.taken, now.waiting, now.dead, now.delivered) == (2, 1, 1, 0)
    assert storage.read(RECORDS_FOLDER, -1, 10).records == (b"b",)
    assert numbers_of_letters(storage) == [0]
    storage.close()


def test_a_letter_of_records_that_somebody_has_removed_releases_nothing(tmp_path: Path) -> None:
    """The numbers begin again, and what stands under that one is another record."""
    storage = storage_in(tmp_path)
    storage.lanes[RECORDS_FOLDER].append(b"a")
    storage.give_up(RECORDS_FOLDER, 0, b"a", POISON)
    storage.close()
    for path in (tmp_path / "outbox" / RECORDS_FOLDER).iterdir():
        path.unlink()
    storage = storage_in(tmp_path)
    storage.lanes[RECORDS_FOLDER].append(b"another")
    storage.close()
    storage = storage_in(tmp_path)
    now = storage.statistics()
    assert (now.taken, now.waiting, now.delivered, now.dead) == (1, 1, 0, 0)
    assert storage.read(RECORDS_FOLDER, -1, 10).records == (b"another",)
    storage.close()


def test_a_record_that_the_cap_took_while_it_was_given_up_counts_once(tmp_path: Path) -> None:
    storage = storage_in(tmp_path, OnFull.DROP_OLDEST, segments=2)
    lane = storage.lanes[RECORDS_FOLDER]
    for number in range(40):
        lane.append(b"%d" % number)
    assert lane.statistics().dropped > 0
    storage.give_up(RECORDS_FOLDER, 0, b"0", POISON)
    now = storage.statistics()
    assert now.dead == 0
    assert now.taken == now.waiting + now.delivered + now.dropped + now.damaged + now.dead == 40
    assert now.delivered == 0
    storage.close()


def test_after_closing_nothing_can_be_changed_and_the_last_picture_stays(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    storage.lanes[RECORDS_FOLDER].append(b"a")
    storage.close()
    storage.close()
    with pytest.raises(StorageClosedError):
        storage.release(RECORDS_FOLDER, 0)
    with pytest.raises(StorageClosedError):
        storage.remember(RECORDS_FOLDER, b"note")
    with pytest.raises(StorageClosedError):
        storage.give_up(RECORDS_FOLDER, 0, b"a", POISON)
    with pytest.raises(StorageClosedError):
        storage.read(RECORDS_FOLDER, -1, 1)
    assert storage.statistics().waiting == 1


def test_the_room_of_the_letters_is_there_before_the_first_of_them(tmp_path: Path) -> None:
    storage = storage_in(tmp_path)
    room = storage._dead_letters.statistics()
    storage.close()
    assert (room.bytes > 0, room.records, room.next_number) == (True, 0, 0)
