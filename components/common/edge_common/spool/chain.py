"""The segments of a spool in order, and the spare files that become segments again.

Owns which file is what; knows nothing of frames. Changed under the store's lock only.
"""

from pathlib import Path

from edge_common.files import disk_errors
from edge_common.spool.segment import Segment, adopt, next_generation

# One is enough: releasing gives the next before this one is full, and the rest of the disk is for others.
_MAX_SPARES = 1


class Chain:
    """All segment files of one open spool; `close` closes them.

    Attributes:
        folder: Where they are.
        segments: Oldest first; the last is the one written to.
        spares: Files without a record that waits, of the size that segments have now.
        reserved_bytes: Of a file in the making, which counts as made.
    """

    def __init__(self, folder: Path, segment_bytes: int, latest_generation: int) -> None:
        self.folder = folder
        self.segments: list[Segment] = []
        self.spares: list[Path] = []
        self.reserved_bytes = 0
        self._segment_bytes = segment_bytes
        self._latest_generation = latest_generation

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        used_bytes = sum(segment.size_bytes for segment in self.segments)
        return used_bytes + len(self.spares) * self._segment_bytes + self.reserved_bytes

    @property
    def active(self) -> Segment | None:
        """The segment written to; None before the first."""
        return self.segments[-1] if self.segments else None

    def end_of(self, segment: Segment, next_number: int) -> int:
        """Number after the last record that `segment` was given."""
        position = self.segments.index(segment) + 1
        return self.segments[position].first if position < len(self.segments) else next_number

    def new_generation(self) -> int:
        """A generation above all others."""
        self._latest_generation = next_generation(self._latest_generation)
        return self._latest_generation

    def begin(self, source: Path, first: int) -> None:
        """Make `source`, a blank or a spare, the active segment.

        Raises:
            TransientError: The disk fails; nothing was written to it.
            PermanentError: The folder is not ours to write.
        """
        if source in self.spares:
            self.spares.remove(source)
        with disk_errors("begin a segment in", self.folder):
            segment = adopt(source, self.new_generation(), first)
        for sealed in self.segments[-1:]:
            sealed.entries = None
            sealed.close()
        self.segments.append(segment)

    def replace(self, suspect: Segment, rewritten: Segment) -> None:
        """Put `rewritten` in the place of `suspect`, and unlink that.

        Raises:
            TransientError: It cannot be unlinked; the next opening tries again.
        """
        self.segments[self.segments.index(suspect)] = rewritten
        suspect.close()
        with disk_errors("unlink", suspect.path):
            suspect.path.unlink()

    def free_below(self, released: int) -> None:
        """Recycle or unlink each segment whose records are all below `released`, but not the active one."""
        while len(self.segments) > 1 and self.segments[1].first <= released:
            self.discard(self.segments[0])

    def discard(self, segment: Segment) -> None:
        """Take `segment` out of the chain and keep its file as a spare, or unlink it.

        Raises:
            TransientError: It cannot be unlinked; the next opening tries again.
        """
        self.segments.remove(segment)
        segment.close()
        self.keep_or_unlink(
            segment.path, segment.size_bytes, suspect=segment.suspect or segment.has_bad_sector
        )

    def keep_or_unlink(self, path: Path, size_bytes: int, *, suspect: bool) -> None:
        """Keep a file without waiting records as a spare where one is wanted and it can be trusted."""
        if not suspect and size_bytes == self._segment_bytes and len(self.spares) < _MAX_SPARES:
            self.spares.append(path)
            return
        with disk_errors("unlink", path):
            path.unlink()

    def close(self) -> None:
        """Close every file."""
        for segment in self.segments:
            segment.close()
