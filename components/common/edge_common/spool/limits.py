"""How large a spool may grow, and what happens then. Pure; frozen, so safe from any thread."""

from dataclasses import dataclass
from enum import StrEnum

from edge_common.errors import ConfigError
from edge_common.spool.frame import BLOCK_BYTES, HEADER_BYTES, LENGTH_BYTES

MIB = 1 << 20
_MIN_SEGMENT_BYTES = 2 * BLOCK_BYTES
_MAX_SEGMENT_BYTES = 1024 * MIB
_MIN_SEGMENTS = 2  # one to drop or recycle, one to write
# A frame is lost as one when a bit rots, and decoded as one when a record is read.
_FRAME_TARGET_BYTES = MIB


class OnFull(StrEnum):
    """What gives way when the cap or the floor of free space is reached."""

    DROP_OLDEST = "drop_oldest"
    """The oldest whole segment goes, delivered or not; what was not is counted as dropped."""
    REJECT = "reject"
    """New records are refused with SpoolFullError until something is released."""


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """The bounds of one spool.

    Attributes:
        max_bytes: All segment files together, in use or spare, are never more; at least two segments. Beside
            them stand 16 KiB of journal and at most 1 MiB of quarantine, and for the moment that a segment is
            rewritten after a failed write, one segment more.
        on_full: What happens at `max_bytes` or at `min_free_bytes`.
        min_free_bytes: No file is made that would leave less than this free on the disk.
        segment_bytes: Size of one file, whole blocks of 4096 bytes, 8 KiB to 1 GiB. Space is freed, and
            dropped, by segments.

    Raises:
        ConfigError: A value is out of its range.
    """

    max_bytes: int
    on_full: OnFull
    min_free_bytes: int = 64 * MIB
    segment_bytes: int = 4 * MIB

    def __post_init__(self) -> None:
        faults = []
        if self.segment_bytes % BLOCK_BYTES or not (
            _MIN_SEGMENT_BYTES <= self.segment_bytes <= _MAX_SEGMENT_BYTES
        ):
            faults.append(
                f"segment_bytes is {self.segment_bytes}: allowed are multiples of {BLOCK_BYTES} bytes from "
                f"{_MIN_SEGMENT_BYTES} to {_MAX_SEGMENT_BYTES}. Choose one, such as {4 * MIB}."
            )
        if self.max_bytes < _MIN_SEGMENTS * self.segment_bytes:
            faults.append(
                f"max_bytes is {self.max_bytes}: at least {_MIN_SEGMENTS} segments of {self.segment_bytes} "
                "bytes must fit. Raise it, or make the segments smaller."
            )
        if self.min_free_bytes < 0:
            faults.append(f"min_free_bytes is {self.min_free_bytes}: allowed is 0 or more. Raise it.")
        if faults:
            raise ConfigError(faults)

    @property
    def max_record_bytes(self) -> int:
        """The longest record that fits: a segment, less the header of its frame."""
        return self.segment_bytes - HEADER_BYTES - LENGTH_BYTES

    @property
    def frame_payload_bytes(self) -> int:
        """How much one commit gathers; a longer record has a frame of its own."""
        return min(_FRAME_TARGET_BYTES, self.segment_bytes - HEADER_BYTES)

    @property
    def max_files(self) -> int:
        """How many segment files may exist, in use or spare."""
        return self.max_bytes // self.segment_bytes
