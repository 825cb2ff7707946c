"""One file on its way to S3 in parts: what has arrived stays there when a part fails, and is not sent again.

Owns an upload from its first request to its end; one thread at a time. It ends in one of three ways: put
together, aborted, or left behind: when the process dies or is told to stop in the middle, or S3 does not
answer the abort. The bucket's lifecycle rule removes what is left behind
(AbortIncompleteMultipartUpload); nobody can read it.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_common.errors import PermanentError
from edge_common.files import disk_errors
from edge_common.s3.checksums import base64_sha256, confirm, named

if TYPE_CHECKING:  # for it imports the SDK, which is not loaded before it is needed
    from edge_common.s3.requests import Requests

# Amazon S3 User Guide, "Amazon S3 multipart upload limits".
MIN_PART_BYTES = 5 * 1024 * 1024
_MAX_PARTS = 10_000
_MAX_OBJECT_BYTES = 5 * 1024**4  # what older stores take, too

OnProgress = Callable[[int, int], None]


class Upload:
    """One multipart upload; made by `begin`, then `send` until it returns or `abort`.

    Args:
        requests: Where requests are made.
        target: `Bucket` and `Key`.
        upload_id: As S3 named it.
        size_bytes: Of the file.
        part_bytes: Of each part but the last.

    Attributes:
        size_bytes: Of the file.
    """

    def __init__(
        self, requests: "Requests", target: dict[str, str], upload_id: str, size_bytes: int, part_bytes: int
    ) -> None:
        self._requests = requests
        self._target = {**target, "UploadId": upload_id}
        self._part_bytes = part_bytes
        self._parts: list[dict[str, Any]] = []
        self._digest = hashlib.sha256()
        self.size_bytes = size_bytes

    @classmethod
    def begin(
        cls, requests: "Requests", target: dict[str, str], content_type: str, size_bytes: int, part_bytes: int
    ) -> "Upload":
        """Begin an upload.

        Args:
            requests: Where requests are made.
            target: `Bucket` and `Key`.
            content_type: Of the object.
            size_bytes: Of the file.
            part_bytes: Of each part but the last; larger when the file would have more than 10,000.

        Raises:
            EdgeError: As any request.
        """
        if size_bytes > _MAX_OBJECT_BYTES:
            raise PermanentError(
                f"s3://{target['Bucket']}/{target['Key']}: {size_bytes} bytes are more than S3 takes in one "
                f"object ({_MAX_OBJECT_BYTES}). Split the file.",
                code="too_large",
            )
        answer = requests.ask(
            "create_multipart_upload", **target, ContentType=content_type, ChecksumAlgorithm="SHA256"
        )
        fitting_bytes = max(part_bytes, MIN_PART_BYTES, -(-size_bytes // _MAX_PARTS))
        return cls(requests, target, named(answer, "UploadId", target), size_bytes, fitting_bytes)

    def send(self, path: Path, sha256_hex: str, on_progress: OnProgress | None) -> None:
        """Send what is not there yet, and put the object together.

        Args:
            path: The file; the same at every call.
            sha256_hex: What it must still hold.
            on_progress: Told after each part of the bytes that are there, and of all.

        Raises:
            AlreadyThereError: There is an object under this key.
            TransientError: Call it again later, unless it is an `UploadLostError`.
            PermanentError: The file does not hold any more what was hashed (code "file_changed"), or S3 does
                not take it.
        """
        while (there_bytes := len(self._parts) * self._part_bytes) < self.size_bytes:
            self._send_part(path, there_bytes)
            if on_progress is not None:
                on_progress(min(there_bytes + self._part_bytes, self.size_bytes), self.size_bytes)
        if self._digest.hexdigest() != sha256_hex:
            raise file_changed(path)
        answer = self._requests.ask(
            "complete_multipart_upload",
            **self._target,
            MultipartUpload={"Parts": self._parts},
            IfNoneMatch="*",
        )
        named(answer, "ETag", self._target)

    def abort(self) -> None:
        """Let S3 forget the parts.

        Raises:
            EdgeError: As any request; the bucket's lifecycle rule will do it.
        """
        self._requests.ask("abort_multipart_upload", **self._target)

    def _send_part(self, path: Path, offset: int) -> None:
        with disk_errors("read", path), path.open("rb") as file:
            file.seek(offset)
            body = file.read(self._part_bytes)
        checksum = base64_sha256(body)
        number = len(self._parts) + 1
        answer = self._requests.ask(
            "upload_part", **self._target, PartNumber=number, Body=body, ChecksumSHA256=checksum
        )
        confirm(answer, checksum, self._target)
        self._digest.update(body)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})


def file_changed(path: Path) -> PermanentError:
    """The error for a file that holds something else than what was hashed."""
    return PermanentError(
        f"{path} has changed since it was hashed, so it is not what this key stands for. Hash it again.",
        code="file_changed",
    )
