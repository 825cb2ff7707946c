"""Where everything goes: one bucket, made when it is not there and the settings say so.

Keeps nothing in mind. Used by the delivery thread and those of the folders at once.
"""

from collections.abc import Callable
from pathlib import Path

from edge_common.errors import RefusedError
from edge_common.s3 import OnProgress, Placed, S3Gateway

_MISSING = "no_such_bucket"  # the gateway's word


class Destination:
    """The bucket of the settings.

    Args:
        gateway: To S3; opened and closed by others.
        bucket: The gateway's.
        create_bucket: Whether the bucket may be made when it is not there.

    Attributes:
        bucket: Its name.
    """

    def __init__(self, gateway: S3Gateway, bucket: str, *, create_bucket: bool) -> None:
        self._gateway = gateway
        self.bucket = bucket
        self._create_bucket = create_bucket

    def put(self, key: str, body: bytes, *, content_type: str) -> Placed:
        """Put an object in one piece; see `S3Gateway.put_once`."""
        return self._in_bucket(lambda: self._gateway.put_once(key, body, content_type=content_type))

    def put_file(
        self, key: str, path: Path, sha256: str, *, content_type: str, on_progress: OnProgress
    ) -> Placed:
        """Put a file, in parts when it is large; see `S3Gateway.put_file_once`."""
        return self._in_bucket(
            lambda: self._gateway.put_file_once(
                key, path, sha256, content_type=content_type, on_progress=on_progress
            )
        )

    def _in_bucket(self, put: Callable[[], Placed]) -> Placed:
        """Put; only where there is no bucket, and one may be made, that is done first."""
        try:
            return put()
        except RefusedError as error:
            if error.code != _MISSING or not self._create_bucket:
                raise
        try:
            self._gateway.ensure_bucket()
        except RefusedError as error:
            advice = "Make it, or let the token exchange role do that (s3:CreateBucket)"
            raise RefusedError(
                f"there is no bucket {self.bucket}, and it cannot be made: {error.reason} {advice}.",
                code=error.code,
            ) from error
        return put()
