"""A gateway with everything around it that can go wrong: token exchange, proxy, store."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_common.clock import Clock, SystemClock
from edge_common.metrics import Metrics
from edge_common.s3 import OnProgress, Placed, S3Gateway, Timeouts, content_key
from support.s3.credentials import TokenExchangeDouble
from support.s3.proxy import Fault, S3Proxy
from support.s3.store import BUCKET, REGION, Store

PART_BYTES = 5 * 1024 * 1024  # the least that S3 takes
QUICK = Timeouts(connect_s=2.0, read_s=2.0, credentials_s=0.3, whole_s=4.0)


def hex_of(body: bytes) -> str:
    """SHA-256 in hex digits."""
    return hashlib.sha256(body).hexdigest()


def key_of(body: bytes, prefix: str = "sensor-data/core-1") -> str:
    """A key that `body` may go to."""
    return content_key(prefix, 0, 9, hex_of(body), ".json")


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything of one test.

    Attributes:
        gateway: What is tested; its requests go through the proxy.
        store: Where they end.
        proxy: What happens to them on their way.
        tokens: Where the credentials come from.
        stop: The component's stop event.
        metrics: Of the gateway.
    """

    gateway: S3Gateway
    store: Store
    proxy: S3Proxy
    tokens: TokenExchangeDouble
    stop: threading.Event
    metrics: Metrics

    def put(self, body: bytes) -> Placed:
        """Put an object under a key of its own."""
        return self.gateway.put_once(key_of(body), body, content_type="application/json")

    def put_file(self, path: Path, on_progress: OnProgress | None = None) -> Placed:
        """Put a file under a key of its own."""
        digest = hex_of(path.read_bytes())
        key = content_key("images", 0, 0, digest, ".jpg")
        return self.gateway.put_file_once(
            key, path, digest, content_type="image/jpeg", on_progress=on_progress
        )

    def expire(self) -> None:
        """All credentials given so far expire."""
        self.store.refuse_tokens(self.tokens.expire())

    def count(self, name: str) -> int:
        """One counter of the gateway."""
        return self.metrics.counter(name).value


@contextmanager
def bench(  # noqa: PLR0913  all keyword-only but the store, each for the tests that need it
    store: Store,
    *,
    clock: Clock | None = None,
    odds: Mapping[Fault, float] | None = None,
    seed: int = 0,
    timeouts: Timeouts = QUICK,
    bucket: str = BUCKET,
    tokens_clock: Clock | None = None,
) -> Iterator[Bench]:
    """A gateway and what is around it, closed afterwards.

    Args:
        store: What it ends in; may serve many tests.
        clock: Of the gateway; None is the machine's.
        odds: How likely each fault of the proxy is; None for none.
        seed: Of the odds.
        timeouts: Of the gateway.
        bucket: Where the gateway puts things.
        tokens_clock: Of the token exchange; None is the gateway's.
    """
    used, metrics, stop = clock or SystemClock(), Metrics(), threading.Event()
    with ExitStack() as around:
        proxy = around.enter_context(S3Proxy(store.port, odds, seed))
        tokens = around.enter_context(TokenExchangeDouble(tokens_clock or used))
        gateway = S3Gateway(
            bucket,
            clock=used,
            metrics=metrics,
            stop=stop,
            timeouts=timeouts,
            part_bytes=PART_BYTES,
            environment={"AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": proxy.url, **tokens.environment},
        )
        around.enter_context(gateway)
        yield Bench(gateway, store, proxy, tokens, stop, metrics)
