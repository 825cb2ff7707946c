import threading
import time
from concurrent.futures import Future

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_common.backoff import Backoff
from edge_common.errors import ConfigError
from edge_common.ipc.address import SOCKET_VARIABLE, TOKEN_VARIABLE, CoreAddress
from edge_common.ipc.timing import (
    STOP_GRACE_S,
    Attempts,
    Deadline,
    DeadlineExceededError,
    ReconnectPolicy,
)


def test_stop_leaves_at_most_the_grace_and_only_once() -> None:
    stop = threading.Event()
    deadline = Deadline(1000, stop)
    before = deadline.remaining_s()
    stop.set()
    first, second = deadline.remaining_s(), deadline.remaining_s()

    assert before > STOP_GRACE_S
    assert STOP_GRACE_S + 1e-6 > first >= second  # 1e-6: the rounding of a clock near 1e3 s


def test_stop_makes_no_deadline_later() -> None:
    stop = threading.Event()
    stop.set()

    assert Deadline(0.01, stop).remaining_s() <= 0.01


def test_wait_ends_at_the_deadline_while_a_future_has_no_outcome() -> None:
    with pytest.raises(DeadlineExceededError):
        Deadline(0.01, threading.Event()).wait_for(Future())


def test_failed_future_is_an_outcome_like_any_other() -> None:
    """Also when it failed with the very exception that waiting uses."""
    future: Future[None] = Future()
    future.set_exception(TimeoutError("of the far end"))

    Deadline(1000, threading.Event()).wait_for(future)


@given(
    failures=st.integers(1, 200),
    first_delay_s=st.floats(0.001, 1),
    factor=st.floats(1, 100),
)
def test_pauses_stay_below_their_bounds(failures: int, first_delay_s: float, factor: float) -> None:
    backoff = Backoff(initial_s=first_delay_s, max_s=first_delay_s * factor)
    attempts = Attempts(ReconnectPolicy(backoff=backoff))

    for n in range(failures):
        bound_s = min(backoff.max_s, first_delay_s * 2.0**n)
        retry_at_s = attempts.failed()
        assert retry_at_s <= time.monotonic() + bound_s


def test_what_lived_long_enough_starts_again_with_short_pauses() -> None:
    """And what died young does not, or a core that accepts and hangs up would be asked without pause."""
    stable, unstable = (
        Attempts(ReconnectPolicy(backoff=Backoff(initial_s=1e-9, max_s=1e9), stable_after_s=s))
        for s in (0.0, 1e9)
    )
    for attempts in (stable, unstable):
        for _ in range(60):  # 1e-9 s doubled so often is the longest pause, 1e9 s
            attempts.failed()
        attempts.succeeded()

    assert stable.failed() <= time.monotonic() + 1e-9
    assert unstable.failed() > time.monotonic() + 1  # by chance it is not once in 1e9


def test_environment_of_a_core_is_taken_and_arguments_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SOCKET_VARIABLE, "/greengrass/v2/ipc.socket")
    monkeypatch.setenv(TOKEN_VARIABLE, "TOKEN")

    assert CoreAddress.of(None, None) == CoreAddress("/greengrass/v2/ipc.socket", "TOKEN")
    assert CoreAddress.of("/other.socket", None).socket_path == "/other.socket"


def test_process_that_no_core_started_is_told_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SOCKET_VARIABLE, raising=False)
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)

    with pytest.raises(ConfigError) as caught:
        CoreAddress.of(None, None)
    assert [fault.split()[0] for fault in caught.value.faults] == [SOCKET_VARIABLE, TOKEN_VARIABLE]


def test_socket_path_that_no_socket_can_have_is_refused_before_any_connection() -> None:
    with pytest.raises(ConfigError, match="has 108 bytes"):
        CoreAddress.of("/" + "x" * 107, "TOKEN")


def test_token_is_not_shown() -> None:
    assert "TOKEN" not in repr(CoreAddress("/ipc.socket", "TOKEN"))
