import errno
import os
import stat
from pathlib import Path

import pytest

from edge_common.errors import EdgeError, PermanentError, TransientError
from edge_common.files import disk_errors, write_atomically
from support.file_size import file_size_limit


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
