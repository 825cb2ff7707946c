"""What the S3 stand-in was asked and how it answered, and how many objects were overwritten.

Part of the stand-in's process. The lock is held for an addition only.
"""

import json
import threading
from collections import Counter, defaultdict

_NAMED_KEYS = 20  # enough to see which; a client in a loop must not fill the memory


class Counts:
    """Counts from the start of the process; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._created = 0
        self._overwritten = 0
        self._overwritten_keys: list[str] = []

    def answered(self, operation: str, outcome: str) -> None:
        """A request was answered.

        Args:
            operation: As the S3 API Reference names it.
            outcome: The status, with the error code behind it when there is one: "200", "400 BadDigest".
        """
        with self._lock:
            self._answers[operation][outcome] += 1

    def written(self, key: str, *, existed: bool) -> None:
        """An object was written; `existed` when there was one under its key."""
        with self._lock:
            self._created += not existed
            self._overwritten += existed
            if existed and len(self._overwritten_keys) < _NAMED_KEYS:
                self._overwritten_keys.append(key)

    def to_json(self) -> bytes:
        """`{"answers": {operation: {outcome: count}}, "objects_created", "objects_overwritten", …}`."""
        with self._lock:
            return json.dumps(
                {
                    "answers": self._answers,
                    "objects_created": self._created,
                    "objects_overwritten": self._overwritten,
                    "overwritten_keys": self._overwritten_keys,
                }
            ).encode()
