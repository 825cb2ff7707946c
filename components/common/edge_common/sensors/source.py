"""What a sensor source is to its reader. Pure, no threads."""

from typing import Protocol

from edge_common.errors import EdgeError


class Source(Protocol):
    """Where readings come from; used by one thread, opened by `edge_common.sensors.open_source`."""

    @property
    def due_s(self) -> float | None:
        """When the next reading is due, by the monotonic clock; None: the reader keeps its own interval."""

    def read(self) -> dict[str, float]:
        """One look at all sensors: field -> finite value, never empty; a sensor without a value is left out.

        It may block for as long as the hardware takes, a fraction of a second.

        Raises:
            TransientError: Nothing can be read now; the reason says what and where. It may pass.
            PermanentError: Reading again cannot help: a person must act.
            EndOfReplayError: Everything recorded has been read.
        """


class EndOfReplayError(EdgeError):
    """A recording has been read to its end: no failure, but nothing will follow."""
