"""Finding one's way in a recipe's values.

Keys are found in any case, as the classic nucleus reads them: a key in the wrong case is one finding, and
must not hide what lies below it. Pure functions.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from local_core.model.recipe_document import Value
from local_core.model.recipe_model import PHASES

_NO_SCRIPTS = ("skipif", "timeout", "requiresprivilege")  # what else a step holds


def entries(value: Value | None) -> Mapping[str, Value]:
    """The entries of a mapping; none of anything else."""
    return (value.entries if value else None) or {}


def items(value: Value | None) -> Sequence[Value]:
    """The items of a list; none of anything else."""
    return (value.items if value else None) or ()


def text(value: Value | None) -> str:
    """The text; empty of anything else."""
    return value.content if value and isinstance(value.content, str) else ""


def child(value: Value | None, *keys: str) -> Value | None:
    """What `keys` lead to, one below the other; None when it is absent or null."""
    for key in keys:
        value = next((entry for name, entry in entries(value).items() if name.lower() == key.lower()), None)
    return None if value is None or value.content is None else value


def walk(value: Value | None, key: str = "") -> Iterator[tuple[str, Value]]:
    """`value` and everything in it, each with the key it stands under; items of a list have the list's."""
    if value is None:
        return
    yield key, value
    for name, entry in entries(value).items():
        yield from walk(entry, name)
    for item in items(value):
        yield from walk(item, key)


def manifests(root: Value) -> Sequence[Value]:
    """The recipe's manifests."""
    return items(child(root, "Manifests"))


def lifecycle(root: Value, manifest: Value) -> Value | None:
    """The lifecycle that counts for `manifest`: its own when it has any key, else the global one."""
    own = child(manifest, "Lifecycle")
    return own if entries(own) else child(root, "Lifecycle")


def lifecycles(root: Value) -> Iterator[Value]:
    """Every lifecycle that the recipe writes."""
    for holder in (root, *manifests(root)):
        if (found := child(holder, "Lifecycle")) is not None:
            yield found


def scripts(part: Value | None, phase: str = "") -> Iterator[tuple[str, Value]]:
    """The scripts in a lifecycle or a part of one, each with its phase; also those below a selection."""
    for key, entry in entries(part).items():
        word = key.lower()
        if isinstance(entry.content, str):
            if word in PHASES or (phase and word not in _NO_SCRIPTS):
                yield (word if word in PHASES else phase), entry
        elif word != "setenv":
            yield from scripts(entry, word if word in PHASES else phase)


def environment(part: Value | None) -> Iterator[tuple[str, Value]]:
    """The variables that a lifecycle or its steps set: name and value."""
    for key, value in walk(part):
        if key.lower() == "setenv":
            yield from entries(value).items()


def conditions(part: Value | None) -> Iterator[Value]:
    """The `Skipif`s of a lifecycle."""
    return (value for key, value in walk(part) if key.lower() == "skipif")


def interpolated(part: Value | None) -> Iterator[Value]:
    """Every text of a lifecycle in which a nucleus replaces variables."""
    written = (
        *(value for _, value in scripts(part)),
        *(value for _, value in environment(part)),
        *conditions(part),
    )
    return (value for value in written if isinstance(value.content, str))


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """`did you mean …?` when one of `known` is like `word`; else what there is, or `otherwise`."""
    by_lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lowered, n=1)
    if close:
        return f"did you mean {by_lowered[close[0]]!r}?"
    return otherwise or f"there are {', '.join(sorted(by_lowered.values()))}"
