"""What a sensor source is, what it measures in which unit, and how it ends. Pure.

Every source reads in the caller's thread and may block briefly; none has a thread of its own.
"""

from collections.abc import Mapping
from typing import Protocol

from edge_common.errors import EdgeError

# The product's words for quantities; a further sensor of the same kind has one of them as its last part.
UNITS = {
    "temperature": "°C",
    "humidity": "%",  # relative humidity
    "pressure": "hPa",
    "light": "lx",
    "cpu_temp": "°C",
}


class EndOfReplay(EdgeError):  # noqa: N818  no error: the file has been read to its end, or the component stops
    """There is nothing more to read, now or later: end tidily."""


class SensorSource(Protocol):
    """One reading after the other. Whoever opens a source closes it."""

    @property
    def fields(self) -> Mapping[str, str]:
        """Every field a reading may have -> its unit; "" where nobody knows it. A reading may lack some."""

    def read(self) -> dict[str, float]:
        """Take one reading: field -> value in the field's unit, at least one, all of them finite.

        Raises:
            TransientError: A sensor cannot be read now; the reason names it. The next call may succeed.
            PermanentError: This one reading is lost (a bad row of a file); the next call goes on behind it.
            EndOfReplay: There is no further reading.
        """

    def close(self) -> None:
        """Give back what is open; may be called again."""
