"""Rules of a manifest's Platform: what a nucleus calls its machine, in keys and values that it compares.

Both nuclei pass over a key that they do not know without a word: the classic one because the nucleus's
`platformOverride` may define any, so that only what is like a known one is told here.
"""

import difflib
from collections.abc import Iterator

from edge_cli.lint.finding import Remark, Rule, Severity
from edge_cli.lint.recipe_file import RecipeFile
from edge_cli.lint.values import child, entries, manifests, text
from local_core.model.platforms import (
    ANYTHING,
    ARCHITECTURE,
    ARCHITECTURE_DETAIL,
    LITE_RUNTIME,
    OS,
    RUNTIME,
    as_regex,
)
from local_core.model.recipe_document import Value

_KEYS = (OS, ARCHITECTURE, ARCHITECTURE_DETAIL, RUNTIME)
# Words that Lite compares as they stand: `ggl-recipe/recipe.c` knows `all` for os alone.
_NOT_ON_LITE = {OS: ("any",), ARCHITECTURE: ("any", "all"), RUNTIME: ("any", "all")}
_MIN_PREFIX = 3


def platform_entries(recipe: RecipeFile) -> Iterator[tuple[str, Value]]:
    """Key and value of everything in a Platform."""
    for manifest in manifests(recipe.root):
        yield from entries(child(manifest, "Platform")).items()


def meant(key: str) -> str | None:
    """The key of a Platform that `key` is a misspelling of; None when it is one, or is like none."""
    lowered = key.lower()
    if key in _KEYS:
        return None
    if lowered in _KEYS:
        return lowered
    close = difflib.get_close_matches(lowered, _KEYS, n=1, cutoff=0.85)
    prefixed = [known for known in _KEYS if len(lowered) >= _MIN_PREFIX and known.startswith(lowered)]
    return next(iter((*close, *prefixed)), None)


def _keys(recipe: RecipeFile) -> Iterator[Remark]:
    for key, value in platform_entries(recipe):
        if known := meant(key):
            why = (
                "Lite compares keys with their case"
                if key.lower() == known
                else "the classic nucleus has no such attribute, so that the manifest never matches, and "
                "Lite passes over it, so that it matches every machine"
            )
            yield Remark(recipe.spot(value), f"{key!r} is no key of a Platform: {why}. Write {known!r}.")


def _only_on_classic(recipe: RecipeFile) -> Iterator[Remark]:
    for manifest in manifests(recipe.root):
        platform = child(manifest, "Platform")
        if text(child(platform, RUNTIME)) not in (ANYTHING, LITE_RUNTIME):
            continue  # told as such: Lite does not take it at all
        for key, value in entries(platform).items():
            written = text(value)
            if as_regex(written) is not None or written in _NOT_ON_LITE.get(key.lower(), ()):
                yield Remark(
                    recipe.spot(value),
                    f"{written!r} is compared as it stands by Lite, which knows no regular expressions: no "
                    "core of that kind takes the manifest. Write a manifest for each.",
                )


def _runtimes(recipe: RecipeFile) -> Iterator[Remark]:
    for key, value in platform_entries(recipe):
        written = text(value)
        is_known = written in (ANYTHING, LITE_RUNTIME, "any", "all") or as_regex(written) is not None
        if key.lower() == RUNTIME and written and not is_known:
            yield Remark(
                recipe.spot(value),
                f"no nucleus has the runtime {written!r}: the classic one defines none, Lite is "
                f"{LITE_RUNTIME!r}. No core takes the manifest. Write '*' for both.",
            )


RULES = (
    Rule("platform-key", Severity.ERROR, "a misspelt key of a Platform, such as arch", _keys),
    Rule(
        "platform-on-lite",
        Severity.ERROR,
        "a regular expression or `any`, which Lite lacks",
        _only_on_classic,
    ),
    Rule("runtime", Severity.ERROR, "a runtime that no nucleus has", _runtimes),
)
