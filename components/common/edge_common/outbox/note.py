"""What is journalled of a frozen batch before it is first sent. Pure.

The journal of a spool takes 1,024 bytes; they are replaced in place and cleared by the release of the batch.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from edge_common import strict_json
from edge_common.outbox.sinks import Frozen, Parcel

_VERSION = 1
_MAX_NAME_BYTES = 600  # an S3 key may have 1,024; beyond this its SHA-256 stands for it


@dataclass(frozen=True, slots=True)
class Note:
    """A batch that may be at the far end already.

    Attributes:
        first: Number of its first record.
        last: Number of its last.
        frozen_at: In UTC.
        name: Of its parcel, or what stands for a long one.
        sha256: Of its parcel's body.
    """

    first: int
    last: int
    frozen_at: datetime
    name: str
    sha256: str

    @classmethod
    def of(cls, frozen: Frozen, parcel: Parcel) -> "Note":
        """What is to be journalled before `parcel` is sent."""
        name = strict_json.encode(parcel.name)  # as long as it will be there, with everything escaped
        short = parcel.name if len(name) <= _MAX_NAME_BYTES else f"sha256:{hashlib.sha256(name).hexdigest()}"
        return cls(frozen.first, frozen.last, frozen.frozen_at, short, parcel.sha256)

    def encode(self) -> bytes:
        """As the journal keeps it."""
        return strict_json.encode(
            {
                "version": _VERSION,
                "first": self.first,
                "last": self.last,
                "frozen_at": self.frozen_at.astimezone(UTC).isoformat(),
                "name": self.name,
                "sha256": self.sha256,
            }
        )


def decode(content: bytes) -> Note | None:
    """Read what `Note.encode` wrote; None for anything else, such as another version's."""
    fields, faults = strict_json.parse(content)
    if faults:
        return None
    try:
        if fields.pop("version") != _VERSION:
            return None
        return Note(**{**fields, "frozen_at": datetime.fromisoformat(fields["frozen_at"])})
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
