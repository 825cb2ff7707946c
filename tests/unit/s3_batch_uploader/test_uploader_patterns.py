"""Which files and folders are wanted, by name."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3_batch_uploader.folders.patterns import NamePatterns

TEXTS = st.text("ab/*?.[]!-", max_size=4) | st.text()  # the first often fit each other
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


def test_jpg_pattern_does_not_match_JPG() -> None:  # noqa: N802  the case is what it is about
    assert not NamePatterns(["*.jpg"], []).want_file("1.JPG")


@given(st.lists(TEXTS), st.lists(TEXTS), TEXTS)
def test_any_text_is_a_pattern(include: list[str], exclude: list[str], path: str) -> None:
    """Each for itself, by the shell's rules as the standard library knows them."""
    name = path.rpartition("/")[2]

    def fits(pattern: str) -> bool:
        return fnmatchcase(path if "/" in pattern else name, pattern)

    wanted = any(map(fits, include)) and not any(map(fits, exclude))
    assert NamePatterns(include, exclude).want_file(path) == wanted
