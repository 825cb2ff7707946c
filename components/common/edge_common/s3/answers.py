"""What each error code of S3 means for who sends: try again, get new credentials, tell a person, give it up.

Pure data; any thread. Source of every code, unless another is named: Amazon S3 API Reference, "Error
responses", "List of error codes". A code that is not here is judged by its HTTP status: 5xx, 408 and 429
pass, everything else is refused, for what is refused is kept; nothing is given up that we do not understand.
"""

from dataclasses import dataclass
from enum import Enum


class Meaning(Enum):
    """What an answer asks of the sender."""

    PASSES = "the same request may succeed later"
    CREDENTIALS = "the same request may succeed with new credentials"
    REFUSED = "a person must act, in the cloud or in the configuration"
    WRONG_OBJECT = "this object is never taken"


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of the table.

    Attributes:
        meaning: What it asks of the sender.
        code: Our fixed word, for logs and counters.
        advice: What a person can do; empty where nothing needs to be done.
    """

    meaning: Meaning
    code: str
    advice: str = ""


_BUCKET = "Make it, or correct the setting `bucket`."
_ROLE = "Let the token exchange role put objects below this prefix of this bucket."
_KEYS = "Look at the role that the core's credentials come from."
_REGION = "Set the bucket's own region."
_ACCOUNT = "Look at the AWS account."
_KMS = "Let the token exchange role use the bucket's key, or look at that key."
_CLOCK = "Look at this device's clock."
_SMALLER = "Send less in one object."
_REQUEST = "Look at the bucket's settings: object lock, encryption, policy, kind."
_PREFIX = "Shorten or correct the prefix of the keys."

ANSWERS = {
    # Passes by itself.
    "InternalError": Answer(Meaning.PASSES, "internal_error"),
    "ServiceUnavailable": Answer(Meaning.PASSES, "unavailable"),
    "SlowDown": Answer(Meaning.PASSES, "slow_down"),
    "RequestTimeout": Answer(Meaning.PASSES, "request_timeout"),
    "OperationAborted": Answer(Meaning.PASSES, "operation_aborted"),
    # Amazon S3 User Guide, "Conditional writes": a delete came between; upload again.
    "ConditionalRequestConflict": Answer(Meaning.PASSES, "conditional_conflict"),
    "RequestTimeTooSkewed": Answer(Meaning.PASSES, "clock_skew", _CLOCK),
    "RequestExpired": Answer(Meaning.PASSES, "clock_skew", _CLOCK),
    # Bytes have changed on the way: they are sent again.
    "BadDigest": Answer(Meaning.PASSES, "bad_digest"),
    "XAmzContentChecksumMismatch": Answer(Meaning.PASSES, "bad_digest"),
    "XAmzContentSHA256Mismatch": Answer(Meaning.PASSES, "bad_digest"),
    "IncompleteBody": Answer(Meaning.PASSES, "incomplete_body"),
    # The parts of an upload are gone or not as sent: it begins anew.
    "NoSuchUpload": Answer(Meaning.PASSES, "no_such_upload"),
    "InvalidPart": Answer(Meaning.PASSES, "invalid_part"),
    # Passes with new credentials.
    "ExpiredToken": Answer(Meaning.CREDENTIALS, "expired_token"),
    "TokenRefreshRequired": Answer(Meaning.CREDENTIALS, "expired_token"),
    "InvalidToken": Answer(Meaning.CREDENTIALS, "invalid_token", _KEYS),
    "InvalidAccessKeyId": Answer(Meaning.CREDENTIALS, "invalid_access_key", _KEYS),
    # A person must act.
    "NoSuchBucket": Answer(Meaning.REFUSED, "no_such_bucket", _BUCKET),
    "InvalidBucketName": Answer(Meaning.REFUSED, "invalid_bucket", _BUCKET),
    "BucketAlreadyExists": Answer(Meaning.REFUSED, "bucket_taken", "Somebody else has it: name another."),
    "InvalidBucketState": Answer(Meaning.REFUSED, "bucket_state", _BUCKET),
    "TooManyBuckets": Answer(Meaning.REFUSED, "too_many_buckets", _ACCOUNT),
    "AccessDenied": Answer(Meaning.REFUSED, "access_denied", _ROLE),
    "AllAccessDisabled": Answer(Meaning.REFUSED, "access_denied", _ACCOUNT),
    "AccountProblem": Answer(Meaning.REFUSED, "account", _ACCOUNT),
    "NotSignedUp": Answer(Meaning.REFUSED, "account", _ACCOUNT),
    "InvalidSecurity": Answer(Meaning.REFUSED, "credentials", _KEYS),
    "SignatureDoesNotMatch": Answer(Meaning.REFUSED, "signature", _KEYS),
    "PermanentRedirect": Answer(Meaning.REFUSED, "wrong_region", _REGION),
    "AuthorizationHeaderMalformed": Answer(Meaning.REFUSED, "wrong_region", _REGION),
    "IllegalLocationConstraintException": Answer(Meaning.REFUSED, "wrong_region", _REGION),
    "InvalidLocationConstraint": Answer(Meaning.REFUSED, "wrong_region", _REGION),
    "KMS.DisabledException": Answer(Meaning.REFUSED, "kms", _KMS),
    "KMS.InvalidStateException": Answer(Meaning.REFUSED, "kms", _KMS),
    "KMS.NotFoundException": Answer(Meaning.REFUSED, "kms", _KMS),
    "NotImplemented": Answer(Meaning.REFUSED, "not_implemented", "This store lacks what S3 has: use S3."),
    # What is wrong here is not in the object's bytes: a bucket with settings of its own (a lock, a key, a new
    # kind), a prefix, a bug of ours. To give objects up for that would empty a backlog in a minute.
    "EntityTooSmall": Answer(Meaning.REFUSED, "part_too_small", _REQUEST),
    "InvalidArgument": Answer(Meaning.REFUSED, "invalid_argument", _REQUEST),
    "InvalidDigest": Answer(Meaning.REFUSED, "invalid_digest", _REQUEST),
    "InvalidPartOrder": Answer(Meaning.REFUSED, "invalid_request", _REQUEST),
    "InvalidRequest": Answer(Meaning.REFUSED, "invalid_request", _REQUEST),
    "InvalidURI": Answer(Meaning.REFUSED, "invalid_key", _PREFIX),
    "KeyTooLongError": Answer(Meaning.REFUSED, "invalid_key", _PREFIX),
    "MalformedXML": Answer(Meaning.REFUSED, "invalid_request", _REQUEST),
    "MetadataTooLarge": Answer(Meaning.REFUSED, "invalid_request", _REQUEST),
    "RequestHeaderSectionTooLarge": Answer(Meaning.REFUSED, "invalid_key", _PREFIX),
    # This object is never taken.
    "EntityTooLarge": Answer(Meaning.WRONG_OBJECT, "too_large", _SMALLER),
}
_TOO_EARLY_OR_MANY = {408, 429}


def answer_of(code: str, status: int) -> Answer:
    """What an error means.

    Args:
        code: As S3 says it; a number, or nothing, when something between us and S3 has answered.
        status: Of HTTP.
    """
    known = ANSWERS.get(code)
    if known is not None:
        return known
    if status >= 500 or status in _TOO_EARLY_OR_MANY:  # noqa: PLR2004  the servers' own errors, RFC 9110
        return Answer(Meaning.PASSES, "unavailable")
    return Answer(Meaning.REFUSED, "refused", "Look the code up in the S3 API Reference.")
