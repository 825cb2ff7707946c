"""What a person reads when the operating system refuses something."""

import errno
import os

import pytest

from edge_cli.project import PROJECT
from edge_cli.screen.reporting import explain


def _denied(path: object) -> PermissionError:
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def test_file_of_the_project_that_is_another_users_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = PROJECT.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    said = explain(_denied(PROJECT / "scripts" / "new"))
    assert "belongs to another user" in said
    assert f'cd {PROJECT} && sudo chown -R "$USER" ' in said
    assert "scripts" in said.partition("$USER")[2]


@pytest.mark.parametrize("path", [PROJECT / "scripts" / "new", "/no/such/folder"])
def test_any_other_file_is_a_matter_of_permissions(path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = PROJECT.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner)
    assert "change its permissions" in explain(_denied(path))
