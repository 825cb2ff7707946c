"""Multipart uploads that have failed for now: kept for the same file's next try, and never forgotten in S3.

In memory only: a new process begins anew, and the bucket's lifecycle rule removes what the former one left.
Any thread; the lock is never held during a request.
"""

import threading
from collections import OrderedDict

from edge_common.errors import EdgeError
from edge_common.metrics import Counter
from edge_common.s3.failures import UploadLostError
from edge_common.s3.multipart import Upload

_MAX_KEPT = 8  # files that fail in turn; their parts cost money until they are aborted


class UnfinishedUploads:
    """Uploads by key; `close` aborts them.

    Args:
        left_behind: Counts what could not be aborted.
        stop: The component's stop event: once set, nothing is aborted any more, for there is no time.
    """

    def __init__(self, left_behind: Counter, stop: threading.Event) -> None:
        self._left_behind = left_behind
        self._stop = stop
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Upload] = OrderedDict()

    def take(self, key: str) -> Upload | None:
        """The upload for `key`, from now on the caller's alone; None when there is none."""
        with self._lock:
            return self._kept.pop(key, None)

    def keep(self, key: str, upload: Upload) -> None:
        """Keep an upload for the next try; the oldest gives way when there are too many."""
        with self._lock:
            self._kept[key] = upload
            oldest = self._kept.popitem(last=False)[1] if len(self._kept) > _MAX_KEPT else None
        if oldest is not None:
            self.give_up(oldest)

    def give_up(self, upload: Upload) -> bool:
        """Abort an upload; returns whether S3 has let go of it. One that it has not is counted."""
        try:
            upload.abort()
        except UploadLostError:
            return True  # S3 has forgotten it already
        except EdgeError:
            self._left_behind.add()
            return False
        return True

    def close(self) -> None:
        """Abort all, as far as S3 lets us at once and nobody has told the component to stop."""
        with self._lock:
            kept, self._kept = list(self._kept.values()), OrderedDict()
        is_answering = not self._stop.is_set()
        for upload in kept:
            if is_answering:
                is_answering = self.give_up(upload)
            else:
                self._left_behind.add()
