"""The spool against a list, on a disk that loses what was not synced."""

import copy
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from edge_common.spool import OnFull, Spool, SpoolFullError
from edge_common.spool.blank import READY_NAME
from support.figures import Figure
from support.spool.disk import Contents, Disk, adopt
from support.spool.hooks import Hooks
from support.spool.spooling import seeded, small_limits, trial_seed
from support.spool.witness import Witness, acknowledged, noted, noting, released, releasing

SEQUENCES = 250
STEPS = 30
SEEDS = st.integers(0, 2**32)
RECORDS = st.lists(st.sampled_from((b"", b"reading", bytes(range(256)) * 30)), min_size=1, max_size=4)
NOTES = st.sampled_from((b"", b"sending 0 to 9", bytes(range(256)) * 4))
CALLS = st.integers(0, 14)  # so many of the disk an append, a note and a release make, now and then more


class SpoolOnDisk(RuleBasedStateMachine):
    """Appends, notes, releases, restarts, kills, power cuts and write-back in any order."""

    on_full = OnFull.REJECT
    segments = 40

    @initialize()
    def start(self) -> None:
        """An empty folder on a disk of our own."""
        self.home = Path(tempfile.mkdtemp(dir="/dev/shm"))
        self.patch = pytest.MonkeyPatch()
        self.limits = small_limits(self.segments, self.on_full)
        self.witness = Witness()
        self.deaths = 0
        self.serial = 0
        self._begin({}, Disk({}))

    @rule(records=RECORDS)
    def append(self, records: list[bytes]) -> None:
        """Records that differ from all before."""
        self.serial += 1
        ours = [b"%d %b" % (self.serial, record) for record in records]
        self._append(ours)

    @rule(part=st.floats(0, 1))
    def release(self, part: float) -> None:
        """A part of what waits."""
        now = self.spool.statistics()
        through = now.released + int(now.records * part) - 1
        self.witness.hear(releasing(through))
        self.spool.release(through)
        self.witness.hear(released(through))

    @rule(note=NOTES)
    def remember(self, note: bytes) -> None:
        """A note of the reader's."""
        self.witness.hear(noting(note))
        self.spool.remember(note)
        self.witness.hear(noted(note))

    @rule()
    def look(self) -> None:
        """Everything promised is there."""
        assert self.witness.judge(self.spool, may_drop=self.on_full is OnFull.DROP_OLDEST) == []

    @rule()
    def restart(self) -> None:
        """An orderly stop and a new start."""
        self._end()
        self._open(self.hooks.disk)

    @rule(chance=SEEDS)
    def write_back(self, chance: int) -> None:
        """The kernel brings some of what is not synced to disk."""
        self.hooks.disk.write_back(seeded(chance))

    @rule(chance=SEEDS, calls=CALLS, records=RECORDS, note=NOTES)
    def lose_power(self, chance: int, calls: int, records: list[bytes], note: bytes) -> None:
        """Now, or some calls into an append, a note and a release that nobody hears of."""

        def left() -> tuple[Contents, Disk]:
            contents = self.hooks.disk.possible(seeded(chance)) or {}
            return contents, Disk(contents)

        self._die(left, calls, records, note)

    @rule(calls=CALLS, records=RECORDS, note=NOTES)
    def be_killed(self, calls: int, records: list[bytes], note: bytes) -> None:
        """The same, but the page cache stays, and may still be lost later."""

        def left() -> tuple[Contents, Disk]:
            files = [path for path in self.folder.iterdir() if path.is_file()]
            return {path.name: path.read_bytes() for path in files}, copy.deepcopy(self.hooks.disk)

        self._die(left, calls, records, note)

    def teardown(self) -> None:
        """Give everything back."""
        if hasattr(self, "spool"):
            self._end()
            shutil.rmtree(self.home)

    def _die(
        self, left: Callable[[], tuple[Contents, Disk]], calls: int, records: list[bytes], note: bytes
    ) -> None:
        found: list[tuple[Contents, Disk]] = []
        last = self.hooks.events + calls

        def keep() -> None:
            if self.hooks.events > last and not found:
                found.append(left())

        self.hooks.on_event = keep
        with suppress(SpoolFullError):
            self.spool.append_many(records)
        self.witness.hear(noting(note))
        self.spool.remember(note)
        waiting = self.spool.statistics()
        if waiting.records:
            self.witness.hear(releasing(waiting.released))
            self.spool.release(waiting.released)
        with self.hooks.lock:
            self.hooks.on_event = None
            found = found or [left()]
        self._end()
        shutil.rmtree(self.folder)
        self._begin(*found[0])
        self.look()

    def _append(self, records: list[bytes]) -> None:
        numbers = self.spool.append_many(records)
        self.witness.hear(b"".join(map(acknowledged, numbers, records)))

    def _begin(self, contents: Contents, disk: Disk) -> None:
        self.deaths += 1
        self.folder = self.home / str(self.deaths)
        adopt(self.folder, contents)
        self._open(disk)

    def _open(self, disk: Disk) -> None:
        self.hooks = Hooks(self.folder, disk)
        self.hooks.watch(self.patch)
        self.spool = Spool(self.folder, self.limits)

    def _end(self) -> None:
        self.spool.close()
        self.patch.undo()


class SmallSpoolOnDisk(SpoolOnDisk):
    """The same with a cap that is soon reached."""

    on_full = OnFull.DROP_OLDEST
    segments = 3


class OneFileOnDisk(SpoolOnDisk):
    """The same where no file may be made beside the first, as on a full disk."""

    def _append(self, records: list[bytes]) -> None:
        for record in records:
            try:
                super()._append([record])
            except SpoolFullError:
                assert self.spool.statistics().records > 0
                self.release(part=1.0)
                super()._append([record])

    def _open(self, disk: Disk) -> None:
        room = small_limits(self.segments, self.on_full)
        if not any(name.endswith((".segment", READY_NAME)) for name in disk.names):
            self.limits = room  # not even the first file was on disk yet
            super()._open(disk)
            self._end()
        self.limits = replace(room, min_free_bytes=1 << 60)
        super()._open(disk)


CHUNKS = 4
CHUNKS_RELEASE = 40
TRIALS = [
    pytest.param(
        machine,
        chunk,
        id=f"{machine.__name__}-{chunk}" if chunk else machine.__name__,
        marks=[pytest.mark.release] if chunk >= CHUNKS else [],
    )
    for machine in (SpoolOnDisk, SmallSpoolOnDisk, OneFileOnDisk)
    for chunk in range(CHUNKS_RELEASE)
]


@pytest.mark.parametrize(("machine", "chunk"), TRIALS)
def test_no_sequence_of_actions_breaks_a_promise(
    machine: type[SpoolOnDisk], chunk: int, figure: Figure
) -> None:
    base = trial_seed() + chunk
    figure("spool, model", sequences=SEQUENCES, seed=base)
    run_state_machine_as_test(
        seed(base)(machine),
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # threads do not replay exactly enough to be shrunk
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
