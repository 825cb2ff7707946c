from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError, SSLError
from botocore.parsers import ResponseParserError

from edge_common.errors import EdgeError, PermanentError, RefusedError, TransientError
from edge_common.s3.answers import ANSWERS, Meaning
from edge_common.s3.failures import AlreadyThereError, CredentialsRefusedError
from edge_common.s3.translation import translate

SECRETS = ("ASIA0123456789", "wJalrXUtnFEMI", "FwoGZXIvYXdzE")


def translated(code: str, status: int, message: str = "As it is.", **headers: str) -> EdgeError:
    """What becomes of S3's answer."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers},
    }
    return translate(ClientError(response, "PutObject"), "put_object s3://b/k", SECRETS)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("SlowDown", 503, TransientError),
        ("InternalError", 500, TransientError),
        ("RequestTimeout", 400, TransientError),
        ("RequestTimeTooSkewed", 403, TransientError),
        ("BadDigest", 400, TransientError),
        ("XAmzContentChecksumMismatch", 400, TransientError),
        ("ConditionalRequestConflict", 409, TransientError),
        ("OperationAborted", 409, TransientError),
        ("ExpiredToken", 400, CredentialsRefusedError),
        ("InvalidAccessKeyId", 403, CredentialsRefusedError),
        ("NoSuchBucket", 404, RefusedError),
        ("AccessDenied", 403, RefusedError),
        ("PermanentRedirect", 301, RefusedError),
        ("EntityTooLarge", 400, PermanentError),
        # Of the bucket or of ours, never of the object: nothing is given up for it.
        ("InvalidRequest", 400, RefusedError),
        ("InvalidArgument", 400, RefusedError),
        ("MalformedXML", 400, RefusedError),
        ("KeyTooLongError", 400, RefusedError),
        ("PreconditionFailed", 412, AlreadyThereError),
        ("BucketAlreadyOwnedByYou", 409, AlreadyThereError),
        # What no list knows: kept, whatever it is.
        ("BrandNewCode", 400, RefusedError),
        ("BrandNewCode", 599, TransientError),
        ("403", 403, RefusedError),
        ("429", 429, TransientError),
        ("", 0, RefusedError),
    ],
)
def test_each_answer_asks_for_one_thing(code: str, status: int, kind: type[EdgeError]) -> None:
    assert type(translated(code, status)) is kind


def test_person_is_told_what_where_why_and_what_to_do() -> None:
    error = translated("NoSuchBucket", 404, "The specified bucket does not exist")

    assert error.reason == (
        "put_object s3://b/k: S3 says NoSuchBucket: The specified bucket does not exist. "
        "Make it, or correct the setting `bucket`."
    )
    assert isinstance(error, RefusedError)
    assert error.code == "no_such_bucket"


def test_an_object_is_given_up_only_for_its_size() -> None:
    given_up = {answer.code for answer in ANSWERS.values() if answer.meaning is Meaning.WRONG_OBJECT}

    assert given_up == {"too_large"}


def test_every_answer_that_asks_a_person_to_act_says_how() -> None:
    mute = [
        code for code, answer in ANSWERS.items() if answer.meaning is Meaning.REFUSED and not answer.advice
    ]

    assert mute == []


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7.0), ("0", 0.0), ("", None), ("-1", None), ("soon", None)]
)
def test_retry_after_is_handed_on_in_seconds(said: str, seconds: float | None) -> None:
    error = translated("SlowDown", 503, **{"retry-after": said})

    assert isinstance(error, TransientError)
    assert error.retry_after_s == seconds


def test_no_credential_is_shown_even_when_s3_repeats_it() -> None:
    error = translated(
        "BrandNewCode", 403, f"The key {SECRETS[0]} with {SECRETS[1]} and {SECRETS[2]} is odd."
    )

    assert not any(secret in error.reason for secret in SECRETS)
    assert "The key *** with *** and *** is odd." in error.reason


def test_answer_of_any_length_is_cut() -> None:
    assert len(translated("BrandNewCode", 403, "x" * 100_000).reason) < 500


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectTimeoutError(endpoint_url="https://s3"), TransientError),
        (SSLError(endpoint_url="https://s3", error="certificate is not yet valid"), TransientError),
        (ResponseParserError("not XML"), TransientError),
        (ParamValidationError(report="Invalid length"), RefusedError),
    ],
)
def test_no_answer_at_all_is_tried_again_and_a_wrong_request_is_said(
    error: Exception, kind: type[EdgeError]
) -> None:
    assert type(translate(error, "put_object s3://b/k", SECRETS)) is kind
