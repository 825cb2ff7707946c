"""The socket's file and its short name."""

import socket
from pathlib import Path

import pytest

from local_core.errors import CoreError
from local_core.ipc.unix_address import UnixAddress


def test_a_short_path_is_its_own_name() -> None:
    path = Path("/proc/self/cwd") / "ipc.socket"
    address = UnixAddress(path)

    assert address.name == path
    address.close()


def test_the_folder_is_made(tmp_path: Path) -> None:
    address = UnixAddress(tmp_path / "new" / "folder" / "ipc.socket")
    address.bind().close()

    assert (tmp_path / "new" / "folder" / "ipc.socket").is_socket()
    address.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CoreError, match=r"No folder for the socket .*ipc\.socket"):
        UnixAddress(tmp_path / "file" / "ipc.socket")


def test_a_file_name_that_no_address_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CoreError, match="is too long"):
        UnixAddress(tmp_path / ("s" * 100))


def test_only_the_own_socket_is_removed(tmp_path: Path) -> None:
    """A second core that has taken over the path keeps it."""
    path = tmp_path / "s"
    first, second = UnixAddress(path), UnixAddress(path)
    sockets = [first.bind(), second.bind()]

    first.unlink()
    assert path.is_socket()
    second.unlink()
    assert not path.exists()
    second.unlink()
    for address, bound in zip((first, second), sockets, strict=True):
        address.close()
        bound.close()


def test_a_long_path_is_reached_by_its_short_name(tmp_path: Path) -> None:
    address = UnixAddress(tmp_path / ("folder" * 30) / "ipc.socket")
    with address.bind() as bound, socket.socket(socket.AF_UNIX) as client:
        bound.listen()
        client.connect(str(address.name))

    assert len(str(address.name)) < 108
    address.unlink()
    address.close()
