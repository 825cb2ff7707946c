"""Opening: what the last process left becomes a spool again. Always starts, whatever is damaged.

The listing of the folder gives the segments, their order and their numbers; only the last one is read, so the
time it takes is bounded by one segment, however large the spool. Reads first; what it then removes is
superseded, released, or was never a segment.
"""

from pathlib import Path

from edge_common.files import disk_errors, sync_folder
from edge_common.spool.blank import BLANK_NAMES, READY_NAME
from edge_common.spool.chain import Chain
from edge_common.spool.folder import FORMAT_NAME, SpoolFolder
from edge_common.spool.frame import BLOCK_BYTES
from edge_common.spool.journal import Journal, Released
from edge_common.spool.ledger import Ledger
from edge_common.spool.limits import SpoolLimits
from edge_common.spool.quarantine import Quarantine
from edge_common.spool.scan import Scan, gaps, scan
from edge_common.spool.segment import Segment, open_segment, parse_name
from edge_common.spool.store import Store


def recover(folder: SpoolFolder, limits: SpoolLimits) -> Store:
    """Open what is in `folder`.

    Raises:
        TransientError: The disk is full (a new spool only) or fails.
        PermanentError: The files are not ours to read, or of a newer format.
    """
    with disk_errors("sync", folder.path):
        # A process may have been killed between a renaming and its sync: what it named is about to be used.
        sync_folder(folder.path)
    journal = Journal(folder.path)
    journal.open(folder.path / FORMAT_NAME)
    if folder.is_new and journal.state is None:
        journal.write(Released())
    state = journal.state or Released()
    with disk_errors("look at", folder.path):
        kept, surplus = sort_out(folder.path, state.released)
        chain = Chain(folder.path, limits.segment_bytes, _latest_generation(kept + surplus))
        chain.segments = [open_segment(path) for path in kept]
    quarantine = Quarantine(folder.path)
    ledger, torn_tails = _take_stock(chain, journal, quarantine)
    with disk_errors("clean", folder.path):
        for path in (folder.path / name for name in BLANK_NAMES if name != READY_NAME):
            path.unlink(missing_ok=True)
    if (folder.path / READY_NAME).exists():
        surplus.append(folder.path / READY_NAME)
    for path in surplus:
        chain.keep_or_unlink(path, path.stat().st_size, suspect=path.suffix == ".suspect")
    store = Store(chain, ledger, limits, quarantine, torn_tails)
    if chain.active is None:
        store.ahead.make()  # now, while there is room; where there is none, the first append tells why
    return store


def sort_out(folder: Path, released: int) -> tuple[list[Path], list[Path]]:
    """The paths of the segments that count, oldest first, and of those that are superseded or released."""
    named = [(parse_name(path.name), path) for path in folder.iterdir()]
    found = sorted(((name[0], name[1], path) for name, path in named if name), reverse=True)
    kept: list[Path] = []
    surplus: list[Path] = []
    following: int | None = None
    for _, first, path in found:
        if following is not None and (first >= following or following <= released):
            surplus.append(path)
            continue
        kept.append(path)
        following = first
    return kept[::-1], surplus


def _latest_generation(paths: list[Path]) -> int:
    return max((name[0] for path in paths if (name := parse_name(path.name))), default=0)


def _take_stock(chain: Chain, journal: Journal, quarantine: Quarantine) -> tuple[Ledger, int]:
    """Read the tail; find the next number and what is missing at either end.

    Returns:
        The ledger, and 1 when an unfinished frame was cut, else 0.
    """
    state = journal.state or Released()
    tail = chain.active
    if tail is None:
        ledger = Ledger(journal, max(state.released, state.assigned))
        ledger.found_gaps(state.released, ledger.next, [(state.released, ledger.next)])
        return ledger, 0
    with disk_errors("read", tail.path):
        found = scan(tail, None)
    end = found.entries[-1].header.last + 1 if found.entries else tail.first
    ledger = Ledger(journal, max(end, state.released, state.assigned))
    oldest = chain.segments[0].first
    if journal.state is None:
        # The journal is lost: what was released before the oldest segment went is not damage.
        journal.state = Released(released=oldest, assigned=ledger.next)
    elif state.released < oldest:
        ledger.found_gaps(state.released, oldest, [(state.released, oldest)])
    ledger.found_gaps(tail.first, ledger.next, gaps(found.entries, tail.first, ledger.next))
    tail.entries = found.entries
    tail.end_bytes = tail.size_bytes if tail.has_bad_sector else found.end_bytes
    _keep_broken(tail, found, quarantine, lost_end=ledger.next > end)
    if not tail.suspect:
        _sync(tail)
    return ledger, int(found.torn is not None and ledger.next == end)


def _keep_broken(tail: Segment, found: Scan, quarantine: Quarantine, *, lost_end: bool) -> None:
    """Keep aside what is broken; what follows the last whole frame will be written over."""
    broken = list(found.broken)
    if found.torn is not None:
        broken.append(found.torn)
    elif lost_end:
        broken.append((found.end_bytes, BLOCK_BYTES))
    with disk_errors("read", tail.path):
        for offset, size_bytes in broken:
            quarantine.keep(tail.generation, offset, tail.read_around(offset, size_bytes))


def _sync(tail: Segment) -> None:
    """Bring to disk what the last process may have left in the page cache only, before anybody reads it."""
    try:
        tail.sync()
    except OSError:
        return  # the segment is suspect now: it is rewritten before anything new is acknowledged
