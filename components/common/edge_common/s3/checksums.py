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
    named(answer, "ETag", target)
    if answer.get("ChecksumSHA256", checksum) != checksum:
        raise _not_confirmed(target)


def named(answer: Mapping[str, Any], field: str, target: Mapping[str, str]) -> str:
    """What a store that did as it was asked says under `field`.

    Args:
        answer: Of whoever has answered.
        field: Such as "ETag", which only an object or a part that is stored has.
        target: `Bucket` and `Key`.

    Raises:
        TransientError: Nothing: it is not S3 that has answered.
    """
    said = str(answer.get(field) or "")
    if not said:
        raise _not_confirmed(target)
    return said


def _not_confirmed(target: Mapping[str, str]) -> TransientError:
    return TransientError(
        f"s3://{target['Bucket']}/{target['Key']}: the answer does not confirm what was sent: it is not "
        "S3's, or the bytes have changed on the way. Sent again.",
        code="not_confirmed",
    )
