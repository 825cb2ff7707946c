"""Superseding a segment on which a write or a sync has failed (the lesson called fsyncgate).

After a failed fsync Linux marks the pages clean: a second one may succeed with the bytes gone. So the file is
given up: the frames in it that are not released are read, checked and written into another file, which
takes its place by one rename when all of them are on disk. If the process dies before that, the old file
counts; after, the new one: its generation is higher.
"""

from contextlib import suppress
from pathlib import Path

from edge_common.files import disk_errors, sync_folder
from edge_common.spool.blank import BLANK_NAME
from edge_common.spool.chain import Chain
from edge_common.spool.frame import FrameDamagedError, read_header, unframe
from edge_common.spool.ledger import Ledger
from edge_common.spool.reader import Reader
from edge_common.spool.segment import Entry, Segment, segment_name


def rewrite(chain: Chain, ledger: Ledger, reader: Reader, suspect: Segment, source: Path) -> Segment:
    """Copy what waits in `suspect` into the file `source` and put that in its place.

    Returns:
        The new segment, to be written on.

    Raises:
        TransientError: The disk fails; `suspect` stays in its place, and `source` is gone.
        PermanentError: The folder is not ours to write.
    """
    blank = chain.folder / BLANK_NAME
    with disk_errors("rewrite", suspect.path):
        if source in chain.spares:
            chain.spares.remove(source)
            source.rename(blank)
        kept = [entry for entry in reader.look_up(suspect) if entry.header.last >= ledger.released]
        target = Segment(
            path=blank,
            generation=chain.new_generation(),
            first=kept[0].header.first if kept else ledger.next,
            size_bytes=max(suspect.size_bytes, blank.stat().st_size),
            entries=[],
        )
        try:
            for entry in kept:
                _copy(reader, suspect, entry, target)
            target.sync()
            final = blank.with_name(segment_name(target.generation, target.first))
            target.path.rename(final)
            target.path = final
            sync_folder(chain.folder)
        except BaseException:
            target.close()
            with suppress(OSError):  # what stays is complete or empty, and the next generation supersedes it
                target.path.unlink()
            raise
    chain.replace(suspect, target)
    return target


def _copy(reader: Reader, suspect: Segment, entry: Entry, target: Segment) -> None:
    """Write one frame of `suspect` behind those `target` has; a damaged one is noted and left behind."""
    frame = suspect.read_around(entry.offset, entry.header.frame_bytes)
    try:
        moved = unframe(entry.header, frame).frame(target.generation, entry.header.first)
    except FrameDamagedError:
        reader.lose(suspect, entry, frame)
        return
    target.write(target.end_bytes, moved)
    header = read_header(moved, target.generation)
    if header is not None and target.entries is not None:
        target.entries.append(Entry(target.end_bytes, header))
    target.end_bytes += len(moved)
