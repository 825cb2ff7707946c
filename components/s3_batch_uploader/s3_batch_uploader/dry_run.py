"""What would be uploaded, on standard output; nothing is sent, kept or changed.

Owns the batch that fills. Used by one thread.
"""

import sys
import threading
from pathlib import Path

from edge_common.clock import Clock
from edge_common.errors import TransientError
from edge_common.log.line import escape
from edge_common.messages import Reading, encode
from edge_common.outbox import Batching, Frozen
from s3_batch_uploader.folders.folder import Folder
from s3_batch_uploader.folders.opening import FileChangedError
from s3_batch_uploader.folders.scan import Walk
from s3_batch_uploader.folders.upload import hash_file
from s3_batch_uploader.logic import key_of_file
from s3_batch_uploader.readings import Prepare


def print_files(folder: Folder, thing: str, stop: threading.Event) -> None:
    """Print key, size and path of every file that is in `folder` now; or why it cannot be.

    Args:
        folder: What to look through.
        thing: Name of the core's thing.
        stop: Ends it when set.
    """
    walk = Walk(folder.root, folder.patterns, lambda _: None, stop)
    try:
        files = sorted(walk)
    except TransientError:
        return  # told to stop
    for path, version in files:
        try:
            digest = hash_file(path, version, stop)
        except TransientError:
            return  # told to stop
        except FileChangedError:
            _print(f"not read: {_shown(path)}: it is changing")
            continue
        except OSError as error:
            _print(f"not read: {_shown(path)}: {error.strerror}")
            continue
        key = key_of_file(folder.key_prefix, thing, path.relative_to(folder.root), digest)
        _print(f"{key} {version.size_bytes} bytes of {_shown(path)}")
    for path, reason in sorted(walk.unread.items()):
        _print(f"not read: {_shown(path)}: {reason}")


class PrintedBatches:
    """Prints the objects that would be made: key and body, one to a line. Used by one thread.

    Args:
        prepare: Makes them.
        batching: When one is full. Its age is looked at with each reading.
        clock: Says how old it is.
    """

    def __init__(self, prepare: Prepare, batching: Batching, clock: Clock) -> None:
        self._prepare = prepare
        self._batching = batching
        self._clock = clock
        self._records: list[bytes] = []
        self._begun_s = 0.0
        self._next = 0

    def take(self, reading: Reading) -> None:
        """Add a reading; prints the batch when it is full or old enough."""
        now_s = self._clock.monotonic_s()
        if not self._records:
            self._begun_s = now_s
        self._records.append(encode(reading))
        age_s = now_s - self._begun_s
        if len(self._records) >= self._batching.max_records or age_s >= self._batching.max_age_s:
            self.finish()

    def finish(self) -> None:
        """Print what there is."""
        if not self._records:
            return
        last = self._next + len(self._records) - 1
        parcel = self._prepare(Frozen(self._next, last, self._clock.now(), tuple(self._records)))
        _print(f"{parcel.name} {parcel.body.decode()}")
        self._next = last + 1
        self._records = []


def _shown(path: Path) -> str:
    """On one line, whatever the name holds."""
    return escape(str(path))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
