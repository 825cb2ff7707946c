"""A process that uploads readings, each as an object of its own, while its wall clock stands still.

`python -m support.s3.frozen_worker FOLDER COUNT`; where things are stands in the environment, as on a core.
It prints one JSON line: what its outbox says in the end. The clock is a frozen `edge_common.clock`, the only
one that a component reads: with libfaketime's frozen clock, Python's own timed waits hang or spin.
"""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from edge_common import log
from edge_common.clock import SystemClock
from edge_common.timestamps import format_timestamp
from support.outbox.ends import IN_A_BLINK, context_of
from support.s3.uploading import put_readings, uploading

MOMENT = datetime(2026, 11, 22, 4, 26, 11, 123_000, UTC)
DEADLINE_S = 1500.0


class FrozenClock(SystemClock):
    """The wall clock stands still; the monotonic one goes on."""

    def now(self) -> datetime:
        """Always the same."""
        return MOMENT

    def timestamp(self) -> str:
        """Always the same."""
        return format_timestamp(MOMENT)


def main() -> None:
    """Upload and say how it went."""
    log.configure({log.LEVEL_VARIABLE: "WARNING"})  # a line for each object is too much for a pipe
    folder, count, context = Path(sys.argv[1]), int(sys.argv[2]), context_of(FrozenClock())
    with uploading(folder, context, 1, IN_A_BLINK) as (outbox, _):
        put_readings(outbox, context.clock, range(count))
        drained = outbox.drain(DEADLINE_S)
        said = {**asdict(outbox.statistics()), "drained": drained}
    print(json.dumps(said))  # noqa: T201  the way to the trial


if __name__ == "__main__":
    main()
