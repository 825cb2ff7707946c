"""What proves that S3 has the very bytes: the checksum that goes with them, and the answer to it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_common.errors import TransientError
from edge_common.s3 import Placed
from edge_common.s3.checksums import base64_sha256
from support.s3 import proxy
from support.s3.bench import PART_BYTES, Bench, bench
from support.s3.proxy import Fault, S3Proxy
from support.s3.store import running_store

EMPTY_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CHECKSUM = re.compile(rb"\r\nx-amz-checksum-sha256: ([^\r]+)", re.IGNORECASE)


@pytest.fixture
def bed() -> Iterator[Bench]:
    """A gateway and what is around it."""
    with running_store() as store, bench(store) as ready:
        yield ready


def test_every_body_goes_with_its_sha256(bed: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature of the request would do on loopback; behind TLS it does not cover the body."""
    sent: list[tuple[list[str], str]] = []
    ask = S3Proxy._ask_store

    def listen(proxy: S3Proxy, head: bytes, body: bytes) -> bytes:
        if head.startswith(b"PUT "):
            sent.append(([found.decode() for found in CHECKSUM.findall(head)], base64_sha256(body)))
        return ask(proxy, head, body)

    monkeypatch.setattr(S3Proxy, "_ask_store", listen)
    large = tmp_path / "large"
    large.write_bytes(os.urandom(PART_BYTES + 1000))

    assert (bed.put(os.urandom(1000)), bed.put_file(large)) == (Placed.NEW, Placed.NEW)
    assert len(sent) == 3
    assert [checksums for checksums, _ in sent] == [[checksum] for _, checksum in sent]


@pytest.mark.parametrize("portal", [Fault.PORTAL, Fault.PORTAL_PAGE])
@pytest.mark.parametrize("request_number", range(4))  # begin, two parts, complete
def test_a_large_file_is_not_there_before_s3_itself_says_so(
    bed: Bench, tmp_path: Path, portal: Fault, request_number: int
) -> None:
    large = tmp_path / "large"
    large.write_bytes(os.urandom(PART_BYTES + 1000))
    bed.proxy.next(*[Fault.NONE] * request_number, portal)

    with pytest.raises(TransientError) as failure:
        bed.put_file(large)

    assert failure.value.code == "not_confirmed"
    assert bed.store.listing() == []
    assert bed.put_file(large) is Placed.NEW
    assert bed.proxy.requests == 5  # one more than without the fault
    assert bed.store.unfinished_uploads() == []


def test_an_answer_that_confirms_nothing_is_not_believed(bed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a proxy that says "200 OK" and keeps the object to itself."""
    monkeypatch.setattr(proxy, "_PORTAL", EMPTY_ANSWER)
    bed.proxy.next(Fault.PORTAL)
    body = os.urandom(1000)

    with pytest.raises(TransientError, match="does not confirm"):
        bed.put(body)
    assert bed.put(body) is Placed.NEW
