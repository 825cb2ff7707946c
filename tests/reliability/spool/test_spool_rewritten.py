import errno
import os
import tempfile
from pathlib import Path

import pytest

from edge_common.errors import TransientError
from edge_common.spool import Spool
from support.spool.disk import Contents, adopt
from support.spool.hooks import Hooks
from support.spool.spooling import records_of, seeded, small_limits

STATES_PER_CHANGE = 20


def test_what_was_rewritten_after_a_failed_sync_survives_a_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file and its name are on disk before the old one goes and before anything is acknowledged."""
    states: list[Contents | None] = []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as home:
        folder = Path(home) / "spool"
        folder.mkdir()
        hooks = Hooks(folder)
        failing = [False]

        def cut() -> None:
            states.extend(hooks.disk.possible(seeded(seed)) for seed in range(STATES_PER_CHANGE))

        with monkeypatch.context() as patch:
            hooks.watch(patch)
            real = os.fdatasync

            def fdatasync(descriptor: int) -> None:
                if failing[0]:
                    failing[0] = False
                    raise OSError(errno.EIO, "Input/output error")
                real(descriptor)

            patch.setattr(os, "fdatasync", fdatasync)
            with Spool(folder, small_limits()) as spool:
                spool.append_many([b"a", b"b"])
                failing[0] = True
                with pytest.raises(TransientError):
                    spool.append(b"never acknowledged")
                hooks.on_event = cut
                spool.append(b"c")
                hooks.on_event = None
                before = len(states)
                cut()
        for number, contents in enumerate(states):
            adopt(Path(home) / f"{number}", contents)
            with Spool(Path(home) / f"{number}", small_limits()) as spool:
                found = records_of(spool)
            assert {0: b"a", 1: b"b"}.items() <= found.items(), number
            assert found.get(2) == b"c" or number < before, number


def test_a_journal_whose_sync_has_failed_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second sync of the same file may succeed with the release gone."""
    folder = tmp_path / "spool"
    synced: list[int] = []
    failing: list[int] = []
    real = os.fdatasync

    def fdatasync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        if synced[-1] in failing and synced.count(synced[-1]) == 1:
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    with Spool(folder, small_limits()) as spool:
        spool.append_many([b"a", b"b"])
        monkeypatch.setattr(os, "fdatasync", fdatasync)
        failing.append((folder / "release.journal").stat().st_ino)
        with pytest.raises(TransientError):
            spool.release(0)
        spool.release(0)
    assert synced.count(failing[0]) == 1
    with Spool(folder, small_limits()) as spool:
        assert records_of(spool) == {1: b"b"}
