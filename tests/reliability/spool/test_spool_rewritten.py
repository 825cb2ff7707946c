import errno
import os
import tempfile
from pathlib import Path

import pytest

from edge_common.errors import TransientError
from edge_common.spool import Spool
from support.spool_disk import adopt
from support.spool_hooks import Hooks
from support.spooling import records_of, seeded, small_limits

STATES = 100


def test_what_was_rewritten_after_a_failed_sync_survives_a_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The new file's name is on disk before anything new is acknowledged, and before the old one goes."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as home:
        folder = Path(home) / "spool"
        folder.mkdir()
        hooks = Hooks(folder)
        failing = [False]
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
                spool.append(b"c")
                states = [hooks.disk.possible(seeded(seed)) for seed in range(STATES)]
        for number, contents in enumerate(states):
            adopt(Path(home) / f"{number}", contents)
            with Spool(Path(home) / f"{number}", small_limits()) as spool:
                assert records_of(spool) == {0: b"a", 1: b"b", 2: b"c"}, number


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
