"""One request of S3: signed, answered or failed by its deadline, its error in our words.

Each request runs in a short-lived thread of its own, a daemon, because the SDK's calls cannot be interrupted:
when the component is told to stop, the caller is let go and the request ends by its time-outs or with the
process. What S3 has done with it is then unknown, and harmless: the repeat after the restart meets the object
under its key.
"""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from typing import Any

from edge_common.clock import Clock
from edge_common.errors import TransientError
from edge_common.metrics import Metrics
from edge_common.s3.client import make_client
from edge_common.s3.credentials import CredentialStore
from edge_common.s3.endpoint import Place
from edge_common.s3.failures import CredentialsRefusedError
from edge_common.s3.timing import Timeouts
from edge_common.s3.translation import SDK_ERRORS, translate

STOP_GRACE_S = 0.4  # a process must end within a second of being told to
_POLL_S = 0.1


class Requests:
    """Makes requests with one client; any thread.

    Args:
        client: Of the SDK.
        credentials: What the client signs with.
        metrics: Gets `s3_requests`.
        stop: Lets callers go when set.
    """

    def __init__(
        self, client: Any, credentials: CredentialStore, metrics: Metrics, stop: threading.Event
    ) -> None:
        self._client = client
        self._credentials = credentials
        self._stop = stop
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
        return self._let_go_when_stopped(lambda: self._signed(operation, parameters), operation)

    def _signed(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return self._once(operation, parameters)
        except CredentialsRefusedError:
            return self._once(operation, parameters)

    def _once(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        used = self._credentials.get_frozen_credentials()
        secrets = self._credentials.secrets
        try:
            self._requests.add()
            answer: Mapping[str, Any] = getattr(self._client, operation)(**parameters)
        except SDK_ERRORS as error:
            failure = translate(error, _asked(operation, parameters), secrets)
            if isinstance(failure, CredentialsRefusedError):
                self._credentials.refuse(used)
            raise failure from error
        return answer

    def _let_go_when_stopped(
        self, work: Callable[[], Mapping[str, Any]], operation: str
    ) -> Mapping[str, Any]:
        done: Future[Mapping[str, Any]] = Future()
        threading.Thread(target=_into, args=(done, work), name=f"s3 {operation}", daemon=True).start()
        left_s = STOP_GRACE_S
        while not wait([done], _POLL_S).done:
            left_s -= _POLL_S if self._stop.is_set() else 0.0
            if left_s <= 0:
                raise TransientError(f"{operation}: the component is told to stop before S3 has answered")
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
    client = make_client(place, credentials, timeouts.connect_s, timeouts.read_s)
    return Requests(client, credentials, metrics, stop)
