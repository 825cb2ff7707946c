"""Numbering readings, and when a heartbeat is due: pure, no clock, no sockets."""

from collections.abc import Mapping

from edge_common.messages import Heartbeat, Reading


class Sequence:
    """Turns sensor values into numbered readings, and says when a heartbeat is due.

    One for each start of the process: sequences begin at 0 with a fresh boot id, so that
    `(device_id, boot_id, sequence)` names a reading for ever. Used by one thread.

    Args:
        device_id: The thing name.
        boot_id: Of this start of the process.
        heartbeat_every: A heartbeat follows every so many readings; 0 means none.
    """

    def __init__(self, device_id: str, boot_id: str, heartbeat_every: int) -> None:
        self._device_id = device_id
        self._boot_id = boot_id
        self._heartbeat_every = heartbeat_every
        self._next_sequence = 0

    def reading(self, sensors: Mapping[str, float], timestamp: str) -> Reading:
        """Number the next reading.

        Args:
            sensors: Field -> value in the field's unit.
            timestamp: UTC, milliseconds, `Z`.
        """
        sequence = self._next_sequence
        self._next_sequence += 1
        return Reading(self._device_id, timestamp, self._boot_id, sequence, sensors)

    def heartbeat(self, messages_sent: int, timestamp: str) -> Heartbeat | None:
        """The heartbeat that is due after the latest reading; None when none is.

        Args:
            messages_sent: Messages that the core has taken so far, heartbeats included.
            timestamp: UTC, milliseconds, `Z`.
        """
        if not self._heartbeat_every or self._next_sequence % self._heartbeat_every:
            return None
        return Heartbeat(self._device_id, timestamp, "healthy", messages_sent)
