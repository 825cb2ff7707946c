"""A far end that never ends: every request has a time in which all of it is over, and its thread with it."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edge_common.errors import RefusedError, TransientError
from edge_common.s3 import Placed, Timeouts
from support.s3.bench import PART_BYTES, Bench, bench
from support.s3.credentials import Temper
from support.s3.proxy import Fault
from support.s3.store import Store, running_store
from support.waiting import wait_until

WITHIN_S = 20.0
# No silence is as long as the time-outs for one, so that only the whole time can end it.
TIMEOUTS = Timeouts(30.0, 30.0, 30.0, whole_s=0.5, together_read_s=30.0, together_s=5.0)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """One stand-in for all: every test puts bytes of its own."""
    with running_store() as running:
        yield running


@pytest.fixture
def bed(store: Store) -> Iterator[Bench]:
    """A gateway that has its credentials and its connection."""
    with bench(store, timeouts=TIMEOUTS) as ready:
        wait_until(lambda: put_in_time(ready), WITHIN_S, "the SDK is loaded and the first object is there")
        yield ready


def put_in_time(bed: Bench) -> bool:
    """Whether an object is there: on a busy machine half a second may not do."""
    try:
        bed.put(os.urandom(20))
    except TransientError:
        return False
    return True


def requests_under_way() -> list[str]:
    """Names of their threads."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("s3 put")]


@pytest.mark.parametrize("fault", [Fault.TRICKLE, Fault.BLACK_HOLE])
def test_answer_without_an_end_is_given_up_and_leaves_no_thread_and_no_file(bed: Bench, fault: Fault) -> None:
    files = psutil.Process().num_fds()
    for _ in range(3):
        bed.proxy.next(fault)
        with pytest.raises(TransientError, match="no whole answer") as failure:
            bed.put(os.urandom(20))
        assert failure.value.code == "no_answer"
        assert not isinstance(failure.value, RefusedError)

    wait_until(lambda: not requests_under_way(), WITHIN_S, "the end of the threads")
    wait_until(lambda: psutil.Process().num_fds() <= files + 1, WITHIN_S, "the end of the connections")
    wait_until(lambda: put_in_time(bed), WITHIN_S, "an object there after the fault")


def test_token_exchange_without_an_end_holds_up_nobody_for_long(store: Store) -> None:
    with bench(store, timeouts=TIMEOUTS) as bed:
        bed.tokens.always(Temper.TRICKLE)
        errors: list[str] = []

        def put() -> None:
            try:
                bed.put(os.urandom(20))
            except TransientError as error:
                errors.append(error.code)

        threads = [threading.Thread(target=put) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WITHIN_S)

        assert len(errors) == 4
        assert "no_answer" in errors
        wait_until(lambda: not requests_under_way(), WITHIN_S, "the lock and its threads are free")
        assert len(bed.tokens.calls_s) <= 2  # who has given up asks no more
        bed.tokens.always(Temper.GIVE)
        wait_until(lambda: put_in_time(bed), WITHIN_S, "an object there after the fault")


def test_a_body_has_the_time_that_a_slow_line_needs(store: Store) -> None:
    whole_s = 2.0
    with bench(store, timeouts=Timeouts(30.0, 30.0, 30.0, whole_s=whole_s)) as bed:
        wait_until(lambda: put_in_time(bed), WITHIN_S, "the SDK is loaded and the first object is there")
        bed.proxy.next(Fault.SLOW_LINE)
        started_s = time.monotonic()

        assert bed.put(os.urandom(24_000_000)) is Placed.NEW
        took_s = time.monotonic() - started_s

    assert took_s > whole_s  # else the line was not slow, and this has shown nothing


def test_putting_the_parts_together_may_be_silent_for_longer(store: Store, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(os.urandom(PART_BYTES + 1))
    impatient = Timeouts(2.0, 1.5, 2.0, whole_s=10.0, together_read_s=5.0, together_s=10.0)
    with bench(store, timeouts=impatient) as bed:
        bed.proxy.next(*[Fault.NONE] * 3, Fault.LATE)
        assert bed.put_file(large) is Placed.NEW

        bed.proxy.next(Fault.LATE)
        with pytest.raises(TransientError, match="no answer from S3"):
            bed.put(os.urandom(20))
