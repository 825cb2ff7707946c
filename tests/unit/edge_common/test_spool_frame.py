import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import PermanentError
from edge_common.spool.checksum import crc32c
from edge_common.spool.frame import (
    BLOCK_BYTES,
    FrameDamagedError,
    decode,
    pack,
    read_header,
    unframe,
)

GENERATION = (7 << 32) | 12345
RECORDS = st.lists(st.binary(max_size=3000), min_size=1, max_size=40)


@given(RECORDS, st.integers(0, 2**63))
def test_a_frame_gives_back_its_records(records: list[bytes], first: int) -> None:
    frame = pack(records).frame(GENERATION, first)
    header = read_header(frame, GENERATION)
    assert header is not None
    assert (header.first, header.last, header.frame_bytes) == (first, first + len(records) - 1, len(frame))
    assert len(frame) % BLOCK_BYTES == 0
    assert decode(header, frame) == tuple(records)


def test_compressible_records_take_fewer_blocks() -> None:
    assert len(pack([b'{"temperature": 24.31}'] * 1000).frame(GENERATION, 0)) == BLOCK_BYTES


@pytest.mark.parametrize("records", [[b"reading"], [bytes(range(256)) * 20], [b"a" * 6000]])
def test_every_single_flipped_bit_is_detected(records: list[bytes]) -> None:
    frame = bytearray(pack(records).frame(GENERATION, 5))
    undetected = []
    for bit in range(len(frame) * 8):
        frame[bit // 8] ^= 1 << bit % 8
        header = read_header(bytes(frame), GENERATION)
        if header is not None:
            try:
                decode(header, bytes(frame))
            except FrameDamagedError:
                pass
            else:
                undetected.append(bit)
        frame[bit // 8] ^= 1 << bit % 8
    assert undetected == []


def test_a_frame_of_another_generation_is_none() -> None:
    assert read_header(pack([b"old"]).frame(GENERATION, 5), GENERATION + 1) is None


@given(RECORDS)
def test_a_frame_moves_to_another_segment_unchanged(records: list[bytes]) -> None:
    frame = pack(records).frame(GENERATION, 5)
    header = read_header(frame, GENERATION)
    assert header is not None
    moved = unframe(header, frame).frame(GENERATION + 1, 5)
    moved_header = read_header(moved, GENERATION + 1)
    assert moved_header is not None
    assert decode(moved_header, moved) == tuple(records)


def test_a_frame_of_a_newer_format_is_refused() -> None:
    frame = bytearray(pack([b"x"]).frame(GENERATION, 0))
    frame[4] = 2
    frame[36:40] = crc32c(bytes(frame[:36])).to_bytes(4, "little")
    with pytest.raises(PermanentError, match="format 2"):
        read_header(bytes(frame), GENERATION)


@given(st.binary(max_size=200))
def test_noise_is_no_frame(noise: bytes) -> None:
    assert read_header(noise, GENERATION) is None
