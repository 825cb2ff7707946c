"""What to publish for each reading: pure, no clock, no sockets."""

from dataclasses import dataclass

from edge_common.messages import Heartbeat, Reading, encode


@dataclass(frozen=True, slots=True)
class Publication:
    """One message for IoT Core.

    Attributes:
        topic: Concrete topic.
        payload: JSON, UTF-8.
        reading: The reading it carries; None for a heartbeat.
    """

    topic: str
    payload: bytes
    reading: Reading | None


class Sequence:
    """Turns sensor values into numbered readings, and says when a heartbeat is due.

    One for each start of the process: sequences begin at 0 with a fresh boot id, so that
    `(device_id, boot_id, sequence)` names a reading for ever. Used by one thread.

    Args:
        device_id: The thing name.
        boot_id: Of this start of the process.
        data_topic: Topic of the readings.
        heartbeat_topic: Topic of the heartbeats.
        heartbeat_every: A heartbeat follows every so many readings; 0 means none.
    """

    def __init__(
        self, *, device_id: str, boot_id: str, data_topic: str, heartbeat_topic: str, heartbeat_every: int
    ) -> None:
        self._device_id = device_id
        self._boot_id = boot_id
        self._data_topic = data_topic
        self._heartbeat_topic = heartbeat_topic
        self._heartbeat_every = heartbeat_every
        self._next_sequence = 0

    def reading(self, sensors: dict[str, float], timestamp: str) -> Publication:
        """Number the next reading.

        Args:
            sensors: Field -> value in the field's unit.
            timestamp: UTC, milliseconds, `Z`.

        Raises:
            PermanentError: A value is not finite; the number is not used up.
        """
        reading = Reading(
            device_id=self._device_id,
            timestamp=timestamp,
            boot_id=self._boot_id,
            sequence=self._next_sequence,
            sensors=sensors,
        )
        publication = Publication(self._data_topic, encode(reading), reading)
        self._next_sequence += 1
        return publication

    def heartbeat(self, messages_sent: int, timestamp: str) -> Publication | None:
        """The heartbeat that is due after the latest reading; None when none is.

        Args:
            messages_sent: Messages that the core has taken so far, heartbeats included.
            timestamp: UTC, milliseconds, `Z`.
        """
        if not self._heartbeat_every or self._next_sequence % self._heartbeat_every:
            return None
        heartbeat = Heartbeat(
            device_id=self._device_id, timestamp=timestamp, status="healthy", messages_sent=messages_sent
        )
        return Publication(self._heartbeat_topic, encode(heartbeat), None)
