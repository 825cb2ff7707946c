"""How long a delivery waits, and how the bytes of one outbox are shared out."""

from hypothesis import given
from hypothesis import strategies as st

from edge_common.errors import PermanentError, RefusedError, TransientError
from edge_common.outbox import DeliveryBackoff
from edge_common.outbox.config import MIN_MAX_BYTES, OutboxConfig, batch_shares, message_shares
from edge_common.outbox.dead_letters import HEADER_BYTES
from edge_common.s3 import Timeouts

MIB = 1 << 20
LIVENESS_S = 30.0  # issue 3: after a fault clears the first fresh reading arrives within this time
ANSWER_S = 5.0  # of a try that goes well, or is refused
HANGING_S = Timeouts().whole_s + 1.0  # of a try that began before the fault cleared, and has hung since


@given(
    st.integers(1, 10_000),
    st.sampled_from(
        [
            (TransientError("x"), HANGING_S),
            (ZeroDivisionError("x"), HANGING_S),
            (RefusedError("x", code="x"), ANSWER_S),
            (PermanentError("x"), ANSWER_S),
        ]
    ),
)
def test_no_wait_keeps_a_fresh_reading_from_arriving_in_time(
    failures: int, failed: tuple[Exception, float]
) -> None:
    error, try_s = failed
    assert try_s + DeliveryBackoff().delay_s(error, failures) <= LIVENESS_S


def test_the_exception_is_what_the_far_end_asks_for_up_to_five_minutes() -> None:
    backoff = DeliveryBackoff()
    asked = [backoff.delay_s(TransientError("slow down", retry_after_s=s), 1) for s in (40.0, 1e9)]
    assert asked == [40.0, 300.0]


@given(st.integers(MIN_MAX_BYTES, 1 << 40), st.sampled_from([batch_shares, message_shares]))
def test_all_spools_together_keep_to_the_cap(max_bytes: int, shared: object) -> None:
    shares = (batch_shares if shared is batch_shares else message_shares)(OutboxConfig(max_bytes=max_bytes))
    spools = [*shares.lanes.values(), shares.dead]
    assert sum(limits.max_bytes for limits in spools) <= max_bytes
    assert max_bytes - sum(limits.max_bytes for limits in spools) < shares.dead.segment_bytes


@given(st.integers(MIN_MAX_BYTES, 1 << 40))
def test_a_dead_letter_has_room_for_any_record_and_any_message_of_iot_core_fits(max_bytes: int) -> None:
    shares = message_shares(OutboxConfig(max_bytes=max_bytes))
    longest = {limits.max_record_bytes for limits in shares.lanes.values()}
    assert len(longest) == 1
    assert shares.dead.max_record_bytes >= longest.pop() + HEADER_BYTES
    assert all(limits.max_record_bytes >= 128 * 1024 + 1024 for limits in shares.lanes.values())


def test_the_default_cap_holds_more_than_three_days_of_readings() -> None:
    """Each `put` is a commit of its own and takes one block; MqttPublisher puts one reading in 5 s."""
    lanes = message_shares(OutboxConfig()).lanes.values()
    assert sum(limits.max_bytes for limits in lanes) // 4096 * 5 > 3 * 86_400
