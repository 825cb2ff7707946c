"""The tests can fail: every durability bug that is planted in a copy of the source is noticed by its test."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.figures import Figure
from support.seeded_bugs import (
    PROJECT,
    NotApplicableError,
    Outcome,
    SeededBug,
    copy_source,
    plant,
    read_bug,
    run_tests,
    why_not_caught,
)

BUGS = [read_bug(path) for path in sorted(Path(__file__).with_name("seeded_bugs").glob("*.patch"))]
PARTS = sorted({bug.part for bug in BUGS})


def bugs_of(part: str) -> list[SeededBug]:
    return [bug for bug in BUGS if bug.part == part]


@contextmanager
def copied_source(folder: Path) -> Iterator[Path]:
    """A copy that is gone afterwards: there are many."""
    yield copy_source(folder)
    shutil.rmtree(folder)


def escaped(bug: SeededBug, folder: Path) -> str | None:
    """Why `bug` was not caught; None when it was."""
    with copied_source(folder / bug.path.stem) as tree:
        try:
            plant(bug, tree)
            return why_not_caught(bug, run_tests(tree, [bug])[bug.caught_by])
        except NotApplicableError as error:
            return str(error)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", PARTS)
def test_every_seeded_bug_is_caught(part: str, tmp_path: Path, figure: Figure) -> None:
    bugs = bugs_of(part)
    faults = [fault for bug in bugs if (fault := escaped(bug, tmp_path))]
    figure("seeded bugs", part=part, planted=len(bugs), caught=len(bugs) - len(faults))
    assert faults == []


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("part", PARTS)
def test_without_the_bugs_the_same_tests_pass(part: str, tmp_path: Path) -> None:
    with copied_source(tmp_path / "whole") as tree:
        ended = run_tests(tree, bugs_of(part))
    assert {test: outcome for test, outcome in ended.items() if outcome != Outcome("passed")} == {}


def test_there_are_as_many_as_the_readme_says_and_some_for_every_part() -> None:
    said = re.search(r"(\d+) seeded bugs", (PROJECT / "README.md").read_text())

    assert said
    assert int(said[1]) == len(BUGS)
    assert PARTS == ["outbox", "publisher", "s3", "spool", "uploader"]
