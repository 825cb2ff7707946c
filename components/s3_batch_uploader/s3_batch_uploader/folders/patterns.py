"""Which files of a folder are wanted, by name: pure."""

import re
from collections.abc import Iterable
from fnmatch import translate


class NamePatterns:
    """Shell patterns (`*`, `?`, `[…]`; case matters) for what is taken and what is left alone.

    A pattern with a `/` is held against the path below the folder, any other against a name at any depth.
    `*` also stands for a `/`.

    Args:
        include: A file is taken when one of these fits it.
        exclude: Left alone all the same: a file, or a folder with all that is in it.
    """

    def __init__(self, include: Iterable[str], exclude: Iterable[str]) -> None:
        self._include = _Patterns(include)
        self._exclude = _Patterns(exclude)

    def want_file(self, relative: str) -> bool:
        """Whether the file at `relative`, a path below the folder, is taken.

        >>> patterns = NamePatterns(["*.jpg", "reports/*"], [".*", "*.part"])
        >>> [patterns.want_file(name) for name in ("cam1/1.jpg", "cam1/1.jpg.part", "reports/day", "day")]
        [True, False, True, False]
        """
        return self._include.fit(relative) and not self._exclude.fit(relative)

    def want_folder(self, relative: str) -> bool:
        """Whether what is in the folder at `relative` is looked at."""
        return not self._exclude.fit(relative)


class _Patterns:
    def __init__(self, patterns: Iterable[str]) -> None:
        texts = list(patterns)
        self._of_names = _any_of(text for text in texts if "/" not in text)
        self._of_paths = _any_of(text for text in texts if "/" in text)

    def fit(self, relative: str) -> bool:
        name = relative.rpartition("/")[2]
        return bool(self._of_names.fullmatch(name) or self._of_paths.fullmatch(relative))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(translate, patterns)) or r"(?!)")  # without a pattern nothing fits
