"""The credentials that requests are signed with: fetched when needed, kept while they work.

Owns every call of the token exchange. The SDK would not do: it fetches new credentials by the wall clock
only, so that a refused token (`ExpiredToken`) stays in use and a clock that is years ahead stops every call.
Here a refusal by S3 makes them old, whatever the clock says. One object for each gateway; the lock lets one
thread fetch while the others wait for what it gets. Nothing is kept on disk.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import ContainerMetadataFetcher

from edge_common.clock import Clock
from edge_common.errors import RefusedError, TransientError
from edge_common.metrics import Metrics
from edge_common.s3.attempt import make_cuttable, this_attempt
from edge_common.s3.failures import CredentialsRefusedError
from edge_common.s3.fetch_limit import FetchLimit

# What a core tells a component whose recipe depends on aws.greengrass.TokenExchangeService; AWS SDKs and
# Tools Reference Guide, "Container credential provider".
URI_VARIABLE = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_VARIABLE = "AWS_CONTAINER_AUTHORIZATION_TOKEN"  # noqa: S105  the name of a variable
# Renewed ahead when less than this is left: the nucleus hands the same out again until 300 s before their end
# (its CredentialRequestHandler), so that later than that there are new ones to be had.
RENEW_BEFORE_S = 240.0
_RENEW_AT_MOST_EVERY_S = 60.0  # should they look old when they are new, for the clock is wrong
# So many in a row that S3 refuses, and it is no chance any more: their role or its keys are wrong.
_SETS_UNTIL_REFUSED = 2
_PASSES_BY_ITSELF = "expired_token"


@dataclass(frozen=True, slots=True)
class _Fetched:
    credentials: Any  # ReadOnlyCredentials
    expires_at: datetime | None


class CredentialStore:
    """What `client` signs with.

    Args:
        environment: The process's; names the token exchange. Without one the SDK's usual places are looked at
            (environment, profile, instance), for a component that is run on a laptop.
        clock: Measures how often is asked.
        metrics: Gets `s3_credentials_fetched` and `s3_credentials_refused`.
        timeout_s: Seconds for connecting to the token exchange, and again for its answer.
    """

    def __init__(
        self, environment: Mapping[str, str], clock: Clock, metrics: Metrics, timeout_s: float
    ) -> None:
        self._uri = environment.get(URI_VARIABLE, "")
        self._token = environment.get(TOKEN_VARIABLE, "")
        self._clock = clock
        self._fetches = metrics.counter("s3_credentials_fetched")
        self._refusals = metrics.counter("s3_credentials_refused")
        self._limit = FetchLimit()
        session = URLLib3Session(timeout=timeout_s)
        make_cuttable(session)
        self._fetcher = ContainerMetadataFetcher(session, sleep=lambda _: None)
        self._fetcher.RETRY_ATTEMPTS = 1  # who tries again is decided above, and counted here
        self._lock = threading.Lock()
        self._current: _Fetched | None = None
        self._fetched_s = 0.0
        self._refusal: CredentialsRefusedError | None = None  # of the last set, until S3 takes one
        self._sets_refused = 0  # in a row

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may show."""
        current = self._current
        known = current.credentials[:3] if current else ()
        return tuple(secret for secret in (self._token, *known) if secret)

    def load_credentials(self) -> "CredentialStore":
        """What a botocore session asks its credential provider for, once: this object itself."""
        return self

    def get_deferred_property(self, _name: str) -> Callable[[], None]:
        """What the SDK asks for the account's number, for endpoints that hold it: none does in S3."""
        return lambda: None

    def get_frozen_credentials(self) -> Any:
        """The credentials to sign the next request with, a `ReadOnlyCredentials`.

        Raises:
            TransientError: There are none now; `retry_after_s` says when the token exchange is asked next.
            RefusedError: There are none to be found: a person must say where they are.
        """
        with self._lock:
            attempt = this_attempt()
            if attempt is not None and attempt.is_cut:
                raise TransientError("nobody waits for these credentials any more")
            if self._current is None:
                self._current = self._fetch()
            elif self._ends_soon(self._current):
                self._renew()
            return self._current.credentials

    def refuse(self, used: Any, refusal: CredentialsRefusedError) -> None:
        """S3 has refused `used`, which `get_frozen_credentials` gave: never give them again."""
        with self._lock:
            self._refusals.add()
            self._refusal = refusal
            if self._current is not None and self._current.credentials == used:
                self._current = None
                self._sets_refused += 1

    def accept(self) -> None:
        """S3 has taken what it was given."""
        if self._refusal is not None:
            with self._lock:
                self._refusal, self._sets_refused = None, 0

    def verdict(self) -> TransientError:
        """The error for a request whose credentials S3 refuses, new ones too; says what S3 says."""
        with self._lock:
            return self._none_yet()

    def _ends_soon(self, current: _Fetched) -> bool:
        if current.expires_at is None:
            return False
        left_s = (current.expires_at - self._clock.now()).total_seconds()
        return (
            left_s < RENEW_BEFORE_S and self._clock.monotonic_s() - self._fetched_s > _RENEW_AT_MOST_EVERY_S
        )

    def _renew(self) -> None:
        # Those at hand still work, or S3 will say so: no reason to fail.
        try:
            self._current = self._fetch()
        except TransientError:
            self._fetched_s = self._clock.monotonic_s()

    def _fetch(self) -> _Fetched:
        now_s = self._clock.monotonic_s()
        if self._limit.wait_s(now_s) > 0:
            raise self._none_yet()
        self._limit.note(now_s)
        self._fetches.add()
        fetched = self._from_token_exchange() if self._uri else _from_usual_places()
        self._fetched_s = now_s
        return fetched

    def _from_token_exchange(self) -> _Fetched:
        headers = {"Authorization": self._token} if self._token else {}
        try:
            answer = self._fetcher.retrieve_full_uri(self._uri, headers)
            credentials = ReadOnlyCredentials(
                answer["AccessKeyId"], answer["SecretAccessKey"], answer["Token"]
            )
            return _Fetched(credentials, _moment(answer.get("Expiration")))
        except BotoCoreError as error:
            raise self._unavailable(str(error)) from error
        except (KeyError, TypeError, AttributeError) as error:
            raise self._unavailable("its answer lacks a credential") from error
        except ValueError as error:
            raise RefusedError(
                f"{URI_VARIABLE} does not name a token exchange: {error}. Correct it.",
                code="bad_credentials_uri",
            ) from error

    def _none_yet(self) -> TransientError:
        wait_s = self._limit.wait_s(self._clock.monotonic_s())
        refusal = self._refusal
        if refusal is None:
            reason = f"no credentials for S3 yet; they are asked for again in {wait_s:.0f} s"
            return TransientError(reason, retry_after_s=wait_s, code="no_credentials")
        reason = f"{refusal.reason} New ones are asked for in {wait_s:.0f} s."
        if self._sets_refused < _SETS_UNTIL_REFUSED or refusal.code == _PASSES_BY_ITSELF:
            return TransientError(reason, retry_after_s=wait_s, code=refusal.code)
        return RefusedError(reason, retry_after_s=wait_s, code=refusal.code)

    def _unavailable(self, why: str) -> TransientError:
        shown = why.replace(self._token, "***") if self._token else why
        return TransientError(
            f"the token exchange at {self._uri} gives no credentials for S3 now: {shown[:300]}. Asked again.",
            retry_after_s=self._limit.wait_s(self._clock.monotonic_s()),
            code="no_credentials",
        )


def _from_usual_places() -> _Fetched:
    try:
        found = Session().get_credentials()
        if found is not None:
            return _Fetched(found.get_frozen_credentials(), None)
    except (BotoCoreError, RuntimeError) as error:
        # RuntimeError: "refreshed credentials are still expired", when the clock is years ahead.
        raise TransientError(f"no credentials for S3 now: {error}", code="no_credentials") from error
    raise RefusedError(
        f"no credentials for S3: {URI_VARIABLE} is not set, and nothing else gives any. On a core, let the "
        "recipe depend on aws.greengrass.TokenExchangeService; on a laptop, set AWS_PROFILE.",
        code="no_credentials",
    )


def _moment(text: Any) -> datetime | None:
    """When credentials end; None when it is not said so that it can be read: then S3 will say it."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
