"""The gateway against the S3 stand-in, with everything going wrong that can on the way."""

import base64
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePath

import psutil
import pytest

from edge_common.errors import EdgeError, PermanentError, RefusedError, TransientError
from edge_common.s3 import Placed, Timeouts, file_key
from support.s3.bench import PART_BYTES, Bench, bench, hex_of, key_of
from support.s3.proxy import Fault
from support.s3.store import BUCKET, Store, running_store
from support.waiting import wait_until

JSON = "application/json"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """One stand-in for all: every test puts bytes of its own."""
    with running_store() as running:
        yield running


@pytest.fixture
def bed(store: Store) -> Iterator[Bench]:
    """A gateway and what is around it."""
    with bench(store) as ready:
        yield ready


@pytest.fixture
def body() -> bytes:
    """Bytes that no other test has."""
    return os.urandom(40).hex().encode()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of three parts."""
    path = tmp_path / "large.jpg"
    path.write_bytes(os.urandom(2 * PART_BYTES + 1000))
    return path


def test_object_is_put_with_its_type_its_checksum_and_the_condition(bed: Bench, body: bytes) -> None:
    assert bed.put(body) is Placed.NEW

    got = bed.store.client.get_object(Bucket=BUCKET, Key=key_of(body))
    assert (got["Body"].read(), got["ContentType"]) == (body, JSON)
    header = bed.proxy.heads[0].lower()
    checksum = base64.b64encode(hashlib.sha256(body).digest()).lower()
    assert b"\r\nx-amz-checksum-sha256: " + checksum + b"\r\n" in header
    assert b"\r\nif-none-match: *\r\n" in header


def test_every_part_of_an_upload_has_its_checksum_and_the_last_request_the_condition(
    bed: Bench, large: Path
) -> None:
    bed.put_file(large)

    has_checksum = [b"\r\nx-amz-checksum-sha256: " in head.lower() for head in bed.proxy.heads]
    has_condition = [b"\r\nif-none-match: *\r\n" in head.lower() for head in bed.proxy.heads]
    assert has_checksum == [False, True, True, True, False]
    assert has_condition == [False, False, False, False, True]


def test_repeat_is_success_and_changes_nothing(bed: Bench, body: bytes) -> None:
    overwritten = bed.store.counts()["objects_overwritten"]

    assert [bed.put(body) for _ in range(3)] == [Placed.NEW, Placed.ALREADY_THERE, Placed.ALREADY_THERE]

    assert bed.store.counts()["objects_overwritten"] == overwritten
    assert (bed.count("s3_objects_placed"), bed.count("s3_objects_already_there")) == (1, 2)


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.HALF_ANSWER])
def test_answer_lost_after_a_successful_put_ends_in_success(bed: Bench, body: bytes, fault: Fault) -> None:
    bed.proxy.next(fault)

    with pytest.raises(TransientError):
        bed.put(body)

    assert bed.store.body(key_of(body)) == body
    assert bed.put(body) is Placed.ALREADY_THERE


@pytest.mark.parametrize(
    "fault",
    [
        Fault.SLOW_DOWN,
        Fault.INTERNAL_ERROR,
        Fault.CUT,
        Fault.FLIPPED_BIT,
        Fault.SKEWED,
        Fault.CONFLICT,
        Fault.PORTAL,
    ],
)
@pytest.mark.parametrize("size_bytes", [80, 200_000])
def test_what_goes_wrong_on_the_way_passes(bed: Bench, fault: Fault, size_bytes: int) -> None:
    body = os.urandom(size_bytes)
    bed.proxy.next(fault)

    with pytest.raises(TransientError) as failure:
        bed.put(body)

    assert not isinstance(failure.value, RefusedError)
    assert key_of(body) in failure.value.reason
    assert key_of(body) not in bed.store.listing()
    assert bed.put(body) is Placed.NEW
    assert bed.store.body(key_of(body)) == body
    assert bed.proxy.requests == 2  # nothing below the gateway has tried again


def test_far_end_is_left_alone_as_long_as_it_asks(bed: Bench, body: bytes) -> None:
    bed.proxy.next(Fault.SLOW_DOWN_LATER)

    with pytest.raises(TransientError) as failure:
        bed.put(body)

    assert failure.value.retry_after_s == 7


def test_far_end_that_never_answers_is_given_up(store: Store, body: bytes) -> None:
    with bench(store, timeouts=Timeouts(connect_s=0.2, read_s=0.2, credentials_s=2)) as bed:
        bed.proxy.next(Fault.BLACK_HOLE)

        with pytest.raises(TransientError, match="no answer from S3"):
            bed.put(body)
        assert bed.put(body) is Placed.NEW


def test_far_end_that_does_not_take_the_body_is_given_up(store: Store) -> None:
    with bench(store, timeouts=Timeouts(connect_s=0.2, read_s=0.2, credentials_s=2)) as bed:
        bed.proxy.next(Fault.STALLED)

        with pytest.raises(TransientError, match="no answer from S3"):
            bed.put(os.urandom(20_000_000))


def test_slow_line_may_take_much_longer_than_the_time_out_for_one_body(store: Store) -> None:
    body = os.urandom(12_000_000)
    with bench(store, timeouts=Timeouts(connect_s=0.3, read_s=10, credentials_s=2)) as bed:
        bed.proxy.next(Fault.SLOW_LINE)
        started_s = time.monotonic()

        assert bed.put(body) is Placed.NEW
        took_s = time.monotonic() - started_s

    assert took_s > 3 * 0.3  # else the line was not slow, and this has shown nothing


def test_caller_is_let_go_when_the_component_is_told_to_stop(store: Store, body: bytes) -> None:
    with bench(store, timeouts=Timeouts(60, 60, 60)) as bed:
        bed.proxy.next(Fault.BLACK_HOLE)
        ended: list[EdgeError] = []

        def put() -> None:
            try:
                bed.put(body)
            except EdgeError as error:
                ended.append(error)

        caller = threading.Thread(target=put)
        caller.start()
        wait_until(lambda: bed.proxy.requests, 20, "the request at the far end")
        bed.stop.set()
        caller.join(20)

        assert [type(error) for error in ended] == [TransientError]
        assert "told to stop" in ended[0].reason


@pytest.mark.parametrize("call", ["put", "ensure_bucket"])
def test_missing_bucket_is_named_and_kept_trying_for(store: Store, body: bytes, call: str) -> None:
    with bench(store, bucket=f"made-later-{call.replace('_', '-')}") as bed:
        with pytest.raises(RefusedError, match=r"NoSuchBucket.*Make it, or correct the setting") as refusal:
            bed.put(body)
        assert refusal.value.code == "no_such_bucket"

        bed.gateway.ensure_bucket()
        bed.gateway.ensure_bucket()  # it is there, and ours

        assert bed.put(body) is Placed.NEW


def test_key_that_does_not_tell_what_it_holds_is_a_defect(bed: Bench, body: bytes) -> None:
    with pytest.raises(ValueError, match="does not hold"):
        bed.gateway.put_once("sensor-data/120000.json", body, content_type=JSON)

    assert bed.proxy.requests == 0


def test_bad_key_is_refused_before_anything_is_sent(bed: Bench, body: bytes) -> None:
    with pytest.raises(PermanentError):
        bed.gateway.put_once(f"../{hex_of(body)}", body, content_type=JSON)

    assert bed.proxy.requests == 0


def test_small_file_goes_in_one_request(bed: Bench, tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(body)
    seen: list[tuple[int, int]] = []
    key = file_key("reports", PurePath("a b/report.pdf"), hex_of(body))

    placed = bed.gateway.put_file_once(
        key, path, hex_of(body), content_type=JSON, on_progress=lambda *bytes_: seen.append(bytes_)
    )

    assert placed is Placed.NEW
    assert bed.store.body(key) == body
    assert seen == [(len(body), len(body))]
    assert bed.proxy.requests == 1


def test_large_file_goes_in_parts_with_checksums(bed: Bench, large: Path) -> None:
    digest, size_bytes = hex_of(large.read_bytes()), large.stat().st_size
    seen: list[tuple[int, int]] = []
    key = file_key("images", PurePath(large.name), digest)

    placed = bed.gateway.put_file_once(
        key, large, digest, content_type="image/jpeg", on_progress=lambda *bytes_: seen.append(bytes_)
    )

    assert placed is Placed.NEW
    assert bed.store.body(key) == large.read_bytes()
    assert bed.store.client.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "image/jpeg"
    assert seen == [(PART_BYTES, size_bytes), (2 * PART_BYTES, size_bytes), (size_bytes, size_bytes)]
    assert bed.proxy.requests == 5  # begin, three parts, complete


def test_file_that_is_there_already_is_success_and_leaves_no_parts(bed: Bench, large: Path) -> None:
    assert [bed.put_file(large) for _ in range(2)] == [Placed.NEW, Placed.ALREADY_THERE]

    assert bed.store.unfinished_uploads() == []


@pytest.mark.parametrize(
    "fault", [Fault.SLOW_DOWN, Fault.CUT, Fault.LOST_ANSWER, Fault.FLIPPED_BIT, Fault.PORTAL]
)
def test_upload_goes_on_at_the_part_that_failed(bed: Bench, large: Path, fault: Fault) -> None:
    bed.proxy.next(Fault.NONE, Fault.NONE, fault)

    with pytest.raises(TransientError):
        bed.put_file(large)

    assert bed.put_file(large) is Placed.NEW
    assert bed.proxy.requests == 6  # one more than without the fault
    assert bed.store.unfinished_uploads() == []


def test_lost_answer_to_the_last_request_of_an_upload_ends_in_success(bed: Bench, large: Path) -> None:
    bed.proxy.next(*[Fault.NONE] * 4, Fault.LOST_ANSWER)
    outcomes: list[Placed | type[EdgeError]] = []
    while Placed.ALREADY_THERE not in outcomes:
        try:
            outcomes.append(bed.put_file(large))
        except TransientError as error:
            outcomes.append(type(error))
        assert len(outcomes) < 5, outcomes

    assert Placed.NEW not in outcomes
    assert bed.store.unfinished_uploads() == []


def test_upload_that_was_removed_meanwhile_begins_anew(bed: Bench, large: Path) -> None:
    bed.proxy.next(Fault.NONE, Fault.NONE, Fault.CUT)
    with pytest.raises(TransientError):
        bed.put_file(large)
    for upload in bed.store.client.list_multipart_uploads(Bucket=BUCKET)["Uploads"]:
        bed.store.client.abort_multipart_upload(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])

    with pytest.raises(TransientError):
        bed.put_file(large)

    assert bed.put_file(large) is Placed.NEW


def test_file_that_changes_while_it_is_uploaded_is_aborted(bed: Bench, large: Path) -> None:
    digest = hex_of(large.read_bytes())
    key = file_key("images", PurePath(large.name), digest)
    bed.proxy.next(Fault.NONE, Fault.NONE, Fault.CUT)
    with pytest.raises(TransientError):
        bed.gateway.put_file_once(key, large, digest, content_type="image/jpeg")
    with large.open("r+b") as file:
        file.seek(PART_BYTES)
        file.write(b"changed")

    with pytest.raises(PermanentError) as failure:
        bed.gateway.put_file_once(key, large, digest, content_type="image/jpeg")

    assert failure.value.code == "file_changed"
    assert key not in bed.store.listing()
    assert bed.store.unfinished_uploads() == []


@pytest.mark.parametrize("size_bytes", [0, 100])
def test_small_file_that_has_changed_is_not_sent(bed: Bench, tmp_path: Path, size_bytes: int) -> None:
    path = tmp_path / "changed"
    path.write_bytes(bytes(size_bytes))
    key = file_key("images", PurePath("changed"), hex_of(b"before"))

    with pytest.raises(PermanentError) as failure:
        bed.gateway.put_file_once(key, path, hex_of(b"before"), content_type=JSON)

    assert failure.value.code == "file_changed"
    assert bed.proxy.requests == 0


def test_file_that_is_gone_is_said_so(bed: Bench, tmp_path: Path) -> None:
    key = file_key("images", PurePath("gone"), hex_of(b""))

    with pytest.raises(PermanentError, match=r"cannot read .*gone"):
        bed.gateway.put_file_once(key, tmp_path / "gone", hex_of(b""), content_type=JSON)


def test_closing_aborts_what_is_unfinished(store: Store, large: Path) -> None:
    with bench(store) as bed:
        bed.proxy.next(Fault.NONE, Fault.NONE, Fault.CUT)
        with pytest.raises(TransientError):
            bed.put_file(large)
        assert len(store.unfinished_uploads()) == 1

    assert store.unfinished_uploads() == []
    assert bed.count("s3_uploads_left_behind") == 0


def test_uploads_that_nobody_goes_on_with_are_bounded(bed: Bench, tmp_path: Path) -> None:
    for number in range(10):
        path = tmp_path / str(number)
        path.write_bytes(bytes([number]) * (PART_BYTES + 1))
        bed.proxy.next(Fault.NONE, Fault.CUT)
        with pytest.raises(TransientError):
            bed.put_file(path)

    assert len(bed.store.unfinished_uploads()) == 8
    assert bed.count("s3_uploads_left_behind") == 0


def test_many_threads_use_one_gateway(bed: Bench) -> None:
    bodies = [os.urandom(100) for _ in range(40)]
    placed: list[Placed] = []
    threads = [
        threading.Thread(target=lambda some=some: placed.extend(map(bed.put, some)))
        for some in (bodies[:20], bodies[10:30], bodies[20:])
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert placed.count(Placed.NEW) == 40
    assert placed.count(Placed.ALREADY_THERE) == 20
    assert len(bed.tokens.calls_s) == 1


def test_failed_calls_leave_no_thread_and_no_open_file(bed: Bench) -> None:
    bed.put(b"warm")
    threads, files = threading.active_count(), psutil.Process().num_fds()

    for _ in range(20):
        bed.proxy.next(Fault.CUT)
        with pytest.raises(TransientError):
            bed.put(os.urandom(100_000))

    assert wait_until(lambda: threading.active_count() <= threads, 10, "no more threads than before")
    assert psutil.Process().num_fds() <= files + 2  # a pooled connection, and the proxy's side of it
