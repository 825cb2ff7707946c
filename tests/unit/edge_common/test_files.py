import errno
import os
import stat
from pathlib import Path

import pytest

from edge_common.errors import EdgeError, PermanentError, TransientError
from edge_common.files import disk_errors, read_settled, write_atomically
from support.file_size import file_size_limit
from support.spool.hooks import Hooks
from support.spool.spooling import seeded


def test_content_is_replaced_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_others_cannot_read_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, b"")
    assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0


def test_old_content_stands_when_the_new_one_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_atomically(path, b"old")
    with file_size_limit(1000), pytest.raises(EdgeError):
        write_atomically(path, b"x" * 2000)
    assert path.read_bytes() == b"old"


def test_what_a_crash_left_behind_does_not_hinder_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    (tmp_path / ".state.json.new").write_bytes(b"torn and longer than what comes")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_symbolic_link_in_the_place_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"untouched")
    (tmp_path / ".state.json.new").symlink_to(victim)
    with pytest.raises(PermanentError, match="symbolic link"):
        write_atomically(tmp_path / "state.json", b"new")
    assert victim.read_bytes() == b"untouched"


def test_what_was_read_of_a_write_that_a_kill_cut_short_outlives_a_power_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The killed process had renamed the new file and not yet synced the folder."""
    path = tmp_path / "state.json"
    write_atomically(path, b"old")
    hooks = Hooks(tmp_path)
    with monkeypatch.context() as patched:
        hooks.watch(patched)

        def killed_at_the_second_sync() -> None:
            if hooks.events > 3:  # the content's write and sync, and the renaming
                raise KeyboardInterrupt

        hooks.on_event = killed_at_the_second_sync
        with pytest.raises(KeyboardInterrupt):
            write_atomically(path, b"new")
        hooks.on_event = None
        assert {b"old", b"new"} == possible_contents(hooks)
        assert read_settled(path) == b"new"
        assert possible_contents(hooks) == {b"new"}


def possible_contents(hooks: Hooks) -> set[bytes]:
    """What power cuts may leave of the file."""
    left = [hooks.disk.possible(seeded(seed)) or {} for seed in range(50)]
    return {contents["state.json"] for contents in left}


def test_what_is_not_there_reads_as_none(tmp_path: Path) -> None:
    assert read_settled(tmp_path / "state.json") is None
    assert read_settled(tmp_path / "missing" / "state.json") is None


def test_a_link_in_the_place_of_the_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"secret")
    (tmp_path / "state.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        read_settled(tmp_path / "state.json")


def test_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as refusal:
        write_atomically(tmp_path / "missing" / "state.json", b"")
    assert f"cannot write {tmp_path}/missing/state.json: No such file or directory" in refusal.value.reason
    assert "Make the folder" in refusal.value.reason


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_disk_that_may_recover_is_worth_another_try(number: int) -> None:
    with pytest.raises(TransientError), disk_errors("write", Path("x")):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EISDIR, errno.EBADF])
def test_disk_that_needs_a_person_is_not_tried_again(number: int) -> None:
    with pytest.raises(PermanentError), disk_errors("write", Path("x")):
        raise OSError(number, os.strerror(number))
