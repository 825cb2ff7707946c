"""One request of S3: signed, answered or failed by its deadline, its error in our words.

Each request runs in a short-lived thread of its own, a daemon, because the SDK's calls cannot be interrupted:
when the component is told to stop, the caller is let go and the request ends by its time-outs or with the
process. When it takes longer than it may, its connection is cut (`attempt`), so that its thread ends as well.
What S3 has done with it is then unknown, and harmless: the repeat meets the object under its key.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any

from edge_common.clock import Clock
from edge_common.errors import TransientError
from edge_common.metrics import Metrics
from edge_common.s3.attempt import Attempt
from edge_common.s3.client import make_client
from edge_common.s3.credentials import CredentialStore
from edge_common.s3.endpoint import Place
from edge_common.s3.failures import CredentialsRefusedError
from edge_common.s3.timing import Timeouts
from edge_common.s3.translation import SDK_ERRORS, translate

STOP_GRACE_S = 0.4  # a process must end within a second of being told to
_POLL_S = 0.1
_TOGETHER = "complete_multipart_upload"


class Requests:
    """Makes requests with one client; any thread.

    Args:
        client: Of the SDK.
        credentials: What the client signs with.
        metrics: Gets `s3_requests`.
        stop: Lets callers go when set.
        timeouts: How long a request may take in all.
    """

    def __init__(
        self,
        client: Any,
        credentials: CredentialStore,
        metrics: Metrics,
        stop: threading.Event,
        timeouts: Timeouts,
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._stop = stop
        self._timeouts = timeouts
        self._requests = metrics.counter("s3_requests")

    def close(self) -> None:
        """Close the idle connections."""
        self._client.close()

    def ask(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one request; with new credentials once more when S3 refuses the old ones.

        Args:
            operation: Name of a method of the client.
            parameters: Its arguments; `Body` is bytes.

        Returns:
            S3's answer.

        Raises:
            EdgeError: One of ours, never the SDK's.
        """
        timeouts = self._timeouts
        attempt = Attempt(timeouts.together_s if operation == _TOGETHER else timeouts.whole_s)
        asked = _asked(operation, parameters)
        return self._waited_for(attempt, lambda: self._signed(attempt, operation, parameters), asked)

    def _signed(self, attempt: Attempt, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        with attempt:
            try:
                return self._once(attempt, operation, parameters)
            except CredentialsRefusedError:
                pass
            try:
                return self._once(attempt, operation, parameters)
            except CredentialsRefusedError as error:
                raise self._credentials.verdict() from error

    def _once(self, attempt: Attempt, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        used = self._credentials.get_frozen_credentials()
        secrets = self._credentials.secrets
        try:
            self._requests.add()
            attempt.sends(len(parameters.get("Body", b"")))
            answer: Mapping[str, Any] = getattr(self._client, operation)(**parameters)
        except SDK_ERRORS as error:
            failure = translate(error, _asked(operation, parameters), secrets)
            if isinstance(failure, CredentialsRefusedError):
                self._credentials.refuse(used, failure)
            raise failure from error
        self._credentials.accept()
        return answer

    def _waited_for(
        self, attempt: Attempt, work: Callable[[], Mapping[str, Any]], asked: str
    ) -> Mapping[str, Any]:
        done: Future[Mapping[str, Any]] = Future()
        name = f"s3 {asked.partition(' ')[0]}"
        threading.Thread(target=_into, args=(done, work), name=name, daemon=True).start()
        grace_s = STOP_GRACE_S
        while not wait([done], _POLL_S).done:
            grace_s -= _POLL_S if self._stop.is_set() else 0.0
            if grace_s <= 0:
                raise TransientError(f"{asked}: the component is told to stop before S3 has answered")
            if attempt.spend(_POLL_S):
                attempt.cut()
                raise TransientError(
                    f"{asked}: no whole answer in the time that a request may take. Look at the network. "
                    "Tried again.",
                    code="no_answer",
                )
        return done.result()


def _into(done: "Future[Mapping[str, Any]]", work: Callable[[], Mapping[str, Any]]) -> None:
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001  it belongs to whoever waits for the result
        done.set_exception(error)


def _asked(operation: str, parameters: Mapping[str, Any]) -> str:
    key = parameters.get("Key")
    where = f"s3://{parameters['Bucket']}/{key}" if key else f"s3://{parameters['Bucket']}"
    return f"{operation} {where}"


def open_requests(  # noqa: PLR0913  what a gateway is made with, once
    place: Place,
    *,
    environment: Mapping[str, str],
    clock: Clock,
    metrics: Metrics,
    stop: threading.Event,
    timeouts: Timeouts,
) -> Requests:
    """Everything below a gateway; connects to nothing yet.

    Raises:
        ConfigError: A profile names an endpoint without TLS.
    """
    credentials = CredentialStore(environment, clock, metrics, timeouts.credentials_s)
    return Requests(make_client(place, credentials, timeouts), credentials, metrics, stop, timeouts)
