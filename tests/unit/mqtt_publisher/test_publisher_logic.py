"""The publisher's pure logic: numbers of readings, and heartbeats."""

from mqtt_publisher.logic import Sequence

NOW = "2026-11-22T04:26:11.123Z"


def test_readings_are_numbered_from_zero_without_gaps() -> None:
    sequence = Sequence("device", "boot", 0)

    readings = [sequence.reading({"temperature": 20.0 + n}, NOW) for n in range(3)]

    assert [reading.sequence for reading in readings] == [0, 1, 2]
    assert {(reading.device_id, reading.boot_id) for reading in readings} == {("device", "boot")}


def test_a_heartbeat_follows_every_so_many_readings() -> None:
    sequence = Sequence("device", "boot", 3)

    due = []
    for _ in range(7):
        sequence.reading({}, NOW)
        due.append(sequence.heartbeat(0, 0, NOW) is not None)

    assert due == [False, False, True, False, False, True, False]


def test_zero_means_no_heartbeat_at_all() -> None:
    sequence = Sequence("device", "boot", 0)
    sequence.reading({}, NOW)

    assert sequence.heartbeat(0, 0, NOW) is None


def test_a_heartbeat_is_degraded_only_while_readings_are_being_given_up() -> None:
    sequence = Sequence("device", "boot", 1)

    states = []
    for not_published in (0, 2, 2, 3):
        sequence.reading({}, NOW)
        heartbeat = sequence.heartbeat(10, not_published, NOW)
        assert heartbeat is not None
        states.append((heartbeat.status, heartbeat.details["readings_not_published"]))

    assert states == [("healthy", 0), ("degraded", 2), ("healthy", 2), ("degraded", 3)]
