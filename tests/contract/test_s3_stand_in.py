"""The S3 stand-in, told right and wrong things by unmodified boto3 and by hand."""

import base64
import hashlib
import http.client
import io
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_core.cloud.s3.gate import Gate
from support.s3.store import BUCKET, Store, plain_client, running_store

BODY = b"0123456789" * 100
MIB = 1024 * 1024
TOKEN_HEADER = "x-amz-security-token"  # noqa: S105  a name, no token
ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    """One stand-in for tests that use keys of their own."""
    with running_store() as store:
        yield store


@pytest.fixture
def store() -> Iterator[Store]:
    """A stand-in for one test."""
    with running_store() as running:
        yield running


def code_of(refusal: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = refusal.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def put_by_hand(store: Store, key: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    """One PUT by the standard library's client, which adds nothing of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", store.port, timeout=10)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("PUT", f"/{BUCKET}/{key}", body, names)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def aws_chunked(content: bytes, trailer: str, signed: str = "") -> bytes:
    """Framed as the SDKs do over TLS, the checksum behind the body."""
    middle = len(content) // 2
    frames = [content[:middle], content[middle:], b""]
    lines = b"".join(
        f"{len(frame):x}{signed}\r\n".encode() + frame + (b"\r\n" if frame else b"") for frame in frames
    )
    return lines + f"{trailer}\r\n\r\n".encode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_right_checksum_of_every_algorithm_is_taken_and_given_back(shared: Store, algorithm: str) -> None:
    key = f"right/{algorithm}"
    put = shared.client.put_object(Bucket=BUCKET, Key=key, Body=BODY, ChecksumAlgorithm=algorithm)
    got = shared.client.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")

    assert got["Body"].read() == BODY  # boto3 itself verifies it
    assert put[f"Checksum{algorithm}"] == got[f"Checksum{algorithm}"]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_wrong_checksum_of_every_algorithm_is_refused_and_nothing_stored(
    shared: Store, algorithm: str
) -> None:
    right = shared.client.put_object(Bucket=BUCKET, Key="other", Body=b"other", ChecksumAlgorithm=algorithm)
    wrong: Any = {f"Checksum{algorithm}": right[f"Checksum{algorithm}"]}

    with pytest.raises(ClientError, match=f"The {algorithm} you specified did not match") as refusal:
        shared.client.put_object(Bucket=BUCKET, Key=f"wrong/{algorithm}", Body=BODY, **wrong)

    assert code_of(refusal) == ("BadDigest", 400)
    assert f"wrong/{algorithm}" not in shared.listing()


def test_wrong_content_md5_is_refused(shared: Store) -> None:
    right = base64.b64encode(hashlib.md5(BODY, usedforsecurity=False).digest()).decode()
    shared.client.put_object(Bucket=BUCKET, Key="md5", Body=BODY, ContentMD5=right)

    with pytest.raises(ClientError) as refusal:
        shared.client.put_object(Bucket=BUCKET, Key="md5-wrong", Body=BODY + b"!", ContentMD5=right)
    assert code_of(refusal) == ("BadDigest", 400)
    with pytest.raises(ClientError) as refusal:
        shared.client.put_object(Bucket=BUCKET, Key="md5-wrong", Body=BODY, ContentMD5="AAAA")
    assert code_of(refusal) == ("InvalidDigest", 400)
    assert "md5-wrong" not in shared.listing()


def test_body_that_is_not_the_signed_one_is_refused(shared: Store) -> None:
    status, answer = put_by_hand(
        shared, "signed", BODY, x_amz_content_sha256=hashlib.sha256(b"another").hexdigest()
    )

    assert (status, b"XAmzContentSHA256Mismatch" in answer) == (400, True)


@pytest.mark.parametrize("signed", ["", ";chunk-signature=" + "0" * 64])
@pytest.mark.parametrize(
    ("checksum", "status"), [(base64.b64encode(hashlib.sha256(BODY).digest()), 200), (b"A" * 43 + b"=", 400)]
)
def test_checksum_behind_a_framed_body_is_verified(
    shared: Store, signed: str, checksum: bytes, status: int
) -> None:
    key = f"framed/{status}/{len(signed)}"
    body = aws_chunked(BODY, f"x-amz-checksum-sha256:{checksum.decode()}", signed)

    answered, said = put_by_hand(
        shared,
        key,
        body,
        content_encoding="aws-chunked",
        x_amz_trailer="x-amz-checksum-sha256",
        x_amz_decoded_content_length=str(len(BODY)),
        x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        x_amz_sdk_checksum_algorithm="SHA256",
    )

    assert answered == status, said
    assert (b"BadDigest" in said) == (status == 400)
    assert [shared.body(one) for one in shared.listing() if one == key] == ([BODY] if status == 200 else [])


@pytest.mark.parametrize(
    "body", [b"", b"zz\r\n", b"5\r\nabc", b"5\r\nabcdeXX0\r\n\r\n", aws_chunked(BODY[:-1], "")]
)
def test_frames_that_are_none_are_refused(shared: Store, body: bytes) -> None:
    status, answer = put_by_hand(
        shared,
        "frames",
        body,
        content_encoding="aws-chunked",
        x_amz_decoded_content_length=str(len(BODY)),
    )

    assert (status, b"IncompleteBody" in answer) == (400, True)


def test_body_that_is_cut_short_is_not_stored(store: Store) -> None:
    with socket.create_connection(("127.0.0.1", store.port)) as client:
        head = f"PUT /{BUCKET}/cut HTTP/1.1\r\nHost: s3\r\nContent-Length: 1000\r\n\r\n"
        client.sendall(head.encode() + b"x" * 500)
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(100)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert store.listing() == []
    assert store.answers("PutObject") == {"400 IncompleteBody": 1}


def test_wrong_checksum_of_a_part_is_refused(shared: Store) -> None:
    upload = shared.client.create_multipart_upload(Bucket=BUCKET, Key="parts", ChecksumAlgorithm="SHA256")
    part: Any = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload["UploadId"], "PartNumber": 1}

    with pytest.raises(ClientError) as refusal:
        shared.client.upload_part(**part, Body=BODY, ChecksumSHA256="A" * 43 + "=")

    assert code_of(refusal) == ("BadDigest", 400)


def upload_in_parts(store: Store, key: str, body: bytes, **condition: str) -> None:
    """A multipart upload by plain boto3, of one part."""
    target: Any = {"Bucket": BUCKET, "Key": key}
    target["UploadId"] = store.client.create_multipart_upload(**target)["UploadId"]
    part = store.client.upload_part(**target, PartNumber=1, Body=body)
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    store.client.complete_multipart_upload(**target, MultipartUpload={"Parts": parts}, **condition)


def test_condition_holds_for_completing_an_upload_too(store: Store) -> None:
    store.client.put_object(Bucket=BUCKET, Key="there", Body=b"first")

    with pytest.raises(ClientError) as refusal:
        upload_in_parts(store, "there", b"second", IfNoneMatch="*")

    assert code_of(refusal) == ("PreconditionFailed", 412)
    assert store.body("there") == b"first"
    upload_in_parts(store, "not there", b"second", IfNoneMatch="*")
    assert store.body("not there") == b"second"
    assert store.counts()["objects_overwritten"] == 0


def test_of_many_conditional_puts_at_once_exactly_one_succeeds(store: Store) -> None:
    keys, writers = 40, 8
    barrier = threading.Barrier(writers)
    won: list[tuple[int, str]] = []

    def write(writer: int) -> None:
        client = plain_client(store.url)
        for number in range(keys):
            barrier.wait()
            try:
                client.put_object(Bucket=BUCKET, Key=f"k{number}", Body=bytes([writer]), IfNoneMatch="*")
            except ClientError as refusal:
                assert refusal.response["Error"]["Code"] == "PreconditionFailed"  # noqa: PT017  of a thread
            else:
                won.append((number, bytes([writer]).hex()))
        client.close()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(number for number, _ in won) == list(range(keys))
    assert all(store.body(f"k{number}").hex() == writer for number, writer in won)
    counts = store.counts()
    assert counts["answers"]["PutObject"] == {
        "200": keys,
        "412 PreconditionFailed": keys * (writers - 1),
    }
    assert (counts["objects_created"], counts["objects_overwritten"]) == (keys, 0)


class SlowShelf:
    """Holds at most one object, and lets a second writer look for it before the first has written it.

    It is both what the gate asks and what stands behind the gate.
    """

    def __init__(self) -> None:
        self._looked = threading.Semaphore(0)
        self._is_there = False
        self.statuses: list[str] = []

    def has_object(self, _bucket: str, _key: str) -> bool:
        """Whether the object has been written."""
        self._looked.release()
        return self._is_there

    def has_upload(self, _bucket: str, _upload_id: str) -> bool:
        """There is none."""
        return False

    def __call__(self, _environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Write the object once two have looked for it, or when it is clear that nobody else can."""
        self._looked.acquire()
        self._looked.acquire(timeout=0.3)
        self._is_there = True
        start_response("200 OK", [])
        return []

    def note(self, status: str, _headers: Any) -> None:
        """What a client is answered."""
        self.statuses.append(status[:3])


def test_looking_and_writing_are_one_step() -> None:
    shelf = SlowShelf()
    gate = Gate(shelf, shelf)
    request = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/b/k", "HTTP_IF_NONE_MATCH": "*", "CONTENT_LENGTH": "1"}
    writers = [
        threading.Thread(target=gate, args=({**request, "wsgi.input": io.BytesIO(b"x")}, shelf.note))
        for _ in range(2)
    ]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert sorted(shelf.statuses) == ["200", "412"]


def test_overwritten_objects_are_counted_and_named(store: Store) -> None:
    for key in ("a", "b", "b"):
        store.client.put_object(Bucket=BUCKET, Key=key, Body=BODY)
    store.client.copy_object(Bucket=BUCKET, Key="a", CopySource=f"{BUCKET}/b")
    upload_in_parts(store, "a", b"again")
    store.client.delete_object(Bucket=BUCKET, Key="b")
    store.client.put_object(Bucket=BUCKET, Key="b", Body=BODY)

    counts = store.counts()

    assert (counts["objects_created"], counts["objects_overwritten"]) == (3, 3)
    assert counts["overwritten_keys"] == ["b", "a", "a"]
    assert counts["answers"]["CopyObject"] == {"200": 1}
    assert counts["answers"]["CompleteMultipartUpload"] == {"200": 1}


def test_answers_are_counted_by_what_was_asked_and_said(store: Store) -> None:
    store.client.create_bucket(
        Bucket="another", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
    )
    for bucket in ("another", "no-such-bucket"):
        with pytest.raises(ClientError):
            store.client.put_object(Bucket=bucket, Key="k", Body=BODY, ContentMD5="AAAA")
    with pytest.raises(ClientError):
        store.client.put_object(Bucket="no-such-bucket", Key="k", Body=BODY)

    answers = store.counts()["answers"]

    assert answers["CreateBucket"] == {"200": 1}
    assert answers["PutObject"] == {"400 InvalidDigest": 2, "404 NoSuchBucket": 1}


def test_large_body_is_awaited_without_a_second_lost(store: Store) -> None:
    with socket.create_connection(("127.0.0.1", store.port)) as client:
        head = (
            f"PUT /{BUCKET}/big HTTP/1.1\r\nHost: s3\r\nExpect: 100-continue\r\nContent-Length: {MIB}\r\n\r\n"
        )
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(bytes(MIB))
        assert b" 200 OK\r\n" in client.makefile("rb").read()


def test_token_that_has_expired_is_refused_before_anything_is_looked_at(store: Store) -> None:
    store.refuse_tokens(["old"])

    status, answer = put_by_hand(store, "k", BODY, **{TOKEN_HEADER: "old"}, content_md5="AAAA")
    assert (status, b"<Code>ExpiredToken</Code>" in answer) == (400, True)
    assert put_by_hand(store, "k", BODY, **{TOKEN_HEADER: "new"})[0] == 200
    assert store.answers("PutObject") == {"400 ExpiredToken": 1, "200": 1}
