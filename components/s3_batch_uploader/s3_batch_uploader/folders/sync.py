"""One folder whose files go to S3, each version once: what is done with each file, in a thread of its own.

Owns that thread (`edge_common.outbox.courier`, which waits after failures and never dies), the watches and
the receipts. Order, for each file: S3 has it, its receipt is on disk, it is deleted or moved. If the process
dies in between, the next start goes on from there: without a receipt the file is uploaded again, which S3
answers with "already there". Neither readings nor other folders wait for any of this.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_common.context import Context
from edge_common.errors import EdgeError, PermanentError, RefusedError
from edge_common.log import get_logger, limited
from edge_common.metrics import Counter
from edge_common.outbox import DEFAULT_BACKOFF, Courier, DeliveryBackoff, Outage
from edge_common.s3 import Placed
from s3_batch_uploader.config import RECEIPTS_FOLDER, AfterUpload
from s3_batch_uploader.destination import Destination
from s3_batch_uploader.folders.folder import Folder
from s3_batch_uploader.folders.leaving import FileInUseError
from s3_batch_uploader.folders.opening import FileChangedError
from s3_batch_uploader.folders.receipts import Receipts, receipt
from s3_batch_uploader.folders.settling import Version
from s3_batch_uploader.folders.upload import FileUploads, Uploaded
from s3_batch_uploader.folders.watched import Found, WatchedFolder, looked_at
from s3_batch_uploader.logic import key_of_file

_NAME = "folders"
_LOOK_S = 0.4  # how late a stop is seen at most while nothing happens
_AGAIN_S = 1e-3  # nothing was delivered, and something may be due
_NAME_DIGITS = 16  # of a folder's receipts file
_HOUR_S = 3600.0  # between two lines of what does not stop by itself
# Of files that a scan did not see though part of the folder could not be listed: more than these, and twice
# what is there, are forgotten all the same. It costs an upload that S3 has already, should they come back.
_UNSEEN_RECEIPTS = 10_000

_log = get_logger(_NAME)


class FolderSync:
    """Keeps a folder in sync; a context manager that starts and ends its thread.

    Args:
        folder: Which one; nobody else's.
        destination: Where files go.
        context: Of the component.
        rescan_interval_s: The folder is looked through so often.
        receipts_folder: Where receipts are kept; its parent exists.
        backoff: How long to wait after failures.
    """

    def __init__(  # noqa: PLR0913  the last two have defaults that suit a component
        self,
        folder: Folder,
        destination: Destination,
        context: Context,
        *,
        rescan_interval_s: float,
        receipts_folder: Path = Path(RECEIPTS_FOLDER),
        backoff: DeliveryBackoff = DEFAULT_BACKOFF,
    ) -> None:
        self._folder = folder
        self._place = f"{destination.bucket}/{folder.key_prefix}"
        self._thing = context.thing_name
        self._uploads = FileUploads(destination, context.stop)
        self._receipts_path = receipts_folder / sha256(os.fsencode(folder.root)).hexdigest()[:_NAME_DIGITS]
        self._opened_receipts: Receipts | None = None
        self._faults: dict[Path, tuple[Version, str]] = {}  # files that cannot go now, and what was said
        self._refused: dict[Path, Version] = {}  # files that S3 never takes
        self._watched = WatchedFolder(
            folder,
            rescan_interval_s=rescan_interval_s,
            clock=context.clock,
            stop=context.stop,
            is_done=self._is_done,
            identify=self._receipt,
            after_scan=self._after_scan,
        )
        self._courier = Courier(
            _NAME,
            step=self._step,
            waiting=lambda: len(self._watched),
            stop=context.stop,
            clock=context.clock,
            backoff=backoff,
            outage=Outage(_NAME, context.clock, context.metrics),
        )
        self._is_idle = False
        self._is_ended = False
        self._in_use = threading.Lock()  # watches and receipts, by a step; for good once they are closed
        counter = context.metrics.counter
        self._uploaded, self._uploaded_bytes = counter("files_uploaded"), counter("file_bytes_uploaded")
        self._already_there, self._changed = counter("files_already_there"), counter("files_changed")
        self._not_read, self._files_refused = counter("files_not_read"), counter("files_refused")
        self._not_finished = counter("files_not_finished")

    def __len__(self) -> int:
        """How many files wait."""
        return len(self._watched)

    def drain(self, timeout_s: float) -> bool:
        """Wait until every file has been dealt with; returns whether that came about in time."""
        return self._courier.wait_until(lambda: self._is_idle, timeout_s)

    def __enter__(self) -> Self:
        self._courier.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._courier.end()
        self._is_ended = True
        self._close()

    def _close(self) -> None:
        """Close everything, once; where a step hangs in it, that closes it when it goes on."""
        if self._in_use.acquire(blocking=False):
            self._watched.close()
            if self._opened_receipts is not None:
                self._opened_receipts.close()

    def _step(self) -> float | None:
        """One file uploaded, or a look at what has happened; the thread's `step`."""
        if not self._in_use.acquire(blocking=False):
            return None  # closed
        try:
            return self._one()
        finally:
            self._in_use.release()
            if self._is_ended:
                self._close()

    def _one(self) -> float:
        self._watched.look(0.0)
        if len(self._watched):
            self._is_idle = False
        found = self._watched.take()
        if found is None:
            self._watched.look(_LOOK_S)
            self._is_idle = not len(self._watched)
            return _AGAIN_S
        return 0.0 if self._sync(found) else _AGAIN_S

    def _sync(self, found: Found) -> bool:
        """Do what is left to do with one file; returns whether S3 was reached."""
        is_there = self._receipt(found) in self._receipts
        if not is_there:
            uploaded = self._upload(found)
            if uploaded is None:
                return False
            self._note(found, uploaded)
        self._finish(found)
        return not is_there

    def _upload(self, found: Found) -> Uploaded | None:
        """None: it has not gone, and that was said and counted.

        Raises:
            TransientError: S3 cannot or will not now; the file is due again at once, behind the others.
        """
        relative = found.path.relative_to(self._folder.root)
        key_of = partial(key_of_file, self._folder.key_prefix, self._thing, relative)
        try:
            return self._uploads.upload(found.path, found.version, key_of)
        except FileChangedError:
            self._has_changed(found)
        except OSError as error:
            self._complain("file_not_read", found, error.strerror or str(error), self._not_read)
        except PermanentError as error:
            if error.code == "disk":
                self._complain("file_not_read", found, error.reason, self._not_read)
            else:
                self._refused[found.path] = found.version
                self._files_refused.add()
                _log.error("file_refused", path=str(found.path), code=error.code, reason=error.reason)
        except RefusedError:
            self._watched.put_aside(found)
            raise
        except BaseException:
            self._watched.put_back(found, after_s=0.0)
            raise
        return None

    def _note(self, found: Found, uploaded: Uploaded) -> None:
        """Count and say it, and write the receipt."""
        if uploaded.placed is Placed.NEW:
            self._uploaded.add()
            self._uploaded_bytes.add(found.version.size_bytes)
        else:
            self._already_there.add()
        _log.info(
            "file_uploaded",
            path=str(found.path),
            key=uploaded.key,
            size_bytes=found.version.size_bytes,
            placed=uploaded.placed.value,
        )
        # Not written, it holds for this process. The file may be deleted all the same: on a full disk that is
        # what makes room, and the worst that a crash costs is an upload of what is there already.
        with _receipts_may_wait():
            self._receipts.add(self._receipt(found))

    def _finish(self, found: Found) -> None:
        """Keep, delete or move a file that S3 has."""
        try:
            is_gone = self._folder.finish(found.path, found.version)
        except FileInUseError:
            _log.info("file_still_open", path=str(found.path), **limited("open", _HOUR_S))
            self._watched.put_back(found, after_s=self._folder.settle_s)
            return
        except FileChangedError:
            self._has_changed(found)
            return
        except OSError as error:
            self._complain("file_not_finished", found, error.strerror or str(error), self._not_finished)
            return
        self._faults.pop(found.path, None)
        if is_gone:
            self._receipts.forget(self._receipt(found))
            with _receipts_may_wait():
                self._receipts.tidy()

    def _has_changed(self, found: Found) -> None:
        """It settles anew; one that has vanished is nothing to speak of."""
        if self._watched.look_again(found):
            self._changed.add()

    def _complain(self, event: str, found: Found, reason: str, counter: Counter) -> None:
        """Say once what is wrong with a file; the next scan tries it again."""
        fault = (found.version, reason)
        if self._faults.get(found.path) != fault:
            self._faults[found.path] = fault
            counter.add()
            _log.warning(event, path=str(found.path), reason=reason)

    def _is_done(self, found: Found) -> bool:
        if self._refused.get(found.path) == found.version:
            return True
        return self._folder.after_upload is AfterUpload.KEEP and self._receipt(found) in self._receipts

    def _after_scan(self, there: set[bytes], is_complete: bool) -> None:  # noqa: FBT001  told, not chosen
        """Forget what was known of files that are gone."""
        self._faults = {path: fault for path, fault in self._faults.items() if looked_at(path)}
        self._refused = {path: version for path, version in self._refused.items() if looked_at(path)}
        if is_complete or len(self._receipts) > _UNSEEN_RECEIPTS + 2 * len(there):
            with _receipts_may_wait():
                self._receipts.keep_only(there)

    def _receipt(self, found: Found) -> bytes:
        return receipt(self._place, found.path, found.version)

    @property
    def _receipts(self) -> Receipts:
        """Read when they are first asked for, in the folder's thread."""
        if self._opened_receipts is None:
            self._opened_receipts = Receipts.opened(self._receipts_path)
        return self._opened_receipts


@contextmanager
def _receipts_may_wait() -> Iterator[None]:
    try:
        yield
    except EdgeError as error:
        _log.warning("receipt_not_written", reason=error.reason, **limited("receipts", _HOUR_S))
