"""The SDK's errors translated into the tree of `edge_common.errors`, with what to do about them.

Pure functions; any thread. No error shows a credential.
"""

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, SSLError
from botocore.parsers import ResponseParserError

from edge_common.errors import EdgeError, PermanentError, RefusedError, TransientError
from edge_common.s3.answers import Answer, Meaning, answer_of
from edge_common.s3.failures import AlreadyThereError, CredentialsRefusedError, UploadLostError

# What the SDK raises when it is called rightly; everything else is a defect and must be seen.
SDK_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
# S3 API Reference, "List of error codes": what If-None-Match: * is answered with, and CreateBucket.
_ALREADY_THERE = {"PreconditionFailed", "BucketAlreadyOwnedByYou"}
_SHOWN = 300


def translate(error: Exception, asked: str, secrets: Iterable[str]) -> EdgeError:
    """One of ours for one of the SDK's.

    Args:
        error: One of `SDK_ERRORS`.
        asked: What was asked of S3, such as `PutObject "a/b.json" in "bucket"`.
        secrets: What must not be shown.
    """
    if isinstance(error, ClientError):
        return _answered(error.response, asked, secrets)
    said = _shown(str(error), secrets)
    if isinstance(error, ParamValidationError):  # whatever is wrong there is not in the object's bytes
        reason = f"{asked}: the SDK does not take the request: {said}. Look at the bucket and the prefix."
        return RefusedError(reason, code="invalid_request")
    if isinstance(error, SSLError):
        reason = (
            f"{asked}: no answer from S3 ({said}). Look at this device's clock and certificates. Tried again."
        )
        return TransientError(reason, code="tls")
    return TransientError(f"{asked}: no answer from S3 ({said}). Tried again.", code="no_answer")


def _answered(response: dict[str, Any], asked: str, secrets: Iterable[str]) -> EdgeError:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    text = _shown(str(response.get("Error", {}).get("Message", "")), secrets)
    said = f"{asked}: S3 says {code or status}: {text}".removesuffix(".")
    if code in _ALREADY_THERE:
        return AlreadyThereError(f"{said}.")
    answer = answer_of(code, status)
    reason = f"{said}. {answer.advice}".rstrip()
    return _by_meaning(answer, reason, _retry_after_s(response))


def _by_meaning(answer: Answer, reason: str, retry_after_s: float | None) -> EdgeError:
    match answer.meaning:
        case Meaning.CREDENTIALS:
            return CredentialsRefusedError(reason, retry_after_s=retry_after_s, code=answer.code)
        case Meaning.REFUSED:
            return RefusedError(reason, code=answer.code, retry_after_s=retry_after_s)
        case Meaning.WRONG_OBJECT:
            return PermanentError(reason, code=answer.code)
        case Meaning.PASSES if answer.code in {"no_such_upload", "invalid_part"}:
            return UploadLostError(reason, code=answer.code)
        case Meaning.PASSES:
            return TransientError(reason, retry_after_s=retry_after_s, code=answer.code)


def _retry_after_s(response: dict[str, Any]) -> float | None:
    """What the answer's Retry-After says in seconds (RFC 9110, 10.2.3); a date says nothing here."""
    said = response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    return float(said) if said.isascii() and said.isdigit() else None


def _shown(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text[:_SHOWN]
