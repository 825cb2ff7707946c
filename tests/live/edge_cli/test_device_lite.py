"""`edge deploy --local` on Greengrass Lite: `ggl-cli`'s words, and the real journalctl for the outcome."""

import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.board.board import GGL_CLI, write_build
from support.board.journal import entry, journalctl_for, write_journal
from support.edge import edge, edge_json

NAME = "com.example.Small"
DEPLOYER = "ggl.core.ggdeploymentd.service"
EARLIER_US = 1_600_000_000_000_000


@pytest.fixture
def lite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Makes a Lite board on which deployments end in a given way; returns the options that name it."""
    journal, programs = tmp_path / "journal", tmp_path / "programs"
    stale = "Completed deployment processing and reporting job as FAILED."
    write_journal(journal, "earlier", [entry(DEPLOYER, stale, EARLIER_US, since_boot_us=1)])
    journalctl_for(journal, programs)
    (tmp_path / "lite").mkdir()
    (tmp_path / "inbox").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "inbox"))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    support = f"{GGL_CLI.parents[1]}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"

    def made(outcome: str) -> list[str]:
        words = [sys.executable, str(GGL_CLI), str(journal), outcome]
        program = programs / "ggl-cli"
        program.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(support)} exec {shlex.join(words)} "$@"\n')
        program.chmod(0o755)
        return ["--local", "--yes", "--root", str(tmp_path / "lite"), "--build", str(tmp_path / "build")]

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


def test_outcome_is_found_though_the_clock_was_set_back_meanwhile(
    lite: Callable[[str], list[str]], tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    tomorrow_us = int((time.time() + 86_400) * 1e6)
    stale = "I[ggdeploymentd] x.c:1: Completed deployment processing and reporting job as FAILED."
    write_journal(tmp_path / "journal", "ahead", [entry(DEPLOYER, stale, tomorrow_us, since_boot_us=2)])
    assert edge_json("deploy", *lite("SUCCEEDED"))["status"] == "SUCCEEDED"


def test_deployment_that_takes_longer_is_to_be_looked_for_in_the_journal(
    lite: Callable[[str], list[str]], tmp_path: Path
) -> None:
    write_build(tmp_path / "build", NAME, "true")
    said = edge("deploy", *lite("STILL_GOING"), "--timeout-s", "0", expect=4).stdout
    assert "journalctl -u ggl.core.ggdeploymentd" in said
    assert "greengrass-cli" not in said


def test_settings_that_may_be_refused_are_only_noted_where_lite_may_hold_others(
    lite: Callable[[str], list[str]], tmp_path: Path
) -> None:
    write_build(tmp_path / "build", "com.example.S3BatchUploader", "true", settings={"bucket": ""})
    warnings = edge_json("deploy", *lite("SUCCEEDED"), "--dry-run")["warnings"]
    assert any("/settings/bucket" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--remove", "com.example.Old"), "Deploy through AWS"),
        (("--configuration", json.dumps({NAME: {"MERGE": {"a": "b"}}})), "Deploy through AWS"),
        ((), "10 components at once"),
    ],
)
def test_what_lite_cannot_do_is_refused_before_anything_is_copied(
    lite: Callable[[str], list[str]],
    tmp_path: Path,
    words: tuple[str, ...],
    reason: str,
) -> None:
    for number in range(11):
        write_build(tmp_path / "build", f"com.example.Small{number}", "true")
    assert reason in edge_json("deploy", *lite("SUCCEEDED"), *words, expect=1)["error"]
    assert list((tmp_path / "inbox").iterdir()) == []
