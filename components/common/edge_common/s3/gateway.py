"""`S3Gateway`: what a component knows of S3. The work is done in `requests` and `multipart`."""

import os
import threading
from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge_common.clock import Clock
from edge_common.errors import EdgeError, TransientError
from edge_common.files import disk_errors
from edge_common.metrics import Metrics
from edge_common.s3.checksums import base64_sha256, confirm
from edge_common.s3.endpoint import checked_place
from edge_common.s3.failures import AlreadyThereError, UploadLostError
from edge_common.s3.keys import check_key, digest_mark
from edge_common.s3.multipart import OnProgress, Upload, file_changed
from edge_common.s3.timing import Timeouts
from edge_common.s3.unfinished import UnfinishedUploads

if TYPE_CHECKING:  # for it imports the SDK
    from edge_common.s3.requests import Requests

PART_BYTES = 8 * 1024 * 1024  # one request, and the most that a cut connection costs


class Placed(Enum):
    """How an object came to be under its key; both are success."""

    NEW = "new"
    ALREADY_THERE = "already_there"  # an earlier try has put it, whose answer was lost


class S3Gateway:
    """One bucket of S3, for objects whose key tells what they hold, each put once.

    Constructing opens nothing and takes no time; the first request loads the SDK (0.5 s, 45 MB). May be used
    by any thread. A context manager; `close` is enough as well. Nothing is retried here, but for one more try
    with new credentials when S3 refuses the old ones: whoever calls owns trying again.

    If the process dies in a call, the object is there whole or not at all; the same call again is right in
    both cases.

    Args:
        bucket: Its name.
        region: The bucket's; None takes the core's, from the environment.
        clock: Measures how often credentials are asked for.
        metrics: Gets `s3_requests`, `s3_objects_placed`, `s3_objects_already_there`, `s3_bytes_placed`,
            `s3_uploads_left_behind`, `s3_credentials_fetched` and `s3_credentials_refused`.
        stop: The component's stop event: once set, no call waits more than half a second.
        timeouts: Of each request.
        part_bytes: Files larger than this go in parts of this size; 5 MiB at least.
        environment: Where region, endpoint and token exchange are named; the process's own.

    Raises:
        ConfigError: A bucket's name that cannot be one, no region, or an endpoint without TLS that is not on
            this machine.
    """

    def __init__(  # noqa: PLR0913  all keyword-only but the place, most with a default that suits a component
        self,
        bucket: str,
        region: str | None = None,
        *,
        clock: Clock,
        metrics: Metrics,
        stop: threading.Event | None = None,
        timeouts: Timeouts | None = None,
        part_bytes: int = PART_BYTES,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._bucket = bucket
        self._place = checked_place(bucket, region, environment)
        self._environment = environment
        self._clock = clock
        self._metrics = metrics
        self._stop = stop or threading.Event()
        self._timeouts = timeouts or Timeouts()
        self._part_bytes = part_bytes
        self._lock = threading.Lock()
        self._opened: Requests | None = None
        self._unfinished = UnfinishedUploads(metrics.counter("s3_uploads_left_behind"), self._stop)
        self._placed = metrics.counter("s3_objects_placed")
        self._placed_bytes = metrics.counter("s3_bytes_placed")
        self._already_there = metrics.counter("s3_objects_already_there")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def put_once(self, key: str, body: bytes, *, content_type: str) -> Placed:
        """Put an object, unless there is one under its key already.

        Args:
            key: Holds the first 16 hex digits of the body's SHA-256, as `content_key` makes it: only so does
                an object that is there already prove that it is this one.
            body: Any size up to some MB; it is sent whole.
            content_type: Such as "application/json".

        Returns:
            `Placed.NEW`, or `ALREADY_THERE` when an earlier try has succeeded.

        Raises:
            TransientError: The same call may succeed later; a `RefusedError` when a person must act before.
            PermanentError: S3 never takes this object, or the key is none.
            ValueError: The key does not hold the body's hash.
        """
        digest = sha256(body)
        self._check(key, digest.hexdigest())
        target = self._target(key)
        checksum = base64_sha256(body)
        try:
            answer = self._requests().ask(
                "put_object",
                **target,
                Body=body,
                ContentType=content_type,
                ChecksumSHA256=checksum,
                IfNoneMatch="*",
            )
        except AlreadyThereError:
            return self._was_there()
        confirm(answer, checksum, target)
        return self._is_placed(len(body))

    def put_file_once(
        self,
        key: str,
        path: Path,
        sha256_hex: str,
        *,
        content_type: str,
        on_progress: OnProgress | None = None,
    ) -> Placed:
        """Put a file, in parts when it is large, unless there is an object under its key already.

        What has arrived when a part fails is kept for the same call to go on with, for some files at once;
        when the process ends it is left to the bucket's lifecycle rule, and the next process begins anew.

        Args:
            key: Holds the first 16 hex digits of the file's SHA-256, as `file_key` makes it.
            path: The file.
            sha256_hex: What the file must hold, 64 hex digits.
            content_type: Such as "image/jpeg".
            on_progress: Called in this thread with the bytes that are there, and with the file's size.

        Returns:
            `Placed.NEW`, or `ALREADY_THERE` when an earlier try has succeeded.

        Raises:
            TransientError: The same call may succeed later; a `RefusedError` when a person must act before.
            PermanentError: S3 never takes this object; the file cannot be read (code "disk") or does not
                hold any more what was hashed (code "file_changed").
            ValueError: The key does not hold the file's hash.
        """
        self._check(key, sha256_hex)
        with disk_errors("read", path):
            size_bytes = path.stat().st_size
            body = path.read_bytes() if size_bytes <= self._part_bytes else None
        if body is None:
            return self._put_in_parts(key, path, sha256_hex, content_type, on_progress)
        if sha256(body).hexdigest() != sha256_hex:
            raise file_changed(path)
        placed = self.put_once(key, body, content_type=content_type)
        if on_progress is not None:
            on_progress(size_bytes, size_bytes)
        return placed

    def ensure_bucket(self) -> None:
        """Make the bucket, unless it is ours already.

        Raises:
            EdgeError: `RefusedError` when it is somebody else's, or when making one is not granted.
        """
        # us-east-1 is named by saying nothing: S3 API Reference, CreateBucket, "LocationConstraint".
        place = (
            {}
            if self._place.region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": self._place.region}}
        )
        try:
            self._requests().ask("create_bucket", Bucket=self._bucket, **place)
        except AlreadyThereError:
            return

    def close(self) -> None:
        """Close idle connections, and abort the uploads that are unfinished unless told to stop.

        Those that are not aborted are counted and left to the bucket's lifecycle rule.
        """
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            self._unfinished.close()
            opened.close()

    def _put_in_parts(
        self, key: str, path: Path, sha256_hex: str, content_type: str, on_progress: OnProgress | None
    ) -> Placed:
        upload = self._unfinished.take(key)
        if upload is None:
            with disk_errors("read", path):
                size_bytes = path.stat().st_size
            upload = Upload.begin(
                self._requests(), self._target(key), content_type, size_bytes, self._part_bytes
            )
        try:
            upload.send(path, sha256_hex, on_progress)
        except AlreadyThereError:
            self._unfinished.give_up(upload)
            return self._was_there()
        except UploadLostError:
            raise  # there is nothing to go on with, and nothing to abort
        except TransientError:
            self._unfinished.keep(key, upload)
            raise
        except EdgeError:
            self._unfinished.give_up(upload)
            raise
        return self._is_placed(upload.size_bytes)

    def _requests(self) -> "Requests":
        with self._lock:
            if self._opened is None:
                # Here and not above: 0.4 s and 35 MB that a component which only checks its configuration, or
                # sends nothing to S3, does not pay.
                from edge_common.s3.requests import open_requests  # noqa: PLC0415

                self._opened = open_requests(
                    self._place,
                    environment=self._environment,
                    clock=self._clock,
                    metrics=self._metrics,
                    stop=self._stop,
                    timeouts=self._timeouts,
                )
            return self._opened

    def _check(self, key: str, sha256_hex: str) -> None:
        check_key(key)
        if digest_mark(sha256_hex) not in key:
            raise ValueError(
                f"{key!r} does not hold {digest_mark(sha256_hex)}, the hash of what it stands for"
            )

    def _target(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": key}

    def _is_placed(self, size_bytes: int) -> Placed:
        self._placed.add()
        self._placed_bytes.add(size_bytes)
        return Placed.NEW

    def _was_there(self) -> Placed:
        self._already_there.add()
        return Placed.ALREADY_THERE
