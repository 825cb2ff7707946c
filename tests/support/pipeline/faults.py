"""What goes wrong around a pipeline, one thing at a time, while the other half of it must not notice."""

import json
import signal
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from support.pipeline.pipeline import UPLOADER, WITHIN_S, Pipeline
from support.s3.proxy import Fault, S3Proxy
from support.waiting import wait_until

READINGS = 30  # that the half which is well must deliver meanwhile, and the other half must keep
_STORM = (Fault.SLOW_DOWN, Fault.CUT, Fault.LOST_ANSWER, Fault.INTERNAL_ERROR, Fault.HALF_ANSWER)


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that can go wrong.

    Attributes:
        pipeline: Around which.
        proxy: On its way to S3.
    """

    pipeline: Pipeline
    proxy: S3Proxy

    def all(self) -> list[Callable[[], None]]:
        """Each of them begins, is survived by the half that it does not concern, and is over."""
        return [self.core_offline, self.store_hangs, self.store_storms, self.credentials_expire]

    def core_offline(self) -> None:
        """Readings are stored and not published; uploads go on."""
        pipeline = self.pipeline
        pipeline.core.ask("offline", only="iot-core")
        stored, taken = len(pipeline.stored()), pipeline.held(UPLOADER).counts.taken
        wait_until(lambda: len(pipeline.stored()) > stored + READINGS, WITHIN_S, "readings to be stored")
        self._wait_for_uploads(taken + READINGS)
        pipeline.core.ask("online")

    def store_hangs(self) -> None:
        """S3 takes connections and answers nothing; readings are published as ever, batches are kept."""
        pipeline = self.pipeline
        with _stopped(pipeline.cloud.store.port):
            published = len(pipeline.cloud.published())
            waiting = pipeline.held(UPLOADER).counts.waiting
            self._wait_for_messages(published + READINGS)
            wait_until(
                lambda: pipeline.held(UPLOADER).counts.waiting > waiting + READINGS, WITHIN_S, "readings kept"
            )

    def store_storms(self) -> None:
        """Five uploads fail, each in another way."""
        before = sum(self.proxy.done[fault] for fault in _STORM)
        self.proxy.next(*_STORM)
        self._wait_for_messages(len(self.pipeline.cloud.published()) + READINGS)
        wait_until(
            lambda: sum(self.proxy.done[fault] for fault in _STORM) == before + len(_STORM),
            WITHIN_S,
            "the end of the storm",
        )

    def credentials_expire(self) -> None:
        """S3 refuses the credentials that the uploader has; the core gives others."""
        store = self.pipeline.cloud.store
        refused = store.answers("PutObject").get("400 ExpiredToken", 0)
        store.refuse_tokens([_session_token(self.pipeline.process(UPLOADER).environ())])
        self.pipeline.core.ask("expire_credentials")
        self._wait_for_messages(len(self.pipeline.cloud.published()) + READINGS)
        wait_until(
            lambda: store.answers("PutObject").get("400 ExpiredToken", 0) > refused, WITHIN_S, "a refusal"
        )

    def wait_for_fresh(self) -> None:
        """Wait until a reading that is taken after this begins has arrived by each way."""
        known, taken = self.pipeline.stored(), self.pipeline.held(UPLOADER).counts.taken
        cloud = self.pipeline.cloud
        wait_until(lambda: set(cloud.published()) - known, WITHIN_S, "a fresh reading by MQTT")
        self._wait_for_uploads(taken)

    def _wait_for_messages(self, count: int) -> None:
        cloud = self.pipeline.cloud
        wait_until(lambda: len(cloud.published()) >= count, WITHIN_S, f"{count} messages")

    def _wait_for_uploads(self, number: int) -> None:
        cloud = self.pipeline.cloud
        wait_until(
            lambda: max(cloud.uploaded_numbers(), default=-1) >= number, WITHIN_S, f"record {number} in S3"
        )


@contextmanager
def _stopped(port: int) -> Iterator[None]:
    """A store of this test's that does nothing for a while."""
    (process,) = (
        child
        for child in psutil.Process().children()
        if any(connection.laddr.port == port for connection in child.net_connections("tcp"))
    )
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def _session_token(environment: dict[str, str]) -> str:
    """What the core hands to a component that asks for credentials now: the same until they have expired."""
    request = urllib.request.Request(  # noqa: S310  the core's own address
        environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
        headers={"Authorization": environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]},
    )
    with urllib.request.urlopen(request, timeout=WITHIN_S) as answer:  # noqa: S310  the same
        token: str = json.load(answer)["Token"]
        return token
