"""The spool against a list, on a disk that loses what was not synced."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from edge_common.spool import OnFull, Spool
from support.spool_disk import Disk, adopt
from support.spool_witness import Witness, acknowledged, released, releasing
from support.spooling import seeded, small_limits

SEQUENCES = 300
SEQUENCES_RELEASE = 20_000
STEPS = 30
SEEDS = st.integers(0, 2**32)
RECORDS = st.lists(st.sampled_from((b"", b"reading", bytes(range(256)) * 30)), min_size=1, max_size=4)


class SpoolOnDisk(RuleBasedStateMachine):
    """Appends, releases, restarts, power cuts and write-back in any order."""

    on_full = OnFull.REJECT
    segments = 40

    @initialize()
    def start(self) -> None:
        """An empty folder on a disk of our own."""
        self.home = Path(tempfile.mkdtemp(dir="/dev/shm"))
        self.patch = pytest.MonkeyPatch()
        self.limits = small_limits(self.segments, self.on_full)
        self.witness = Witness()
        self.cuts = 0
        self.serial = 0
        self.folder = self.home / "0"
        self.folder.mkdir()
        self.spool = self._open()

    @rule(records=RECORDS)
    def append(self, records: list[bytes]) -> None:
        """Records that differ from all before."""
        self.serial += 1
        ours = [b"%d %b" % (self.serial, record) for record in records]
        numbers = self.spool.append_many(ours)
        self.witness.hear(b"".join(map(acknowledged, numbers, ours)))

    @rule(part=st.floats(0, 1))
    def release(self, part: float) -> None:
        """A part of what waits."""
        now = self.spool.statistics()
        through = now.released + int(now.records * part) - 1
        self.witness.hear(releasing(through))
        self.spool.release(through)
        self.witness.hear(released(through))

    @rule()
    def look(self) -> None:
        """Everything promised is there."""
        assert self.witness.judge(self.spool, may_drop=self.on_full is OnFull.DROP_OLDEST) == []

    @rule()
    def restart(self) -> None:
        """An orderly stop and a new start."""
        self.spool.close()
        self.patch.undo()
        self.spool = self._open()

    @rule(seed=SEEDS)
    def write_back(self, seed: int) -> None:
        """The kernel brings some of what is not synced to disk."""
        self.disk.write_back(seeded(seed))

    @rule(seed=SEEDS, after_calls=st.integers(0, 12), records=RECORDS)
    def crash(self, seed: int, after_calls: int, records: list[bytes]) -> None:
        """The power fails now, or some calls into an append and a release that nobody hears of."""
        left = [self.disk.possible(seeded(seed))]
        first_call = self.disk.events

        def cut() -> None:
            if self.disk.events <= first_call + after_calls:
                left.append(self.disk.possible(seeded(seed)))

        self.disk.on_event = cut
        self.spool.append_many(records)
        waiting = self.spool.statistics()
        self.witness.may_be_released = max(self.witness.may_be_released, waiting.released)
        if waiting.records:
            self.spool.release(waiting.released)
        self.disk.on_event = None
        self.spool.close()
        self.patch.undo()
        shutil.rmtree(self.folder)
        self.cuts += 1
        self.folder = self.home / str(self.cuts)
        adopt(self.folder, left[-1])
        self.spool = self._open()
        self.look()

    def teardown(self) -> None:
        """Give everything back."""
        if hasattr(self, "spool"):
            self.spool.close()
            self.patch.undo()
            shutil.rmtree(self.home)

    def _open(self) -> Spool:
        self.disk = Disk(self.folder)
        self.disk.watch(self.patch)
        return Spool(self.folder, self.limits)


class SmallSpoolOnDisk(SpoolOnDisk):
    """The same with a cap that is soon reached."""

    on_full = OnFull.DROP_OLDEST
    segments = 3


@pytest.mark.parametrize("machine", [SpoolOnDisk, SmallSpoolOnDisk])
def test_no_sequence_of_actions_breaks_a_promise(machine: type[SpoolOnDisk]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=SEQUENCES // 2, stateful_step_count=STEPS, deadline=None)
    )


@pytest.mark.release
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("machine", [SpoolOnDisk, SmallSpoolOnDisk])
def test_no_sequence_of_twenty_thousand_breaks_a_promise(machine: type[SpoolOnDisk]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=SEQUENCES_RELEASE // 2, stateful_step_count=STEPS, deadline=None),
    )
