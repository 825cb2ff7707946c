import os
import struct
from pathlib import Path

import pytest

from edge_common.spool import OnFull, Spool
from edge_common.spool.checksum import crc32c
from support.spool.spooling import BLOCK_BYTES, records_of, small_limits

LONGEST_BYTES = 1024


def test_a_note_survives_restarts_until_a_release_clears_it(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert spool.note == b""
        spool.append_many([b"a", b"b"])
        spool.remember(b"sending 0")
        spool.remember(b"sending 0 to 1")
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert spool.note == b"sending 0 to 1"
        assert records_of(spool) == {0: b"a", 1: b"b"}
        spool.release(1)
        assert spool.note == b""
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert spool.note == b""
        assert spool.statistics().delivered == 2


def test_releasing_what_is_released_already_still_clears_the_note(tmp_path: Path) -> None:
    """Its records may have been dropped at the cap in the meantime."""
    with Spool(tmp_path / "spool", small_limits(2, OnFull.DROP_OLDEST)) as spool:
        spool.append(b"0")
        spool.remember(b"sending 0")
        for value in range(1, 12):
            spool.append(b"%d" % value)
        assert spool.note == b"sending 0"
        before = spool.statistics()
        spool.release(0)
        assert spool.note == b""
        assert spool.statistics() == before
    with Spool(tmp_path / "spool", small_limits(2, OnFull.DROP_OLDEST)) as spool:
        assert (spool.note, spool.statistics()) == (b"", before)


@pytest.mark.parametrize("size_bytes", [0, 1, LONGEST_BYTES])
def test_a_note_of_any_length_comes_back_whole(tmp_path: Path, size_bytes: int) -> None:
    note = os.urandom(size_bytes)
    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.remember(b"before")
        spool.remember(note)
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert spool.note == note


def test_a_note_too_long_is_an_error_and_the_former_one_stands(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.remember(b"before")
        with pytest.raises(ValueError, match="at most 1024"):
            spool.remember(bytes(LONGEST_BYTES + 1))
        assert spool.note == b"before"


@pytest.mark.parametrize("copy", range(4))
@pytest.mark.parametrize("offset", [6, 48, 52, 52 + 511])
def test_a_rotten_bit_in_a_copy_of_the_note_changes_nothing(tmp_path: Path, copy: int, offset: int) -> None:
    note = os.urandom(512)
    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.remember(b"before")
        spool.remember(note)
    journal = tmp_path / "spool" / "release.journal"
    content = bytearray(journal.read_bytes())
    content[copy * BLOCK_BYTES + offset] ^= 4
    journal.write_bytes(content)
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert spool.note == note


def test_a_journal_from_before_there_were_notes_is_opened(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", small_limits()) as spool:
        spool.append_many([b"a", b"b", b"c"])
    fields = struct.pack("<4sHHQQQQQ", b"ESPJ", 1, 0, 7, 2, 1, 0, 3)
    block = (fields + struct.pack("<I", crc32c(fields))).ljust(BLOCK_BYTES, b"\0")
    (tmp_path / "spool" / "release.journal").write_bytes(block * 4)
    with Spool(tmp_path / "spool", small_limits()) as spool:
        now = spool.statistics()
        assert (now.delivered, now.dropped, now.records) == (1, 1, 1)
        assert (spool.note, records_of(spool)) == (b"", {2: b"c"})
        spool.remember(b"now there are")
    with Spool(tmp_path / "spool", small_limits()) as spool:
        assert (spool.note, records_of(spool)) == (b"now there are", {2: b"c"})
