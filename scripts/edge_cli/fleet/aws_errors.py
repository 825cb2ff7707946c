"""What AWS and the SDK say when a call fails -> one sentence that names what to do. Pure; no I/O.

No sentence repeats credentials: neither the SDK nor AWS puts any into an error; addresses lose theirs here.
"""

import re

# The actions of S3 are not named like its operations (Service Authorization Reference, "Amazon S3").
_S3_ACTIONS = {"HeadBucket": "s3:ListBucket", "HeadObject": "s3:GetObject"}
_ACTION_PREFIX = {
    "cloudformation": "cloudformation",
    "greengrassv2": "greengrass",
    "iot": "iot",
    "s3": "s3",
    "sts": "sts",
}
_NAMED_ACTION = re.compile(r"not authorized to perform: ([a-zA-Z0-9-]+:[a-zA-Z]+)(?: on resource: (\S+))?")
_WITH_PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")

# Codes of the services' models and of "Common Errors" in their API references; S3's HEAD has the status only.
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedException", "403"})
ABSENT = frozenset({"ResourceNotFoundException", "NoSuchBucket", "NoSuchKey", "404"})
THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "SlowDown"})
# The SDK's words (botocore.exceptions) for a network that is not there.
_UNREACHABLE = frozenset(
    {"EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError"}
)
_OWN_FAULTS = frozenset(
    {
        "InternalFailure",
        "InternalFailureException",
        "InternalServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
PASSING = THROTTLED | _UNREACHABLE | _OWN_FAULTS
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_UNKNOWN_KEY = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)
_CLOCK = frozenset({"RequestTimeTooSkewed", "InvalidSignatureException", "RequestExpired"})


def action(service: str, operation: str) -> str:
    """The IAM action that an operation needs.

    >>> action("greengrassv2", "CreateDeployment"), action("s3", "HeadObject")
    ('greengrass:CreateDeployment', 's3:GetObject')
    """
    return _S3_ACTIONS.get(operation) or f"{_ACTION_PREFIX[service]}:{operation}"


def answered(service: str, operation: str, code: str, message: str, who: str) -> str:
    """AWS has answered with an error.

    Args:
        service: In boto3's words.
        operation: Of it, as the API has it.
        code: Error code.
        message: What AWS says of it.
        who: ARN of the caller; empty where it is not known yet.
    """
    if code in DENIED:
        named = _NAMED_ACTION.search(message)
        # Greengrass often says "not authorized to perform: null".
        needed, resource = (named[1], named[2]) if named else (action(service, operation), None)
        on = f" on {resource}" if resource else ""
        return (
            f"Access denied: {who or 'the caller'} may not do {needed}{on}. "
            f"Allow {needed} in a policy of that user or role."
        )
    if code in THROTTLED:
        return (
            f"AWS limits how often {action(service, operation)} may be called and has refused it again and "
            "again. Try once more in a minute; what was done is not done twice."
        )
    if code in _EXPIRED:
        return "The AWS credentials have expired. Renew them (aws sso login, or new keys) and try again."
    if code in _UNKNOWN_KEY:
        return (
            f"AWS does not know these credentials ({code}). `aws sts get-caller-identity` must work: "
            "look at AWS_PROFILE and ~/.aws/credentials."
        )
    if code in _CLOCK:
        return f"AWS refuses the signature ({code}): is this machine's clock right? Compare it: date -u"
    return f"AWS refuses {action(service, operation)}: {_one_line(message)} ({code})."


def unanswered(service: str, operation: str, kind: str, message: str, region: str) -> str:
    """The SDK could not even ask, or got no answer.

    Args:
        service: In boto3's words.
        operation: Of it; empty while the client is made.
        kind: Class of the SDK's exception (botocore.exceptions).
        message: What it says.
        region: Which one was asked; empty where there is none.
    """
    said = _one_line(message)
    if kind in {"NoCredentialsError", "CredentialRetrievalError", "PartialCredentialsError"}:
        return (
            "There are no complete AWS credentials here. Run `aws configure` or `aws sso login`, or set "
            f"AWS_PROFILE ({said})."
        )
    if kind in {"ProfileNotFound", "ConfigParseError", "ConfigNotFound"}:
        return f"The AWS configuration cannot be used: {said}. Look at AWS_PROFILE and ~/.aws/config."
    if "SSO" in kind or kind in {"TokenRetrievalError", "LoginRefreshRequired"}:
        return f"The AWS sign-in is over: {said}. Run: aws sso login"
    if kind in {"NoRegionError", "InvalidRegionError"}:
        return (
            f"There is no usable AWS region: {_ended(said)} Name one: --region ap-northeast-2, or set "
            "AWS_REGION."
        )
    if kind in _UNREACHABLE:
        return (
            f"AWS does not answer in region '{region}': {_ended(said)} Is the network there, and is that a "
            "region that has AWS IoT Greengrass? Name another one: --region"
        )
    what = action(service, operation) if operation else service
    return f"{what} could not be asked of AWS in region '{region}': {said} ({kind})."


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _one_line(message: str) -> str:
    return " ".join(_WITH_PASSWORD.sub("", message).split())
