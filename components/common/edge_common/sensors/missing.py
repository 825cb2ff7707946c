"""What a reading lacks, told to a person once and to the counters each time. No threads."""

from collections.abc import Sequence

from edge_common.log import get_logger, limited
from edge_common.metrics import Metrics

_SAME_CAUSE_S = 10.0  # between two log lines of a source whose sensors come and go all the time


class MissingFields:
    """Counts fields that could not be read, and logs their reasons when these change.

    Args:
        source: Such as "host"; marks the log lines.
        metrics: Where `sensor_fields_not_read` counts.
    """

    def __init__(self, source: str, metrics: Metrics) -> None:
        self._source = source
        self._log = get_logger(source)
        self._not_read = metrics.counter("sensor_fields_not_read")
        self._told: list[str] = []

    def note(self, reasons: Sequence[str]) -> None:
        """Take in one reading: a reason for each field that it lacks; empty when it is complete."""
        self._not_read.add(len(reasons))
        if list(reasons) == self._told:
            return
        self._told = list(reasons)
        once = limited(f"{self._source}_sensors", _SAME_CAUSE_S)
        if reasons:
            self._log.warning("sensor_fields_not_read", reason=" ".join(reasons), **once)
        else:
            self._log.info("sensor_fields_read_again", **once)
