"""What is journalled of a frozen batch."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.outbox import Batching, Frozen, Parcel, note
from edge_common.outbox.note import Note
from edge_common.spool.journal import MAX_NOTE_BYTES

MIB = 1 << 20
BATCHING = Batching(max_records=3, max_age_s=30.0, max_bytes=1000)


@given(
    st.integers(0, 2**63 - 1),
    st.integers(1, 10_000),
    st.datetimes(timezones=st.just(UTC)),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=1024),
    st.binary(),
)
def test_it_survives_the_journal_and_always_fits(
    first: int, count: int, frozen_at: datetime, name: str, body: bytes
) -> None:
    written = Note.of(Frozen(first, first + count - 1, frozen_at, ()), Parcel(name, body))
    assert note.decode(written.encode()) == written
    assert len(written.encode()) <= MAX_NOTE_BYTES


def test_other_names_are_other_notes_however_long() -> None:
    frozen = Frozen(0, 0, datetime(2026, 11, 22, tzinfo=UTC), (b"a",))
    notes = [Note.of(frozen, Parcel("k" * 900 + end, b"")) for end in "ab"]
    assert notes[0] != notes[1]


TWO_LASTS = b'{"version":1,"first":0,"last":0,"last":9,"frozen_at":"2026-11-22","name":"n","sha256":"s"}'


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff", b'{"version":2}', b'{"version":1}', b"1", TWO_LASTS]
)
def test_foreign_bytes_decode_to_no_note(content: bytes) -> None:
    assert note.decode(content) is None


def test_a_moment_is_journalled_to_the_microsecond() -> None:
    moment = datetime(2026, 11, 22, 4, 26, 11, 123_456, UTC) + timedelta(0)
    written = Note.of(Frozen(0, 0, moment, ()), Parcel("n", b""))
    found = note.decode(written.encode())
    assert found is not None
    assert found.frozen_at == moment
