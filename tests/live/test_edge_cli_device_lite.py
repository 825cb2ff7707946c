"""`edge deploy --local` on Greengrass Lite: `ggl-cli`'s words, and the real journalctl for the outcome."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.device_board import write_build
from support.device_journal import entry, journalctl_for, write_journal
from support.edge import edge, edge_json

GGL_CLI = Path(__file__).parents[1] / "support" / "device_ggl_cli.py"
NAME = "com.example.Small"
EARLIER_US = 1_600_000_000_000_000


@pytest.fixture
def lite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Makes a Lite board on which deployments end in a given way; returns the options that name it."""
    journal, programs = tmp_path / "journal", tmp_path / "programs"
    deployer = "ggl.core.ggdeploymentd.service"
    stale = "Completed deployment processing and reporting job as FAILED."
    write_journal(journal, "earlier", [entry(deployer, stale, EARLIER_US)])
    journalctl_for(journal, programs)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    support = f"{GGL_CLI.parents[1]}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"

    def made(outcome: str) -> list[str]:
        words = [sys.executable, str(GGL_CLI), str(journal), outcome]
        program = programs / "ggl-cli"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(support)} exec {shlex.join(words)} "$@"\n')
        program.chmod(0o755)
        return ["--local", "--root", str(tmp_path / "lite"), "--build", str(tmp_path / "build")]

    return made


def test_outcome_is_read_from_the_journal_and_archives_are_unpacked_where_lite_looks(
    lite: Callable[[str], list[str]], tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    report = edge_json("deploy", *lite("SUCCEEDED"))
    assert (report["nucleus"], report["status"]) == ("Greengrass Lite", "SUCCEEDED")
    unpacked = tmp_path / "lite" / "packages" / "artifacts-unarchived" / NAME / "1.0.0"
    assert [path.name for path in unpacked.rglob("*.py")] == ["__main__.py"]


def test_failure_is_shown_with_what_the_deployment_service_said(
    lite: Callable[[str], list[str]], tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    assert "the wheel is off" in edge("deploy", *lite("FAILED"), expect=3).stdout


def test_what_lite_cannot_do_is_refused(lite: Callable[[str], list[str]], tmp_path: Path) -> None:
    write_build(tmp_path / "build", NAME, "true")
    error = edge_json("deploy", *lite("SUCCEEDED"), "--remove", "com.example.Old", expect=1)["error"]
    assert "Deploy through AWS" in error
