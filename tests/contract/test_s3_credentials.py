"""The gateway and the token exchange: when it is asked, how often, and what a person is told."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from edge_common.clock import SystemClock
from edge_common.errors import EdgeError, RefusedError, TransientError
from edge_common.metrics import Metrics
from edge_common.s3 import Placed, S3Gateway
from support.manual_clock import EPOCH, ManualClock
from support.s3.bench import PART_BYTES, Bench, bench, key_of
from support.s3.credentials import AUTHORIZATION, Temper, TokenExchangeDouble
from support.s3.proxy import Fault
from support.s3.store import BUCKET, REGION, Store, running_store

FAILURES = [temper for temper in Temper if temper not in {Temper.GIVE, Temper.TRICKLE}]
SDK_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """One stand-in for all: every test puts bytes of its own."""
    with running_store() as running:
        yield running


@pytest.fixture
def clock() -> ManualClock:
    """Time stands still unless the test moves it."""
    return ManualClock()


@pytest.fixture
def bed(store: Store, clock: ManualClock) -> Iterator[Bench]:
    """A gateway and what is around it."""
    with bench(store, clock=clock) as ready:
        yield ready


def some_body() -> bytes:
    """Bytes that nobody else has."""
    return os.urandom(20).hex().encode()


def test_credentials_are_fetched_at_the_first_request_and_kept(bed: Bench) -> None:
    assert bed.tokens.calls_s == []

    for _ in range(5):
        bed.put(some_body())

    assert len(bed.tokens.calls_s) == 1


def test_refused_credentials_are_replaced_within_the_call(bed: Bench, clock: ManualClock) -> None:
    bed.put(some_body())
    clock.advance(60)
    bed.expire()

    assert bed.put(some_body()) is Placed.NEW

    assert len(bed.tokens.calls_s) == 2
    assert bed.count("s3_credentials_refused") == 1


def test_upload_goes_on_with_new_credentials_when_the_old_ones_end_in_the_middle(
    bed: Bench, clock: ManualClock, tmp_path: Path
) -> None:
    body = os.urandom(2 * PART_BYTES + 1)
    sent: list[int] = []

    def expire_after_the_first_part(there_bytes: int, _: int) -> None:
        sent.append(there_bytes)
        if len(sent) == 1:
            clock.advance(60)
            bed.expire()

    path = tmp_path / "large.jpg"
    path.write_bytes(body)
    placed = bed.put_file(path, expire_after_the_first_part)

    assert placed is Placed.NEW
    assert bed.proxy.requests == 6  # begin, three parts, one of them twice, complete
    assert bed.store.unfinished_uploads() == []


@pytest.mark.parametrize("failure", FAILURES)
def test_token_exchange_that_fails_is_asked_again_when_it_is_allowed(
    bed: Bench, clock: ManualClock, failure: Temper
) -> None:
    body = some_body()
    bed.tokens.next(failure)

    with pytest.raises(TransientError) as first:
        bed.put(body)
    with pytest.raises(TransientError) as second:
        bed.put(body)

    assert not isinstance(first.value, RefusedError)
    assert "token exchange" in first.value.reason
    assert first.value.retry_after_s == second.value.retry_after_s == 1
    assert len(bed.tokens.calls_s) == 1
    assert bed.proxy.requests == 0
    clock.advance(first.value.retry_after_s)
    assert bed.put(body) is Placed.NEW


@pytest.mark.parametrize("failure", FAILURES)
def test_no_error_shows_the_token_of_the_process(bed: Bench, failure: Temper) -> None:
    bed.tokens.next(failure)

    with pytest.raises(TransientError) as error:
        bed.put(some_body())

    assert AUTHORIZATION not in error.value.reason


def test_token_exchange_that_is_not_there_is_no_reason_to_give_up(store: Store, clock: ManualClock) -> None:
    with bench(store, clock=clock) as bed:
        bed.tokens.close()

        with pytest.raises(TransientError, match="token exchange") as error:
            bed.put(some_body())
        assert not isinstance(error.value, RefusedError)


def test_credentials_that_are_refused_again_are_not_asked_for_in_a_loop(
    bed: Bench, clock: ManualClock
) -> None:
    bed.put(some_body())
    bed.store.refuse_tokens(bed.tokens.tokens)  # which the token exchange does not know
    for _ in range(600):
        with pytest.raises(TransientError):
            bed.put(some_body())
        clock.advance(1)

    calls_s = bed.tokens.calls_s
    assert 20 < len(calls_s) <= 60
    assert all(later - earlier >= 60 for earlier, later in zip(calls_s, calls_s[6:], strict=False))


def refused(bed: Bench) -> TransientError:
    """The error of one more put."""
    with pytest.raises(TransientError) as error:
        bed.put(some_body())
    return error.value


def test_keys_that_nobody_knows_are_named_and_after_two_sets_a_person_must_act(
    bed: Bench, clock: ManualClock
) -> None:
    bed.proxy.next(*[Fault.NO_SUCH_KEYS] * 10)
    first = refused(bed)
    clock.advance(first.retry_after_s or 0.0)
    second, while_limited = refused(bed), refused(bed)

    assert [type(error) for error in (first, second, while_limited)] == [
        TransientError,
        RefusedError,
        RefusedError,
    ]
    for error in (first, second, while_limited):
        assert error.code == "invalid_access_key"
        assert "S3 says InvalidAccessKeyId" in error.reason
        assert "Look at the role" in error.reason


def test_credentials_that_expire_again_and_again_are_named_and_pass_by_themselves(
    bed: Bench, clock: ManualClock
) -> None:
    bed.put(some_body())
    bed.store.refuse_tokens(bed.tokens.tokens)  # which the token exchange does not know
    errors = []
    for _ in range(4):
        errors.append(refused(bed))
        clock.advance(10)

    assert {(type(error), error.code) for error in errors} == {(TransientError, "expired_token")}
    assert all("S3 says ExpiredToken" in error.reason for error in errors)


def test_what_was_refused_is_forgotten_when_s3_takes_the_next(bed: Bench, clock: ManualClock) -> None:
    bed.proxy.next(Fault.NO_SUCH_KEYS)
    refused(bed)
    clock.advance(60)
    bed.put(some_body())
    clock.advance(60)
    bed.tokens.next(Temper.SERVER_ERROR)
    bed.proxy.next(Fault.NO_SUCH_KEYS)

    assert not isinstance(refused(bed), RefusedError)


def test_threads_that_need_new_credentials_together_fetch_them_once(bed: Bench, clock: ManualClock) -> None:
    bed.put(some_body())
    clock.advance(60)
    bed.expire()
    placed: list[Placed] = []
    threads = [threading.Thread(target=lambda: placed.append(bed.put(some_body()))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert placed == [Placed.NEW] * 8
    assert len(bed.tokens.calls_s) == 2


def test_credentials_are_renewed_before_they_end(bed: Bench, clock: ManualClock) -> None:
    bed.put(some_body())
    clock.advance(3600 - 241)
    bed.put(some_body())
    assert len(bed.tokens.calls_s) == 1
    clock.advance(2)
    bed.tokens.expire()

    bed.put(some_body())

    assert len(bed.tokens.calls_s) == 2
    assert bed.count("s3_credentials_refused") == 0


def test_renewal_that_fails_costs_nothing_while_the_old_ones_work(bed: Bench, clock: ManualClock) -> None:
    bed.put(some_body())
    clock.advance(3600 - 100)
    bed.tokens.always(Temper.SERVER_ERROR)

    assert [bed.put(some_body()) for _ in range(3)] == [Placed.NEW] * 3

    assert len(bed.tokens.calls_s) == 2


@pytest.mark.parametrize("years", [-56, -10, 10])
def test_clock_that_is_years_off_stops_no_request_and_floods_nobody(store: Store, years: int) -> None:
    clock = ManualClock(EPOCH + timedelta(days=365 * years))
    with bench(store, clock=clock, tokens_clock=SystemClock()) as bed:
        for _ in range(50):  # in five minutes
            assert bed.put(some_body()) is Placed.NEW
            clock.advance(6)

        assert len(bed.tokens.calls_s) <= 6  # they look old at once when it is ahead: asked once a minute


def test_address_that_would_send_the_token_elsewhere_is_refused(store: Store) -> None:
    environment = {
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": store.url,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": AUTHORIZATION,
    }
    with S3Gateway(BUCKET, clock=SystemClock(), metrics=Metrics(), environment=environment) as gateway:
        body = some_body()

        with pytest.raises(RefusedError, match=r"does not name a token exchange.*192\.0\.2\.1") as refusal:
            gateway.put_once(key_of(body), body, content_type="application/json")

    assert AUTHORIZATION not in refusal.value.reason


@pytest.fixture
def elsewhere(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Gateway]:
    """A gateway that no core has told where its credentials are."""
    for name in SDK_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    environment = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": store.url}
    with S3Gateway(BUCKET, clock=ManualClock(), metrics=Metrics(), environment=environment) as gateway:
        yield gateway


def test_person_is_told_where_credentials_come_from(elsewhere: S3Gateway) -> None:
    body = some_body()

    with pytest.raises(RefusedError, match="let the recipe depend on aws") as refusal:
        elsewhere.put_once(key_of(body), body, content_type="application/json")

    assert refusal.value.code == "no_credentials"


def test_on_a_laptop_the_usual_places_are_looked_at(
    elsewhere: S3Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    body = some_body()

    assert elsewhere.put_once(key_of(body), body, content_type="application/json") is Placed.NEW


def test_sdk_that_finds_only_expired_credentials_is_asked_again(
    elsewhere: S3Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, errors = some_body(), list[EdgeError]()
    with TokenExchangeDouble(lifetime_s=-10 * 365 * 86400) as tokens:  # as a clock ten years ahead sees it
        for name, value in tokens.environment.items():
            monkeypatch.setenv(name, value)
        try:
            elsewhere.put_once(key_of(body), body, content_type="application/json")
        except EdgeError as error:
            errors.append(error)

    assert [type(error) for error in errors] == [TransientError]
    assert "still expired" in errors[0].reason
