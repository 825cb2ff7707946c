import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_core.cloud.direct_publisher import MAX_PAYLOAD_BYTES, DirectPublisher
from local_core.cloud.message import CloudMessage
from local_core.cloud.mqtt.connection import ConnectionLostError, Done, MqttError, RefusedError
from local_core.cloud.spooler import (
    BACKLOG,
    MAX_BYTES,
    MAX_IN_FLIGHT,
    MAX_IN_FLIGHT_OF_BACKLOG,
    MAX_RETRIES,
    POLL_EVERY,
    PublishError,
    Spooler,
)


class _HandWorkedUplink:
    """An uplink whose acknowledgements and outages the test decides on, one by one."""

    def __init__(self) -> None:
        self.is_online = True
        self.in_flight: list[tuple[CloudMessage, Done]] = []
        self.acknowledged: list[bytes] = []
        self.polls = 0
        self._watchers: list[Callable[[], None]] = []

    def publish(self, message: CloudMessage, done: Done) -> None:
        assert self.is_online
        self.in_flight.append((message, done))

    def poll(self) -> None:
        self.polls += 1

    def watch(self, on_change: Callable[[], None]) -> None:
        self._watchers.append(on_change)

    def answer(self, error: MqttError | None = None, which: int = 0) -> None:
        message, done = self.in_flight.pop(which)
        if error is None:
            self.acknowledged.append(message.payload)
        done(error)

    def answer_all(self) -> None:
        while self.in_flight:
            self.answer()

    def lose(self) -> None:
        """As the link does it: first it is offline, then everybody who waits is told."""
        self._set_online(online=False)
        waiting, self.in_flight = self.in_flight, []
        for _, done in waiting:
            done(ConnectionLostError("lost"))

    def come_back(self) -> None:
        self._set_online(online=True)

    def _set_online(self, *, online: bool) -> None:
        self.is_online = online
        for on_change in self._watchers:
            on_change()


def message(payload: bytes, qos: int = 1) -> CloudMessage:
    return CloudMessage("t", payload, qos)


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


@pytest.fixture
def uplink() -> _HandWorkedUplink:
    return _HandWorkedUplink()


@pytest.fixture
def published() -> list[CloudMessage]:
    return []


@pytest.fixture
def spooler(uplink: _HandWorkedUplink, published: list[CloudMessage]) -> Spooler:
    return Spooler(uplink, published.append)


def test_no_more_than_five_messages_are_in_flight(spooler: Spooler, uplink: _HandWorkedUplink) -> None:
    for payload in numbered(8):
        spooler.publish(message(payload))

    assert [sent.payload for sent, _ in uplink.in_flight] == numbered(8)[:MAX_IN_FLIGHT]
    assert (spooler.in_flight, spooler.messages) == (5, 8)
    uplink.answer()
    assert [sent.payload for sent, _ in uplink.in_flight] == numbered(8)[1:6]


def test_message_is_counted_until_the_cloud_has_acknowledged_it(
    spooler: Spooler, uplink: _HandWorkedUplink, published: list[CloudMessage]
) -> None:
    spooler.publish(message(b"12345"))

    assert (spooler.messages, spooler.stored_bytes, published) == (1, 5, [])
    uplink.answer()
    assert (spooler.messages, spooler.stored_bytes) == (0, 0)
    assert [one.payload for one in published] == [b"12345"]


def test_outage_loses_nothing_and_keeps_the_order(spooler: Spooler, uplink: _HandWorkedUplink) -> None:
    for payload in numbered(4):
        spooler.publish(message(payload))
    uplink.answer()
    uplink.lose()
    for payload in numbered(12)[4:]:
        spooler.publish(message(payload))

    assert uplink.in_flight == []
    uplink.come_back()
    uplink.answer_all()
    assert uplink.acknowledged == numbered(12)
    assert spooler.dropped == 0


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["publish", "answer", "refuse", "lose", "come back"]), max_size=60))
def test_whatever_happens_every_message_arrives_once(events: list[str]) -> None:
    """Acknowledgements in any order, refusals, outages: nothing is lost, nothing acknowledged twice."""
    uplink = _HandWorkedUplink()
    spooler = Spooler(uplink, lambda _: None)
    count = 0
    for event in events:
        if event == "publish":
            spooler.publish(message(b"%d" % count))
            count += 1
        elif event == "lose" and uplink.is_online:
            uplink.lose()
        elif event == "come back" and not uplink.is_online:
            uplink.come_back()
        elif event in ("answer", "refuse") and uplink.in_flight:
            uplink.answer(RefusedError("busy") if event == "refuse" else None, which=-1)
        assert spooler.stored_bytes <= MAX_BYTES
        assert spooler.messages == count - len(uplink.acknowledged)

    uplink.come_back()
    uplink.answer_all()
    assert sorted(uplink.acknowledged, key=int) == numbered(count)
    assert (spooler.messages, spooler.stored_bytes, spooler.dropped) == (0, 0, 0)


def test_qos_0_is_refused_while_offline(spooler: Spooler, uplink: _HandWorkedUplink) -> None:
    uplink.lose()

    with pytest.raises(PublishError, match=r"^Device is offline\. Dropping QoS 0 message\.$"):
        spooler.publish(message(b"x", qos=0))


def test_queued_qos_0_is_dropped_when_the_link_goes(spooler: Spooler, uplink: _HandWorkedUplink) -> None:
    for number, payload in enumerate(numbered(12)):
        spooler.publish(message(payload, qos=number % 2))
    uplink.lose()

    assert spooler.dropped == 6
    uplink.come_back()
    uplink.answer_all()
    assert uplink.acknowledged == numbered(12)[1::2]
    assert spooler.stored_bytes == 0


def test_full_spool_refuses_qos_1(spooler: Spooler, uplink: _HandWorkedUplink) -> None:
    uplink.lose()
    chunk = bytes(MAX_BYTES // 20)
    for _ in range(20):
        spooler.publish(message(chunk))

    assert spooler.stored_bytes == MAX_BYTES
    with pytest.raises(PublishError, match=r"^Message spool is full\. Message could not be added\.$"):
        spooler.publish(message(b"x"))
    assert spooler.stored_bytes == MAX_BYTES


def test_oldest_qos_0_makes_room_first(spooler: Spooler, uplink: _HandWorkedUplink) -> None:
    tenth = MAX_BYTES // 10
    for number in range(10):
        spooler.publish(message(bytes([number]) * tenth, qos=int(number < 5 or number % 2)))
    # In flight: 0 to 4 with QoS 1. Queued: 5, 7, 9 with QoS 1 and 6, 8 with QoS 0.
    spooler.publish(message(b"a" * tenth))

    assert spooler.dropped == 1
    uplink.answer_all()
    arrived = [payload[0] for payload in uplink.acknowledged]
    assert arrived == [0, 1, 2, 3, 4, 5, 7, 8, 9, ord("a")]


def test_message_larger_than_the_spool_is_refused(spooler: Spooler) -> None:
    with pytest.raises(PublishError, match=r"^Message is larger than the size of message spool\.$"):
        spooler.publish(message(bytes(MAX_BYTES + 1)))


def test_refused_message_is_tried_again_a_hundred_times_and_then_given_up(
    spooler: Spooler, uplink: _HandWorkedUplink
) -> None:
    spooler.publish(message(b"refused"))
    spooler.publish(message(b"good"))
    for _ in range(MAX_RETRIES):
        uplink.answer(RefusedError("Quota exceeded"), which=-1 if len(uplink.in_flight) == 1 else 0)
        uplink.in_flight.sort(key=lambda one: one[0].payload != b"refused")

    assert spooler.dropped == 0
    uplink.answer(RefusedError("Quota exceeded"))
    assert spooler.dropped == 1
    uplink.answer_all()
    assert uplink.acknowledged == [b"good"]
    assert spooler.messages == 0


def test_burst_takes_in_acknowledgements_without_waiting_for_the_loop(
    spooler: Spooler, uplink: _HandWorkedUplink
) -> None:
    for payload in numbered(POLL_EVERY - 1):
        spooler.publish(message(payload))
    assert uplink.polls == 0

    for payload in numbered(POLL_EVERY + 1):
        spooler.publish(message(payload))
    assert uplink.polls == 2


def test_backlog_is_sent_with_a_wider_window_in_order(spooler: Spooler, uplink: _HandWorkedUplink) -> None:
    uplink.lose()
    for payload in numbered(500):
        spooler.publish(message(payload))
    uplink.come_back()

    assert len(uplink.in_flight) == MAX_IN_FLIGHT_OF_BACKLOG
    uplink.lose()
    uplink.come_back()
    uplink.answer_all()
    assert uplink.acknowledged == numbered(500)


def test_window_is_narrow_again_when_the_backlog_is_gone(spooler: Spooler, uplink: _HandWorkedUplink) -> None:
    uplink.lose()
    for payload in numbered(BACKLOG + MAX_IN_FLIGHT):
        spooler.publish(message(payload))
    uplink.come_back()

    assert len(uplink.in_flight) == MAX_IN_FLIGHT


def test_waiting_for_an_empty_spooler_ends_with_the_last_acknowledgement(
    spooler: Spooler, uplink: _HandWorkedUplink
) -> None:
    async def scenario() -> tuple[bool, bool, bool]:
        at_first = await spooler.wait_empty(0)
        spooler.publish(message(b"x"))
        too_early = await spooler.wait_empty(0.01)
        waiting = asyncio.create_task(spooler.wait_empty(10))
        await asyncio.sleep(0)
        uplink.answer()
        return at_first, too_early, await waiting

    assert asyncio.run(scenario()) == (True, False, True)


def direct(scenario: Callable[[DirectPublisher, _HandWorkedUplink], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        uplink = _HandWorkedUplink()
        await scenario(DirectPublisher(uplink, lambda _: None), uplink)

    asyncio.run(run())


def test_lite_answers_after_the_acknowledgement() -> None:
    async def scenario(publisher: DirectPublisher, uplink: _HandWorkedUplink) -> None:
        publishing = asyncio.create_task(publisher.publish(message(b"x")))
        await asyncio.sleep(0)
        assert not publishing.done()
        assert publisher.in_flight == 1
        uplink.answer()
        await publishing
        assert publisher.in_flight == 0

    direct(scenario)


def test_lite_takes_ten_unacknowledged_messages_and_no_more() -> None:
    async def scenario(publisher: DirectPublisher, uplink: _HandWorkedUplink) -> None:
        publishing = [asyncio.create_task(publisher.publish(message(b"x"))) for _ in range(12)]
        await asyncio.sleep(0)
        uplink.answer_all()
        results = await asyncio.gather(*publishing, return_exceptions=True)
        assert results[:10] == [None] * 10
        assert all(isinstance(result, PublishError) for result in results[10:])

    direct(scenario)


def test_lite_refuses_at_once_while_offline() -> None:
    async def scenario(publisher: DirectPublisher, uplink: _HandWorkedUplink) -> None:
        uplink.lose()
        with pytest.raises(PublishError):
            await publisher.publish(message(b"x"))
        assert uplink.in_flight == []

    direct(scenario)


def test_lite_tells_when_the_connection_is_lost_before_the_acknowledgement() -> None:
    async def scenario(publisher: DirectPublisher, uplink: _HandWorkedUplink) -> None:
        publishing = asyncio.create_task(publisher.publish(message(b"x")))
        await asyncio.sleep(0)
        uplink.lose()
        with pytest.raises(PublishError):
            await publishing
        assert publisher.in_flight == 0

    direct(scenario)


def test_lite_refuses_a_payload_that_its_default_build_cannot_carry() -> None:
    async def scenario(publisher: DirectPublisher, uplink: _HandWorkedUplink) -> None:
        with pytest.raises(PublishError):
            await publisher.publish(message(bytes(MAX_PAYLOAD_BYTES + 1)))
        assert uplink.in_flight == []

    direct(scenario)


def test_place_is_free_again_when_the_caller_has_gone() -> None:
    async def scenario(publisher: DirectPublisher, uplink: _HandWorkedUplink) -> None:
        publishing = asyncio.create_task(publisher.publish(message(b"x")))
        await asyncio.sleep(0)
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        uplink.answer()
        assert publisher.in_flight == 0

    direct(scenario)
