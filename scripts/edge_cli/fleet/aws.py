"""AWS as these commands see it: one caller, one region, calls that fail with one sentence.

The only user of boto3 and botocore in this package. Runs in the command's main thread. What AWS refuses for
a while (throttling, errors of its own, cut connections) the SDK asks again, with the same client token, so
that nothing is done twice.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from edge_cli.errors import CommandError
from edge_cli.fleet import aws_errors

_ATTEMPTS = 8  # with the SDK's back-off some 60 s: AWS's quotas are per second
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=60,
    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    # Uploads name their checksum; nothing else needs one.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


# How a service calls the mark of the next page; all others say `nextToken`.
_PAGE_MARKS = {"cloudformation": "NextToken"}


class AwsError(CommandError):
    """A call failed.

    Attributes:
        code: AWS's error code; empty when it did not answer.
        is_passing: AWS limits how often it is asked, has a fault of its own or is out of reach: later it may
            answer.
    """

    def __init__(self, sentence: str, code: str, *, is_passing: bool) -> None:
        super().__init__(sentence)
        self.code = code
        self.is_passing = is_passing

    @property
    def is_absent(self) -> bool:
        """What was asked for is not there."""
        return self.code in aws_errors.ABSENT


class Aws:
    """A context manager: the identity is checked on entering, connections are closed on leaving.

    Args:
        region: None means what the environment or the profile says, then `fallback_region`.
        fallback_region: None means none.

    Attributes:
        region: What everything is asked in.
        account: Twelve digits.
        partition: `aws`, `aws-cn` or `aws-us-gov`.
        caller: ARN of the caller.

    Raises:
        CommandError: On entering: no credentials, no region, or AWS does not take them.
    """

    def __init__(self, region: str | None, fallback_region: str | None = None) -> None:
        self._clients: dict[str, Any] = {}
        self.caller = self.region = ""
        try:
            self._session = boto3.session.Session(region_name=region)
            self.region = self._session.region_name or fallback_region or ""
        except BotoCoreError as error:
            raise self._unanswered("sts", "", error) from None

    def __enter__(self) -> Self:
        try:
            identity = self.call("sts", "get_caller_identity")
        except CommandError:
            self.__exit__(None, None, None)
            raise
        self.account: str = identity["Account"]
        self.caller = identity["Arn"]
        self.partition: str = self.caller.split(":")[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._clients:
            self._clients.popitem()[1].close()

    def call(self, service: str, method: str, **arguments: Any) -> dict[str, Any]:
        """Call one operation.

        Args:
            service: In boto3's words.
            method: Of its client.
            arguments: Of the operation.

        Raises:
            AwsError: It was refused, or AWS cannot be asked.
        """
        operation = "".join(word.title() for word in method.split("_"))
        try:
            answer: dict[str, Any] = getattr(self._client(service), method)(**arguments)
        except ClientError as error:
            raise self._answered(service, operation, error) from None
        except BotoCoreError as error:
            raise self._unanswered(service, operation, error) from None
        return answer

    def pages(self, service: str, method: str, member: str, **arguments: Any) -> Iterator[Any]:
        """Every item of an operation that answers in pages.

        Args:
            service: In boto3's words.
            method: Of its client.
            member: Which list of the answer.
            arguments: Of the operation.

        Raises:
            AwsError: As for `call`.
        """
        mark = _PAGE_MARKS.get(service, "nextToken")
        token: dict[str, str] = {}
        while True:
            answer = self.call(service, method, **arguments, **token)
            yield from answer.get(member, [])
            if not answer.get(mark):
                return
            token = {mark: answer[mark]}

    def read_object(self, bucket: str, key: str) -> bytes:
        """All of an object.

        Raises:
            AwsError: As for `call`; or it was cut off.
        """
        stream = self.call("s3", "get_object", Bucket=bucket, Key=key, ExpectedBucketOwner=self.account)[
            "Body"
        ]
        try:
            with stream:
                return bytes(stream.read())
        except BotoCoreError as error:
            raise self._unanswered("s3", "GetObject", error) from None

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service, region_name=self.region or None, config=_CONFIG
            )
        return self._clients[service]

    def _answered(self, service: str, operation: str, error: ClientError) -> AwsError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        message = str(error.response.get("Error", {}).get("Message", ""))
        sentence = aws_errors.answered(service, operation, code, message, self.caller)
        return AwsError(sentence, code, is_passing=code in aws_errors.PASSING)

    def _unanswered(self, service: str, operation: str, error: BotoCoreError) -> AwsError:
        kind = type(error).__name__
        sentence = aws_errors.unanswered(service, operation, kind, str(error), self.region)
        return AwsError(sentence, "", is_passing=kind in aws_errors.PASSING)
