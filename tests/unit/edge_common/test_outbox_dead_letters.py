import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import PermanentError
from edge_common.outbox.dead_letters import HEADER_BYTES, REQUEUE_FOLDERS, DeadLetter, decode, encode

LETTERS = st.builds(
    DeadLetter,
    lane=st.sampled_from(sorted(REQUEUE_FOLDERS)),
    number=st.integers(0, 2**63 - 1),
    time=st.just("2026-11-22T04:26:11.123Z"),
    code=st.text(max_size=64),
    reason=st.text(max_size=500),
    record=st.binary(max_size=2000),
)


@given(LETTERS)
def test_a_dead_letter_survives_the_spool(letter: DeadLetter) -> None:
    assert decode(encode(letter)) == letter


@given(st.text(st.characters(), min_size=400), st.text(st.characters(), min_size=60), st.binary(max_size=100))
def test_a_letter_fits_wherever_its_record_did(reason: str, code: str, record: bytes) -> None:
    """Any reason, halves of surrogate pairs and control characters included."""
    letter = DeadLetter("backlog", 2**63 - 1, "2026-11-22T04:26:11.123Z", code, reason * 9, record)
    content = encode(letter)
    assert len(content) <= len(record) + HEADER_BYTES
    assert decode(content).record == record


def test_a_letter_begins_with_one_line_of_json() -> None:
    letter = DeadLetter("records", 17, "2026-11-22T04:26:11.123Z", "too_large", "it is too large", b"\n{}\n")
    line, _, record = encode(letter).partition(b"\n")
    assert json.loads(line) == {
        "version": 1,
        "lane": "records",
        "number": 17,
        "time": "2026-11-22T04:26:11.123Z",
        "code": "too_large",
        "reason": "it is too large",
    }
    assert record == b"\n{}\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"\n", b"[]\n", b"{\n", b'{"version":1}\n', b'{"version":"1"}\n{}', b"\xff\n"],
)
def test_what_is_no_letter_is_refused(content: bytes) -> None:
    with pytest.raises(PermanentError) as refusal:
        decode(content)
    assert refusal.value.code == "no_dead_letter"


def test_a_letter_of_a_newer_program_is_refused_as_such() -> None:
    with pytest.raises(PermanentError) as refusal:
        decode(b'{"version":2,"whatever":[]}\nrecord')
    assert refusal.value.code == "newer_format"


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_letter_or_in_our_error(content: bytes) -> None:
    with pytest.raises(PermanentError):
        decode(content)
