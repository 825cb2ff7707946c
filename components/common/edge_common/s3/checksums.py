"""SHA-256 as S3 writes it, and its confirmation that it has the very bytes. Pure."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from edge_common.errors import TransientError


def base64_sha256(body: bytes) -> str:
    """The value of x-amz-checksum-sha256 for `body`."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def confirm(answer: Mapping[str, Any], checksum: str, target: Mapping[str, str]) -> None:
    """Make sure that an answer comes from a store that has taken these bytes.

    S3 answers with an ETag and with the checksum that it has verified; something on the way that says
    "200 OK" to everything does neither.

    Args:
        answer: To a request that has sent `checksum`.
        checksum: What was sent.
        target: `Bucket` and `Key`.

    Raises:
        TransientError: It does not confirm them.
    """
    if not answer.get("ETag") or answer.get("ChecksumSHA256", checksum) != checksum:
        raise TransientError(
            f"s3://{target['Bucket']}/{target['Key']}: the answer does not confirm what was sent: it is not "
            "S3's, or the bytes have changed on the way. Sent again."
        )
