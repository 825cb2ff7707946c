"""The uploader on a machine whose wall clock jumps: libfaketime under the real process, real time at S3."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.component_process import ComponentProcess, started
from support.faked_clock import FakedClock, TimeJudge
from support.figures import Figure
from support.pipeline.disk import counts_of, held
from support.pipeline.table import in_order_without_gaps, numbers_of, readings_by_number, table_of_objects
from support.s3.credentials import TokenExchangeDouble
from support.s3.store import BUCKET, REGION, Store, running_store
from support.spool.spooling import seeded, trial_seed
from support.waiting import wait_until

TEN_YEARS_S = 10 * 365 * 24 * 3600
JUMPS_A_ROUND = 125
RESUME_DEADLINE_S = 60.0
WITHIN_S = 30.0
SETTINGS = {
    "bucket": BUCKET,
    "reading_interval_s": "0.01",
    "batch_max_records": "100",
    "batch_max_age_s": "0.5",
}


def to_1970() -> int:
    """Where a board without a battery begins."""
    return -int(time.time())


@dataclass(slots=True)
class Trial:
    """One uploader and what it delivers to.

    Attributes:
        clock: The uploader's.
        judge: Before the store.
        store: Where objects go.
        work: The uploader's work folder.
        images: A folder that it keeps in sync.
        offset_s: How far the clock is off.
        longest_resume_s: From setting the clock right to the first object with a reading taken since.
    """

    clock: FakedClock
    judge: TimeJudge
    store: Store
    work: Path
    images: Path
    offset_s: int = 0
    longest_resume_s: float = field(default=0.0)

    def taken(self) -> int:
        """How many readings were ever taken in, by the disk."""
        return counts_of(self.work / "outbox").taken

    def jump(self, offset_s: int) -> None:
        """Set the clock and wait until it has stamped a reading."""
        self.offset_s = offset_s
        self.clock.jump(offset_s)
        for _ in range(2):  # the next one may have been stamped already; the one after it was not
            before_ns = self._written_ns()
            wait_until(lambda: self._written_ns() != before_ns, WITHIN_S, "a reading by the new time")  # noqa: B023  asked here and now

    def _written_ns(self) -> int:
        """When a reading was last written; far cheaper than a look into the outbox."""
        return max(path.stat().st_mtime_ns for path in (self.work / "outbox" / "records").glob("*.segment"))

    def jump_somewhere(self, chance: random.Random) -> None:
        """As the row says: ten years on or back, to 1970, or back by a second."""
        somewhere = (TEN_YEARS_S, -TEN_YEARS_S, to_1970(), self.offset_s - 1)
        self.jump(chance.choice(somewhere))

    def synchronize(self) -> None:
        """Set the clock right, and wait until uploads go on by themselves."""
        self.jump(0)
        taken, right_s = self.taken(), time.monotonic()
        wait_until(
            lambda: max(self.uploaded(), default=-1) >= taken, RESUME_DEADLINE_S, "uploads by the right time"
        )
        self.longest_resume_s = max(self.longest_resume_s, time.monotonic() - right_s)

    def uploaded(self) -> set[int]:
        """The numbers of all readings in objects."""
        keys = [key for key in self.store.listing() if key.startswith("sensor-data/")]
        return {number for key in keys for number in numbers_of(key)}

    def files(self) -> list[bytes]:
        """What the files hold that have arrived, sorted."""
        keys = [key for key in self.store.listing() if key.startswith("images/")]
        return sorted(self.store.body(key) for key in keys)

    def unaccounted(self) -> set[int]:
        """The numbers of readings that were taken in, do not wait and are in no object."""
        now = held(self.work / "outbox")
        return set(range(now.counts.taken)) - now.numbers - self.uploaded()


@contextmanager
def uploader_under(trial: Trial, tokens: TokenExchangeDouble) -> Iterator[ComponentProcess]:
    """The real component, at work when this is entered."""
    environment = {
        **trial.clock.environment,
        **tokens.environment,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": trial.judge.url,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    settings = {**SETTINGS, "folders": [{"path": str(trial.images), "settle_s": "0.5"}]}
    with started("s3_batch_uploader", trial.work, settings, **environment) as uploader:
        outbox = trial.work / "outbox"
        wait_until(lambda: (outbox / "dead").exists() and trial.taken(), WITHIN_S, "the first reading")
        yield uploader


@pytest.mark.timeout(600)
@pytest.mark.parametrize("begin", [pytest.param(lambda: 0, id="right"), pytest.param(to_1970, id="1970")])
@pytest.mark.parametrize("rounds", [4, pytest.param(20, marks=pytest.mark.release)])
def test_clock_that_jumps_loses_and_doubles_nothing_and_uploads_go_on_when_it_is_right(
    tmp_path: Path, rounds: int, begin: Callable[[], int], figure: Figure
) -> None:
    seed, work, images = trial_seed(), tmp_path / "work", tmp_path / "images"
    print(f"SEED={seed}")  # noqa: T201  to replay a failure
    chance, clock = seeded(seed), FakedClock(tmp_path)
    clock.jump(begin())
    work.mkdir()
    images.mkdir()
    written: list[bytes] = []
    with running_store() as store, TimeJudge(store.port) as judge, TokenExchangeDouble() as tokens:
        trial = Trial(clock, judge, store, work, images)
        with uploader_under(trial, tokens) as uploader:
            for number in range(rounds):
                written.append(b"image %08d" % number)
                (images / f"{number}.jpg").write_bytes(written[-1])
                for _ in range(JUMPS_A_ROUND):
                    trial.jump_somewhere(chance)
                trial.synchronize()
                assert trial.unaccounted() == set()
                wait_until(lambda: trial.files() == written, RESUME_DEADLINE_S, "the file that was written")
            uploader.process.terminate()
            assert uploader.exit_code() == 0
        lost, ended, counts = trial.unaccounted(), held(work / "outbox"), store.counts()
        arrived = tmp_path / "arrived"
        store.save_to(arrived)
        collisions = counts["objects_overwritten"] + counts["answers"]["PutObject"].get(
            "412 PreconditionFailed", 0
        )

    batches = arrived / "sensor-data"
    table, readings = table_of_objects(batches), readings_by_number(batches)
    figure(
        "clock jumps (10 years on and back, 1970, back 1 s)",
        jumps=clock.jumps,
        readings=ended.counts.taken,
        files=len(written),
        lost=len(lost),
        duplicated=table.repeated,
        collisions=collisions,
        refused_for_the_time=judge.judged["skewed"],
        longest_resume_s=round(trial.longest_resume_s, 1),
    )
    assert (lost, table.repeated, table.unreadable, collisions) == (set(), 0, 0, 0)
    assert in_order_without_gaps(readings)
    assert ended.counts.taken == len(table.readings | ended.waiting)
    assert judge.judged["skewed"] >= rounds
    assert len(table.readings) > rounds * JUMPS_A_ROUND
