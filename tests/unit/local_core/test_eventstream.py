"""The frame codec against properties and against botocore's decoder, which shares no code with it."""

import itertools
import struct
import uuid
import zlib

import botocore.eventstream
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_core.ipc.eventstream import (
    FRAME_OVERHEAD_BYTES,
    MAX_HEADERS_BYTES,
    MAX_PAYLOAD_BYTES,
    MAX_VALUE_BYTES,
    Frame,
    FrameError,
    FrameReader,
    Headers,
    HeaderType,
    HeaderValue,
    decode_frame,
    encode_frame,
)

TEXT = st.text(max_size=40)
NAMES = st.text(min_size=1, max_size=40)


def integers(kind: HeaderType, bits: int) -> st.SearchStrategy[HeaderValue]:
    return st.tuples(st.just(kind), st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))


VALUES: st.SearchStrategy[HeaderValue] = st.one_of(
    st.just((HeaderType.TRUE, True)),
    st.just((HeaderType.FALSE, False)),
    integers(HeaderType.INT8, 8),
    integers(HeaderType.INT16, 16),
    integers(HeaderType.INT32, 32),
    integers(HeaderType.INT64, 64),
    integers(HeaderType.TIMESTAMP, 64),
    st.tuples(st.just(HeaderType.BYTES), st.binary(max_size=300)),
    st.tuples(st.just(HeaderType.STRING), TEXT),
    st.tuples(st.just(HeaderType.UUID), st.uuids()),
)
HEADERS: st.SearchStrategy[Headers] = st.dictionaries(NAMES, VALUES, max_size=8)
RAW_VALUES = st.one_of(
    st.tuples(st.sampled_from([0, 1]), st.just(b"")),
    *(
        st.tuples(st.just(kind), st.binary(min_size=size, max_size=size))
        for kind, size in ((2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16))
    ),
    st.tuples(st.just(6), st.binary(max_size=300).map(lambda raw: struct.pack(">H", len(raw)) + raw)),
    st.tuples(st.just(7), TEXT.map(lambda text: struct.pack(">H", len(text.encode())) + text.encode())),
)
FRAMES = st.builds(Frame, HEADERS, st.binary(max_size=500))


def framed(headers: bytes, payload: bytes = b"") -> bytes:
    """A frame with correct lengths and CRCs around any header bytes."""
    lengths = struct.pack(">II", FRAME_OVERHEAD_BYTES + len(headers) + len(payload), len(headers))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))


def prelude(total_bytes: int, headers_bytes: int) -> bytes:
    lengths = struct.pack(">II", total_bytes, headers_bytes)
    return lengths + struct.pack(">I", zlib.crc32(lengths))


def raw_header_block(headers: dict[str, tuple[int, bytes]]) -> bytes:
    return b"".join(
        bytes([len(name.encode())]) + name.encode() + bytes([kind]) + value
        for name, (kind, value) in headers.items()
    )


def plain(headers: Headers) -> dict[str, object]:
    """As botocore has them: without types, a UUID as its bytes."""
    return {
        name: value.bytes if isinstance(value, uuid.UUID) else value for name, (_, value) in headers.items()
    }


def decoded_by_us(frame: bytes) -> dict[str, object] | None:
    try:
        return plain(decode_frame(frame).headers)
    except FrameError:
        return None


def decoded_by_botocore(frame: bytes) -> dict[str, object] | None:
    buffer = botocore.eventstream.EventStreamBuffer()
    buffer.add_data(frame)
    try:
        return dict(next(buffer).headers)
    except (botocore.eventstream.ParserError, struct.error, KeyError, IndexError, UnicodeDecodeError):
        return None


def read_all(chunks: list[bytes]) -> list[Frame]:
    reader = FrameReader()
    frames = []
    for chunk in chunks:
        reader.feed(chunk)
        while (frame := reader.next_frame()) is not None:
            frames.append(frame)
    return frames


@given(FRAMES)
def test_what_was_encoded_is_decoded(frame: Frame) -> None:
    decoded = decode_frame(encode_frame(frame.headers, frame.payload))

    assert decoded == frame
    assert [value[0] for value in decoded.headers.values()] == [value[0] for value in frame.headers.values()]


@given(FRAMES)
def test_botocore_decodes_what_was_encoded(frame: Frame) -> None:
    buffer = botocore.eventstream.EventStreamBuffer()
    buffer.add_data(encode_frame(frame.headers, frame.payload))
    message = next(buffer)

    assert message.headers == plain(frame.headers)
    assert message.payload == frame.payload


@given(st.dictionaries(NAMES, RAW_VALUES, max_size=6), st.binary(max_size=50))
def test_hand_made_headers_are_decoded_as_botocore_decodes_them(
    raw_headers: dict[str, tuple[int, bytes]], payload: bytes
) -> None:
    frame = framed(raw_header_block(raw_headers), payload)

    assert decode_frame(frame).payload == payload
    assert decoded_by_us(frame) == decoded_by_botocore(frame)


@given(st.dictionaries(NAMES, st.tuples(st.integers(0, 11), st.binary(max_size=24)), max_size=3))
def test_no_header_is_accepted_that_botocore_reads_differently(
    raw_headers: dict[str, tuple[int, bytes]],
) -> None:
    """One-sided: botocore slices past the end of the headers unnoticed, so it accepts some that are cut."""
    frame = framed(raw_header_block(raw_headers), b"payload")

    assert decoded_by_us(frame) in (None, decoded_by_botocore(frame))


@given(st.lists(FRAMES, max_size=5), st.data())
def test_chunks_of_any_size_give_the_same_frames(frames: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(encode_frame(frame.headers, frame.payload) for frame in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[start:end] for start, end in itertools.pairwise(edges)]

    assert read_all(chunks) == frames


@given(FRAMES, st.data())
def test_one_flipped_bit_never_passes(frame: Frame, data: st.DataObject) -> None:
    encoded = bytearray(encode_frame(frame.headers, frame.payload))
    bit = data.draw(st.integers(0, len(encoded) * 8 - 1))
    encoded[bit // 8] ^= 1 << bit % 8

    with pytest.raises(FrameError):
        decode_frame(bytes(encoded))


@given(FRAMES, st.data())
def test_a_cut_frame_is_refused_whole_and_waited_for_in_a_stream(frame: Frame, data: st.DataObject) -> None:
    encoded = encode_frame(frame.headers, frame.payload)
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]

    assert read_all([cut]) == []
    with pytest.raises(FrameError):
        decode_frame(cut)


@given(st.binary(max_size=200))
def test_random_bytes_give_a_frame_error_and_nothing_else(noise: bytes) -> None:
    with pytest.raises(FrameError):
        decode_frame(noise)


@given(st.binary(max_size=200).map(framed))
def test_random_header_bytes_are_read_as_botocore_reads_them_or_refused(frame: bytes) -> None:
    assert decoded_by_us(frame) in (None, decoded_by_botocore(frame))


@pytest.mark.parametrize(
    ("total_bytes", "headers_bytes", "reason"),
    [
        (15, 0, "cannot hold"),
        (100, 85, "cannot hold"),
        (16 + MAX_HEADERS_BYTES + 1, MAX_HEADERS_BYTES + 1, "headers of 131073 bytes"),
        (16 + MAX_PAYLOAD_BYTES + 1, 0, "a payload of 25165825 bytes"),
        (0xFFFFFFFF, 0, "a payload of"),
    ],
)
def test_an_impossible_prelude_is_refused_before_its_body(
    total_bytes: int, headers_bytes: int, reason: str
) -> None:
    reader = FrameReader()
    reader.feed(prelude(total_bytes, headers_bytes))

    with pytest.raises(FrameError, match=reason):
        reader.next_frame()


def test_a_wrong_crc_of_the_prelude_is_refused_before_the_body() -> None:
    reader = FrameReader()
    reader.feed(prelude(1000, 100)[:-1] + b"\0")

    with pytest.raises(FrameError, match="CRC of the prelude"):
        reader.next_frame()


def test_frames_before_a_bad_one_are_still_read() -> None:
    good = encode_frame({"n": (HeaderType.INT32, 1)}, b"first")
    reader = FrameReader()
    reader.feed(good + b"\xff" * 12)

    assert reader.next_frame() == Frame({"n": (HeaderType.INT32, 1)}, b"first")
    with pytest.raises(FrameError):
        reader.next_frame()


def test_the_largest_frame_passes() -> None:
    name_and_length = 1 + 1 + 1 + 2  # of a BYTES header with a name of one character
    block: Headers = {chr(65 + i): (HeaderType.BYTES, b"v" * 65_000) for i in range(2)}
    block["Z"] = (
        HeaderType.BYTES,
        b"v" * (MAX_HEADERS_BYTES - 2 * (65_000 + name_and_length) - name_and_length),
    )
    payload = b"p" * MAX_PAYLOAD_BYTES
    encoded = encode_frame(block, payload)
    chunks = [encoded[i : i + 262_144] for i in range(0, len(encoded), 262_144)]

    assert read_all(chunks) == [Frame(block, payload)]


@pytest.mark.parametrize(
    ("headers", "payload", "reason"),
    [
        ({}, b"p" * (MAX_PAYLOAD_BYTES + 1), "a payload of"),
        ({str(i): (HeaderType.BYTES, b"v" * 50_000) for i in range(3)}, b"", "headers of"),
        ({"": (HeaderType.TRUE, True)}, b"", "header name"),
        ({"n" * 256: (HeaderType.TRUE, True)}, b"", "header name"),
        ({"n": (HeaderType.STRING, "v" * (MAX_VALUE_BYTES + 1))}, b"", "65536 bytes"),
        ({"n": (HeaderType.INT8, 128)}, b"", "does not fit INT8"),
        ({"n": (HeaderType.INT32, True)}, b"", "bool is no value of INT32"),
        ({"n": (HeaderType.STRING, b"v")}, b"", "bytes is no value of STRING"),
    ],
)
def test_what_fits_no_frame_is_not_encoded(headers: Headers, payload: bytes, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        encode_frame(headers, payload)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (b"\x01n\x0a", "unknown type 10"),
        (b"\x01n\x00\x01n\x01", "comes twice"),
        (b"\x00\x00", "no name"),
        (b"\x05n", "name runs past"),
        (b"\x01n\x04\x00\x00\x00", "runs past the end"),
        (b"\x01n\x07\x00\x09abc", "runs past the end"),
        (b"\x01n\x07\x00\x01\xff", "not UTF-8"),
        (b"\x01\xff\x00", "not UTF-8"),
    ],
)
def test_broken_headers_are_refused_with_the_reason(headers: bytes, reason: str) -> None:
    with pytest.raises(FrameError, match=reason):
        decode_frame(framed(headers, b"a payload to run into"))


def test_an_unfinished_frame_is_kept_once_however_it_trickles_in() -> None:
    encoded = encode_frame({}, b"p" * 100_000)
    reader = FrameReader()
    for byte in encoded[:-1]:
        reader.feed(bytes([byte]))
        assert reader.next_frame() is None

    assert len(reader._partial) == len(encoded) - 1
    reader.feed(encoded[-1:])
    assert reader.next_frame() == Frame({}, b"p" * 100_000)
