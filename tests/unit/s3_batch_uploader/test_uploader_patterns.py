"""Which files and folders are wanted, by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_batch_uploader.patterns import NamePatterns

UNFINISHED = [".*", "*.part", "*.tmp", "*~"]


@pytest.mark.parametrize("name", ["1.jpg.part", ".1.jpg", "cam1/1.tmp", "1.jpg~", "a\nb.part", "\udcff.tmp"])
def test_a_temporary_name_is_not_wanted_at_any_depth(name: str) -> None:
    assert not NamePatterns(["*"], UNFINISHED).want_file(name)


@pytest.mark.parametrize("name", ["1.jpg", "cam1/1.jpg", "a\nb", "\udcff", "part", "1.part.jpg", "[x]", " "])
def test_any_other_name_is_wanted(name: str) -> None:
    assert NamePatterns(["*"], UNFINISHED).want_file(name)


def test_what_is_in_a_folder_that_is_left_alone_is_not_looked_at() -> None:
    patterns = NamePatterns(["*"], [".*", "cache/*"])

    assert [patterns.want_folder(name) for name in (".git", "a/.git", "cache/x", "x/cache", "cache")] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_case_matters() -> None:
    assert not NamePatterns(["*.jpg"], []).want_file("1.JPG")


@given(st.text(), st.text())
def test_any_text_is_a_pattern(pattern: str, name: str) -> None:
    assert NamePatterns(["*"], [pattern]).want_file(name) in {True, False}
